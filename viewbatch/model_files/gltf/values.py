"""How a value of a glTF file's JSON is shown in a message."""

from __future__ import annotations

from viewbatch.model_files.damage import SHOWN


def shown(value: object) -> str:
    """A value of the file on one short line of printable characters."""
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case str():
            return ascii(value if len(value) <= SHOWN else value[:SHOWN] + "...")
    return str(value)
