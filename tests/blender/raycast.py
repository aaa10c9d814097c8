"""Rays against surfaces in float64: the judge of rendered depth, and none of the tested code.

A ray's direction has z = 1 in the camera's frame, so its parameter is the planar depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Camera

Array = npt.NDArray[np.float64]

GLANCING = 1e-6
"""Error of a depth, relative, times the cosine between ray and normal.

Cycles is float32: rounding moves the ray by some 6e-8 of its length, a handful of times
(measured: 5e-7 in all at most), and on a surface at a flat angle that is one over the
cosine as much in depth. So 1e-5 holds down to 6 degrees from glancing; any wrong
convention, half a pixel for instance, would be wrong by 1e-2.
"""


@dataclass(frozen=True)
class Surface:
    """What the rays through all pixel centres meet first."""

    depth: Array
    """(H, W) planar depth, 0 where there is nothing."""
    cosine: Array
    """(H, W) of the angle between ray and normal, 0 to 1."""
    face: npt.NDArray[np.intp]
    """(H, W) number of the face, -1 where there is nothing."""


def rays_in_world(camera: Camera) -> tuple[Array, Array]:
    """(3,) origin, and (H, W, 3) directions that gain 1 m of depth for a parameter of 1."""
    k = camera.intrinsics
    u, v = np.meshgrid(np.arange(k.width) + 0.5, np.arange(k.height) + 0.5)
    in_cam = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones_like(u)], axis=-1)
    rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
    return -rotation.T @ translation, in_cam @ rotation


def surface(directions: Array, depth: Array, face: npt.NDArray[np.intp], normals: Array) -> Surface:
    """A surface from the faces that were hit, whose unit normals are (n, 3)."""
    lengths = np.linalg.norm(directions, axis=-1)
    cosine = np.abs((directions * normals[face]).sum(axis=-1)) / lengths
    seen = face >= 0
    return Surface(np.where(seen, depth, 0.0), np.where(seen, cosine, 0.0), face)


def unit_normals(triangles: Array) -> Array:
    """(n, 3) of (n, 3, 3) corners."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    # A degenerate triangle has none, and no ray hits it.
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)


def triangles_hit(camera: Camera, triangles: Array) -> Surface:
    """The first of (n, 3, 3) triangles; every pixel is tried with every one.

    Moeller and Trumbore, "Fast, Minimum Storage Ray/Triangle Intersection", 1997.
    """
    origin, directions = rays_in_world(camera)
    depth = np.full(directions.shape[:2], np.inf)
    face = np.full(directions.shape[:2], -1)
    for i, (a, b, c) in enumerate(triangles):
        edge1, edge2, from_a = b - a, c - a, origin - a
        p, q = np.cross(directions, edge2), np.cross(from_a, edge1)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / (p @ edge1)
            s, t, z = (p @ from_a) * inverse, (directions @ q) * inverse, (edge2 @ q) * inverse
            nearer = (s >= 0) & (t >= 0) & (s + t <= 1) & (z > 0) & (z < depth)
        depth[nearer], face[nearer] = z[nearer], i
    return surface(directions, depth, face, unit_normals(triangles))


def convex_hit(camera: Camera, normals: Array, offsets: Array) -> Surface:
    """The convex body where `normals @ x <= offsets`, in closed form; normals are unit."""
    origin, directions = rays_in_world(camera)
    enter = np.full(directions.shape[:2], -np.inf)
    leave = np.full(directions.shape[:2], np.inf)
    face = np.full(directions.shape[:2], -1)
    for i, (normal, offset) in enumerate(zip(normals, offsets, strict=True)):
        slope = directions @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (offset - origin @ normal) / slope
        later = (slope < 0) & (z > enter)
        enter[later], face[later] = z[later], i
        leave = np.where(slope > 0, np.minimum(leave, z), leave)
    face[(enter >= leave) | (enter <= 0)] = -1
    return surface(directions, enter, face, normals)


def in_front(first: Surface, second: Surface) -> Surface:
    """Whichever is nearer; faces of the second are counted on from 1,000,000."""
    takes = (first.depth > 0) & ((second.depth == 0) | (first.depth < second.depth))
    face = np.where(second.face >= 0, second.face + 1_000_000, -1)
    return Surface(
        np.where(takes, first.depth, second.depth),
        np.where(takes, first.cosine, second.cosine),
        np.where(takes, first.face, face),
    )


def glancing_error(depth: npt.NDArray[np.generic], expected: Surface) -> Array:
    """(H, W) relative error of a depth where there is one, in the measure of `GLANCING`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(depth / expected.depth - 1) * expected.cosine
    return np.where(expected.depth > 0, error, 0.0)


def assert_rendered(depth: npt.NDArray[np.generic], expected: Surface) -> None:
    """Every pixel: a surface in both or in neither, and there the same depth."""
    assert depth.dtype == np.float32
    assert np.count_nonzero(expected.depth) > 20
    np.testing.assert_array_equal(depth > 0, expected.depth > 0)
    # Not merely small: the value for no surface is exactly 0.
    assert (depth[expected.depth == 0] == 0).all()
    assert glancing_error(depth, expected).max() < GLANCING
