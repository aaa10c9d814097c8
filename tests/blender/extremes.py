"""How models at the ends of what can be modelled are generated and judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.blender import scenes
from tests.blender.raycast import Array, assert_rendered, rays_in_world, triangles_hit
from viewbatch.dataset import Dataset

QUICK = (
    "render.resolution_x=60", "render.resolution_y=48", "render.samples=1",
    "render.cycles.use_denoising=false", 'plugins.enabled=["depth", "mask", "normal", "mesh"]',
    "verify.at_end=true", "verify.noise_views=0",
)  # fmt: skip

Build = Callable[[Any], Any]


def made(tmp_path: Path, build: Build, *overrides: str, number: int = 4) -> Dataset:
    """A dataset of a scene, certified at its end."""
    scene = scenes.empty_scene()
    build(scene)
    model = scenes.save_blend(tmp_path / "model.blend")
    return scenes.generate(model, tmp_path / "out", number, *QUICK, *overrides)


def mesh_triangles(dataset: Dataset) -> Array:
    """(n, 3, 3) corners of the triangles in mesh.ply."""
    header, _, body = (dataset.folder / "mesh.ply").read_bytes().partition(b"end_header\n")
    words = header.split()
    vertices, faces = (int(words[words.index(of) + 1]) for of in (b"vertex", b"face"))
    points = np.frombuffer(body, dtype="<f8", count=3 * vertices).reshape(-1, 3)
    layout = np.dtype([("n", "u1"), ("i", "<i4", 3), ("id", "<u4")])
    corners: Array = points[np.frombuffer(body[24 * vertices :], layout, faces)["i"]]
    return corners


def assert_exact(dataset: Dataset, triangles: Array) -> None:
    """Every view shows what rays against these triangles meet, and normals face the camera."""
    for view in dataset.views:
        depth = view.read("depth")
        assert_rendered(depth, triangles_hit(view.camera, triangles))
        normals = np.asarray(view.read("normal"), dtype=np.float64)
        _, directions = rays_in_world(view.camera)
        towards = (normals * directions).sum(axis=-1)[depth > 0]
        assert (towards < 1e-3).all()
