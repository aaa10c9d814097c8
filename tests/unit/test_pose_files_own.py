"""Poses of the camera from this program's own datasets and plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.planning import FRAME_PX
from tests.unit.written_poses import LENS, assert_is, camera_record, refusal, write_cameras
from viewbatch.dataset import DatasetRecord, ModelRecord, ViewRecord
from viewbatch.dataset.records import cameras_from_json, cameras_to_json
from viewbatch.errors import DatasetError
from viewbatch.geometry import Bounds
from viewbatch.sampling.pose_files import pose_files, read_poses


def write_dataset(folder: Path, indices: list[int]) -> Path:
    record = DatasetRecord(
        generator="viewbatch 0.1.0",
        blender="4.5.15",
        engine="CYCLES",
        device="CPU",
        denoiser="none",
        samples=4,
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
