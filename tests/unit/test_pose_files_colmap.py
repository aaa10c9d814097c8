"""Poses of the camera from COLMAP's models."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pycolmap
import pytest

from tests.unit.planning import FRAME_PX
from tests.unit.written_poses import (
    LENS,
    assert_is,
    colmap_images,
    refusal,
    rotation_and_eye,
    write_text_model,
)
from viewbatch.geometry import Intrinsics
from viewbatch.sampling.pose_files import pose_files, read_poses


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
