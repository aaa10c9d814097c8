"""Damage that every kind of conversion can have."""

from __future__ import annotations

import json
from pathlib import Path

BEYOND = ", which is not of this conversion"
"""What is said of files that look as if they were."""


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))
