"""Frames, cameras, bounds: numpy and closed forms only, nothing of Blender.

Frames, as in `CONVENTIONS.md`: `world` is right-handed, z up, metres; `cam` has x
right, y down, z forward. A transform is named `target_from_source`.
"""

from viewbatch.geometry.bounds import Bounds, bounds_of_point_sets
from viewbatch.geometry.camera import Camera, Intrinsics, fit_distance
from viewbatch.geometry.transforms import (
    invert_rigid,
    look_at,
    quaternion_wxyz_from_rotation,
    rigid,
    rotation_from_quaternion_wxyz,
    spherical_direction,
    transform_points,
)

__all__ = [
    "Bounds",
    "Camera",
    "Intrinsics",
    "bounds_of_point_sets",
    "fit_distance",
    "invert_rigid",
    "look_at",
    "quaternion_wxyz_from_rotation",
    "rigid",
    "rotation_from_quaternion_wxyz",
    "spherical_direction",
    "transform_points",
]
