"""The normal pass: those of the geometry, whatever the material, up to float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import scenes
from tests.blender.raycast import Array, triangles_hit, unit_normals
from tests.blender.test_ground_truth import assert_consistent, facing
from viewbatch.blender.capture import AOVS, Capture
from viewbatch.geometry import Camera, look_at
from viewbatch.passes import GROUND_TRUTH, Frame, Pass

pytestmark = pytest.mark.every_blender

EYE = (1.6, -2.4, 1.9)
SET_NORMAL = 2.0**-11
"""Error of normals that are set: Blender keeps them as two angles of 16 bits."""


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


def outwards(frame: Frame) -> Array:
    """(n, 3) directions from the origin to what is seen: a sphere's normals.

    Vertices are on the sphere, so those between them are the positions up to their length.
    """
    seen = frame[Pass.POSITION][frame[Pass.DEPTH] > 0].astype(np.float64)
    return np.asarray(seen / np.linalg.norm(seen, axis=1, keepdims=True))


def seen_normals(frame: Frame) -> Array:
    return np.asarray(frame[Pass.NORMAL][frame[Pass.DEPTH] > 0], dtype=np.float64)


def linked(make: Callable[[Any, Any, Any], None], shader: str = "Principled", **inputs: Any) -> Any:
    """A material of a shader; `make` gets its tree, the shader's node and the output."""
    material = scenes.shaded("m", f"ShaderNodeBsdf{shader}", **inputs)
    tree = material.node_tree
    output = tree.get_output_node("CYCLES")
    make(tree, output.inputs["Surface"].links[0].from_node, output)
    return material


def waves(tree: Any, kind: str, into: str) -> Any:
    """A node of a kind whose input is a wavy texture."""
    wave, node = tree.nodes.new("ShaderNodeTexWave"), tree.nodes.new(kind)
    wave.inputs["Scale"].default_value = 3.0
    tree.links.new(wave.outputs["Color" if into == "Color" else "Fac"], node.inputs[into])
    return node


def bumped(tree: Any, shader: Any, _: Any) -> None:
    tree.links.new(waves(tree, "ShaderNodeBump", "Height").outputs[0], shader.inputs["Normal"])


def normal_mapped(tree: Any, shader: Any, _: Any) -> None:
    tree.links.new(waves(tree, "ShaderNodeNormalMap", "Color").outputs[0], shader.inputs["Normal"])


def displaced(tree: Any, _: Any, output: Any) -> None:
    """By waves from 0 to 3 cm."""
    node = waves(tree, "ShaderNodeDisplacement", "Height")
    node.inputs["Midlevel"].default_value, node.inputs["Scale"].default_value = 0.0, 0.03
    tree.links.new(node.outputs[0], output.inputs["Displacement"])


def displacement_bumped() -> Any:
    material = linked(displaced)
    material.displacement_method = "BUMP"
    return material


def unshaded(tree: Any, shader: Any, _: Any) -> None:
    tree.nodes.remove(shader)


def without_output(tree: Any, _: Any, output: Any) -> None:
    tree.nodes.remove(output)


def ungrouped(tree: Any, _: Any, output: Any) -> None:
    """The surface comes from a group that has no output."""
    group = bpy.data.node_groups.new("group", "ShaderNodeTree")
    group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = group
    tree.links.new(node.outputs[0], output.inputs["Surface"])


def mixed_out(tree: Any, _: Any, output: Any) -> None:
    """The shader has no share in the surface, and nothing else has."""
    mix = tree.nodes.new("ShaderNodeMixShader")
    mix.inputs["Fac"].default_value = 1.0
    tree.links.new(output.inputs["Surface"].links[0].from_socket, mix.inputs[1])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])


MATERIALS: dict[str, Callable[[], Any]] = {
    "plain": lambda: bpy.data.materials.new("plain"),
    "diffuse": lambda: scenes.shaded("m", "ShaderNodeBsdfDiffuse"),
    "plastic": lambda: scenes.shaded("m", "ShaderNodeBsdfPrincipled"),
    "metal": lambda: scenes.shaded(
        "m", "ShaderNodeBsdfPrincipled", Metallic=1.0, Roughness=0.1
    ),
    "glass": lambda: scenes.shaded("m", "ShaderNodeBsdfGlass"),
    "light": lambda: scenes.emission("m", (1, 1, 1)),
    "half clear": lambda: scenes.shaded("m", "ShaderNodeBsdfPrincipled", Alpha=0.4),
    "tinted": lambda: scenes.shaded(
        "m", "ShaderNodeBsdfTransparent", Color=(0.5, 0.2, 0.1, 1)
    ),
    "unknown": lambda: scenes.shaded("m", "ShaderNodeBsdfRayPortal", Color=(0.1, 0.2, 0.1, 1)),
    "light off": lambda: scenes.emission("m", (1, 1, 1), 0.0),
    "black light": lambda: scenes.emission("m", (0, 0, 0)),
    "bump": lambda: linked(bumped, Metallic=1.0),
    "diffuse bump": lambda: linked(bumped, "Diffuse"),
    "normal map": lambda: linked(normal_mapped),
    "bump of displacement": displacement_bumped,
    "no shader": lambda: linked(unshaded),
    "no output": lambda: linked(without_output),
    "empty group": lambda: linked(ungrouped),
    "mixed out": lambda: linked(mixed_out),
}  # fmt: skip


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
