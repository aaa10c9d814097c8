"""The normal pass of what is displaced, has holes, or is no mesh: that of what is seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.frames import assert_consistent, facing
from tests.blender.materials import MATERIALS, displaced, linked
from tests.blender.raycast import Array
from tests.blender.spheres import EYE, seen_normals, sphere, studio
from viewbatch.blender.capture import Capture
from viewbatch.geometry import look_at
from viewbatch.passes import Pass

pytestmark = pytest.mark.every_blender


@pytest.mark.parametrize("method", ["DISPLACEMENT", "BOTH"])
@pytest.mark.parametrize("smooth", [False, True])
def test_what_is_displaced_has_the_normals_of_what_is_seen(
    capture: Capture, method: str, smooth: bool
) -> None:
    """Those that differences between positions tell, where neighbours are near."""
    scene = scenes.empty_scene()
    made = sphere("sphere", 128, radial=False)
    made.data.polygons.foreach_set("use_smooth", [smooth] * len(made.data.polygons))
    material = linked(displaced)
    material.displacement_method = method
    made.data.materials.append(material)
    scene.collection.objects.link(made)
    view, camera = studio(scene, capture)
    camera = view.look(EYE, look_at(EYE, (0, 0, 0)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 3)
    position, depth = frame[Pass.POSITION].astype(np.float64), frame[Pass.DEPTH]
    across = position[1:-1, 2:] - position[1:-1, :-2]
    down = position[2:, 1:-1] - position[:-2, 1:-1]
    normal = np.cross(down, across)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    inside = np.abs(depth[1:-1, 1:-1] - np.linalg.norm(EYE)) < 0.3 * np.linalg.norm(EYE)
    outline = [depth[1:-1, 2:], depth[1:-1, :-2], depth[2:, 1:-1], depth[:-2, 1:-1]]
    inside &= np.ptp(outline, axis=0) < 0.1
    cosine = (normal * frame[Pass.NORMAL][1:-1, 1:-1]).sum(axis=-1)[inside]
    assert np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1)))) < 3


def board(scene: Any, number: int, alpha: float) -> Array:
    """A leaning square with strips of this alpha, which has an id; its normal."""
    lean = 0.25 * number
    up = np.array([0.0, math.sin(lean), math.cos(lean)])
    right = np.array([1.0, 0.0, 0.0])
    middle = np.array([0.0, 0.6 * number, 0.0])
    corners = [middle + 4 * (x * right + z * up) for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    made = scenes.add_mesh(scene, f"board {number}", corners, [(0, 1, 2, 3)])
    made.pass_index = number

    def striped(tree: Any, shader: Any, _: Any) -> None:
        place, checks = (tree.nodes.new(f"ShaderNode{n}") for n in ("TexCoord", "TexChecker"))
        checks.inputs["Scale"].default_value = 1.3 + 0.4 * number
        to_alpha = tree.nodes.new("ShaderNodeMapRange")
        to_alpha.inputs["To Min"].default_value = alpha
        tree.links.new(place.outputs["Object"], checks.inputs["Vector"])
        tree.links.new(checks.outputs["Fac"], to_alpha.inputs["Value"])
        tree.links.new(to_alpha.outputs[0], shader.inputs["Alpha"])

    made.data.materials.append(linked(striped))
    return np.array([0.0, -math.cos(lean), math.sin(lean)])


@pytest.mark.parametrize("alpha", [0.0, 5e-6, 1 / 255, 0.3])
def test_holes_show_the_normal_of_what_is_behind(capture: Capture, alpha: float) -> None:
    scene = scenes.empty_scene()
    normals = np.stack([np.zeros(3), *(board(scene, i, alpha) for i in (1, 2, 3))])
    view, camera = studio(scene, capture)
    camera = view.look((0.3, -5, 0.4), look_at((0.3, -5, 0.4), (0, 0, 0)))
    frame = view.ground_truth()
    ids = frame[Pass.OBJECT_ID]
    assert set(np.unique(ids)) - {0} == ({1, 2, 3} if alpha < 1e-5 else {1})
    assert np.abs(frame[Pass.NORMAL] - normals[ids]).max() < 1e-6
    assert facing(camera, frame).min() > 0


def test_volumes_alone_are_no_surface(capture: Capture) -> None:
    """Rays pass them or end in them, without a surface."""
    scene = scenes.empty_scene()

    def smoke(tree: Any, shader: Any, output: Any) -> None:
        volume = tree.nodes.new("ShaderNodeVolumePrincipled")
        tree.links.new(volume.outputs[0], output.inputs["Volume"])
        tree.nodes.remove(shader)

    cloud = sphere("cloud", 12, radial=True)
    cloud.data.materials.append(linked(smoke))
    cloud.location = (0.5, -1.6, 0.3)
    scene.collection.objects.link(cloud)
    scenes.add_cube(scene, "cube").pass_index = 2
    view, camera = studio(scene, capture)
    camera = view.look((3, -6, 4), look_at((3, -6, 4), (0, 0, 0)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 4)
    assert set(np.unique(frame[Pass.OBJECT_ID])) == {0, 2}
    np.testing.assert_allclose(np.abs(seen_normals(frame)).max(axis=1), 1, atol=1e-6)


def text() -> Any:
    curve = bpy.data.curves.new("text", "FONT")
    curve.body, curve.extrude, curve.bevel_depth = "O8", 0.2, 0.03
    made = bpy.data.objects.new("text", curve)
    made.rotation_euler, made.location = (math.pi / 2, 0, 0.2), (-0.6, 0, -0.3)
    return made


def tube() -> Any:
    curve = bpy.data.curves.new("tube", "CURVE")
    curve.dimensions, curve.bevel_depth = "3D", 0.2
    spline = curve.splines.new("NURBS")
    spline.points.add(4)
    for i, point in enumerate(spline.points):
        point.co = (i / 2 - 1, math.sin(2 * i), 0.3 * i - 0.6, 1)
    return bpy.data.objects.new("tube", curve)


def ball() -> Any:
    data = bpy.data.metaballs.new("ball")
    data.elements.new()
    return bpy.data.objects.new("ball", data)


def modified() -> Any:
    made = scenes.add_cube(bpy.context.scene, "modified", half=0.7)
    bpy.context.scene.collection.objects.unlink(made)
    made.data.polygons.foreach_set("use_smooth", [True] * len(made.data.polygons))
    bevel = made.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments, bevel.harden_normals = 0.2, 3, True
    made.modifiers.new("weighted", "WEIGHTED_NORMAL")
    return made


def hair() -> Any:
    made = sphere("hairy", 12, radial=True)
    made.modifiers.new("hair", "PARTICLE_SYSTEM")
    settings = made.particle_systems[0].settings
    settings.type, settings.count, settings.hair_length = "HAIR", 60, 0.4
    settings.root_radius = settings.tip_radius = 6.0
    return made


@pytest.mark.parametrize("make", [text, tube, ball, modified, hair])
def test_every_kind_of_object(capture: Capture, make: Callable[[], Any]) -> None:
    """Turned into plastic with bumps, it has the normals that Cycles gives it in chalk."""
    frames = []
    for name in ("diffuse", "bump"):
        scene = scenes.empty_scene()
        made = make()
        made.data.materials.append(MATERIALS[name]())
        scene.collection.objects.link(made)
        view, camera = studio(scene, capture)
        frames.append(view.ground_truth())
        assert_consistent(camera, frames[-1], 2)
    for kind in (Pass.DEPTH, Pass.NORMAL):
        np.testing.assert_allclose(frames[1][kind], frames[0][kind], atol=2e-7, err_msg=kind)
