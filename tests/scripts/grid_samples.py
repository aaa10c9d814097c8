"""Images and datasets that the tests of scripts/grid share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image

from viewbatch.dataset import CameraRecord, DatasetRecord, FileRecord, ModelRecord, ViewRecord
from viewbatch.geometry import Bounds, Camera, Intrinsics

RED, GREEN, BLUE = (200, 30, 20), (10, 180, 40), (30, 60, 220)

Pixels = np.ndarray[Any, np.dtype[Any]]


def plain(color: tuple[int, ...], width: int = 6, height: int = 4) -> Pixels:
    return np.full((height, width, len(color)), color, dtype=np.uint8)


def save_exr(path: Path, channels: Mapping[str, Pixels]) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {k: np.ascontiguousarray(v) for k, v in channels.items()}) as file:
        file.write(str(path))


def write_dataset(folder: Path, views: Mapping[int, Mapping[str, Pixels]], planned: int) -> Path:
    """A dataset with these files; render is RGB, mask are ids."""
    folder.mkdir()
    identity = np.eye(4)
    record = DatasetRecord(
        generator="test",
        blender="4.5.15",
        engine="CYCLES",
        device="CPU",
        denoiser="none",
        samples=4,
        model=ModelRecord(file="model.glb", sha256="0" * 64, world_from_model=identity),
        bounds=Bounds(minimum=(0, 0, 0), maximum=(1, 1, 1), radius=1.0),
        objects=(),
        categories=("object",),
        materials=(),
        inputs={},
        seed=0,
        number_of_views=planned,
    )
    (folder / "dataset.json").write_text(record.to_json(), encoding="utf-8")
    intrinsics = Intrinsics(width=6, height=4, fx=5, fy=5, cx=3, cy=2)
    camera = CameraRecord(
        camera=Camera(intrinsics=intrinsics, cam_from_world=identity),
        near_m=0.1,
        far_m=10,
        drawn={},
    )
    for index, kinds in views.items():
        files = {}
        for kind, pixels in kinds.items():
            name = f"{index:03d}_{kind}.{'png' if kind == 'render' else 'exr'}"
            if kind == "render":
                Image.fromarray(pixels).save(folder / name)
            else:
                save_exr(folder / name, {"Y": pixels})
            files[kind] = FileRecord(name=name, sha256="0" * 64)
        view = ViewRecord(index=index, camera=camera, depth_range_m=None, coverage=0, files=files)
        (folder / f"{index:03d}_view.json").write_text(view.to_json(), encoding="utf-8")
    return folder
