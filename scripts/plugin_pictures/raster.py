"""Points and triangles as pictures: a z-buffer in numpy, for small images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Camera

Floats = npt.NDArray[np.float64]
Rgb = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """What a camera sees of triangles, by pixel; all maps are (H, W)."""

    triangle: npt.NDArray[np.int64]
    """Index of the nearest triangle, -1 where there is none."""
    depth_m: Floats
    """Planar depth, infinite where there is no triangle."""
    edge_px: Floats
    """Distance to the nearest side of that triangle, in pixels."""


def draw_points(points: Floats, colors: Rgb, camera: Camera, *, size_px: int) -> tuple[Rgb, Mask]:
    """Squares for points (n, 3) in world: colours (H, W, 3), and where there are any (H, W).

    The nearest point wins.
    """
    k = camera.intrinsics
    pixels, depth = camera.project(points)
    reach = np.arange(size_px) - (size_px - 1) / 2
    du, dv = (offsets.ravel() for offsets in np.meshgrid(reach, reach))
    columns = np.floor(pixels[:, :1] + du).astype(np.int64)
    rows = np.floor(pixels[:, 1:] + dv).astype(np.int64)
    inside = (columns >= 0) & (columns < k.width) & (rows >= 0) & (rows < k.height)
    inside &= depth[:, None] > 0
    point = np.broadcast_to(np.arange(len(points))[:, None], inside.shape)[inside]
    # Of equal indices numpy keeps what is assigned last: the nearest.
    order = np.argsort(-depth[point], kind="stable")
    point, place = point[order], (rows[inside][order], columns[inside][order])
    picture = np.zeros((k.height, k.width, 3), np.uint8)
    there = np.zeros((k.height, k.width), bool)
    picture[place] = colors[point]
    there[place] = True
    return picture, there


def hit_triangles(
    vertices: Floats, triangles: npt.NDArray[np.integer[Any]], camera: Camera
) -> Hits:
    """The nearest of the triangles (m, 3), indices of vertices (n, 3) in world, in each pixel.

    Triangles that reach behind the camera are left out.
    """
    k = camera.intrinsics
    pixels, depth = camera.project(vertices)
    index = np.full((k.height, k.width), -1, np.int64)
    nearest = np.full((k.height, k.width), np.inf)
    edge = np.zeros((k.height, k.width))
    for number, corners in enumerate(triangles):
        if (depth[corners] <= 0).any():
            continue
        a, b, c = pixels[corners]
        left, top = np.maximum(np.floor(np.minimum(np.minimum(a, b), c)), 0).astype(int)
        right, bottom = np.ceil(np.maximum(np.maximum(a, b), c)).astype(int)
        area = _cross(b - a, c - a)
        if area == 0 or left >= min(right, k.width) or top >= min(bottom, k.height):
            continue
        box = np.s_[top : min(bottom, k.height), left : min(right, k.width)]
        shape = index[box].shape
        u = np.arange(left, left + shape[1]) + 0.5
        v = np.arange(top, top + shape[0])[:, None] + 0.5
        place = np.stack(np.broadcast_arrays(u, v), axis=-1)
        sides = ((b, c), (c, a), (a, b))
        # Shares of the corners: 0 on the side opposite to each, and 1 in the corner.
        shares = np.stack([_cross(end - start, place - start) / area for start, end in sides])
        # What is linear in the image is 1 / z, not z.
        z = 1 / np.maximum(np.tensordot(1 / depth[corners], shares, axes=1), 1e-300)
        nearer = (shares >= 0).all(axis=0) & (z < nearest[box])
        lengths = np.array([np.hypot(*(end - start)) for start, end in sides])
        # A share times the corner's height over the opposite side is the distance to that side.
        to_side = (shares * (abs(area) / np.maximum(lengths, 1e-12))[:, None, None]).min(axis=0)
        index[box][nearer] = number
        nearest[box][nearer] = z[nearer]
        edge[box][nearer] = to_side[nearer]
    return Hits(triangle=index, depth_m=nearest, edge_px=edge)


def _cross(a: Floats, b: Floats) -> Floats:
    """z of the cross product of vectors (..., 2)."""
    result: Floats = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return result
