"""What is wrong with a glTF file, and how a value out of it is shown."""

from __future__ import annotations

EXPORT_AGAIN = "export it again"
COPY_AGAIN = "copy or download it again"

_SHOWN = 60


class GltfError(Exception):
    """Why a file must not be imported: what was found where, and what to do about it."""

    def __init__(self, text: str, advice: str = EXPORT_AGAIN) -> None:
        super().__init__(f"{text}; {advice}")


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
            return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
    return str(value)
