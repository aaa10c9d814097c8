"""[camera.location.file]: poses that stand in a file, by what the file is.

dataset folder      dataset.json, and cameras.json or NNN_view.json         records.py
cameras.json        the cameras that --skip-render plans                    records.py
transforms.json     nerfstudio, instant-ngp, NeRF's synthetic scenes        nerf.py
COLMAP model        cameras and images, .bin or .txt, here or in sparse/0   colmap.py

All of them are taken to be in the world of the model as it is rendered.
"""

from __future__ import annotations

import json
from pathlib import Path

from viewbatch.config.camera import CameraConfig, LocationMode
from viewbatch.dataset import layout
from viewbatch.sampling.pose_files import colmap, nerf, records
from viewbatch.sampling.pose_files.reading import problem, read_text
from viewbatch.sampling.poses import Pose

EXPECTED = "name a dataset's folder, a cameras.json, a transforms.json or a COLMAP model's folder"


def read_poses(path: Path, frame_px: tuple[int, int]) -> list[Pose]:
    """The poses of a file in its order, of a COLMAP model in that of its images' names.

    `frame_px`, width and height, is the size of images of which the file does not tell it.
    Raises `UsageError` where the file cannot be used.
    """
    files = pose_files(path)
    if path.is_dir():
        if not (path / layout.DATASET).exists():
            return colmap.read(*files)
        if files != [path / layout.CAMERAS]:
            return records.read_views(path)
    (file,) = files
    text = read_text(file)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise problem(file, f"is not JSON ({error}); {EXPECTED}") from error
    if isinstance(data, dict) and "frames" in data:
        return nerf.read(data, file, frame_px)
    if isinstance(data, dict) and "views" in data:
        return records.read_cameras(text, file)
    raise problem(file, f"has neither views, as a cameras.json, nor frames; {EXPECTED}")


def pose_files(path: Path) -> list[Path]:
    """The files that hold the poses which are found at a path."""
    if not path.exists():
        raise problem(path, f"does not exist; {EXPECTED}")
    if not path.is_dir():
        return [path]
    if (path / layout.CAMERAS).exists() and (path / layout.DATASET).exists():
        return [path / layout.CAMERAS]
    if (path / layout.DATASET).exists():
        return records.view_files(path)
    for folder in (path, path / "sparse" / "0"):
        # COLMAP itself reads the binary files where both lie together.
        for suffix in (".bin", ".txt"):
            model = [folder / f"cameras{suffix}", folder / f"images{suffix}"]
            if all(file.is_file() for file in model):
                return model
    raise problem(
        path,
        "holds neither dataset.json nor a COLMAP model (cameras and images, .bin or .txt); "
        + EXPECTED,
    )


def input_files(camera: CameraConfig) -> list[Path]:
    """The files on whose content the poses depend; none where they come from no file."""
    if camera.location.mode is not LocationMode.FILE:
        return []
    return pose_files(Path(camera.location.file.path))
