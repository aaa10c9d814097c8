"""What reading a model's file brought to light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Of a file that may be imported; one that may not raises `ModelError` instead."""

    warnings: tuple[str, ...] = ()
    """Whole sentences for the user: what is wrong, and what becomes of it."""
    faces: int | None = None
    """How many faces the imported meshes must have together; None where that is not known."""
    companions: tuple[Path, ...] = ()
    """Other files that were found to be read with it, and that Blender does not name afterwards."""
    draco: bool = False
    """Whether meshes are compressed with Draco, which not every Blender can decode."""
