"""Meshes of any fineness: everything is a grid, bent into shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scripts.benchmark.glb import Array, Mesh

Point = Sequence[float]


def sphere(center: Point, radius: float, *, rows: int = 48) -> Mesh:
    """With v from pole to pole and u around."""
    u, v = _grid(rows, 2 * rows)
    inclination, azimuth = math.pi * v, 2 * math.pi * u
    ring = np.sin(inclination)
    normals = np.stack(
        [ring * np.cos(azimuth), ring * np.sin(azimuth), np.cos(inclination)], axis=-1
    )
    return _mesh(np.asarray(center) + radius * normals, normals)


def bumpy_sphere(center: Point, radius: float, *, rows: int, seed: int) -> Mesh:
    """A sphere with waves of several lengths on it, as scanned things have; 4 rows**2 triangles."""
    smooth = sphere((0, 0, 0), 1.0, rows=rows)
    directions = smooth.points.reshape(rows + 1, 2 * rows + 1, 3)
    random = np.random.Generator(np.random.PCG64(seed))
    height = np.zeros(directions.shape[:2])
    for frequency in (2, 5, 11, 23, 47):
        for _ in range(3):
            wave = random.normal(size=3)
            wave *= frequency / np.linalg.norm(wave)
            height += np.sin(directions @ wave + random.uniform(0, math.tau)) / frequency
    points = directions * (1 + 0.12 * height)[..., None]
    down, right = np.gradient(points, axis=0), np.gradient(points, axis=1)
    normals = np.cross(down, right)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    # At the poles the grid is a point.
    normals = np.where(length > 1e-12, normals / np.maximum(length, 1e-12), directions)
    return _mesh(np.asarray(center) + radius * points, normals)


def torus(center: Point, radius: float, thickness: float, *, rows: int = 48) -> Mesh:
    """A ring that lies flat."""
    u, v = _grid(rows, 2 * rows)
    around, across = 2 * math.pi * u, -2 * math.pi * v
    outward = np.stack([np.cos(around), np.sin(around), np.zeros_like(u)], axis=-1)
    normals = outward * np.cos(across)[..., None]
    normals[..., 2] = np.sin(across)
    return _mesh(np.asarray(center) + radius * outward + thickness * normals, normals)


def box(center: Point, size: Point) -> Mesh:
    """Six sides, each with the whole image on it."""
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal, right = np.zeros(3), np.zeros(3)
            normal[axis], right[(axis + 1) % 3] = sign, sign
            down = np.cross(right, normal)
            u, v = _grid(1, 1)
            place = normal + (2 * u - 1)[..., None] * right + (2 * v - 1)[..., None] * down
            points = np.asarray(center) + place * np.asarray(size) / 2
            sides.append(_mesh(points, np.broadcast_to(normal, points.shape)))
    return joined(sides)


def strand(begin: Array, end: Array, radius: float, *, sides: int = 5) -> Mesh:
    """A thin open tube, narrow at its end."""
    axis = (end - begin) / np.linalg.norm(end - begin)
    right = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    right /= np.linalg.norm(right)
    u, v = _grid(1, sides)
    angle = 2 * math.pi * u
    normals = np.cos(angle)[..., None] * right
    normals += np.sin(angle)[..., None] * np.cross(right, axis)
    along = begin + v[..., None] * (end - begin)
    return _mesh(along + radius * (1 - 0.7 * v)[..., None] * normals, normals)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    counts = np.cumsum([0, *(len(mesh.points) for mesh in meshes)])
    return Mesh(
        points=np.concatenate([mesh.points for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        uvs=np.concatenate([mesh.uvs for mesh in meshes]),
        triangles=np.concatenate(
            [mesh.triangles + np.uint32(n) for mesh, n in zip(meshes, counts, strict=False)]
        ),
    )


def _grid(rows: int, columns: int) -> tuple[Array, Array]:
    """u to the right and v down, 0 to 1, each (rows + 1, columns + 1)."""
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    return u, v


def _mesh(points: Array, normals: Array) -> Mesh:
    """A grid of points (rows + 1, columns + 1, 3); down x right is outside."""
    rows, columns = points.shape[0] - 1, points.shape[1] - 1
    u, v = _grid(rows, columns)
    corner = np.arange(rows * (columns + 1), dtype=np.uint32).reshape(rows, -1)[:, :-1]
    right, down = corner + np.uint32(1), corner + np.uint32(columns + 1)
    opposite = down + np.uint32(1)
    triangles = np.stack([corner, down, opposite, corner, opposite, right], axis=-1)
    return Mesh(
        points=points.reshape(-1, 3),
        normals=np.ascontiguousarray(normals).reshape(-1, 3),
        uvs=np.stack([u, v], axis=-1).reshape(-1, 2),
        triangles=triangles.reshape(-1, 3),
    )
