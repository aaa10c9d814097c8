"""Surfaces as a depth map shows them: points on them, and whether they are where others say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Camera, transform_points
from viewbatch.geometry.transforms import Array

EXACT_PX = 0.02
"""How far a surface may be from where another view shows it, in pixels, beyond what its bend
between pixel centres allows. Depth in float32 is exact to a few 1e-7, which at 2,000 pixels is
some 1e-3 of a pixel; half a pixel of error in a camera is 25 times this limit."""

MATCH_PX = 2.0
"""What is farther away than this, in pixels, is another surface."""

_HALF_PX = 0.5
"""However much a surface bends, a point is not on it that is farther than this, in depth, by the
width of a pixel there."""

_PATCH = 5
"""Pixels across, odd: what shows so many of its own is no hair, wire or edge."""

_STEP_PX = 4.0
"""A bend by as many pixels' widths on the surface is a step from one surface to another.

Against rays on `references/models/blocks.glb` at 480x360, it calls none of 12,000 points seen that
is not, and finds 79 % of those that are: the others lie beside outlines.
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one view says: its camera and its (H, W) planar depth in metres, 0 = no surface."""

    camera: Camera
    depth_m: Array


@dataclass(frozen=True, kw_only=True)
class SurfacePoints:
    """Points of the surface at the centres of pixels of one view."""

    in_world: Array
    """(n, 3) metres."""
    pixels: Array
    """(n, 2) u v, centres at (j + 0.5, i + 0.5)."""
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    depth_m: Array
    """(n,) planar."""


def surface_points(
    view: Seen, count: int, key: Sequence[int], among: npt.NDArray[np.bool_] | None = None
) -> SurfacePoints:
    """At most `count` points, at pixels drawn from those that show a surface, in their order.

    `among`, (H, W), says from which of them. What is drawn depends on the key, which is that of
    the random numbers, and on these pixels alone.
    """
    there = np.flatnonzero(view.depth_m > 0 if among is None else (view.depth_m > 0) & among)
    random = np.random.Generator(np.random.PCG64(list(key)))
    chosen = np.sort(random.choice(there, min(count, len(there)), replace=False))
    rows, columns = np.unravel_index(chosen, view.depth_m.shape)
    pixels = np.stack([columns + 0.5, rows + 0.5], axis=-1)
    depth_m = view.depth_m[rows, columns]
    in_cam = view.camera.intrinsics.rays(pixels) * depth_m[:, None]
    return SurfacePoints(
        in_world=transform_points(view.camera.world_from_cam, in_cam),
        pixels=pixels,
        rows=rows,
        columns=columns,
        depth_m=depth_m,
    )


@dataclass(frozen=True, kw_only=True)
class Patches:
    """The surface around pixels, as far as it is one."""

    normals_in_world: Array
    """(n, 3) of unit length; 0 where the pixels around do not show one smooth surface."""
    widths_m: Array
    """(n,) how wide the patch is that they show."""


def patches(view: Seen, points: SurfacePoints) -> Patches:
    """Patches of `_PATCH` by `_PATCH` pixels around points of a view."""
    k = view.camera.intrinsics
    inverse = _inverse(view.depth_m)
    smooth = (inverse > 0) & (_bend(inverse) < _STEP_PX / min(k.fx, k.fy) * inverse)
    rows, columns, reach = points.rows, points.columns, _PATCH // 2
    inside = (rows >= reach) & (rows < k.height - reach)
    inside &= (columns >= reach) & (columns < k.width - reach)
    whole = inside.copy()
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            whole[inside] &= smooth[rows[inside] + down, columns[inside] + right]
    rows, columns = rows[whole], columns[whole]

    def at(down: int, right: int) -> Array:
        pixels = np.stack([columns + right + 0.5, rows + down + 0.5], axis=-1)
        depth_m = view.depth_m[rows + down, columns + right]
        points_in_cam: Array = k.rays(pixels) * depth_m[:, None]
        return points_in_cam

    in_cam = np.cross(at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1))
    lengths = np.linalg.norm(in_cam, axis=-1, keepdims=True)
    normals = np.zeros_like(points.in_world)
    normals[whole] = (in_cam / np.maximum(lengths, 1e-300)) @ view.camera.cam_from_world[:3, :3]
    return Patches(normals_in_world=normals, widths_m=_PATCH * points.depth_m / max(k.fx, k.fy))


def widths_px(camera: Camera, points_in_world: Array, found: Patches) -> Array:
    """(n,) how many pixels wide patches look at least from a camera that may stand aside."""
    in_cam = transform_points(camera.cam_from_world, points_in_world)
    sight = points_in_world - camera.center_in_world
    distance = np.maximum(np.linalg.norm(sight, axis=-1), 1e-300)
    cosine = np.abs((found.normals_in_world * sight).sum(axis=-1)) / distance
    focal = min(camera.intrinsics.fx, camera.intrinsics.fy)
    width: Array = found.widths_m * cosine * focal / np.maximum(in_cam[:, 2], 1e-300)
    return width


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a view shows where points should be."""

    exact: npt.NDArray[np.intp]
    """Indices of the points that it shows just there."""
    same: npt.NDArray[np.intp]
    """Indices of the points whose surface it shows, there or a little behind."""
    surface: Array
    """(len(same), 3) in world: the points of that surface on the view's rays to the points."""
    past: npt.NDArray[np.intp]
    """Indices of the points behind which it shows another surface, or none: it contradicts
    them. Of a surface that is in front of a point one cannot tell."""
    told: npt.NDArray[np.intp]
    """Indices of the points around which it shows one whole surface."""
    in_front_px: Array
    """(len(told),) by how many pixels those stand in front of that surface; negative: behind."""


def look(view: Seen, points: Array) -> Found:
    """What a view shows at the projections of points (n, 3) in world.

    The inverse depth of a plane is linear in the image, so that interpolating it between the
    four pixel centres around is exact there; elsewhere its second difference bounds the error.
    Beside a step from one surface to another, where interpolation would make up a surface in
    between, nothing is said.
    """
    k = view.camera.intrinsics
    inverse = _inverse(view.depth_m)
    bend = _bend(inverse)
    in_cam = transform_points(view.camera.cam_from_world, points)
    indices = np.flatnonzero(in_cam[:, 2] > 0)
    pixels = k.project(in_cam[indices])
    left, top = np.floor(pixels - 0.5).T
    inside = (left >= 0) & (top >= 0) & (left < k.width - 1) & (top < k.height - 1)
    indices, pixels = indices[inside], pixels[inside]
    column, row = left[inside].astype(np.intp), top[inside].astype(np.intp)
    u, v = pixels[:, 0] - 0.5 - column, pixels[:, 1] - 0.5 - row
    corners = [(row + down, column + right) for down in (0, 1) for right in (0, 1)]
    w00, w01, w10, w11 = (inverse[corner] for corner in corners)
    bends = np.maximum.reduce([bend[corner] for corner in corners])
    empty = w00 + w01 + w10 + w11 == 0
    whole = np.minimum.reduce([w00, w01, w10, w11]) > 0
    shown = (w00 * (1 - u) + w01 * u) * (1 - v) + (w10 * (1 - u) + w11 * u) * v
    across = (w01 - w00) * (1 - v) + (w11 - w10) * v
    down = (w10 - w00) * (1 - u) + (w11 - w01) * u
    z = in_cam[indices, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        # What one pixel is on the surface, as a relative difference of depth: its width there,
        # and what it gains by the surface's slope.
        pixel = 1 / min(k.fx, k.fy) + np.hypot(across, down) / shown
        in_front_px = (1 - z * shown) / pixel
        allowed_px = EXACT_PX + bends / shown / pixel
    whole &= bends / np.maximum(shown, 1e-300) < _STEP_PX / min(k.fx, k.fy)
    same = whole & (in_front_px >= -allowed_px) & (in_front_px <= MATCH_PX)
    past = empty | (whole & (in_front_px > allowed_px))
    on_ray = in_cam[indices[same]] / (z * shown)[same, None]
    exact = whole & (np.abs(in_front_px) <= allowed_px)
    exact &= np.abs(1 - z * shown) * min(k.fx, k.fy) <= _HALF_PX
    return Found(
        exact=indices[exact],
        same=indices[same],
        surface=transform_points(view.camera.world_from_cam, on_ray),
        past=indices[past],
        told=indices[whole],
        in_front_px=in_front_px[whole],
    )


def _inverse(depth_m: Array) -> Array:
    """1 / depth, and 0 where there is no surface."""
    return np.divide(1.0, depth_m, out=np.zeros_like(depth_m), where=depth_m > 0)


def _bend(inverse_depth: Array) -> Array:
    """(H, W) the larger second difference of rows and columns; 0 beside pixels without surface."""
    result = np.zeros_like(inverse_depth)
    for values, bends in ((inverse_depth, result), (inverse_depth.T, result.T)):
        before, here, after = values[:-2], values[1:-1], values[2:]
        known = (before > 0) & (here > 0) & (after > 0)
        bend = np.where(known, np.abs(before - 2 * here + after), 0.0)
        np.maximum(bends[1:-1], bend, out=bends[1:-1])
    return result
