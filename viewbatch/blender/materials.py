"""Materials: those of meshes that have none, colours at vertices, and ids."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import bpy

from viewbatch.blender import versions
from viewbatch.blender.measure import Piece
from viewbatch.config.scene import MaterialsConfig

log = logging.getLogger(__name__)

LARGEST_ID = 32767
"""Blender clamps pass indices of objects and materials to this."""

_WITH_FACES = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})


def fill_in(config: MaterialsConfig, *, is_gltf: bool) -> None:
    """Give a material to every mesh, or part of one, that the model's file gives none.

    Where a mesh has colours at its vertices, that material shows them. Blender's importer
    of glTF makes them a factor on the base colour itself, as the format says (glTF 2.0,
    3.9.2), so materials of glTF files are changed only to take that back. Materials of
    other formats are left alone.
    """
    if is_gltf:
        _drop_default_materials()
        if not config.vertex_colors:
            for material in bpy.data.materials:
                _ignore_vertex_colors(material)
    plain: Any = None
    colored: Any = None
    for scene_object in bpy.data.objects:
        if scene_object.type not in _WITH_FACES:
            continue
        data = scene_object.data
        if len(data.materials) == 0:
            data.materials.append(None)
        empty = [slot for slot in scene_object.material_slots if slot.material is None]
        if not empty:
            continue
        has_colors = scene_object.type == "MESH" and len(data.color_attributes) > 0
        if config.vertex_colors and has_colors:
            colored = material = colored or _new(config, colored=True)
        else:
            plain = material = plain or _new(config, colored=False)
        for slot in empty:
            if scene_object.library is None or slot.link == "OBJECT":
                slot.material = material
            else:  # the slots of an object of another file cannot be written
                data.materials[slot.slot_index] = material


def assign_ids(targets: Iterable[Piece]) -> Sequence[str]:
    """Number the materials on faces of the targets by name, and every other 0; their names."""
    for material in bpy.data.materials:
        material.pass_index = 0
    used = {m.as_pointer(): m for piece in targets for m in piece.materials}
    ordered = sorted(used.values(), key=lambda material: (material.name, material.name_full))
    if len(ordered) > LARGEST_ID:
        log.warning(
            "the model has %d materials, of which Blender can tell %d apart; the others have id 0",
            len(ordered),
            LARGEST_ID,
        )
    for number, material in enumerate(ordered[:LARGEST_ID], start=1):
        material.pass_index = number
    return [str(material.name) for material in ordered[:LARGEST_ID]]


def new_principled(name: str, color: Sequence[float], roughness: float) -> tuple[Any, Any]:
    """A material of one Principled node with this linear colour, and that node."""
    material = bpy.data.materials.new(name)
    shader = make_nodes(material, "ShaderNodeBsdfPrincipled")
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return material, shader


def make_nodes(material: Any, shader_type: str) -> Any:
    """Make a material of one shader node alone, and return it."""
    tree = versions.material_nodes(material)
    tree.nodes.clear()
    shader = tree.nodes.new(shader_type)
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return shader


def _new(config: MaterialsConfig, *, colored: bool) -> Any:
    name = "viewbatch.vertex_colors" if colored else "viewbatch.plain"
    material, shader = new_principled(name, config.color, config.roughness)
    if colored:
        tree = material.node_tree
        # Without a name, it is the attribute that each mesh marks for rendering.
        colors = tree.nodes.new("ShaderNodeVertexColor")
        tree.links.new(colors.outputs["Color"], shader.inputs["Base Color"])
    return material


def _drop_default_materials() -> None:
    """Remove what glTF's importer (from 4.4) makes for coloured primitives without material.

    Without it they are as in older versions, and as in every other format.
    """
    for material in list(bpy.data.materials):
        if material.name.startswith("DefaultMaterial") and material.node_tree is not None:
            nodes = material.node_tree.nodes
            shader = next((n for n in nodes if n.type == "BSDF_PRINCIPLED"), None)
            kinds = sorted(node.type for node in nodes)
            if (
                shader is not None
                and kinds == ["BSDF_PRINCIPLED", "OUTPUT_MATERIAL", "VERTEX_COLOR"]
                and shader.inputs["Metallic"].default_value == 0.0
                and shader.inputs["Roughness"].default_value == 0.5
            ):
                bpy.data.materials.remove(material)


def _ignore_vertex_colors(material: Any) -> None:
    """Put white, which is opaque, in the place of a mesh's colours in a material."""
    if material.node_tree is None:
        return
    for link in list(material.node_tree.links):
        if link.from_node.type == "VERTEX_COLOR":
            socket = link.to_socket
            material.node_tree.links.remove(link)
            socket.default_value = 1.0 if socket.type == "VALUE" else (1.0, 1.0, 1.0, 1.0)
