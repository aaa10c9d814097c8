"""The ground: a square under the target."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from viewbatch.blender.materials import new_principled
from viewbatch.blender.measure import Piece
from viewbatch.config.scene import GroundConfig, GroundMode, GroundPattern
from viewbatch.geometry import Bounds

GAP = 1e-4
"""Between the target and the ground, in bounding radii: surfaces that coincide would fight."""


def add_ground(scene: Any, config: GroundConfig, bounds: Bounds) -> Piece | None:
    """Put the configured ground into a scene, centred below the target's centre.

    What catches shadows has its depth, normal and index in Cycles' passes like any other
    object (measured with 4.2, 4.5 and 5.0), so the ground truth needs nothing special.
    """
    if config.mode is GroundMode.NONE:
        return None
    half = config.size * bounds.radius / 2
    corners = np.array(
        [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], dtype=np.float32
    )
    mesh = bpy.data.meshes.new("viewbatch.ground")
    mesh.from_pydata(corners.tolist(), [], [(0, 1, 2, 3)])
    mesh.materials.append(_material(config, bounds.radius))
    ground = bpy.data.objects.new("viewbatch.ground", mesh)
    x, y, _ = bounds.center
    ground.location = (x, y, bounds.minimum[2] - GAP * bounds.radius)
    ground.is_shadow_catcher = config.mode is GroundMode.SHADOW_CATCHER
    scene.collection.objects.link(ground)
    world_from_ground = np.eye(4)
    world_from_ground[:3, 3] = ground.location
    return Piece(
        source=ground,
        world_from_object=world_from_ground,
        points=corners,
        area_along_axes=np.array([0.0, 0.0, (2 * half) ** 2]),
    )


def _material(config: GroundConfig, target_radius: float) -> Any:
    material, shader = new_principled("viewbatch.ground", config.color, config.roughness)
    if config.pattern is GroundPattern.CHECKERBOARD:
        tree = material.node_tree
        place = tree.nodes.new("ShaderNodeTexCoord")
        checker = tree.nodes.new("ShaderNodeTexChecker")
        # Blender shows Color2 where the numbers of column and row, counted from the
        # square's centre, add up to an even number.
        checker.inputs["Color1"].default_value = (*config.second_color, 1.0)
        checker.inputs["Color2"].default_value = (*config.color, 1.0)
        checker.inputs["Scale"].default_value = 1 / (config.square_size * target_radius)
        tree.links.new(place.outputs["Object"], checker.inputs["Vector"])
        tree.links.new(checker.outputs["Color"], shader.inputs["Base Color"])
    return material
