"""Cameras unlike each other, as files of poses hold them, and what is read of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.planning import FRAME_PX
from viewbatch.dataset import CameraRecord
from viewbatch.dataset.records import cameras_to_json
from viewbatch.errors import UsageError
from viewbatch.geometry import Camera, Intrinsics, look_at, quaternion_wxyz_from_rotation, rigid
from viewbatch.geometry.transforms import Array, Vector3
from viewbatch.sampling.pose_files import read_poses
from viewbatch.sampling.poses import Pose

LENS = Intrinsics(width=64, height=48, fx=70.5, fy=71.25, cx=30.0, cy=25.5)


def rotation_and_eye(i: int) -> tuple[Array, Vector3]:
    """(3, 3) `cam_from_world` and position of a camera unlike any other."""
    eye = (4.0 - i, -7.0 + i * i, 2.5 + i / 3)
    roll = 0.3 * i
    cam_from_level = np.array(
        [[math.cos(roll), math.sin(roll), 0], [-math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    )
    return cam_from_level @ look_at(eye, (1.0, 1 / 3, -0.25)), eye


def assert_is(pose: Pose, i: int, tolerance: float = 1e-12) -> None:
    rotation, eye = rotation_and_eye(i)
    np.testing.assert_allclose(pose.rotation, rotation, atol=tolerance, rtol=0)
    np.testing.assert_allclose(pose.location, eye, atol=10 * tolerance, rtol=0)


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_poses(path, FRAME_PX)
    return str(caught.value)


def camera_record(i: int) -> CameraRecord:
    rotation, eye = rotation_and_eye(i)
    cam_from_world = rigid(rotation, -rotation @ np.array(eye))
    camera = Camera(intrinsics=LENS, cam_from_world=cam_from_world)
    return CameraRecord(camera=camera, near_m=0.1, far_m=9.0, drawn={"cycles_seed": 5})


def write_cameras(path: Path, indices: list[int]) -> Path:
    path.write_text(cameras_to_json({i: camera_record(i) for i in indices}))
    return path


def gl_matrix(i: int) -> list[list[float]]:
    """`world_from_cam` in OpenGL's axes: y is up, z backward."""
    rotation, eye = rotation_and_eye(i)
    right, down, forward = rotation
    return rigid(np.column_stack([right, -down, -forward]), eye).tolist()


def write_nerf(folder: Path, frames: list[dict[str, Any]], **values: Any) -> Path:
    path = folder / "transforms.json"
    path.write_text(json.dumps({**values, "frames": frames}))
    return path


LENS_OF_FILE = {
    "w": 64, "h": 48.0, "fl_x": 70.5, "fl_y": 71.25, "cx": 30, "cy": 25.5,
    "k1": 0.0, "p2": 0, "camera_model": "OPENCV",
}  # fmt: skip


def colmap_images(numbers: list[int]) -> list[tuple[str, tuple[float, ...], list[float]]]:
    """Name, quaternion and translation of images."""
    images = []
    for i in numbers:
        rotation, eye = rotation_and_eye(i)
        translation = (-rotation @ np.array(eye)).tolist()
        images.append((f"{i:03d}.png", quaternion_wxyz_from_rotation(rotation), translation))
    return images


def write_text_model(
    folder: Path,
    numbers: list[int],
    camera: str = "7 PINHOLE 64 48 70.5 71.25 30 25.5",
    points: str = "",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.txt").write_text(f"# Camera list\n\n{camera}\n")
    lines = ["# Image list", "# IMAGE_ID, ..."]
    for image_id, (name, q, t) in enumerate(colmap_images(numbers), start=1):
        lines += [f"{image_id} {' '.join(map(repr, [*q, *t]))} 7 {name}", points]
    (folder / "images.txt").write_text("\n".join(lines) + "\n")
    return folder
