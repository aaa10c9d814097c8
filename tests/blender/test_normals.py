"""The normal pass of spheres: that of the geometry, whatever the material, up to float32."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import scenes
from tests.blender.frames import assert_consistent, facing
from tests.blender.materials import MATERIALS
from tests.blender.raycast import Array, triangles_hit, unit_normals
from tests.blender.spheres import seen_normals, sphere, studio
from viewbatch.blender.capture import AOVS, Capture
from viewbatch.geometry import look_at
from viewbatch.passes import GROUND_TRUTH, Frame, Pass

pytestmark = pytest.mark.every_blender

SET_NORMAL = 2.0**-11
"""Error of normals that are set: Blender keeps them as two angles of 16 bits."""


def outwards(frame: Frame) -> Array:
    """(n, 3) directions from the origin to what is seen: a sphere's normals.

    Vertices are on the sphere, so those between them are the positions up to their length.
    """
    seen = frame[Pass.POSITION][frame[Pass.DEPTH] > 0].astype(np.float64)
    return np.asarray(seen / np.linalg.norm(seen, axis=1, keepdims=True))


@pytest.mark.parametrize("name", MATERIALS)
def test_materials_do_not_matter(capture: Capture, name: str) -> None:
    """A coarse sphere whose normals are set: those between are in closed form."""
    scene = scenes.empty_scene()
    made = sphere("sphere", 8, radial=True)
    scene.collection.objects.link(made)
    made.data.materials.append(MATERIALS[name]())
    view, camera = studio(scene, capture)
    before = view.ground_truth(GROUND_TRUTH - AOVS.keys())
    frame = view.ground_truth()
    assert_consistent(camera, frame, 2)
    assert np.abs(seen_normals(frame) - outwards(frame)).max() < SET_NORMAL
    # What makes the pass changes no other.
    for kind, values in before.items():
        np.testing.assert_array_equal(frame[kind], values, err_msg=kind)


def test_what_has_no_material_has_the_normals_that_cycles_shades_with(capture: Capture) -> None:
    """From 5.0 they are bent towards the camera where they turn away from it."""
    scene = scenes.empty_scene()
    scene.collection.objects.link(sphere("sphere", 8, radial=True))
    view, camera = studio(scene, capture)
    frame = view.ground_truth()
    assert_consistent(camera, frame, 2)
    error = np.abs(seen_normals(frame) - outwards(frame)).max(axis=1)
    cosine = facing(camera, frame)
    assert error[cosine > 0.3].max() < SET_NORMAL
    assert error.max() < (SET_NORMAL if bpy.app.version < (5, 0, 0) else 0.2)


@pytest.mark.parametrize("name", ["plastic", "metal", "bump"])
def test_a_fine_sphere_has_the_normals_of_a_sphere(capture: Capture, name: str) -> None:
    """As Blender makes them, of the faces around a vertex: less than half floats can tell."""
    scene = scenes.empty_scene()
    made = sphere("sphere", 96, radial=False)
    scene.collection.objects.link(made)
    made.data.materials.append(MATERIALS[name]())
    view, camera = studio(scene, capture)
    frame = view.ground_truth()
    assert_consistent(camera, frame, 2)
    assert np.abs(seen_normals(frame) - outwards(frame)).max() < 2.0**-11


@pytest.mark.parametrize("name", ["plastic", "metal", "bump", "bump of displacement"])
def test_flat_faces_have_the_normal_of_their_plane(capture: Capture, name: str) -> None:
    scene = scenes.empty_scene()
    made = sphere("sphere", 8, radial=False)
    made.data.polygons.foreach_set("use_smooth", [False] * len(made.data.polygons))
    made.data.materials.append(MATERIALS[name]())
    scene.collection.objects.link(made)
    bpy.context.view_layer.update()
    view, camera = studio(scene, capture)
    frame = view.ground_truth()
    assert_consistent(camera, frame, 2)
    assert facing(camera, frame).min() > 0
    triangles = scenes.triangles_in_world(made)
    normals = unit_normals(triangles)
    normals *= np.sign((normals * triangles.mean(axis=1)).sum(axis=1, keepdims=True))
    face = triangles_hit(camera, triangles).face
    np.testing.assert_array_equal(face >= 0, frame[Pass.DEPTH] > 0)
    assert np.abs(frame[Pass.NORMAL] - normals[face])[face >= 0].max() < 1e-6


def turned(scale: tuple[float, float, float]) -> Matrix:
    return Matrix.LocRotScale((0.1, 0.2, -0.1), Matrix.Rotation(0.7, 3, (1, 2, 3)), scale)


@pytest.mark.parametrize("instanced", [False, True])
@pytest.mark.parametrize("scale", [(1, 1, 1), (-1, 1, 1), (-1.2, 0.7, 1), (-1, -0.8, -1)])
@pytest.mark.parametrize("name", ["metal", "bump of displacement"])
def test_turned_stretched_and_mirrored(
    capture: Capture, name: str, scale: tuple[float, float, float], instanced: bool
) -> None:
    """The inverse transpose turns normals; the outside of an ellipsoid stays outside."""
    scene = scenes.empty_scene()
    made = sphere("sphere", 64, radial=True)
    made.data.materials.append(MATERIALS[name]())
    placed = made
    if instanced:
        collection = bpy.data.collections.new("inner")
        collection.objects.link(made)
        placed = bpy.data.objects.new("instance", None)
        placed.instance_type, placed.instance_collection = "COLLECTION", collection
    scene.collection.objects.link(placed)
    placed.matrix_world = turned(scale)
    view, camera = studio(scene, capture)
    frame = view.ground_truth()
    assert_consistent(camera, frame, 3)
    matrix = np.array(placed.matrix_world, dtype=np.float64)
    position = frame[Pass.POSITION][frame[Pass.DEPTH] > 0]
    inverse = np.linalg.inv(matrix[:3, :3])
    expected = (position - matrix[:3, 3]) @ inverse.T @ inverse
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    # Where Cycles turns normals at vertices, those between are only near to them.
    assert np.abs(seen_normals(frame) - expected).max() < 2 * SET_NORMAL


def test_the_back_of_a_surface_faces_the_camera(capture: Capture) -> None:
    for name in ("metal", "bump of displacement"):
        scene = scenes.empty_scene()
        made = sphere("sphere", 24, radial=True)
        made.data.materials.append(MATERIALS[name]())
        scene.collection.objects.link(made)
        view, _ = studio(scene, capture)
        camera = view.look((0.1, 0.2, 0.1), look_at((0.1, 0.2, 0.1), (1, 0, 0)))
        frame = view.ground_truth()
        assert (frame[Pass.DEPTH] > 0).all()
        assert facing(camera, frame).min() > 0
        assert np.abs(seen_normals(frame) + outwards(frame)).max() < SET_NORMAL
