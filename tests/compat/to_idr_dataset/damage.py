"""How the cameras of a scan are damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.compat.to_idr_dataset.scans import Array


def rewritten(folder: Path, change: Callable[[str, Array], Array]) -> None:
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            changed = {key: change(key, matrices[key]) for key in matrices}
        np.savez(folder / file, **changed)
