"""Materials of every kind that could change the normals that Cycles shades with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from tests.blender import scenes


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
