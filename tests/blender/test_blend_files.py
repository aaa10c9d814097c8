"""What a .blend file brings along: lights, worlds, collections, relations, animation, scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender.capture import Capture
from viewbatch.geometry import look_at
from viewbatch.passes import Pass

pytestmark = pytest.mark.every_blender

SMALL = ["render.resolution_x=31", "render.resolution_y=22", "render.samples=16",
         "render.cycles.use_denoising=false", "world.color=[0.5,0.25,1.0]",
         "world.strength=0.5"]  # fmt: skip
FLOAT32 = 1e-6


def furnished_file(path: Path) -> Path:
    """A cube in a scene that has everything a render needs, each unlike ours."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy = 50.0
    sun.data.color = (0, 1, 0)
    world = bpy.data.worlds.new("file's world")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 0, 0, 1)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type = "ORTHO"
    for scene_object in (sun, camera):
        scene.collection.objects.link(scene_object)
    scene.world, scene.camera = world, camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_percentage = 7
    scene.render.use_border, scene.render.border_max_x = True, 0.5
    scene.render.use_multiview = True
    scene.view_settings.view_transform, scene.view_settings.exposure = "Filmic", 3.0
    scene.cycles.film_exposure = 5.0
    return scenes.save_blend(path)


def looked_at(path: Path, capture: Capture, *overrides: str) -> Any:
    """(H, W, 4) colour of the model seen from above and the front."""
    stage, config = scenes.staged(path, capture, *SMALL, *overrides)
    eye = (0.0, -6.0, 4.0)
    studio = scenes.Studio(stage.scene, capture, config)
    studio.look(eye, look_at(eye, (0, 0, 0)))
    return studio.color()


def test_a_files_camera_world_lights_and_settings_do_not_matter(
    tmp_path: Path, capture: Capture
) -> None:
    furnished = looked_at(furnished_file(tmp_path / "furnished.blend"), capture)
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    plain = looked_at(scenes.save_blend(tmp_path / "plain.blend"), capture)
    assert furnished.shape == (22, 31, 4)
    np.testing.assert_array_equal(furnished, plain)
    # The background has the configured colour.
    np.testing.assert_allclose(plain[0, 0], (0.25, 0.125, 0.5, 1), rtol=1e-6)


def test_keeping_a_files_lights_and_world(tmp_path: Path, capture: Capture) -> None:
    path = furnished_file(tmp_path / "model.blend")
    without = looked_at(path, capture)
    lit = looked_at(path, capture, "model.keep_lights=true")
    red, green, blue = lit[..., :3].mean(axis=(0, 1)) - without[..., :3].mean(axis=(0, 1))
    assert green > 1.0  # the sun is green, and its 50 W/m2 drown ours
    assert abs(red) < 0.01 * green
    assert abs(blue) < 0.01 * green
    worldly = looked_at(path, capture, "model.keep_world=true")
    np.testing.assert_allclose(worldly[0, 0], (1, 0, 0, 1), atol=1e-6)


def test_collections_that_are_left_out_of_rendering_are_left_out(
    tmp_path: Path, capture: Capture
) -> None:
    scene = scenes.empty_scene()
    for number, name in enumerate(["shown", "excluded", "hidden", "nested"]):
        collection = bpy.data.collections.new(name)
        parent = bpy.data.collections["shown"] if name == "nested" else scene.collection
        parent.children.link(collection)
        scenes.add_cube(scene, f"cube {name}", (0, 0, 3.0 * number), into=collection)
        collection.hide_render = name == "hidden"
    layers = scene.view_layers[0].layer_collection.children
    layers["excluded"].exclude = True
    stage, config = scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture, *SMALL)
    assert [record.name for record in stage.objects] == ["cube nested", "cube shown"]
    assert (stage.bounds.minimum[2], stage.bounds.maximum[2]) == (-1, 10)
    assert stage.everything == stage.bounds
    studio = scenes.Studio(stage.scene, capture, config)
    camera = studio.look((0, -30, 4.5), look_at((0, -30, 4.5), (0, 0, 4.5)))
    depth = studio.ground_truth()[Pass.DEPTH]
    for z, expected in [(0.0, 29.0), (3.0, 0.0), (6.0, 0.0), (9.0, 29.0)]:
        (u, v), _ = camera.project((0, -1, z))
        assert depth[int(v), int(u)] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("parent_in_scene", [True, False])
def test_parents_count_with_their_scale_and_their_inverse(
    tmp_path: Path, capture: Capture, parent_in_scene: bool
) -> None:
    scene = scenes.empty_scene()
    arm = bpy.data.objects.new("arm", None)
    arm.location, arm.scale = (1, 2, 3), (2, 2, 2)
    scene.collection.objects.link(arm)
    held, kept = scenes.add_cube(scene, "held"), scenes.add_cube(scene, "kept")
    bpy.context.view_layer.update()
    held.parent = kept.parent = arm
    # As "keep transform" does: the child stays where it was.
    kept.matrix_parent_inverse = arm.matrix_world.inverted()
    if not parent_in_scene:
        bpy.data.scenes.new("other").collection.objects.link(arm)
        scene.collection.objects.unlink(arm)
    path = scenes.save_blend(tmp_path / "model.blend")
    for overrides, factor in [((), 1.0), (("model.scale=0.5",), 0.5)]:
        stage, _ = scenes.staged(path, capture, *SMALL, *overrides)
        found = {record.name: record.world_from_object for record in stage.objects}
        expected = np.diag([2.0, 2.0, 2.0, 1.0])
        expected[:3, 3] = (1, 2, 3)
        scaled = np.diag([factor, factor, factor, 1.0])
        np.testing.assert_allclose(found["held"], scaled @ expected, atol=FLOAT32)
        np.testing.assert_allclose(found["kept"], scaled, atol=FLOAT32)
        np.testing.assert_allclose(stage.bounds.minimum, np.multiply(factor, -1), atol=FLOAT32)
        np.testing.assert_allclose(
            stage.bounds.maximum, np.multiply(factor, (3, 4, 5)), atol=FLOAT32
        )


def animated_file(path: Path) -> Path:
    """A cube skinned to a bone that is at y = frame - 1 in frames 1, 11, 51 and 101."""
    scene = scenes.empty_scene()
    armature = bpy.data.objects.new("armature", bpy.data.armatures.new("armature"))
    scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("bone")
    bone.head, bone.tail = (0, 0, 0), (0, 1, 0)
    bpy.ops.object.mode_set(mode="POSE")
    posed = armature.pose.bones["bone"]
    for frame in (1, 11, 51, 101):
        posed.location = (0, frame - 1, 0)
        posed.keyframe_insert("location", frame=frame)
    bpy.ops.object.mode_set(mode="OBJECT")
    cube = scenes.add_cube(scene, "cube")
    cube.vertex_groups.new(name="bone").add(range(8), 1.0, "REPLACE")
    cube.modifiers.new("skin", "ARMATURE").object = armature
    scene.frame_set(77, subframe=0.5)
    return scenes.save_blend(path)


@pytest.mark.parametrize(("frame", "y"), [(1, 0.0), (11, 10.0), (51, 50.0)])
def test_skinned_models_are_taken_at_the_configured_frame(
    tmp_path: Path, capture: Capture, frame: int, y: float
) -> None:
    path = animated_file(tmp_path / "model.blend")
    stage, config = scenes.staged(path, capture, *SMALL, f"model.frame={frame}")
    # The bone points along y, and so does its own y axis.
    np.testing.assert_allclose(stage.bounds.center, (0, y, 0), atol=1e-5)
    np.testing.assert_allclose(stage.bounds.size, (2, 2, 2), atol=1e-5)
    studio = scenes.Studio(stage.scene, capture, config)
    eye = (6.0, y, 0.0)
    studio.look(eye, look_at(eye, (0, y, 0)))
    depth = studio.ground_truth()[Pass.DEPTH]
    assert depth[11, 15] == pytest.approx(5, rel=1e-6)


def test_scripts_in_a_file_are_not_executed(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    proof = tmp_path / "executed"
    text = bpy.data.texts.new("startup.py")
    text.write(f"import pathlib\npathlib.Path({str(proof)!r}).touch()\n")
    text.use_module = True
    # A driver that is no plain arithmetic is a script as well: unexecuted, it gives 0.
    driver = cube.driver_add("location", 0).driver
    driver.expression = f"float(open({str(proof)!r}, 'w').write('x'))"
    path = scenes.save_blend(tmp_path / "model.blend")
    proof.unlink(missing_ok=True)
    # Even where the user's preferences allow scripts.
    bpy.context.preferences.filepaths.use_scripts_auto_execute = True
    stage, _ = scenes.staged(path, capture)
    assert "startup.py" in bpy.data.texts
    assert not proof.exists()
    assert stage.bounds.center == (0, 0, 0)
