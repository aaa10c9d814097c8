"""Models of thousands of objects and of millions of triangles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.extremes import QUICK, made
from viewbatch.blender import scene as scene_module
from viewbatch.errors import ModelError


def grid_of_cubes(scene: Any, side: int) -> None:
    """`side` squared objects that share their mesh."""
    mesh = scenes.add_cube(scene, "first", half=0.4).data
    for i in range(1, side * side):
        twin = bpy.data.objects.new(f"cube_{i}", mesh)
        twin.location = (i % side, i // side, 0)
        scene.collection.objects.link(twin)


def test_thousands_of_objects_have_an_id_each(tmp_path: Path) -> None:
    dataset = made(
        tmp_path, lambda scene: grid_of_cubes(scene, 50), "render.resolution_x=320",
        "render.resolution_y=320", "verify.at_end=false",
        "camera.location.mode=orbit", "camera.location.orbit.inclination=0", number=1,
    )  # fmt: skip
    assert len(dataset.record.objects) == 2500
    [view] = dataset.views
    ids = view.read("mask")
    assert set(np.unique(ids)) == set(range(2501))
    # From above, every object is where its record says, in a mask too.
    centers = np.array([entry.world_from_object[:3, 3] for entry in dataset.record.objects])
    pixels, _ = view.camera.project(centers + np.array([0, 0, 0.4]))
    columns, rows = pixels.astype(int).T
    assert ids[rows, columns].tolist() == [entry.id for entry in dataset.record.objects]


def test_more_objects_than_ids_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_module, "LARGEST_ID", 8)
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, lambda scene: grid_of_cubes(scene, 3))
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} has 9 objects, and masks can tell 8 apart; join "
        "some, or leave some out with objects.exclude_pattern"
    )


def test_two_million_triangles(tmp_path: Path) -> None:
    """A wave over a square, whose height has a closed form."""
    side = 1001
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    height = 0.1 * np.sin(3 * x) * np.cos(2 * y)
    points = np.stack([x, y, height], axis=-1).astype("<f4").reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.empty((2, len(corner)), dtype=[("n", "u1"), ("i", "<i4", 3)])
    faces["n"] = 3
    faces["i"][0] = np.stack([corner, corner + 1, corner + side + 1], axis=-1)
    faces["i"][1] = np.stack([corner, corner + side + 1, corner + side], axis=-1)
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\nproperty float x\n"
        f"property float y\nproperty float z\nelement face {faces.size}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    path = tmp_path / "wave.ply"
    path.write_bytes(header.encode() + points.tobytes() + faces.tobytes())
    dataset = scenes.generate(
        path, tmp_path / "out", 1, *QUICK, 'plugins.enabled=["depth", "mask"]',
        "verify.at_end=false", "render.resolution_x=32", "render.resolution_y=32",
    )  # fmt: skip
    [view] = dataset.views
    depth = view.read("depth")
    assert np.count_nonzero(depth) > 50
    x, y, z = view.camera.unproject(depth)[depth > 0].T
    # A chord of the wave lies below it by an eighth of bend times the square of its length.
    np.testing.assert_allclose(z, 0.1 * np.sin(3 * x) * np.cos(2 * y), atol=3e-6)
