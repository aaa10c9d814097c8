"""`points.ply`: coloured points on the surfaces that views show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from compat.shared.images import read_levels
from compat.shared.progress import progress
from compat.shared.surface import known_points
from viewbatch.dataset import View
from viewbatch.dataset.ply import encode_ply
from viewbatch.geometry.transforms import Array

COUNT = 100_000
"""About how many points there are at most, as many as 3D Gaussian splatting begins with."""

Points = npt.NDArray[Any]
"""Structured: x y z in world, metres; red green blue, display colours."""

_COLORS = ("red", "green", "blue")


def sample_points(views: Sequence[View], dtype: str) -> Points:
    """Points at pixels of all views alike, where the image is at least half opaque.

    `dtype` is that of their coordinates.
    """
    share = -(-COUNT // len(views))
    return np.concatenate([_points(view, share, dtype) for view in progress(views, "points")])


def positions(points: Points) -> Array:
    """(n, 3) in world."""
    return np.stack([points[axis].astype(np.float64) for axis in "xyz"], axis=-1)


def write_points(path: Path, points: Points) -> None:
    """Write binary PLY."""
    path.write_bytes(encode_ply(points, comments=["world, metres"]))


def _points(view: View, count: int, dtype: str) -> Points:
    known = known_points(view, count)
    levels = read_levels(view)[known.rows, known.columns]
    # A clear pixel has no colour to give.
    opaque = levels[:, 3] >= 128 if levels.shape[1] == 4 else np.ones(len(levels), bool)
    fields = [*((axis, dtype) for axis in "xyz"), *((color, "u1") for color in _COLORS)]
    points = np.empty(int(opaque.sum()), fields)
    for i, (axis, color) in enumerate(zip("xyz", _COLORS, strict=True)):
        points[axis] = known.in_world[opaque, i]
        points[color] = levels[opaque, i]
    return points
