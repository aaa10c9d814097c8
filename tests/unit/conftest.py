"""Records and cameras whose every number is unlike the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.folders import claim_of, ignore
from viewbatch.dataset import (
    CameraRecord,
    DatasetRecord,
    FileRecord,
    ModelRecord,
    ObjectRecord,
    ViewRecord,
)
from viewbatch.dataset.writer import ViewFiles, ViewWriter
from viewbatch.geometry import Bounds, Camera, Intrinsics, look_at, rigid


@pytest.fixture
def camera_record() -> CameraRecord:
    eye, target = (4.0, -7.0, 2.5), (1.0, 1 / 3, -0.25)
    rotation = look_at(eye, target)
    camera = Camera(
        intrinsics=Intrinsics(width=7, height=5, fx=math.pi, fy=2.75, cx=3.25, cy=0.1 + 0.2),
        cam_from_world=rigid(rotation, -rotation @ np.array(eye)),
    )
    drawn = {"radius_m": math.sqrt(2), "cycles_seed": 1121323793}
    return CameraRecord(camera=camera, near_m=1e-3, far_m=math.e, drawn=drawn)


@pytest.fixture
def view_record(camera_record: CameraRecord) -> Callable[..., ViewRecord]:
    def make(index: int = 3, **changes: Any) -> ViewRecord:
        values: dict[str, Any] = {
            "index": index,
            "camera": camera_record,
            "depth_range_m": (1 / 3, 2 / 3),
            "coverage": 1 / 7,
        }
        return ViewRecord(**{**values, **changes})

    return make


@pytest.fixture
def dataset_record() -> Callable[..., DatasetRecord]:
    def make(**changes: Any) -> DatasetRecord:
        values: dict[str, Any] = {
            "generator": "viewbatch 0.1.0",
            "blender": "4.5.15",
            "engine": "CYCLES",
            "device": "CPU",
            "denoiser": "none",
            "samples": 16,
            "model": ModelRecord(
                file="m\u00f6del.glb",
                sha256="ab" * 32,
                world_from_model=rigid(np.eye(3), [1, 2, 3]),
            ),
            "bounds": Bounds(minimum=(-1 / 3, 2.0, 3.0), maximum=(4.0, 5.5, 6.0), radius=math.pi),
            "objects": (
                ObjectRecord(
                    id=1,
                    name='a "b" [1, 2] [ 3 ]',
                    category="object",
                    world_from_object=np.eye(4) / 3,
                ),
            ),
            "categories": ("wheel", "object"),
            "materials": ("paint", "gl\u00e4s"),
            "inputs": {"world.hdri.path": "ef" * 32},
            "files": ("point_cloud.ply", "own.txt"),
            "seed": 5,
            "number_of_views": 4,
        }
        return DatasetRecord(**{**values, **changes})

    return make


@pytest.fixture
def files_of(camera_record: CameraRecord) -> Callable[[Path, int], ViewFiles]:
    def make(folder: Path, index: int) -> ViewFiles:
        return ViewFiles(
            folder=folder, index=index, cam_from_world=camera_record.camera.cam_from_world
        )

    return make


@pytest.fixture
def file_record() -> FileRecord:
    return FileRecord(name="003_depth.exr", sha256="cd" * 32)


@pytest.fixture
def add_view(
    view_record: Callable[..., ViewRecord], files_of: Callable[[Path, int], ViewFiles]
) -> Callable[[Path, int], None]:
    def add(out: Path, index: int) -> None:
        files = files_of(out, index)
        files.add_bytes("depth", ".exr", f"depth {index}".encode())
        with ViewWriter(ignore, dataset_sha256=claim_of(out).sha256) as to:
            to.submit(files, view_record(index))

    return add
