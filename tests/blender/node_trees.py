"""Materials made of nodes, and the squares whose base colour they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from viewbatch.blender.capture import Capture
from viewbatch.geometry import look_at
from viewbatch.passes import Pass

SIZE = 12
EYE = (0.0, -5.0, 0.0)
COPPER = (0.8, 0.3, 0.1)
LEAF = (0.1, 0.6, 0.2)
SKY = (0.3, 0.5, 0.9)
PASSES = frozenset({Pass.ALBEDO, Pass.DEPTH, Pass.OBJECT_ID})


def rgba(color: Sequence[float]) -> tuple[float, ...]:
    return (*color, 1.0)


def square(scene: Any, name: str, y: float, *materials: Any) -> Any:
    """A square that faces the eye and fills the frame."""
    corners = [(-9, y, -9), (9, y, -9), (9, y, 9), (-9, y, 9)]
    made = scenes.add_mesh(scene, name, corners, [(0, 1, 2, 3)])
    for material in materials:
        made.data.materials.append(material)
    return made


def studio(scene: Any, capture: Capture, *overrides: str) -> scenes.Studio:
    made = scenes.Studio.of(
        scene, capture, f"render.resolution_x={SIZE}", f"render.resolution_y={SIZE + 2}",
        "render.samples=4", *overrides,
    )  # fmt: skip
    made.look(EYE, look_at(EYE, (0, 0, 0)))
    return made


def albedo_of(capture: Capture, make: Callable[[], Any]) -> npt.NDArray[np.float32]:
    """(3,) the albedo of a square with a new material, equal in all pixels; without light."""
    scene = scenes.empty_scene()
    square(scene, "square", 0, make())
    made = studio(scene, capture)
    image = made.ground_truth(PASSES)[Pass.ALBEDO]
    assert image.dtype == np.float32
    assert image.shape == (SIZE + 2, SIZE, 3)
    assert (image == image[0, 0]).all()
    return image[0, 0]


class Tree:
    """A material under construction."""

    def __init__(self, tree: Any = None) -> None:
        if tree is None:
            self.material = bpy.data.materials.new("m")
            tree = scenes.nodes_of(self.material)
        self.tree = tree

    def new(self, kind: str, *links: Any, **inputs: Any) -> Any:
        """A node whose shader inputs are linked in order from the first outputs of others."""
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            node.inputs[name].default_value = value
        sockets = [s for s in node.inputs if s.type == "SHADER"] or list(node.inputs)
        for socket, source in zip(sockets, links, strict=False):
            if source is not None:
                self.tree.links.new(source.outputs[0], socket)
        return node

    def diffuse(self, color: Sequence[float]) -> Any:
        return self.new("ShaderNodeBsdfDiffuse", Color=rgba(color))

    def transparent(self, color: Sequence[float] = (1, 1, 1)) -> Any:
        return self.new("ShaderNodeBsdfTransparent", Color=rgba(color))

    def mix(self, factor: float, first: Any, second: Any) -> Any:
        return self.new("ShaderNodeMixShader", first, second, Fac=factor)

    def add(self, first: Any, second: Any) -> Any:
        return self.new("ShaderNodeAddShader", first, second)

    def output(self, shader: Any) -> Any:
        self.new("ShaderNodeOutputMaterial", shader)
        return self.material


def mixture(weights_and_colors: Sequence[tuple[float, Sequence[float]]]) -> Any:
    """Approximately a weighted sum; float32 rounds each step of it by 6e-8."""
    expected = sum(w * np.asarray(c) for w, c in weights_and_colors)
    return pytest.approx(expected, rel=3e-7)


def group_of(make: Callable[[Tree, Any], Any], *inputs: tuple[str, str]) -> Any:
    """A node group with one shader output; `make` gets its tree and its input node."""
    group = bpy.data.node_groups.new("group", "ShaderNodeTree")
    group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    for name, kind in inputs:
        group.interface.new_socket(name, in_out="INPUT", socket_type=kind)
    t = Tree(group)
    shader = make(t, group.nodes.new("NodeGroupInput"))
    group.links.new(shader.outputs[0], group.nodes.new("NodeGroupOutput").inputs[0])
    return group


def checkered(first: Sequence[float], second: Sequence[float], alpha: float) -> Any:
    """A board whose squares have one colour and alpha 1, or another colour and this alpha."""
    t = Tree()
    place = t.new("ShaderNodeTexCoord")
    factor = t.new("ShaderNodeTexChecker", Scale=1.7)
    t.tree.links.new(place.outputs["Object"], factor.inputs["Vector"])
    solid = t.new("ShaderNodeBsdfPrincipled")
    solid.inputs["Base Color"].default_value = rgba(first)
    clear = t.new("ShaderNodeBsdfPrincipled")
    clear.inputs["Base Color"].default_value = rgba(second)
    clear.inputs["Alpha"].default_value = alpha
    mix = t.mix(0.0, solid, clear)
    t.tree.links.new(factor.outputs["Fac"], mix.inputs["Fac"])
    return t.output(mix)


def displaced(method: str) -> Any:
    """Something shiny with a wavy displacement."""
    t = Tree()
    material = t.output(t.new("ShaderNodeBsdfPrincipled", Metallic=1.0, Roughness=0.3))
    height = t.new("ShaderNodeDisplacement", t.new("ShaderNodeTexWave"), Scale=0.05)
    output = t.tree.get_output_node("CYCLES")
    t.tree.links.new(height.outputs[0], output.inputs["Displacement"])
    material.displacement_method = method
    return material


def gallery() -> Any:
    """A scene of every kind of surface, lit by a lamp, the world and a lamp of mesh."""
    scene = scenes.empty_scene()
    t = Tree()
    wave = t.new("ShaderNodeTexWave")
    tinted = t.new("ShaderNodeBsdfPrincipled")
    t.tree.links.new(wave.outputs["Color"], tinted.inputs["Base Color"])
    t.tree.links.new(wave.outputs["Fac"], tinted.inputs["Alpha"])
    node = t.new("ShaderNodeGroup")
    node.node_tree = group_of(lambda t, _: t.mix(0.5, t.transparent(), t.diffuse(LEAF)))
    plain = bpy.data.materials.new("plain")
    plain.diffuse_color = rgba(LEAF)
    made = [
        t.output(t.mix(0.3, tinted, node)),
        plain,
        checkered(COPPER, SKY, 0.2),
        scenes.shaded("glass", "ShaderNodeBsdfGlass", Color=rgba(SKY)),
        scenes.shaded(
            "metal", "ShaderNodeBsdfPrincipled", Base_Color=rgba(COPPER), Metallic=1.0,
            Emission_Strength=0.2,
        ),
        scenes.emission("lamp", (1.0, 0.9, 0.7), 8.0),
        displaced("BUMP"),
        displaced("BOTH"),
    ]  # fmt: skip
    for i, material in enumerate(made):
        center = (1.2 * (i % 3) - 1.2, 0.4 * i - 1, 1.3 * (i // 3) - 0.6)
        scenes.add_cube(scene, f"cube {i}", center, 0.55).data.materials.append(material)
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "POINT"))
    lamp.data.energy, lamp.location = 300, (2, -3, 3)
    scene.collection.objects.link(lamp)
    scene.world = bpy.data.worlds.new("world")
    return scene
