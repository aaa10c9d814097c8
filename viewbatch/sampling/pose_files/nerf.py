"""Poses from a `transforms.json`: nerfstudio, instant-ngp and NeRF's synthetic scenes.

`transform_matrix` is world_from_cam in OpenGL's axes (x right, y up, z backward). What
describes the lens stands in the file or, with precedence, in its frame: `fl_x fl_y` or
`camera_angle_x camera_angle_y` (radians, the whole frame), `cx cy` (from the corner of the
image, its middle by default) and `w h`.
https://docs.nerf.studio/quickstart/data_conventions.html
https://github.com/NVlabs/instant-ngp/blob/master/docs/nerf_dataset_tips.md
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viewbatch.errors import UsageError
from viewbatch.geometry import Intrinsics
from viewbatch.geometry.transforms import Array
from viewbatch.sampling.pose_files.reading import exact_rotation, pose_in_file, problem
from viewbatch.sampling.poses import Pose

# Models that are a pinhole where their distortion is zero.
PINHOLES = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV")
DISTORTION = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")


def read(data: Mapping[str, Any], path: Path, frame_px: tuple[int, int]) -> list[Pose]:
    """The poses of a decoded `transforms.json` in the order of its frames."""
    frames = data["frames"]
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise problem(path, "has frames that are no list of objects; save it again")
    poses = []
    for i, values in enumerate(frames):
        frame = _Frame(str(values.get("file_path", f"frame {i}")), {**data, **values}, path)
        world_from_glcam = frame.matrix()
        # The same axes in world, of which y and z point the other way: rows of cam_from_world.
        rotation = (world_from_glcam[:3, :3] * [1.0, -1.0, -1.0]).T + 0.0
        x, y, z = (float(v) for v in world_from_glcam[:3, 3])
        poses.append(
            pose_in_file(
                frame.name,
                exact_rotation(rotation, frame.name, path),
                (x, y, z),
                frame.intrinsics(frame_px),
                path,
            )
        )
    return poses


@dataclass(frozen=True)
class _Frame:
    """A frame's values over those of its file."""

    name: str
    values: Mapping[str, Any]
    path: Path

    def problem(self, sentence: str) -> UsageError:
        return problem(self.path, f"has a frame {self.name} {sentence}")

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        if value is None:
            return None
        number = _finite(value)
        if number is None:
            raise self.problem(f"whose {key} is no number; save it again")
        return number

    def matrix(self) -> Array:
        """(4, 4) `transform_matrix`."""
        rows = self.values.get("transform_matrix")
        rows = rows if isinstance(rows, list) else []
        numbers = [[_finite(v) for v in row] if isinstance(row, list) else [] for row in rows]
        shape = [len(row) for row in numbers]
        if shape != [4, 4, 4, 4] or any(number is None for row in numbers for number in row):
            raise self.problem("without a transform_matrix of 4x4 numbers; save it again")
        if numbers[3] != [0, 0, 0, 1]:
            raise self.problem(
                "whose transform_matrix does not end with the row 0 0 0 1; save rigid poses"
            )
        return np.array(numbers, dtype=np.float64)

    def intrinsics(self, frame_px: tuple[int, int]) -> Intrinsics:
        """The frame's lens, which must be a pinhole without distortion."""
        model = self.values.get("camera_model", "PINHOLE")
        if model not in PINHOLES or self.values.get("is_fisheye"):
            found = "a fisheye" if model in PINHOLES else f"of camera_model {model}"
            raise self.problem(f"which is {found}; only pinhole cameras can be rendered")
        for key in DISTORTION:
            if self.number(key):
                raise self.problem(
                    f"with lens distortion ({key} = {self.number(key):g}), which cannot be "
                    "rendered; use the poses of undistorted images"
                )
        # Of nerfstudio: the numbers above in an order that the model decides.
        params = self.values.get("distortion_params")
        if any(params) if isinstance(params, list) else params:
            raise self.problem(
                "with lens distortion (distortion_params that are not zero), which cannot be "
                "rendered; use the poses of undistorted images"
            )
        width, height = self.size(frame_px)
        fx = self.focal("fl_x", "camera_angle_x", width)
        if fx is None:
            raise self.problem("without fl_x and camera_angle_x; add one of them")
        fy = self.focal("fl_y", "camera_angle_y", height)
        cx, cy = self.number("cx"), self.number("cy")
        return Intrinsics(
            width=width,
            height=height,
            fx=fx,
            fy=fx if fy is None else fy,
            cx=width / 2 if cx is None else cx,
            cy=height / 2 if cy is None else cy,
        )

    def size(self, frame_px: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the frame's image; `frame_px` where the file has none."""
        width, height = self.number("w"), self.number("h")
        if width is None and height is None:
            return frame_px
        if width is None or height is None:
            raise self.problem("with only one of w and h; add the other")
        if not (width.is_integer() and height.is_integer() and min(width, height) >= 1):
            raise self.problem(f"of {width:g}x{height:g} pixels; expected whole numbers from 1")
        return int(width), int(height)

    def focal(self, key: str, angle_key: str, size: int) -> float | None:
        """Focal length in pixels along an axis whose side has `size` pixels."""
        focal, angle = self.number(key), self.number(angle_key)
        if focal is not None:
            if focal <= 0:
                raise self.problem(f"whose {key} is {focal:g}; expected more than 0")
            return focal
        if angle is None:
            return None
        if not 0 < angle < math.pi:
            raise self.problem(f"whose {angle_key} is {angle:g}; expected from 0 to pi")
        return size / 2 / math.tan(angle / 2)


def _finite(value: object) -> float | None:
    """The number that a value of JSON is; None for what is none, or has no end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
