"""How conversions to the layouts of NeRF are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every file of frames."""
    for path in folder.glob("transforms*.json"):
        tree = json.loads(path.read_text())
        change(tree)
        path.write_text(json.dumps(tree))


def distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(k1=0.5))
