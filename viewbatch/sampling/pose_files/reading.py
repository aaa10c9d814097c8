"""What readers of poses share: errors, files, and what makes a pose."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np

from viewbatch.config.camera import problems_of_pose
from viewbatch.errors import UsageError
from viewbatch.geometry import (
    Intrinsics,
    invert_rigid,
    quaternion_wxyz_from_rotation,
    rigid,
    rotation_from_quaternion_wxyz,
)
from viewbatch.geometry.transforms import Array, Vector3
from viewbatch.sampling.poses import Pose

RIGID_TOLERANCE = 1e-4
"""How far the lengths and dot products of a rotation's rows may be from 1 and 0: files hold
few digits, and float32 at best."""


def problem(path: Path, sentence: str) -> UsageError:
    """The error for a file of poses; the sentence continues its path."""
    return UsageError(f"camera.location.file: {path} {sentence}")


def read_bytes(path: Path) -> bytes:
    """A file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise problem(path, f"cannot be read ({error.strerror})") from error


def read_text(path: Path) -> str:
    """A file's text, with or without the mark that some editors set before it."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(path, "is not text in UTF-8") from error


def pose_in_file(
    name: str, rotation: Array, location: Vector3, intrinsics: Intrinsics, path: Path
) -> Pose:
    """The pose of what a file calls `name`; `rotation` is (3, 3) `cam_from_world`.

    Limits are those of the configuration: what is beyond them, Blender would render otherwise
    than it is recorded.
    """
    problems = problems_of_pose(dataclasses.asdict(intrinsics), location)
    if problems:
        raise problem(path, f"has a pose of {name} that cannot be rendered: {'; '.join(problems)}")
    drawn = {"file": {"pose": name}}
    return Pose(location=location, rotation=rotation, drawn=drawn, intrinsics=intrinsics)


def location_of(rotation: Array, translation: Vector3) -> Vector3:
    """The optical centre in world from (3, 3) and (3,) of `cam_from_world`."""
    # Numbers so large that this has no end are refused with the pose.
    with np.errstate(over="ignore", invalid="ignore"):
        x, y, z = (float(v) for v in invert_rigid(rigid(rotation, translation))[:3, 3])
    return (x, y, z)


def exact_rotation(rotation: Array, name: str, path: Path) -> Array:
    """The rotation nearest to a (3, 3) matrix that is one but for rounding; else an error."""
    rows = [[float(v) for v in row] for row in rotation]
    for i, row in enumerate(rows):
        lengths = [math.hypot(*row) - 1.0]
        skews = [sum(a * b for a, b in zip(row, other, strict=True)) for other in rows[:i]]
        # Written so that a number that is not one fails too.
        if not all(abs(error) <= RIGID_TOLERANCE for error in lengths + skews):
            raise problem(
                path, f"has a pose of {name} that scales or shears; save poses that are rigid"
            )
    if np.dot(np.cross(rows[0], rows[1]), rows[2]) < 0:
        raise problem(
            path, f"has a pose of {name} that is mirrored; save poses in right-handed axes"
        )
    return rotation_from_quaternion_wxyz(quaternion_wxyz_from_rotation(rotation))
