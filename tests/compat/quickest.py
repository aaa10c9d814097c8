"""The converter that shows, since it is the quickest, what all answer alike."""

from __future__ import annotations

from pathlib import Path

NAME = "to_nsvf_dataset"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
