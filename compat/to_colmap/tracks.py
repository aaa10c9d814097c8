"""Points of the surface and the views that see them, as a sparse reconstruction has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compat.shared.images import read_levels
from compat.shared.progress import progress
from compat.shared.surface import known_points, sightings
from viewbatch.dataset import View
from viewbatch.geometry.transforms import Array

SIGHTINGS = 1_000_000
"""About how many are kept of all points together. COLMAP takes hundreds of bytes for each, and
compares every two views of a track."""

SAMPLED_VIEWS = 200
"""From how many views points are drawn: reading images takes longer than all else."""


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Surface points, each seen by two views or more."""

    points_in_world: Array
    """(n, 3) metres."""
    colors: npt.NDArray[np.uint8]
    """(n, 3) sRGB."""
    seen: Sequence[npt.NDArray[np.uint8]]
    """Which points each view sees, a bit for each point, packed."""

    def seen_by(self, number: int) -> npt.NDArray[np.intp]:
        """Indices, rising, of the points that the `number`-th view sees."""
        return np.flatnonzero(np.unpackbits(self.seen[number], count=len(self.points_in_world)))


def surface_tracks(views: Sequence[View], drawn_from: Sequence[View], count: int) -> Tracks:
    """About `count` points of the surface that some views show, and who of all views sees them.

    A view sees what its depth map shows (`sightings`). Where that is more than `SIGHTINGS`,
    those of the points that most views see are thinned out at random.
    """
    points, colors = _draw(drawn_from, count)
    counts = np.zeros(len(points), dtype=np.int64)
    seen = []
    for view in progress(views, "sightings"):
        row = np.zeros(len(points), dtype=np.bool_)
        row[sightings(view, points).indices] = True
        counts += row
        # Eight views to a byte: with bytes, a long dataset would not fit into memory.
        seen.append(np.packbits(row))
    kept_share = np.minimum(1.0, SIGHTINGS / len(points) / np.maximum(counts, 1))
    if (kept_share < 1).any():
        counts[:] = 0
        for number, view in enumerate(views):
            random = np.random.Generator(np.random.PCG64(view.index))
            row = np.unpackbits(seen[number], count=len(points)).astype(np.bool_)
            row &= random.random(len(points)) < kept_share
            counts += row
            seen[number] = np.packbits(row)
    tracked = counts >= 2
    return Tracks(
        points_in_world=points[tracked],
        colors=colors[tracked],
        seen=[np.packbits(np.unpackbits(row, count=len(points))[tracked]) for row in seen],
    )


def _draw(views: Sequence[View], count: int) -> tuple[Array, npt.NDArray[np.uint8]]:
    """(n, 3) points in world and their (n, 3) colours, from views spread over all."""
    views = views[:: math.ceil(len(views) / min(SAMPLED_VIEWS, count))]
    points, colors = [], []
    for view in progress(views, "points"):
        known = known_points(view, math.ceil(count / len(views)))
        points.append(known.in_world)
        colors.append(read_levels(view)[known.rows, known.columns, :3])
    return np.concatenate(points), np.concatenate(colors)
