"""Scenes and models of the benchmark: files of closed forms."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import trimesh

from scripts.benchmark import jobs, scenes, shapes
from scripts.benchmark.glb import encode_glb
from scripts.benchmark.scenes import SCENES, SceneName


def outside(mesh: shapes.Mesh) -> float:
    """Share of the triangles, all but those without area, whose front is where normals point."""
    a, b, c = (mesh.points[mesh.triangles[:, i]] for i in range(3))
    front = np.cross(b - a, c - a)
    normals = sum(mesh.normals[mesh.triangles[:, i]] for i in range(3))
    whole = np.linalg.norm(front, axis=1) > 1e-12
    return float(((front * normals).sum(axis=1)[whole] > 0).mean())


@pytest.mark.parametrize("name", SceneName)
def test_scenes_are_files_of_closed_forms(name: SceneName, tmp_path: Path) -> None:
    things = SCENES[name].make()
    path = scenes.write_scene(name, tmp_path)
    assert path.read_bytes() == scenes.write_scene(name, tmp_path / "again").read_bytes()
    loaded = trimesh.load(path, force="scene")
    assert set(loaded.graph.nodes_geometry) == {thing.name for thing in things}
    for thing in things:
        assert outside(thing.mesh) == 1.0
        np.testing.assert_allclose(np.linalg.norm(thing.mesh.normals, axis=1), 1, atol=1e-9)
        # glTF's y is up; the file has float32.
        found = loaded.geometry[thing.name].bounds
        low, high = thing.mesh.points.min(axis=0), thing.mesh.points.max(axis=0)
        np.testing.assert_allclose(found[0], [low[0], low[2], -high[1]], atol=1e-6)
        np.testing.assert_allclose(found[1], [high[0], high[2], -low[1]], atol=1e-6)
    assert any(thing.name.startswith(scenes.MATTE_NAME) for thing in things)


def test_a_sphere_has_its_area_and_a_ring_its_volume() -> None:
    ball = shapes.sphere((1, 2, 3), 0.5, rows=64)
    mesh = trimesh.Trimesh(ball.points, ball.triangles)
    assert mesh.area == pytest.approx(math.pi, rel=2e-3)
    ring = shapes.torus((0, 0, 0), 1.0, 0.25, rows=64)
    mesh = trimesh.Trimesh(ring.points, ring.triangles)
    assert mesh.volume == pytest.approx(2 * math.pi**2 * 0.25**2, rel=4e-3)


def test_the_heavy_model_has_two_million_triangles_and_large_images(tmp_path: Path) -> None:
    path = jobs.write_heavy(tmp_path / "small.glb", 10, 64)
    assert path.read_bytes() == jobs.write_heavy(tmp_path / "again.glb", 10, 64).read_bytes()
    loaded = trimesh.load(path, force="scene")
    assert sum(len(mesh.faces) for mesh in loaded.geometry.values()) == 8 * 10**2
    assert {mesh.visual.material.baseColorTexture.size for mesh in loaded.geometry.values()} == {
        (64, 64)
    }
    assert 8 * jobs.HEAVY_ROWS**2 == 2_000_000
    assert jobs.HEAVY_TEXTURE_PX == 4096
    assert outside(shapes.bumpy_sphere((0, 0, 0), 1.0, rows=40, seed=1)) == 1.0


def test_models_hold_what_is_told_to_them() -> None:
    things = SCENES[SceneName.GLASS].make()
    data = encode_glb(things)
    tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    clear = tree["materials"][0]
    assert clear["extensions"]["KHR_materials_transmission"] == {"transmissionFactor": 1.0}
    matte = tree["materials"][2]
    assert matte["name"] == "matte_wall"
    assert matte["extensions"]["KHR_materials_specular"] == {"specularFactor": 0.0}
