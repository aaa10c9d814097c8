"""Views as nerfstudio and the readers of NeRF's synthetic scenes make them of the files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.compat.datasets import surface
from viewbatch.dataset import Dataset

NAME = "to_nerf"
Array = npt.NDArray[Any]

SEVEN_OBJECTS = "warning: masks/ does not tell the 7 objects from each other"
OUT_OF_REACH = (
    "warning: readers of this layout look for objects up to 1.3 from the origin on each axis and 2 "
    "to 6 from the camera, and these reach to 4.27 and are up to 8.05 away; set model.normalize "
    "and the cameras as references/configs/nerf_synthetic.toml does, or tell the reader"
)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What a reader has of an image."""

    path: Path
    fx: float
    fy: float
    cx: float
    cy: float
    pose: Array
    """(4, 4) camera-to-world of a camera that looks along -z, y up."""
    mask: Path | None = None
    depth: Path | None = None


def read_nerfstudio(folder: Path, part: str | None = None) -> list[Shot]:
    """As nerfstudio's parser goes through transforms.json, all frames or those of a part."""
    meta = json.loads((folder / "transforms.json").read_text())
    assert meta["camera_model"] in ("OPENCV", "PINHOLE")
    assert not any(meta.get(key) for key in ("k1", "k2", "k3", "k4", "p1", "p2"))
    frames = sorted(meta["frames"], key=lambda frame: folder / frame["file_path"])
    shots = []
    for frame in frames:
        # What the file has is fixed for all frames; otherwise each frame must have it.
        lens = {
            key: float(meta[key] if key in meta else frame[key])
            for key in ("fl_x", "fl_y", "cx", "cy", "w", "h")
        }
        with Image.open(folder / frame["file_path"]) as image:
            assert image.size == (lens["w"], lens["h"])
            assert np.asarray(image).shape[2:] in ((3,), (4,))
        shots.append(
            Shot(
                path=folder / frame["file_path"],
                fx=lens["fl_x"], fy=lens["fl_y"], cx=lens["cx"], cy=lens["cy"],
                pose=np.array(frame["transform_matrix"]),
                mask=folder / frame["mask_path"] if "mask_path" in frame else None,
                depth=folder / frame["depth_file_path"] if "depth_file_path" in frame else None,
            )
        )  # fmt: skip
    assert sum(shot.mask is not None for shot in shots) in (0, len(shots))
    assert sum(shot.depth is not None for shot in shots) in (0, len(shots))
    if part is None:
        return shots
    wanted = {folder / name for name in meta[f"{part}_filenames"]}
    assert wanted <= {shot.path for shot in shots}
    return [shot for shot in shots if shot.path in wanted]


def read_blender(folder: Path, part: str | None = None) -> list[Shot]:
    """As nerf-pytorch's load_blender does it, the frames of all parts or of one."""
    metas = {
        name: json.loads((folder / f"transforms_{name}.json").read_text())
        for name in ("train", "val", "test")
    }
    found = {
        name: [(folder / (f["file_path"] + ".png"), f["transform_matrix"]) for f in meta["frames"]]
        for name, meta in metas.items()
    }
    images = []
    for frames in found.values():
        assert frames
        for path, _ in frames:
            with Image.open(path) as image:
                images.append(np.asarray(image))
    # It stacks them, with four channels.
    height, width, _ = np.array(images)[..., :4].shape[1:]
    assert {image.shape for image in images} == {(height, width, 4)}
    focal = 0.5 * width / np.tan(0.5 * metas["test"]["camera_angle_x"])
    return [
        # nerfstudio and instant-ngp put the principal point in the middle, and pixel centres
        # at halves.
        Shot(path=path, fx=focal, fy=focal, cx=width / 2, cy=height / 2, pose=np.array(pose))
        for name, frames in found.items()
        if part in (None, name)
        for path, pose in frames
    ]


def read(folder: Path) -> list[Shot]:
    """The shots of either layout."""
    blender = (folder / "transforms_train.json").exists()
    return read_blender(folder) if blender else read_nerfstudio(folder)


def view_of(folder: Path, shot: Shot) -> int:
    """The index of the view that an image shows."""
    views: dict[str, int] = json.loads((folder / "conversion.json").read_text())["views"]
    return views[shot.path.resolve().relative_to(folder.resolve()).as_posix()]


def largest_error_px(dataset: Dataset, folder: Path) -> float:
    """How far the surface lands from its pixels, by the files alone."""
    worst = 0.0
    for shot in read(folder):
        points, pixels = surface(dataset.view(view_of(folder, shot)))
        x, y, z = np.linalg.inv(shot.pose)[:3] @ np.c_[points, np.ones(len(points))].T
        found = np.stack([shot.cx + shot.fx * x / -z, shot.cy - shot.fy * y / -z], axis=-1)
        # A point behind the camera has no pixel.
        worst = max(worst, float(np.where(z[:, None] < 0, np.abs(found - pixels), np.inf).max()))
    return worst


def lifted(shot: Shot, depth_m: Array) -> Array:
    """(H, W, 3) what the pixels of a planar depth map show, as nerfstudio's rays go."""
    rows, columns = np.indices(depth_m.shape) + 0.5
    rays = [(columns - shot.cx) / shot.fx, -(rows - shot.cy) / shot.fy, -np.ones(depth_m.shape)]
    points = np.stack(rays, axis=-1) * depth_m[..., None]
    return points @ shot.pose[:3, :3].T + shot.pose[:3, 3]


PARTS = ("train", "val", "test")
