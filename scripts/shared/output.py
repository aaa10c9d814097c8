"""Files that helpers write: refused before any work, or written whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from viewbatch.dataset import layout
from viewbatch.dataset.writer import write_bytes
from viewbatch.errors import RunError, UsageError


def check_output(
    path: Path, suffixes: Sequence[str], *, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Raise `UsageError` for a file that cannot be written, or must not be replaced."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"the output {path} does not end in {' or '.join(suffixes)}; name such a file"
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"the folder {path.parent} of the output does not exist; make it first, or name another"
        )
    if path.is_dir():
        raise UsageError(f"the output {path} is a folder; name a file")
    if path.resolve() in {given.resolve() for given in inputs}:
        raise UsageError(f"the output {path} is an input as well; name another file")
    if path.exists() and not overwrite:
        raise UsageError(f"the output {path} exists; name another file, or add --overwrite")


def refuse_own_files(path: Path) -> None:
    """Raise `UsageError` for a path that is a dataset's own file."""
    if (path.parent / layout.DATASET).exists() and not layout.is_plain(path.name):
        raise UsageError(
            f"the output {path} is a name that the dataset in {path.parent} has for its own files; "
            "name another file"
        )


def write_output(path: Path, data: bytes) -> None:
    """Write the whole file or nothing; raises `RunError`."""
    try:
        write_bytes(path.parent, path.name, data)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error
