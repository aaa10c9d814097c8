"""Poses of the camera from files of NeRF and nerfstudio."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.planning import FRAME_PX
from tests.unit.written_poses import LENS, LENS_OF_FILE, assert_is, gl_matrix, refusal, write_nerf
from viewbatch.geometry import Intrinsics
from viewbatch.geometry.transforms import Array
from viewbatch.sampling.pose_files import read_poses


def test_poses_of_nerfstudio_are_in_the_file_s_order(tmp_path: Path) -> None:
    frames = [
        {"file_path": f"images/{9 - i}.png", "transform_matrix": gl_matrix(i)} for i in range(4)
    ]
    for i, pose in enumerate(read_poses(write_nerf(tmp_path, frames, **LENS_OF_FILE), FRAME_PX)):
        assert_is(pose, i)
        assert pose.intrinsics == LENS
        assert pose.drawn == {"file": {"pose": f"images/{9 - i}.png"}}


def test_a_camera_of_opengl_looks_along_its_negative_z(tmp_path: Path) -> None:
    """By hand: the unit matrix stands at the origin, looks down, and has +y up in the image."""
    path = write_nerf(tmp_path, [{"transform_matrix": np.eye(4).tolist()}], camera_angle_x=1.0)
    (pose,) = read_poses(path, FRAME_PX)
    np.testing.assert_array_equal(pose.rotation, [[1, 0, 0], [0, -1, 0], [0, 0, -1]])
    assert (pose.location, pose.drawn) == ((0, 0, 0), {"file": {"pose": "frame 0"}})


def test_values_of_a_frame_stand_over_those_of_the_file(tmp_path: Path) -> None:
    frame = {"file_path": "a", "transform_matrix": gl_matrix(0), "fl_x": 50.0, "w": 32}
    (pose,) = read_poses(write_nerf(tmp_path, [frame], **LENS_OF_FILE), FRAME_PX)
    assert pose.intrinsics == Intrinsics(width=32, height=48, fx=50.0, fy=71.25, cx=30.0, cy=25.5)


def test_a_field_of_view_with_the_configured_image(tmp_path: Path) -> None:
    frame = {"file_path": "./train/r_0", "transform_matrix": gl_matrix(0)}
    path = write_nerf(tmp_path, [frame], camera_angle_x=0.7)
    (pose,) = read_poses(path, (97, 61))
    focal = 97 / 2 / math.tan(0.35)
    assert pose.intrinsics == Intrinsics(width=97, height=61, fx=focal, fy=focal, cx=48.5, cy=30.5)
    path = write_nerf(tmp_path, [frame], camera_angle_x=0.7, camera_angle_y=0.6)
    (pose,) = read_poses(path, (97, 61))
    assert pose.intrinsics is not None
    assert pose.intrinsics.fy == 61 / 2 / math.tan(0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k1": 0.02}, "with lens distortion (k1 = 0.02), which cannot be rendered; use the poses "
                       "of undistorted images"),
        ({"p2": -1e-9}, "with lens distortion (p2 = -1e-09), which cannot be rendered; use the "
                        "poses of undistorted images"),
        ({"distortion_params": [0.1, 0, 0, 0]},
         "with lens distortion (distortion_params that are not zero), which cannot be rendered; "
         "use the poses of undistorted images"),
        ({"distortion_params": [0, 0, 0, 0, "x", 0]},
         "with lens distortion (distortion_params that are not zero), which cannot be rendered; "
         "use the poses of undistorted images"),
        ({"camera_model": "OPENCV_FISHEYE"}, "which is of camera_model OPENCV_FISHEYE; only "
                                             "pinhole cameras can be rendered"),
        ({"is_fisheye": True}, "which is a fisheye; only pinhole cameras can be rendered"),
        ({"fl_x": None}, "without fl_x and camera_angle_x; add one of them"),
        ({"fl_x": "wide"}, "whose fl_x is no number; save it again"),
        ({"fl_x": True}, "whose fl_x is no number; save it again"),
        ({"cy": math.nan}, "whose cy is no number; save it again"),
        ({"cy": 10**400}, "whose cy is no number; save it again"),
        ({"fl_y": -3.0}, "whose fl_y is -3; expected more than 0"),
        ({"fl_x": None, "camera_angle_x": 3.5}, "whose camera_angle_x is 3.5; expected from 0 to "
                                                "pi"),
        ({"h": None}, "with only one of w and h; add the other"),
        ({"w": 64.5}, "of 64.5x48 pixels; expected whole numbers from 1"),
        ({"transform_matrix": None}, "without a transform_matrix of 4x4 numbers; save it again"),
        ({"transform_matrix": [[1, 0], [0, 1]]}, "without a transform_matrix of 4x4 numbers; save "
                                                 "it again"),
        ({"transform_matrix": [[1, 0, 0, "x"]] * 4}, "without a transform_matrix of 4x4 numbers; "
                                                     "save it again"),
        ({"transform_matrix": [1, 2, 3, 4]}, "without a transform_matrix of 4x4 numbers; save it "
                                             "again"),
        ({"transform_matrix": [[1, 0, 0, 0]] * 4}, "whose transform_matrix does not end with the "
                                                   "row 0 0 0 1; save rigid poses"),
    ],
)  # fmt: skip
def test_frames_that_cannot_be_used_in_words(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    good = {"file_path": "a.png", "transform_matrix": gl_matrix(0)}
    frames = [good, {**good, "file_path": "b.png", **changes}]
    path = write_nerf(tmp_path, frames, **LENS_OF_FILE)
    assert refusal(path) == f"camera.location.file: {path} has a frame b.png {message}"


def test_zeros_are_no_distortion_and_a_mark_before_the_text_is_none(tmp_path: Path) -> None:
    frame = {"transform_matrix": gl_matrix(1), "distortion_params": [0, 0.0, 0, 0, 0, 0]}
    path = write_nerf(tmp_path, [frame], **LENS_OF_FILE)
    path.write_text(path.read_text(), encoding="utf-8-sig")
    (pose,) = read_poses(path, FRAME_PX)
    assert_is(pose, 1)


def transformed(matrix: list[list[float]], by: Array) -> list[list[float]]:
    result = np.array(matrix)
    result[:3, :3] = result[:3, :3] @ by
    changed: list[list[float]] = result.tolist()
    return changed


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (np.eye(3) * 1.001, "that scales or shears; save poses that are rigid"),
        (np.diag([1, 1, 0.999]), "that scales or shears; save poses that are rigid"),
        (np.array([[1, 5e-4, 0], [0, 1, 0], [0, 0, 1]]),
         "that scales or shears; save poses that are rigid"),
        (np.zeros((3, 3)), "that scales or shears; save poses that are rigid"),
        (np.diag([1, 1, -1]), "that is mirrored; save poses in right-handed axes"),
    ],
)  # fmt: skip
def test_poses_that_are_not_rigid_are_refused(tmp_path: Path, by: Array, message: str) -> None:
    frame = {"file_path": "a.png", "transform_matrix": transformed(gl_matrix(2), by)}
    path = write_nerf(tmp_path, [frame], **LENS_OF_FILE)
    assert refusal(path) == f"camera.location.file: {path} has a pose of a.png {message}"


def test_rotations_in_few_digits_are_made_exact(tmp_path: Path) -> None:
    few = [[round(v, 5) for v in row] for row in gl_matrix(2)]
    path = write_nerf(tmp_path, [{"transform_matrix": few}], **LENS_OF_FILE)
    (pose,) = read_poses(path, FRAME_PX)
    assert_is(pose, 2, tolerance=2e-5)
    np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-15, rtol=0)
