"""Unit spheres, whose normals have a closed form, and how they are seen."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np

from tests.blender import scenes
from tests.blender.raycast import Array
from viewbatch.blender.capture import Capture
from viewbatch.geometry import Camera, look_at
from viewbatch.passes import Frame, Pass

EYE = (1.6, -2.4, 1.9)


def sphere(name: str, rings: int, *, radial: bool) -> Any:
    """A smooth unit sphere around the origin; its normals from its faces, or set to radial."""
    angles = np.arange(1, rings) * math.pi / rings
    around = np.arange(2 * rings) * math.pi / rings
    points = [
        (math.sin(a) * math.cos(b), math.sin(a) * math.sin(b), math.cos(a))
        for a in angles
        for b in around
    ]
    n = len(around)
    faces: list[tuple[int, ...]] = [
        (i * n + j, (i + 1) * n + j, (i + 1) * n + (j + 1) % n, i * n + (j + 1) % n)
        for i in range(rings - 2)
        for j in range(n)
    ]
    north, south = len(points), len(points) + 1
    last = (rings - 2) * n
    faces += [(j, (j + 1) % n, north) for j in range(n)]
    faces += [(last + (j + 1) % n, last + j, south) for j in range(n)]
    points += [(0, 0, 1), (0, 0, -1)]
    # Polygons as Blender cuts them are not told here: of three corners each is.
    triangles = [t for f in faces for t in ([f] if len(f) == 3 else [f[:3], (f[0], *f[2:])])]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], triangles)
    mesh.polygons.foreach_set("use_smooth", [True] * len(triangles))
    if radial:
        mesh.normals_split_custom_set_from_vertices(points)
    return bpy.data.objects.new(name, mesh)


def studio(scene: Any, capture: Capture) -> tuple[scenes.Studio, Camera]:
    view = scenes.Studio.of(scene, capture, "render.resolution_x=66", "render.resolution_y=54")
    return view, view.look(EYE, look_at(EYE, (0, 0, 0)))


def seen_normals(frame: Frame) -> Array:
    return np.asarray(frame[Pass.NORMAL][frame[Pass.DEPTH] > 0], dtype=np.float64)
