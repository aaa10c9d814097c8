"""Coloured points from the depth of all views, and cameras, as the 3D scene draws them.

The scene's unit is the bounds' radius, its origin their centre, its axes those of world.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import View
from viewbatch.geometry import Bounds

POINTS = 120_000
"""Of all views together: more cost a phone its breath, and the eye sees no more."""

EXTENT = 3.0
"""Radii from the centre within which points are kept: a ground may go on for ever."""

_GREY = (150, 150, 150)

Pixels = npt.NDArray[Any]


def sample(
    view: View, depth_m: Pixels, levels: Pixels | None, bounds: Bounds, views: int
) -> tuple[Pixels, Pixels]:
    """Points (n, 3) float64 in the scene and their colours (n, 3) uint8, of one view of so many."""
    surface = np.isfinite(depth_m) & (depth_m > 0)
    points = view.camera.unproject(np.where(surface, depth_m, 0)) - bounds.center
    points /= bounds.radius
    near = surface & (np.abs(points) < EXTENT).all(axis=-1)
    places = np.flatnonzero(near)
    count = min(len(places), -(-POINTS // views))
    chosen = np.random.default_rng(view.index).choice(places, count, replace=False)
    if levels is None or levels.shape[:2] != depth_m.shape:
        colors = np.full((count, 3), _GREY, dtype=np.uint8)
    else:
        colors = levels[..., :3].reshape(-1, 3)[chosen]
    return points.reshape(-1, 3)[chosen], colors


def packed(parts: Sequence[tuple[Pixels, Pixels]]) -> dict[str, object]:
    """All points for the page: positions as int16 of the extent, colours as bytes, in base64."""
    points = np.concatenate([np.empty((0, 3)), *(points for points, _ in parts)])
    colors = np.concatenate([np.empty((0, 3), np.uint8), *(colors for _, colors in parts)])
    steps = np.round(points / EXTENT * 32767).astype("<i2")
    return {
        "count": len(points),
        "extent": EXTENT,
        "positions": base64.b64encode(steps.tobytes()).decode("ascii"),
        "colors": base64.b64encode(colors.astype(np.uint8).tobytes()).decode("ascii"),
    }


def camera(view: View, bounds: Bounds) -> dict[str, object]:
    """A camera in the scene: its centre, and the corners of its image on the plane z = 1 of cam.

    `corners` are offsets from the centre: top left, top right, bottom right, bottom left.
    """
    k = view.camera.intrinsics
    world_from_cam = view.camera.world_from_cam
    pixels = np.array([[0, 0], [k.width, 0], [k.width, k.height], [0, k.height]], dtype=np.float64)
    corners = k.rays(pixels) @ world_from_cam[:3, :3].T
    center = (world_from_cam[:3, 3] - bounds.center) / bounds.radius
    return {
        "center": [float(f"{value:.6g}") for value in center],
        "corners": [[float(f"{value:.6g}") for value in corner] for corner in corners],
    }
