"""Poses from records of this program: a dataset's views, or a plan of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viewbatch.dataset import CameraRecord, Dataset, layout
from viewbatch.dataset.records import cameras_from_json
from viewbatch.sampling.pose_files.reading import (
    exact_rotation,
    location_of,
    pose_in_file,
    problem,
)
from viewbatch.sampling.poses import Pose


def view_files(folder: Path) -> list[Path]:
    """The records of the views that exist, by index."""
    indices = (layout.index_of_record(path.name) for path in folder.iterdir())
    return [folder / layout.view_record(i) for i in sorted(i for i in indices if i is not None)]


def read_views(folder: Path) -> list[Pose]:
    """The poses of a dataset's views."""
    views = Dataset.open(folder).views
    return _poses(((view.index, view.record.camera) for view in views), folder)


def read_cameras(text: str, path: Path) -> list[Pose]:
    """The poses of a `cameras.json`."""
    return _poses(sorted(cameras_from_json(text, str(path)).items()), path)


def _poses(cameras: Iterable[tuple[int, CameraRecord]], path: Path) -> list[Pose]:
    poses: list[Pose] = []
    for index, record in cameras:
        if index != len(poses):
            raise problem(path, f"has a view {index} but no view {len(poses)}; complete it first")
        name = f"view {index}"
        matrix = record.camera.cam_from_world
        rotation = exact_rotation(matrix[:3, :3], name, path)
        x, y, z = (float(v) for v in matrix[:3, 3])
        location = location_of(rotation, (x, y, z))
        poses.append(pose_in_file(name, rotation, location, record.camera.intrinsics, path))
    return poses
