"""Small models, in each of which some keys of the configuration matter.

Those with plates are looked at from (0, -5, 0) along +y: every plate is a square, or a
rectangle, in a plane of constant y.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from tests.blender import scenes

PAINT = (0.8, 0.1, 0.05)
VERTEX_COLOR = (0.1, 0.7, 0.3)
WHITE = 0.9


def pair() -> None:
    """A cube without material, and a small one beside it with a red one; off the origin."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "body", (1.0, 2.0, 0.5))
    wheel = scenes.add_cube(scene, "wheel", (2.6, 1.4, 0.2), 0.5)
    paint = scenes.shaded("paint", "ShaderNodeBsdfDiffuse", Color=(*PAINT, 1.0))
    wheel.data.materials.append(paint)


def colored() -> None:
    """A cube without material that holds a colour at every vertex."""
    mesh = scenes.add_cube(scenes.empty_scene(), "cube").data
    colors = mesh.color_attributes.new("colors", "FLOAT_COLOR", "POINT")
    for entry in colors.data:
        entry.color = (*VERTEX_COLOR, 1.0)


def moving() -> None:
    """A cube that stands still, and one at z = frame - 1 that does not."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "body")
    lift = scenes.add_cube(scene, "lift", (3.0, 0.0, 0.0))
    for frame in (1, 11):
        lift.location = (0.0, 0.0, frame - 1)
        lift.keyframe_insert("location", frame=frame)


def furnished() -> None:
    """A cube in a scene that has a sun and a red world."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    _add_lamp(scene, "SUN", 3.0, (0.0, 0.0, 5.0))
    scene.world = bpy.data.worlds.new("red")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 0, 0, 1)


def room() -> None:
    """A cube of side 6, to be looked at from inside, and a shining one in it."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "room", half=3.0)
    lamp = scenes.add_cube(scene, "lamp", (1.0, 0.5, 0.0), 0.6)
    lamp.data.materials.append(_light())


def fog() -> None:
    """A cube of nothing but scattering, with a lamp inside."""
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    material = bpy.data.materials.new("fog")
    tree = scenes.nodes_of(material)
    scatter = tree.nodes.new("ShaderNodeVolumeScatter")
    scatter.inputs["Density"].default_value = 3.0
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(scatter.outputs[0], output.inputs["Volume"])
    cube.data.materials.append(material)
    _add_lamp(scene, "POINT", 100.0, (0.0, 0.0, 0.0))


def glowing() -> None:
    """A plate that fills the view and shines with 50 of everything."""
    _add_plate(scenes.empty_scene(), "lamp", 0.0, _light())


def mirror() -> None:
    """A mirror that shows a wall behind the camera, which a sun lights."""
    scene = scenes.empty_scene()
    _add_plate(scene, "mirror", 0.0, _mirror(), 2.0)
    _add_plate(scene, "wall", -10.0, _white())
    _add_sun(scene, -math.pi / 4)


def glass() -> None:
    """A glass pane before a wall, which a sun lights."""
    scene = scenes.empty_scene()
    _add_plate(scene, "pane", 0.0, _glass(), 2.0)
    _add_plate(scene, "wall", 3.0, _white())
    _add_sun(scene, math.pi / 4)


def hole() -> None:
    """Two panes of which nothing is to be seen, before a wall that a sun lights."""
    scene = scenes.empty_scene()
    clear = scenes.shaded("clear", "ShaderNodeBsdfTransparent")
    _add_plate(scene, "pane 1", 0.0, clear, 2.0)
    _add_plate(scene, "pane 2", 1.0, clear, 2.0)
    _add_plate(scene, "wall", 3.0, _white())
    _add_sun(scene, math.pi / 4)


def shielded() -> None:
    """A wall that a small shield keeps a lamp's light from; it comes back from behind alone."""
    scene = scenes.empty_scene()
    _add_plate(scene, "wall", 0.0, _white())
    _add_plate(scene, "shield", -1.5, _white(), 0.5)
    _add_plate(scene, "behind", -12.0, _white())
    _add_lamp(scene, "POINT", 5000.0, (0.0, -2.0, 0.0))


def mirrored() -> None:
    """A wall that light reaches by way of a mirror behind the camera alone."""
    scene = scenes.empty_scene()
    _add_plate(scene, "wall", 0.0, _white(), 2.5)
    _add_plate(scene, "mirror", -10.0, _mirror())
    _add_plate(scene, "lamp", -5.0, _light(), 1.5, x=4.5)
    _add_plate(scene, "shield", -4.9, scenes.shaded("black", "ShaderNodeBsdfDiffuse",
               Color=(0, 0, 0, 1)), 1.7, x=4.5)  # fmt: skip


def glazed() -> None:
    """A wall behind glass, which light reaches through the glass alone."""
    scene = scenes.empty_scene()
    _add_plate(scene, "wall", 0.0, _white())
    _add_plate(scene, "pane", -1.0, _glass())
    _add_plate(scene, "lamp", -10.0, _light(), 8.0)


MODELS: Mapping[str, Callable[[], None]] = {
    make.__name__: make
    for make in (
        pair, colored, moving, furnished, room, fog, glowing, mirror, glass, hole, shielded,
        mirrored, glazed,
    )
}  # fmt: skip


def save(name: str, folder: Path) -> Path:
    """Make the model of this name as a file."""
    MODELS[name]()
    return scenes.save_blend(folder / f"{name}.blend")


def _add_plate(
    scene: Any, name: str, y: float, material: Any, half: float = 30.0, x: float = 0.0
) -> None:
    corners = [(x - half, y, -half), (x + half, y, -half), (x + half, y, half), (x - half, y, half)]
    plate = scenes.add_mesh(scene, name, corners, [(0, 1, 2, 3)])
    plate.data.materials.append(material)


def _add_lamp(scene: Any, kind: str, energy: float, at: tuple[float, float, float]) -> Any:
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", type=kind))
    lamp.data.energy = energy
    lamp.location = at
    scene.collection.objects.link(lamp)
    return lamp


def _add_sun(scene: Any, angle: float) -> None:
    """Shines down and, at a positive angle, along +y; a `_white` wall at pi/4 shines with 50."""
    sun = _add_lamp(scene, "SUN", 50 * math.pi / (WHITE * math.cos(angle)), (0.0, 0.0, 9.0))
    sun.rotation_euler = (angle, 0.0, 0.0)


def _light() -> Any:
    return scenes.emission("light", (1, 1, 1), 50.0)


def _white() -> Any:
    return scenes.shaded("white", "ShaderNodeBsdfDiffuse", Color=(WHITE, WHITE, WHITE, 1.0))


def _mirror() -> Any:
    return scenes.shaded("mirror", "ShaderNodeBsdfAnisotropic", Color=(1, 1, 1, 1), Roughness=0.0)


def _glass() -> Any:
    return scenes.shaded("glass", "ShaderNodeBsdfRefraction", Color=(1, 1, 1, 1), Roughness=0.0,
                         IOR=1.45)  # fmt: skip
