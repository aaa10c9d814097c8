"""What a plan is made of: poses, and what it must know of the scene they stand in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from viewbatch.geometry import Bounds, Intrinsics
from viewbatch.geometry.transforms import Array, Vector3


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose:
    """Where a camera stands, which way it looks, and what was drawn to place it."""

    location: Vector3
    """In world, metres."""
    rotation: Array
    """(3, 3) `cam_from_world`: rows are the camera's right, down and forward in world."""
    drawn: Mapping[str, Any]
    """For the view's record; plain values of JSON."""
    intrinsics: Intrinsics | None = None
    """Those of a pose that was read from a file."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan must know of the scene."""

    target: Vector3
    """The point that cameras look at, in world."""
    bounds: Bounds
    """Of the target objects."""
    unit_m: Callable[[int], float]
    """Metres of one unit of radius for the pose of this index, whose lens may be drawn."""
    frame_px: tuple[int, int]
    """Width and height of the configured image."""


def rolled(pose: Pose, roll_rad: float) -> Pose:
    """The pose turned about its optical axis.

    A positive roll turns the camera clockwise for who looks along the axis: its right side
    goes down, and what it sees turns counter-clockwise in the image.
    """
    cosine, sine = math.cos(roll_rad), math.sin(roll_rad)
    right, down, forward = pose.rotation
    return replace(
        pose,
        rotation=np.array([cosine * right + sine * down, cosine * down - sine * right, forward]),
    )


def shifted_right(pose: Pose, distance_m: float) -> Pose:
    """The pose moved along its x axis; negative distances are to the left."""
    x, y, z = (
        c + distance_m * float(r) for c, r in zip(pose.location, pose.rotation[0], strict=True)
    )
    return replace(pose, location=(x, y, z))
