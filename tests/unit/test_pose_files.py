"""Poses of the camera from files of this program, NeRF's and COLMAP's."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import FRAME_PX
from viewbatch.dataset import CameraRecord, DatasetRecord, ModelRecord, ViewRecord
from viewbatch.dataset.records import cameras_from_json, cameras_to_json
from viewbatch.errors import DatasetError, UsageError
from viewbatch.geometry import (
    Bounds,
    Camera,
    Intrinsics,
    look_at,
    quaternion_wxyz_from_rotation,
    rigid,
)
from viewbatch.geometry.transforms import Array, Vector3
from viewbatch.sampling import Plan, input_files
from viewbatch.sampling.pose_files import pose_files, read_poses
from viewbatch.sampling.pose_files.reading import read_text
from viewbatch.sampling.poses import Pose

EXPECTED = "name a dataset's folder, a cameras.json, a transforms.json or a COLMAP model's folder"
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


# ---- This program's own


def camera_record(i: int) -> CameraRecord:
    rotation, eye = rotation_and_eye(i)
    cam_from_world = rigid(rotation, -rotation @ np.array(eye))
    camera = Camera(intrinsics=LENS, cam_from_world=cam_from_world)
    return CameraRecord(camera=camera, near_m=0.1, far_m=9.0, drawn={"cycles_seed": 5})


def write_dataset(folder: Path, indices: list[int]) -> Path:
    record = DatasetRecord(
        generator="viewbatch 0.1.0",
        blender="4.5.15",
        engine="CYCLES",
        device="CPU",
        denoiser="none",
        model=ModelRecord(file="m.glb", sha256="ab" * 32, world_from_model=np.eye(4)),
        bounds=Bounds(minimum=(-1.0, -1.0, -1.0), maximum=(1.0, 1.0, 1.0), radius=1.5),
        objects=(),
        categories=(),
        materials=(),
        inputs={},
        seed=0,
        number_of_views=12,
    )
    folder.mkdir()
    (folder / "dataset.json").write_text(record.to_json())
    for i in indices:
        view = ViewRecord(index=i, camera=camera_record(i), depth_range_m=None, coverage=0.0)
        (folder / f"{i:03d}_view.json").write_text(view.to_json())
    return folder


def write_cameras(path: Path, indices: list[int]) -> Path:
    path.write_text(cameras_to_json({i: camera_record(i) for i in indices}))
    return path


def test_the_views_of_a_dataset_come_back(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "out", list(range(11)))
    poses = read_poses(folder, FRAME_PX)
    assert len(poses) == 11
    for i, pose in enumerate(poses):
        assert_is(pose, i)
        assert (pose.intrinsics, pose.drawn) == (LENS, {"file": {"pose": f"view {i}"}})
    assert pose_files(folder) == [folder / f"{i:03d}_view.json" for i in range(11)]


def test_the_cameras_of_a_plan_come_back_in_order(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "any name", [2, 0, 1])
    for i, pose in enumerate(read_poses(path, FRAME_PX)):
        assert_is(pose, i)
        assert (pose.intrinsics, pose.drawn) == (LENS, {"file": {"pose": f"view {i}"}})
    assert pose_files(path) == [path]


def test_a_dataset_that_is_only_planned_tells_its_plan(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "out", [])
    assert read_poses(folder, FRAME_PX) == []
    path = write_cameras(folder / "cameras.json", [0, 1])
    assert len(read_poses(folder, FRAME_PX)) == 2
    assert pose_files(folder) == [path]


def test_cameras_survive_json_bit_for_bit() -> None:
    text = cameras_to_json({i: camera_record(i) for i in range(4)})
    assert cameras_to_json(cameras_from_json(text, "here")) == text


def test_a_dataset_with_a_gap_is_refused(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "out", [0, 1, 3])
    assert refusal(folder) == (
        f"camera.location.file: {folder} has a view 3 but no view 2; complete it first"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"schema": 1', '"schema": 7',
            "{} is of schema 7, and this program reads schema 1; use the version of the program "
            "that made it",
        ),
        ('"fy"', '"fz"', "{} is not a record of schema 1: the key 'fy' is missing"),
        (
            '"fy": 71.25', '"fy": -1',
            "{} is not a record of schema 1: focal lengths must be positive, not 70.5 and -1.0",
        ),
        (
            '"views": [', '"views": [1,',
            "{} is not a record of schema 1: 'int' object is not subscriptable",
        ),
    ],
)  # fmt: skip
def test_damaged_cameras_in_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DatasetError) as caught:
        read_poses(path, FRAME_PX)
    assert str(caught.value) == message.format(path)


def test_damaged_records_in_words(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "out", [0])
    (folder / "000_view.json").write_text("{}")
    assert refusal(folder) == (
        f"{folder / '000_view.json'} is not a record of schema 1: the key 'depth_range_m' is "
        "missing"
    )


# ---- NeRF


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


def at(x: float) -> list[list[float]]:
    return [*gl_matrix(0)[:2], [*gl_matrix(0)[2][:3], x], [0, 0, 0, 1]]


UNBOUNDED = [
    # values of transforms.json, camera of COLMAP (None: not of it), what is said of it
    ({"w": 2}, "2 48 70.5 71.25 1 25.5", "width: expected an integer from 4 to 65536, found 2"),
    ({"h": 65537}, "64 65537 70.5 71.25 30 25.5",
     "height: expected an integer from 4 to 65536, found 65537"),
    ({"w": 10**20}, f"{10**20} 48 70.5 71.25 30 25.5",
     "width: expected an integer from 4 to 65536, found 100000000000000000000"),
    ({"fl_x": 1e39}, "64 48 1e39 71.25 30 25.5",
     "fx: expected a number greater than 0 (at most 1e+15 in size), found 1e+39"),
    ({"fl_y": 0.25}, "64 48 70.5 0.25 30 25.5",
     "fy: expected from 1/200 to 200 times fx, which is 70.5, found 0.25"),
    ({"fl_y": 20000}, "64 48 70.5 20000 30 25.5",
     "fy: expected from 1/200 to 200 times fx, which is 70.5, found 20000"),
    ({"cx": -641}, "64 48 70.5 71.25 -641 25.5",
     "cx: expected at most 10 times the image's size of 64 px, found -641"),
    ({"cy": 481, "w": 3}, "3 48 70.5 71.25 30 481",
     "width: expected an integer from 4 to 65536, found 3"),
    ({"transform_matrix": at(2e15)}, None,
     "location: expected numbers of at most 1e+15 in size"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "camera", "words"), UNBOUNDED)
def test_what_a_configuration_may_not_give_no_file_may(
    tmp_path: Path, values: dict[str, Any], camera: str | None, words: str
) -> None:
    good = {"file_path": "a.png", "transform_matrix": gl_matrix(0)}
    frames = [good, {**good, "file_path": "b.png", **values}]
    path = write_nerf(tmp_path, frames, **LENS_OF_FILE)
    assert refusal(path) == (
        f"camera.location.file: {path} has a pose of b.png that cannot be rendered: {words}"
    )
    if camera is not None:
        folder = write_text_model(tmp_path / "colmap", [0], camera=f"7 PINHOLE {camera}")
        assert refusal(folder) == (
            f"camera.location.file: {folder / 'images.txt'} has a pose of 000.png that cannot be "
            f"rendered: {words}"
        )


def test_the_limits_themselves_are_accepted(tmp_path: Path) -> None:
    values = {
        "w": 4, "h": 65536, "fl_x": 5.0, "fl_y": 1000.0, "cx": -40, "cy": 655360,
        "transform_matrix": at(1e15),
    }  # fmt: skip
    (pose,) = read_poses(write_nerf(tmp_path, [values]), FRAME_PX)
    assert pose.intrinsics == Intrinsics(
        width=4, height=65536, fx=5.0, fy=1000.0, cx=-40.0, cy=655360.0
    )


def test_the_limits_hold_for_cameras_of_this_program_too(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    path.write_text(path.read_text().replace('"width": 64', '"width": 2'))
    assert refusal(path) == (
        f"camera.location.file: {path} has a pose of view 0 that cannot be rendered: "
        "width: expected an integer from 4 to 65536, found 2"
    )


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


# ---- COLMAP


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


def write_binary_model(
    folder: Path,
    numbers: list[int],
    model: int = 1,
    parameters: tuple[float, ...] = (70.5, 71.25, 30, 25.5),
    points: int = 0,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    camera = struct.pack("<iiQQ", 7, model, 64, 48)
    camera += struct.pack(f"<{len(parameters)}d", *parameters)
    (folder / "cameras.bin").write_bytes(struct.pack("<Q", 1) + camera)
    data = struct.pack("<Q", len(numbers))
    for image_id, (name, q, t) in enumerate(colmap_images(numbers), start=1):
        data += struct.pack("<i7di", image_id, *q, *t, 7) + name.encode() + b"\0"
        data += struct.pack("<Q", points) + struct.pack("<ddq", 1.5, 2.5, -1) * points
    (folder / "images.bin").write_bytes(data)
    return folder


WriteModel = Callable[..., Path]


@pytest.mark.parametrize("write", [write_text_model, write_binary_model])
@pytest.mark.parametrize("inner", [".", "sparse/0"])
def test_a_model_is_in_the_order_of_its_images_names(
    tmp_path: Path, write: WriteModel, inner: str
) -> None:
    write(tmp_path / inner, [3, 0, 2, 1])
    poses = read_poses(tmp_path, FRAME_PX)
    assert len(poses) == 4
    for i, pose in enumerate(poses):
        assert_is(pose, i)
        assert (pose.intrinsics, pose.drawn) == (LENS, {"file": {"pose": f"{i:03d}.png"}})


def test_points_of_images_are_skipped(tmp_path: Path) -> None:
    text = write_text_model(tmp_path / "text", [0, 1], points="1.5 2.5 -1 3.5 4.5 9")
    binary = write_binary_model(tmp_path / "binary", [0, 1], points=3)
    for folder in (text, binary):
        for i, pose in enumerate(read_poses(folder, FRAME_PX)):
            assert_is(pose, i)


def test_the_last_empty_line_may_be_missing(tmp_path: Path) -> None:
    folder = write_text_model(tmp_path, [0, 1])
    path = folder / "images.txt"
    path.write_text(path.read_text().rstrip())
    assert len(read_poses(folder, FRAME_PX)) == 2


def test_binary_files_are_read_where_both_lie_together(tmp_path: Path) -> None:
    write_text_model(tmp_path, [0])
    write_binary_model(tmp_path, [1])
    (pose,) = read_poses(tmp_path, FRAME_PX)
    assert_is(pose, 1)
    assert pose_files(tmp_path) == [tmp_path / "cameras.bin", tmp_path / "images.bin"]


def test_a_name_may_hold_blanks(tmp_path: Path) -> None:
    folder = write_text_model(tmp_path, [0])
    path = folder / "images.txt"
    path.write_text(path.read_text().replace("000.png", "my photo 1.png"))
    (pose,) = read_poses(folder, FRAME_PX)
    assert pose.drawn == {"file": {"pose": "my photo 1.png"}}


def test_a_quaternion_of_any_length_is_normalised(tmp_path: Path) -> None:
    folder = write_text_model(tmp_path, [])
    ((name, q, t),) = colmap_images([2])
    scaled = " ".join(repr(-3.0 * v) for v in q)
    translation = " ".join(map(repr, t))
    (folder / "images.txt").write_text(f"1 {scaled} {translation} 7 {name}\n\n")
    (pose,) = read_poses(folder, FRAME_PX)
    assert_is(pose, 2)


@pytest.mark.parametrize(
    ("model", "name", "parameters"),
    [
        (0, "SIMPLE_PINHOLE", (70.5, 30, 25.5)),
        (2, "SIMPLE_RADIAL", (70.5, 30, 25.5, 0)),
        (3, "RADIAL", (70.5, 30, 25.5, 0, 0)),
        (4, "OPENCV", (70.5, 70.5, 30, 25.5, 0, 0, 0, 0)),
        (6, "FULL_OPENCV", (70.5, 70.5, 30, 25.5, 0, 0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_models_of_cameras_without_distortion(
    tmp_path: Path, model: int, name: str, parameters: tuple[float, ...]
) -> None:
    expected = Intrinsics(width=64, height=48, fx=70.5, fy=70.5, cx=30.0, cy=25.5)
    camera = f"7 {name} 64 48 {' '.join(map(str, parameters))}"
    text = write_text_model(tmp_path / "text", [0], camera=camera)
    binary = write_binary_model(tmp_path / "bin", [0, 1], model=model, parameters=parameters)
    for folder in (text, binary):
        for pose in read_poses(folder, FRAME_PX):
            assert pose.intrinsics == expected


DISTORTED = (
    "has a camera 7 with lens distortion (k1 = -0.25), which cannot be rendered; use the "
    "undistorted model (colmap image_undistorter)"
)
UNKNOWN = (
    "expected one of SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV without "
    "distortion"
)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("7 OPENCV 64 48 70 71 30 25 -0.25 0 0 0", DISTORTED),
        ("7 OPENCV_FISHEYE 64 48 70 71 30 25 0 0 0 0",
         f"has a camera 7 of model OPENCV_FISHEYE; {UNKNOWN}"),
        ("7 PINHOLE 64 48 70 71 30",
         "is malformed in line 3; expected ID MODEL WIDTH HEIGHT fx fy cx cy"),
        ("7 PINHOLE 64 48 70 71 30 x",
         "is malformed in line 3; expected ID MODEL WIDTH HEIGHT fx fy cx cy"),
        ("7 PINHOLE", "is malformed in line 3; expected ID MODEL WIDTH HEIGHT fx fy cx cy"),
        ("7", "is malformed in line 3; expected ID MODEL WIDTH HEIGHT PARAMETERS"),
        ("7 PINHOLE 64 0 70 71 30 25",
         "has a camera 7 that is none: an image of 64x0 pixels has no pixel"),
        ("7 PINHOLE 64 48 70 -71 30 25",
         "has a camera 7 that is none: focal lengths must be positive, not 70.0 and -71.0"),
        ("7 PINHOLE 64 48 70 71 30 25\n8 PINHOLE 64 48 70 71 30 25\n7 PINHOLE 64 48 90 91 30 25",
         "has two cameras 7; save the model again"),
        ("7 PINHOLE 64 48 70 71 nan 25",
         "has a camera 7 that is none: focal lengths and principal point must be finite"),
    ],
)  # fmt: skip
def test_cameras_in_text_that_cannot_be_used_in_words(
    tmp_path: Path, camera: str, message: str
) -> None:
    folder = write_text_model(tmp_path, [0], camera=camera)
    assert refusal(folder) == f"camera.location.file: {folder / 'cameras.txt'} {message}"


@pytest.mark.parametrize(
    ("model", "parameters", "message"),
    [
        (4, (70, 71, 30, 25, -0.25, 0, 0, 0), DISTORTED),
        (5, (70, 71, 30, 25, 0, 0, 0, 0), f"has a camera 7 of model number 5; {UNKNOWN}"),
        (4, (70, 71, 30), "ends before what it should hold; save the model again"),
    ],
)
def test_binary_cameras_that_cannot_be_used_in_words(
    tmp_path: Path, model: int, parameters: tuple[float, ...], message: str
) -> None:
    folder = write_binary_model(tmp_path, [0], model=model, parameters=parameters)
    assert refusal(folder) == f"camera.location.file: {folder / 'cameras.bin'} {message}"


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("1 0 0 0 0 1 2 3 7 a.png\n\n",
         "has a quaternion of length 0 for a.png, which is no rotation; save the model again"),
        ("1 nan 0 0 0 1 2 3 7 a.png\n\n",
         "has a quaternion of length nan for a.png, which is no rotation; save the model again"),
        ("1 1e200 0 0 0 1 2 3 7 a.png\n\n",
         "has a quaternion of length 1e+200 for a.png, which is no rotation; save the model again"),
        ("1 1 0 0 0 1 inf 3 7 a.png\n\n",
         "has a translation of a.png that is not finite; save the model again"),
        ("1 1 0 0 0 1 -1e200 3 7 a.png\n\n",
         "has a pose of a.png that cannot be rendered: location: expected numbers of at most 1e+15 "
         "in size"),
        ("1 0.5 0.5 0.5 0.3 1.7e308 1.7e308 1.7e308 7 a.png\n\n",
         "has a pose of a.png that cannot be rendered: location: expected numbers of at most 1e+15 "
         "in size"),
        ("1 1 0 0 0 1 2 3 8 a.png\n\n",
         "has an image a.png of camera 8, which cameras.txt lacks; save the model again"),
        ("1 1 0 0 0 1 2 3 7\n\n",
         "is malformed in line 1; expected ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"),
        ("# one\n1 1 0 0 0 1 2 x 7 a.png\n\n",
         "is malformed in line 2; expected ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"),
        ("1 1 0 0 0 1 2 3 7 a.png\n2 1 0 0 0 1 2 3 7 b.png\n",
         "is malformed in line 2; expected the points of a.png, X Y POINT3D_ID of each, or an "
         "empty line"),
    ],
)  # fmt: skip
def test_images_in_text_that_cannot_be_used_in_words(
    tmp_path: Path, images: str, message: str
) -> None:
    folder = write_text_model(tmp_path, [0])
    (folder / "images.txt").write_text(images)
    assert refusal(folder) == f"camera.location.file: {folder / 'images.txt'} {message}"


def test_binary_images_that_end_anywhere_are_refused(tmp_path: Path) -> None:
    path = write_binary_model(tmp_path, [0, 1], points=1) / "images.bin"
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert refusal(tmp_path) == (
            f"camera.location.file: {path} ends before what it should hold; save the model again"
        )


def test_a_model_that_colmap_writes_comes_back(tmp_path: Path) -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera(
        model="PINHOLE", width=64, height=48, params=[70.5, 71.25, 30, 25.5], camera_id=7
    )
    model.add_camera_with_trivial_rig(camera)
    for image_id, i in ((1, 3), (2, 0), (3, 2), (4, 1)):
        rotation, eye = rotation_and_eye(i)
        cam_from_world = pycolmap.Rigid3d(pycolmap.Rotation3d(rotation), -rotation @ np.array(eye))
        image = pycolmap.Image(name=f"{i:03d}.png", camera_id=7, image_id=image_id)
        model.add_image_with_trivial_frame(image, cam_from_world)
    for kind in ("text", "binary"):
        folder = tmp_path / kind
        folder.mkdir()
        getattr(model, f"write_{kind}")(str(folder))
        poses = read_poses(folder, FRAME_PX)
        assert len(poses) == 4
        for i, pose in enumerate(poses):
            assert_is(pose, i)
            assert (pose.intrinsics, pose.drawn) == (LENS, {"file": {"pose": f"{i:03d}.png"}})


# ---- Files that are none of these


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    assert refusal(path) == f"camera.location.file: {path} does not exist; {EXPECTED}"


@pytest.mark.parametrize("images_are_a_folder", [False, True])
def test_a_folder_of_something_else(tmp_path: Path, images_are_a_folder: bool) -> None:
    (tmp_path / "cameras.txt").write_text("")
    if images_are_a_folder:
        (tmp_path / "images.txt").mkdir()
    assert refusal(tmp_path) == (
        f"camera.location.file: {tmp_path} holds neither dataset.json nor a COLMAP model "
        f"(cameras and images, .bin or .txt); {EXPECTED}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"poses", f"is not JSON (Expecting value: line 1 column 1 (char 0)); {EXPECTED}"),
        (b"\xff\xfe{}", "is not text in UTF-8"),
        (b"[1, 2]", f"has neither views, as a cameras.json, nor frames; {EXPECTED}"),
        (b"{}", f"has neither views, as a cameras.json, nor frames; {EXPECTED}"),
        (b'{"frames": {}}', "has frames that are no list of objects; save it again"),
        (b'{"frames": [3]}', "has frames that are no list of objects; save it again"),
    ],
)
def test_files_of_something_else(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "poses.json"
    path.write_bytes(content)
    assert refusal(path) == f"camera.location.file: {path} {message}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_text(tmp_path)
    assert str(caught.value) == f"camera.location.file: {tmp_path} cannot be read (Is a directory)"


# ---- In a plan


def planned(path: Path, number: int, *overrides: str) -> Plan:
    config = planning.camera(f"location.file.path='{path}'", *overrides, mode="file")
    return planning.plan(config, number)


def test_pose_i_is_view_i(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1, 2, 3])
    plan = planned(path, 3)
    for i in range(3):
        view = plan(i)
        assert_is(view.pose, i)
        assert (view.pose.intrinsics, view.rejected) == (LENS, {})
        assert view.pose.drawn == {"file": {"pose": f"view {i}"}}


def test_the_files_of_a_plan_are_told(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    config = planning.camera(f"location.file.path='{path}'", mode="file")
    assert input_files(config) == [path]


def test_a_file_of_too_few_poses(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1, 2])
    with pytest.raises(UsageError) as caught:
        planned(path, 4)
    assert str(caught.value) == (
        f"camera.location.file: {path} holds 3 poses, which is enough for 3 of the 4 views; "
        "ask for fewer, or name another file"
    )
    path = write_cameras(tmp_path / "cameras.json", [0])
    with pytest.raises(UsageError) as caught:
        planned(path, 6, "stereo.use=true")
    assert str(caught.value) == (
        f"camera.location.file: {path} holds 1 pose, which is enough for 2 of the 6 views; "
        "ask for fewer, or name another file"
    )


def test_poses_of_a_file_can_be_rolled_and_paired(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1])
    plan = planned(path, 4, "jitter.roll=0.5", "stereo.use=true", "stereo.baseline=0.1")
    for k in range(2):
        rotation, eye = rotation_and_eye(k)
        left, right = plan(2 * k).pose, plan(2 * k + 1).pose
        roll = left.drawn["roll_rad"]
        x_axis = math.cos(roll) * rotation[0] + math.sin(roll) * rotation[1]
        np.testing.assert_allclose(left.rotation[0], x_axis, atol=1e-12)
        np.testing.assert_allclose(right.location, eye + 0.1 * x_axis, atol=1e-12)
        assert left.drawn["file"] == right.drawn["file"] == {"pose": f"view {k}"}
        assert left.intrinsics == LENS


def test_a_rejected_pose_of_a_file_is_not_drawn_again(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1])
    config = planning.camera(f"location.file.path='{path}'", mode="file")
    with pytest.raises(UsageError) as caught:
        planning.plan(config, 2, reject=lambda *_: "inside geometry")(1)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 1 draw: once inside geometry; "
        "change camera.location.file, or relax camera.checks"
    )


def test_poses_of_a_file_look_at_no_target(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    with pytest.raises(UsageError) as caught:
        planned(path, 1, "jitter.target=0.1")
    assert str(caught.value) == (
        'camera.jitter.target is 0.1, but with camera.location.mode "file" cameras look at no '
        "target; set it to 0"
    )


def test_two_poses_on_the_target_are_as_far_apart_as_they_look(tmp_path: Path) -> None:
    """There is no direction from the target to them: their axes count."""
    matrices = [rigid(np.eye(3), planning.TARGET), rigid(np.diag([1, -1, -1]), planning.TARGET)]
    frames = [{"transform_matrix": matrix.tolist()} for matrix in matrices]
    path = write_nerf(tmp_path, frames, **LENS_OF_FILE)
    plan = planned(path, 2, "location.min_angle_deg=90")
    assert plan(1).rejected == {}
