"""Materials: of meshes without any, colours at vertices in every format, and ids."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from tests.gltf_files import GltfFile
from viewbatch.blender import materials
from viewbatch.blender.capture import Capture
from viewbatch.blender.model import import_model
from viewbatch.blender.scene import Stage
from viewbatch.geometry import look_at

pytestmark = pytest.mark.every_blender

SMALL = ["render.resolution_x=16", "render.resolution_y=16", "render.samples=1",
         "render.cycles.use_denoising=false", 'light.mode="none"']  # fmt: skip
SQUARE = [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)]
"""Faces -y, and fills the frame of a camera there."""


def base_color(stage: Stage, capture: Capture, config: Any) -> npt.NDArray[np.float32]:
    """The base colour in the middle of the image, rendered without light.

    The base colour of every material is made to shine instead.
    """
    stage.scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0
    for material in bpy.data.materials:
        if material.node_tree is None:
            continue
        for node in list(material.node_tree.nodes):
            if node.type == "BSDF_PRINCIPLED":
                shine(material.node_tree, node)
    studio = scenes.Studio(stage.scene, capture, config)
    studio.look((0, -2, 0), look_at((0, -2, 0), (0, 0, 0)))
    color: npt.NDArray[np.float32] = studio.color()[8, 8, :3]
    return color


def shine(tree: Any, shader: Any) -> None:
    emission = tree.nodes.new("ShaderNodeEmission")
    base = shader.inputs["Base Color"]
    if base.is_linked:
        tree.links.new(base.links[0].from_socket, emission.inputs["Color"])
    else:
        emission.inputs["Color"].default_value = base.default_value
    for link in list(shader.outputs["BSDF"].links):
        tree.links.new(emission.outputs["Emission"], link.to_socket)


def shown(path: Path, capture: Capture, *overrides: str) -> npt.NDArray[np.float32]:
    stage, config = scenes.staged(path, capture, *SMALL, *overrides)
    return base_color(stage, capture, config)


def slot_materials(stage: Stage) -> list[str]:
    """The materials of the objects with an id, by slot."""
    return [
        slot.material.name
        for record in stage.objects
        for slot in bpy.data.objects[record.name].material_slots
    ]


def ply(path: Path, colors: str, kind: str) -> Path:
    header = ["ply", "format ascii 1.0", "element vertex 4"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property {kind} {channel}" for channel in ("red", "green", "blue")] if kind else []
    header += ["element face 1", "property list uchar int vertex_indices", "end_header"]
    rows = [f"{x} {y} {z} {colors}" for x, y, z in SQUARE]
    path.write_text("\n".join([*header, *rows, "4 0 1 2 3", ""]))
    return path


def obj(path: Path, colors: str) -> Path:
    # y up: x stays, Blender's z is the file's y, and its y the file's -z.
    rows = [f"v {x} {z} {-y} {colors}" for x, y, z in SQUARE]
    path.write_text("\n".join([*rows, "f 1 2 3 4", ""]))
    return path


def glb(
    path: Path,
    color: npt.NDArray[np.generic] | None = None,
    material: Mapping[str, Any] | None = None,
) -> Path:
    """A square whose vertices have one colour: RGB float32, or RGBA uint8 (normalized)."""
    points = np.array([(x, z, -y) for x, y, z in SQUARE])
    file = GltfFile(points, np.array([0, 1, 2, 0, 2, 3], dtype=np.uint32))
    file.tree["nodes"][0]["name"] = "square"
    if color is not None:
        file.primitive["attributes"]["COLOR_0"] = file.numbers(
            np.tile(color, (4, 1)), normalized=color.dtype != np.float32
        )
    if material is not None:
        file.tree["materials"] = [dict(material)]
        file.primitive["material"] = 0
    return file.save(path)


PAINT = {
    "name": "paint",
    "pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.8, 0.2, 1.0], "metallicFactor": 0.0},
}
FLOATS = np.array([0.5, 0.25, 0.125], dtype=np.float32)
BYTES = np.array([128, 64, 32, 255], dtype=np.uint8)
EIGHT_BITS = 0.004
"""Blender keeps glTF's colours in eight sRGB bits; elsewhere they are floats."""


@pytest.mark.parametrize(
    "make",
    [
        lambda p: ply(p / "m.ply", "", ""),
        lambda p: obj(p / "m.obj", ""),
        lambda p: glb(p / "m.glb"),
    ],
    ids=["ply", "obj", "glb"],
)
def test_a_mesh_without_material_gets_the_configured_one(
    tmp_path: Path, capture: Capture, make: Any
) -> None:
    stage, config = scenes.staged(
        make(tmp_path), capture, *SMALL, "materials.color=[0.1,0.2,0.3]", "materials.roughness=0.35"
    )
    assert slot_materials(stage) == stage.materials == ["viewbatch.plain"]
    shader = next(
        node
        for node in bpy.data.materials["viewbatch.plain"].node_tree.nodes
        if node.type == "BSDF_PRINCIPLED"
    )
    assert shader.inputs["Roughness"].default_value == pytest.approx(0.35)
    np.testing.assert_allclose(base_color(stage, capture, config), (0.1, 0.2, 0.3), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "linear"),
    [
        # Levels of 8 bits, and numbers from 0 to 1, are sRGB where the format does not say.
        (lambda p: ply(p / "m.ply", "188 128 64", "uchar"), (0.50289, 0.21586, 0.05127)),
        (lambda p: ply(p / "m.ply", "0.5 0.25 0.125", "float"), (0.21404, 0.05088, 0.01432)),
        (lambda p: obj(p / "m.obj", "0.5 0.25 0.125"), (0.21404, 0.05088, 0.01432)),
        # glTF 2.0, 3.7.2.1: COLOR_0 is linear.
        (lambda p: glb(p / "m.glb", FLOATS), (0.5, 0.25, 0.125)),
        (lambda p: glb(p / "m.glb", BYTES), (128 / 255, 64 / 255, 32 / 255)),
    ],
    ids=["ply, bytes", "ply, floats", "obj", "glb, floats", "glb, bytes"],
)
def test_colours_at_vertices_are_shown_where_there_is_no_material(
    tmp_path: Path, capture: Capture, make: Any, linear: tuple[float, ...]
) -> None:
    path = make(tmp_path)
    stage, config = scenes.staged(path, capture, *SMALL, "materials.roughness=0.35")
    assert slot_materials(stage) == stage.materials == ["viewbatch.vertex_colors"]
    nodes = bpy.data.materials["viewbatch.vertex_colors"].node_tree.nodes
    [shader] = [node for node in nodes if node.type == "BSDF_PRINCIPLED"]
    assert shader.inputs["Roughness"].default_value == pytest.approx(0.35)
    tolerance = EIGHT_BITS if path.suffix == ".glb" else 1e-4
    np.testing.assert_allclose(base_color(stage, capture, config), linear, atol=tolerance)
    without = shown(path, capture, "materials.vertex_colors=false", "materials.color=[0.1,0.9,0.3]")
    np.testing.assert_allclose(without, (0.1, 0.9, 0.3), rtol=1e-6)


@pytest.mark.parametrize("color", [FLOATS, BYTES], ids=["floats", "bytes"])
def test_in_gltf_they_are_a_factor_on_the_base_colour(
    tmp_path: Path, capture: Capture, color: npt.NDArray[np.generic]
) -> None:
    path = glb(tmp_path / "m.glb", color, PAINT)
    factor = (0.5, 0.8, 0.2)
    expected = np.multiply(factor, (0.5, 0.25, 0.125))
    np.testing.assert_allclose(shown(path, capture), expected, atol=EIGHT_BITS)
    without = shown(path, capture, "materials.vertex_colors=false")
    np.testing.assert_allclose(without, factor, rtol=1e-6)


def test_a_gltf_material_without_colours_is_as_it_was(tmp_path: Path, capture: Capture) -> None:
    path = glb(tmp_path / "m.glb", None, PAINT)
    for overrides in ((), ("materials.vertex_colors=false",)):
        stage, config = scenes.staged(path, capture, *SMALL, *overrides)
        assert stage.materials == ["paint"]
        np.testing.assert_allclose(base_color(stage, capture, config), (0.5, 0.8, 0.2), rtol=1e-6)


def test_a_material_of_the_file_hides_colours_at_vertices(tmp_path: Path, capture: Capture) -> None:
    """Elsewhere than in glTF: a .blend file's materials are what its author saw."""
    scene = scenes.empty_scene()
    square = scenes.add_mesh(scene, "square", SQUARE, [(0, 1, 2, 3)])
    square.data.color_attributes.new("paint", "FLOAT_COLOR", "POINT")
    square.data.materials.append(scenes.emission("own", (0.1, 0.2, 0.3)))
    path = scenes.save_blend(tmp_path / "m.blend")
    stage, config = scenes.staged(path, capture, *SMALL)
    assert stage.materials == ["own"]
    np.testing.assert_allclose(base_color(stage, capture, config), (0.1, 0.2, 0.3), rtol=1e-6)


@pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="every material has nodes from 5.0")
def test_a_material_without_nodes_keeps_its_looks(tmp_path: Path, capture: Capture) -> None:
    """Cycles makes it a matt one of its viewport colour: grey light from all around shows it."""
    scene = scenes.empty_scene()
    square = scenes.add_mesh(scene, "square", SQUARE, [(0, 1, 2, 3)])
    material = bpy.data.materials.new("old")
    material.use_nodes = False
    material.diffuse_color = (0.1, 0.2, 0.3, 1)
    square.data.materials.append(material)
    path = scenes.save_blend(tmp_path / "m.blend")
    stage, config = scenes.staged(
        path, capture, *SMALL, "world.color=[1.0,1.0,1.0]", "world.strength=1.0",
        "render.samples=64",
    )  # fmt: skip
    assert stage.materials == ["old"]
    assert not bpy.data.materials["old"].use_nodes
    studio = scenes.Studio(stage.scene, capture, config)
    studio.look((0, -2, 0), look_at((0, -2, 0), (0, 0, 0)))
    np.testing.assert_allclose(studio.color()[8, 8, :3], (0.1, 0.2, 0.3), rtol=1e-4)


def test_a_material_that_fbx_has_wholly_transparent_is_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scenes.empty_scene()
    glass = scenes.shaded("glass", "ShaderNodeBsdfPrincipled", Alpha=0.0)
    scenes.add_cube(scene, "cube").data.materials.append(glass)
    path = tmp_path / "a.fbx"
    bpy.ops.export_scene.fbx(filepath=str(path))
    with caplog.at_level(logging.WARNING):
        import_model(path)
    assert caplog.messages == [
        "the material glass of the model is wholly transparent in the file; it is drawn opaque"
    ]
    [shader] = [
        node
        for node in bpy.data.materials["glass"].node_tree.nodes
        if node.type == "BSDF_PRINCIPLED"
    ]
    assert shader.inputs["Alpha"].default_value == 1.0


def test_empty_slots_are_filled_and_others_left(tmp_path: Path, capture: Capture) -> None:
    """Of a mesh, and of a slot that belongs to the object; curves and texts count as meshes."""
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    own = scenes.emission("own", (1, 0, 0))
    for material in (None, own, None):
        cube.data.materials.append(material)
    cube.material_slots[2].link = "OBJECT"
    cube.data.polygons[0].material_index = 1
    text = bpy.data.objects.new("text", bpy.data.curves.new("text", "FONT"))
    text.data.body = "x"
    scene.collection.objects.link(text)
    path = scenes.save_blend(tmp_path / "m.blend")
    stage, _ = scenes.staged(path, capture, *SMALL)
    plain = "viewbatch.plain"
    assert slot_materials(stage) == [plain, "own", plain, plain]
    assert bpy.data.objects["cube"].material_slots[2].link == "OBJECT"
    assert stage.materials == ["own", plain]


def test_ids_of_materials_are_those_on_faces_of_targets(tmp_path: Path, capture: Capture) -> None:
    """By name, from 1; what no target shows has id 0, and so has the ground."""
    scene = scenes.empty_scene()
    made = {name: scenes.emission(name, (1, 0, 0)) for name in ("b", "a", "unused", "foreign")}
    first, second = scenes.add_cube(scene, "first"), scenes.add_cube(scene, "second", (3, 0, 0))
    for material in (made["b"], made["unused"]):
        first.data.materials.append(material)
    second.data.materials.append(made["b"])
    second.material_slots[0].link = "OBJECT"
    second.material_slots[0].material = made["a"]
    excluded = scenes.add_cube(scene, "excluded", (6, 0, 0))
    excluded.data.materials.append(made["foreign"])
    path = scenes.save_blend(tmp_path / "m.blend")
    stage, _ = scenes.staged(
        path, capture, *SMALL, 'objects.exclude_pattern="excluded"', 'ground.mode="plane"'
    )
    assert stage.materials == ["a", "b"]
    ids = {material.name: material.pass_index for material in bpy.data.materials}
    assert ids == {"a": 1, "b": 2, "unused": 0, "foreign": 0, "viewbatch.ground": 0}


def test_beyond_the_largest_id_there_is_none(
    tmp_path: Path, capture: Capture, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(materials, "LARGEST_ID", 2)
    scene = scenes.empty_scene()
    for number in range(3):
        cube = scenes.add_cube(scene, f"cube {number}", (3 * number, 0, 0))
        cube.data.materials.append(scenes.emission(f"material {number}", (1, 0, 0)))
    path = scenes.save_blend(tmp_path / "m.blend")
    stage, _ = scenes.staged(path, capture, *SMALL)
    assert stage.materials == ["material 0", "material 1"]
    assert bpy.data.materials["material 2"].pass_index == 0
    assert caplog.messages == [
        "the model has 3 materials, of which Blender can tell 2 apart; the others have id 0"
    ]
