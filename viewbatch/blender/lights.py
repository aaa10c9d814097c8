"""World and lamps. Sizes, distances and powers follow the size of the target."""

from __future__ import annotations

import math
from typing import Any, assert_never

import bpy

from viewbatch.blender import versions
from viewbatch.blender.camera import aimed
from viewbatch.config import LightConfig, LightMode, LightType, UniformLightConfig, WorldConfig
from viewbatch.geometry import Bounds, spherical_direction


def new_world(config: WorldConfig) -> Any:
    """A world of one colour."""
    world = bpy.data.worlds.new("viewbatch.world")
    tree = versions.world_nodes(world)
    tree.nodes.clear()
    background = tree.nodes.new("ShaderNodeBackground")
    background.inputs["Color"].default_value = (*config.color, 1.0)
    background.inputs["Strength"].default_value = config.strength
    output = tree.nodes.new("ShaderNodeOutputWorld")
    tree.links.new(background.outputs["Background"], output.inputs["Surface"])
    return world


def add_lights(scene: Any, config: LightConfig, bounds: Bounds) -> None:
    """Put the configured lamps around the target."""
    match config.mode:
        case LightMode.UNIFORM:
            _add_rings(scene, config.uniform, bounds)
        case LightMode.NONE:
            pass
        case _:
            assert_never(config.mode)


def _add_rings(scene: Any, config: UniformLightConfig, bounds: Bounds) -> None:
    data = _lamp(config, bounds.radius)
    for ring, inclination in enumerate(config.inclinations):
        for i in range(config.amount):
            # Every second ring is turned by half a step, so that lamps do not line up.
            azimuth = 2 * math.pi * (i + 0.5 * (ring % 2)) / config.amount
            direction = spherical_direction(inclination, azimuth)
            distance = config.radius * bounds.radius
            x, y, z = (c + distance * d for c, d in zip(bounds.center, direction, strict=True))
            lamp = bpy.data.objects.new("viewbatch.lamp", data)
            aimed((x, y, z), bounds.center).place(lamp)
            scene.collection.objects.link(lamp)


def _lamp(config: UniformLightConfig, target_radius: float) -> Any:
    data = bpy.data.lights.new("viewbatch.lamp", type=config.type)
    size = config.size * target_radius
    # Light falls off with the square of the distance, which grows with the target.
    data.energy = config.energy * target_radius**2
    match config.type:
        case LightType.POINT:
            data.shadow_soft_size = size
        case LightType.AREA:
            data.shape = "SQUARE"
            data.size = size
        case LightType.SPOT:
            data.shadow_soft_size = size
            # Wide enough for the bounding sphere, with room for the soft edge.
            data.spot_size = min(math.pi, 2.4 * math.asin(min(1.0, 1 / config.radius)))
            data.spot_blend = 0.15
        case LightType.SUN:
            data.energy = config.energy
            data.angle = min(config.size, math.pi)
        case _:
            assert_never(config.type)
    return data
