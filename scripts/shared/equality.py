"""Whether two runs of the generator made the same, byte for byte."""

from __future__ import annotations

from pathlib import Path

from viewbatch.dataset import layout


def differing(one: Path, other: Path) -> list[str]:
    """Names of files that one folder alone has, or that differ; logs hold times."""
    ours, theirs = _files(one), _files(other)
    return sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if not layout.is_log(path.name)
    }
