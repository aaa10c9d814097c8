"""Blender's camera frame: the only module that knows it.

`blcam` is Blender's camera frame: x right, y up, looking along -z. Lamps share it.
Blender keeps poses in float32, so a planned camera is first rounded to what Blender can
hold, and the rounded one is recorded: records state what was rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from viewbatch.config.camera import DofConfig
from viewbatch.geometry import (
    look_at,
    quaternion_wxyz_from_rotation,
    rigid,
    rotation_from_quaternion_wxyz,
)
from viewbatch.geometry.transforms import Array, Vector3

CAM_FROM_BLCAM = np.diag([1.0, -1.0, -1.0])
"""(3, 3); both frames share their origin, y and z point the other way."""

Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class BlenderPose:
    """A pose in the numbers that Blender holds, each exactly a float32."""

    location: Vector3
    quaternion_wxyz: Quaternion
    """`world_from_blcam`."""

    @classmethod
    def nearest(cls, location: Vector3, cam_from_world: Array) -> BlenderPose:
        """The nearest pose to a position in world and a (3, 3) rotation."""
        world_from_blcam = cam_from_world.T @ CAM_FROM_BLCAM
        return cls(
            location=tuple(_float32(v) for v in location),  # type: ignore[arg-type]
            quaternion_wxyz=tuple(
                _float32(v) for v in quaternion_wxyz_from_rotation(world_from_blcam)
            ),  # type: ignore[arg-type]
        )

    @property
    def cam_from_world(self) -> Array:
        """(4, 4) the pose as Blender renders it; its rotation is orthonormal in float64."""
        world_from_blcam = rotation_from_quaternion_wxyz(self.quaternion_wxyz)
        # The product only changes signs: no rounding. + 0.0 makes -0.0 into 0.0.
        rotation = CAM_FROM_BLCAM @ world_from_blcam.T + 0.0
        x, y, z = self.location
        translation = [
            -(float(row[0]) * x + float(row[1]) * y + float(row[2]) * z) + 0.0 for row in rotation
        ]
        return rigid(rotation, translation)

    def place(self, scene_object: Any) -> None:
        """Put a camera or lamp there."""
        scene_object.rotation_mode = "QUATERNION"
        scene_object.location = self.location
        scene_object.rotation_quaternion = self.quaternion_wxyz


def aimed(location: Vector3, target: Vector3) -> BlenderPose:
    """The pose at a position that looks at a point."""
    return BlenderPose.nearest(location, look_at(location, target))


def new_camera(config: DofConfig) -> Any:
    """A camera object with the configured depth of field, not in any scene yet."""
    data = bpy.data.cameras.new("viewbatch.camera")
    data.dof.use_dof = config.use
    data.dof.aperture_fstop = config.fstop
    data.dof.aperture_blades = 0
    data.dof.aperture_ratio = 1.0
    return bpy.data.objects.new("viewbatch.camera", data)


def _float32(value: float) -> float:
    return float(np.float32(value)) + 0.0
