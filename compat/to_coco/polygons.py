"""Outlines of masks along the edges of pixels, which COCO's tools fill to the same pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]

# Directions of edges between pixels, each a right turn from the one before: east, south, west,
# north, as (x, y) with y down.
_STEPS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])


def polygons(mask: npt.NDArray[np.bool_], *, left: int = 0, top: int = 0) -> list[list[int]] | None:
    """`[x0, y0, x1, y1, ...]` around every connected part of a (H, W) mask; None for holes.

    Coordinates are pixel edges: those of the mask's top-left pixel are (left, top) and
    (left + 1, top + 1). Parts are connected by sides of pixels. What only a corner connects to
    the outside is no hole: the polygon touches itself there.
    """
    if not mask.any():
        return []
    starts, directions = _edges(mask)
    found = []
    for loop in _loops(starts, directions, mask.shape[1] + 1):
        turns = directions[loop] != directions[np.roll(loop, 1)]
        corners = starts[loop[turns]]
        if _signed_area(corners) < 0:
            return None
        found.append((corners + np.array([left, top])).ravel().tolist())
    return found


def _edges(
    mask: npt.NDArray[np.bool_],
) -> tuple[Indices, Indices]:
    """(n, 2) corners x y where edges start, and (n,) directions; the mask lies on their right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    sides = (
        # The neighbour across each side, and the corner of the pixel where the edge starts.
        (padded[:-2, 1:-1], (0, 0)),
        (padded[1:-1, 2:], (1, 0)),
        (padded[2:, 1:-1], (1, 1)),
        (padded[1:-1, :-2], (0, 1)),
    )
    starts, directions = [], []
    for direction, (neighbour, corner) in enumerate(sides):
        rows, columns = np.nonzero(inside & ~neighbour)
        starts.append(np.stack([columns, rows], axis=-1) + corner)
        directions.append(np.full(len(rows), direction, dtype=np.intp))
    return np.concatenate(starts), np.concatenate(directions)


def _loops(starts: Indices, directions: Indices, corners_per_row: int) -> list[Indices]:
    """The closed paths that the edges form, each as indices of its edges in order."""

    def key(corners: Indices, toward: Indices) -> Indices:
        keys: Indices = (corners[:, 1] * corners_per_row + corners[:, 0]) * 4 + toward
        return keys

    keys = key(starts, directions)
    order = np.argsort(keys)
    ends = starts + _STEPS[directions]
    following = np.zeros_like(order)
    # Two edges leave a corner at which parts touch; the right turn, tried last, stays at one part.
    for turn in (3, 0, 1):
        wanted = key(ends, (directions + turn) % 4)
        found = order[np.searchsorted(keys, wanted, sorter=order) % len(order)]
        following = np.where(keys[found] == wanted, found, following)
    successor = following.tolist()
    seen = bytearray(len(successor))
    loops = []
    for first in range(len(successor)):
        edge, loop = first, []
        while not seen[edge]:
            seen[edge] = 1
            loop.append(edge)
            edge = successor[edge]
        if loop:
            loops.append(np.array(loop, dtype=np.intp))
    return loops


def _signed_area(corners: Indices) -> float:
    """Of a closed polygon (n, 2): positive where its inside lies on the right, y being down."""
    (x, y), (next_x, next_y) = corners.T, np.roll(corners, -1, axis=0).T
    return float((x * next_y - next_x * y).sum()) / 2
