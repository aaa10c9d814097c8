"""The mesh that plugins get: the very triangles that are rendered, in world."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.raycast import Array, assert_rendered, triangles_hit, unit_normals
from viewbatch.blender import measure
from viewbatch.blender.capture import Capture
from viewbatch.blender.scene import read_scene_mesh
from viewbatch.geometry import look_at
from viewbatch.passes import Pass
from viewbatch.plugin import SceneMesh

pytestmark = pytest.mark.every_blender

FLOAT32 = 1e-6
"""Of a few metres; Blender keeps vertices and matrices in float32."""


def mesh_of(path: Path, capture: Capture, *overrides: str) -> tuple[SceneMesh, dict[str, int]]:
    """The mesh of a model, and the ids of its objects by name."""
    stage, _ = scenes.staged(path, capture, *overrides)
    return read_scene_mesh(stage, capture), {record.name: record.id for record in stage.objects}


def corners(mesh: SceneMesh, object_id: int) -> Array:
    """(n, 3, 3) of an object's triangles."""
    return mesh.vertices[mesh.triangles[mesh.object_ids == object_id]]


def volume(triangles: Array) -> float:
    """What a closed surface encloses; positive where it faces outwards (divergence theorem)."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    return float((a * np.cross(b, c)).sum() / 6)


def assert_points(points: Array, expected: Array) -> None:
    """The same points in any order, none of them twice."""
    assert len(points) == len(expected)
    distances = np.linalg.norm(points[:, None] - expected, axis=-1)
    assert distances.min(axis=1).max() < FLOAT32
    assert distances.min(axis=0).max() < FLOAT32


def add_instance(scene: Any, parts: Any, location: Sequence[float], scale: Sequence[float]) -> None:
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", parts
    instance.location, instance.scale = location, scale
    scene.collection.objects.link(instance)


def add_pipe(scene: Any, name: str, start: Sequence[float], stop: Sequence[float]) -> Any:
    """A closed pipe of half a metre's radius along a straight curve."""
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions, data.bevel_depth, data.bevel_resolution = "3D", 0.5, 0
    data.use_fill_caps = True
    spline = data.splines.new("POLY")
    spline.points.add(1)
    spline.points[0].co, spline.points[1].co = (*start, 1), (*stop, 1)
    pipe = bpy.data.objects.new(name, data)
    scene.collection.objects.link(pipe)
    return pipe


def test_types_and_sizes(tmp_path: Path, capture: Capture) -> None:
    scenes.add_cube(scenes.empty_scene(), "cube")
    mesh, _ = mesh_of(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert (mesh.vertices.shape, mesh.vertices.dtype) == ((8, 3), np.float64)
    assert (mesh.triangles.shape, mesh.triangles.dtype) == ((12, 3), np.int64)
    assert (mesh.object_ids.shape, mesh.object_ids.dtype) == ((12,), np.uint32)
    assert_points(mesh.vertices, scenes.cube_points())
    assert volume(corners(mesh, 1)) == pytest.approx(8)


def test_modifiers_are_applied_as_they_are_rendered(tmp_path: Path, capture: Capture) -> None:
    """A cube subdivided once; see test_framing for where its points come to."""
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    modifier = cube.modifiers.new("subdivision", "SUBSURF")
    modifier.levels, modifier.render_levels, modifier.use_limit_surface = 2, 1, False
    mesh, _ = mesh_of(scenes.save_blend(tmp_path / "model.blend"), capture)
    signs = np.array(list(itertools.product((-1, 0, 1), repeat=3)), dtype=np.float64)
    signs = signs[signs.any(axis=1)]
    lengths = np.array([1, 3 / 4, 5 / 9])[np.abs(signs).sum(axis=1).astype(int) - 1]
    assert_points(mesh.vertices, signs * lengths[:, None])
    assert len(mesh.triangles) == 48


def test_vertices_without_a_face_are_left_out(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    loose = [(9, 9, 9), *scenes.cube_points().tolist(), (-9, 0, 0)]
    scenes.add_mesh(scene, "cube", loose, [[i + 1 for i in face] for face in scenes.CUBE_FACES])
    mesh, _ = mesh_of(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert_points(mesh.vertices, scenes.cube_points())
    assert volume(corners(mesh, 1)) == pytest.approx(8)


def test_faces_of_instances_and_of_mirror_images_turn_outwards(
    tmp_path: Path, capture: Capture
) -> None:
    scene = scenes.empty_scene()
    parts = bpy.data.collections.new("parts")
    scenes.add_cube(scene, "part", (0.5, 0, 0), 0.5, into=parts)
    scenes.add_cube(scene, "other", (0, 0.5, 0), 0.25, into=parts).scale = (1, -1, 1)
    add_instance(scene, parts, (3, 0, 0), (1, 1, 1))
    add_instance(scene, parts, (-3, 0, 0), (-2, 1, 1))
    mesh, ids = mesh_of(scenes.save_blend(tmp_path / "model.blend"), capture)
    expected = [
        scenes.cube_points(0.5, (3.5, 0, 0)),
        scenes.cube_points(0.25, (3, -0.5, 0)),
        scenes.cube_points(0.5, (0, 0, 0)) * (2, 1, 1) - (4, 0, 0),
        scenes.cube_points(0.25, (0, 0, 0)) * (2, 1, 1) - (3, 0.5, 0),
    ]
    assert_points(mesh.vertices, np.concatenate(expected))
    assert volume(corners(mesh, ids["part"])) == pytest.approx(1 + 2)
    assert volume(corners(mesh, ids["other"])) == pytest.approx(1 / 8 + 2 / 8)
    # Not only on the whole: each triangle faces away from the middle of its cube.
    for cube in expected:
        of_cube = np.isin(mesh.triangles[:, 0], nearest_rows(mesh.vertices, cube))
        triangles = mesh.vertices[mesh.triangles[of_cube]]
        assert len(triangles) == 12
        outwards = triangles.mean(axis=1) - cube.mean(axis=0)
        assert ((unit_normals(triangles) * outwards).sum(axis=1) > 0.1).all()


def nearest_rows(vertices: Array, points: Array) -> Any:
    return np.linalg.norm(vertices[:, None] - points, axis=-1).argmin(axis=0)


def test_a_curve_with_a_bevel(tmp_path: Path, capture: Capture) -> None:
    """At resolution 0 its profile is a square, of two times the squared radius."""
    scene = scenes.empty_scene()
    add_pipe(scene, "pipe", (1, 0, -1), (1, 0, 2))
    mesh, _ = mesh_of(scenes.save_blend(tmp_path / "model.blend"), capture)
    np.testing.assert_allclose(np.hypot(*(mesh.vertices[:, :2] - (1, 0)).T), 0.5, atol=FLOAT32)
    assert set(np.round(mesh.vertices[:, 2], 6)) == {-1, 2}
    assert volume(corners(mesh, 1)) == pytest.approx(2 * 0.5**2 * 3)


def test_only_the_objects_asked_for(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    for i, name in enumerate(["left out", "one", "two"]):
        scenes.add_cube(scene, name, (3 * i, 0, 0), 0.5)
    path = scenes.save_blend(tmp_path / "model.blend")
    mesh, ids = mesh_of(path, capture, "objects.exclude_pattern='out'")
    assert ids == {"one": 1, "two": 2}
    assert (mesh.vertices[:, 0] > 2).all()
    assert mesh.object_ids.tolist() == [1] * 12 + [2] * 12
    stage, _ = scenes.staged(path, capture, "render.resolution_x=8", "render.resolution_y=8")
    for wanted in ({2}, {1, 3}, ()):
        part = capture.evaluated(stage.scene, lambda d, wanted=wanted: measure.read_mesh(d, wanted))
        assert set(part.object_ids.tolist()) == set(wanted)
        assert part.vertices.shape == (8 * len(wanted), 3)
        assert part.triangles.shape == (12 * len(wanted), 3)


def test_rays_against_the_mesh_give_the_rendered_depth_and_ids(
    tmp_path: Path, capture: Capture
) -> None:
    scene = scenes.empty_scene()
    parts = bpy.data.collections.new("parts")
    scenes.add_cube(scene, "part", (0.5, 0, 0), 0.4, into=parts).modifiers.new("s", "SUBSURF")
    add_instance(scene, parts, (0, 0, 0.2), (1.5, 1, 1))
    add_instance(scene, parts, (-0.4, 0, 0), (-1, 1, 0.7))
    add_pipe(scene, "pipe", (-0.5, 1.5, -1), (0.9, 1, 1.5)).data.bevel_resolution = 3
    # A face of many corners, not convex: how it is cut into triangles does not show in a
    # plane, but that none is lost or doubled does.
    star = [(2 * np.cos(a), 2.4, 2 * np.sin(a)) for a in np.arange(10) * np.pi / 5]
    star = [(x * s, y, z * s) for (x, y, z), s in zip(star, [1, 0.4] * 5, strict=True)]
    scenes.add_mesh(scene, "star", star, [range(10)])
    text = bpy.data.objects.new("text", bpy.data.curves.new("text", "FONT"))
    text.data.body, text.data.extrude = "ab", 0.1
    text.location, text.rotation_euler = (-1.5, -0.8, 0.5), (1.2, 0.1, 0)
    scene.collection.objects.link(text)
    ball = bpy.data.objects.new("ball", bpy.data.metaballs.new("ball"))
    ball.data.elements.new().radius = 0.9
    ball.data.render_resolution, ball.location = 0.3, (1.2, -0.5, -0.8)
    scene.collection.objects.link(ball)
    stage, config = scenes.staged(
        scenes.save_blend(tmp_path / "model.blend"), capture,
        "render.resolution_x=72", "render.resolution_y=56", "camera.lens.shift_x=0.04",
    )  # fmt: skip
    mesh = read_scene_mesh(stage, capture)
    studio = scenes.Studio(stage.scene, capture, config)
    camera = studio.look((0.9, -7, 1.3), look_at((0.9, -7, 1.3), (0, 0, 0.1)))
    frame = studio.ground_truth()
    expected = triangles_hit(camera, mesh.vertices[mesh.triangles])
    assert_rendered(frame[Pass.DEPTH], expected)
    ids = np.where(expected.face >= 0, mesh.object_ids[expected.face], 0)
    np.testing.assert_array_equal(frame[Pass.OBJECT_ID], ids)
    assert set(np.unique(ids)) == {0, *(record.id for record in stage.objects)}
