"""What the readers of both layouts make of the files.

Both put the first pixel's centre at (0.5, 0.5), and their cameras look along -z, x right, y up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compat.shared.cameras import pixels_of
from compat.shared.images import open_converted
from compat.to_nerf.nerfstudio import LENS
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

PARTS = ("train", "val", "test")

_LISTS = [f"{part}_filenames" for part in PARTS]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """An image with its camera. Paths are relative to the conversion's folder."""

    image: str
    keys: frozenset[str]
    """What the file says of it."""
    width: int
    height: int
    focal_px: tuple[float, float]
    center_px: tuple[float, float]
    world_from_glcam: Array
    """(4, 4) from x right, y up, z backward."""
    mask: str | None = None
    depth: str | None = None
    instant_ngp_depth: str | None = None
    """The same file, to that reader."""

    def project(self, points_in_world: Array) -> tuple[Array, Array]:
        """Pixels (n, 2) and planar depth (n,) of points (n, 3); see `pixels_of`."""
        rotation, origin = self.world_from_glcam[:3, :3], self.world_from_glcam[:3, 3]
        in_cam = (points_in_world - origin) @ rotation * [1, -1, -1]
        (fx, fy), (cx, cy) = self.focal_px, self.center_px
        px_from_cam = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        return pixels_of(in_cam, px_from_cam), in_cam[:, 2]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All frames, and the images of each part of the split, where there is one.

    Those of NeRF's synthetic scenes are once for each part that lists them.
    """

    frames: Sequence[Frame]
    parts: Mapping[str, Sequence[str]]
    others: Mapping[str, object] = field(default_factory=dict)
    """What else the files say."""


def read_blender(folder: Path) -> Reading:
    """`transforms_train.json`, `_val` and `_test`: focal lengths by the field of view."""
    frames: list[Frame] = []
    parts: dict[str, Sequence[str]] = {}
    others: dict[str, object] = {}
    for part in PARTS:
        path = folder / f"transforms_{part}.json"
        tree = _load(path)
        try:
            listed = [_blender_frame(folder, tree, frame) for frame in tree["frames"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _malformed(path, error) from error
        parts[part] = [frame.image for frame in listed]
        frames += listed
        others |= {key: tree[key] for key in tree.keys() - {"camera_angle_x", "frames"}}
    return Reading(frames=frames, parts=parts, others=others)


def read_nerfstudio(folder: Path) -> Reading:
    """`transforms.json`: what the file says of the lens goes before what a frame says."""
    path = folder / "transforms.json"
    tree = _load(path)
    try:
        return Reading(
            frames=[_nerfstudio_frame(tree, frame) for frame in tree["frames"]],
            parts={
                part: [str(name) for name in tree[f"{part}_filenames"]]
                for part in PARTS
                if any(key.endswith("_filenames") for key in tree)
            },
            others={key: tree[key] for key in tree.keys() - {"frames", *LENS, *_LISTS}},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(path, error) from error


def _blender_frame(folder: Path, tree: Mapping[str, Any], frame: Mapping[str, Any]) -> Frame:
    image = _text(frame, "file_path").removeprefix("./") + ".png"
    width, height = _size(folder / image)
    angle = float(tree["camera_angle_x"])
    if not 0 < angle < math.pi:
        raise ValueError(f"camera_angle_x is {angle:g}")
    focal = width / 2 / math.tan(angle / 2)
    return Frame(
        image=image,
        keys=frozenset(frame),
        width=width,
        height=height,
        focal_px=(focal, focal),
        center_px=(width / 2, height / 2),
        world_from_glcam=_matrix(frame["transform_matrix"]),
    )


def _nerfstudio_frame(tree: Mapping[str, Any], frame: Mapping[str, Any]) -> Frame:
    values = {**frame, **tree}
    return Frame(
        image=_text(values, "file_path"),
        keys=frozenset(frame),
        width=_whole(values, "w"),
        height=_whole(values, "h"),
        focal_px=(float(values["fl_x"]), float(values["fl_y"])),
        center_px=(float(values["cx"]), float(values["cy"])),
        world_from_glcam=_matrix(values["transform_matrix"]),
        mask=_text(values, "mask_path") if "mask_path" in values else None,
        depth=_text(values, "depth_file_path") if "depth_file_path" in values else None,
        instant_ngp_depth=_text(values, "depth_path") if "depth_path" in values else None,
    )


def _text(values: Mapping[str, Any], key: str) -> str:
    if not isinstance(values[key], str):
        raise TypeError(f"{key} is {values[key]!r}")
    return str(values[key])


def _whole(values: Mapping[str, Any], key: str) -> int:
    if type(values[key]) is not int:
        raise TypeError(f"{key} is {values[key]!r}")
    return int(values[key])


def _matrix(rows: object) -> Array:
    matrix = np.array(rows, dtype=np.float64)
    if matrix.shape != (4, 4):
        raise ValueError(f"a transform_matrix of shape {matrix.shape} where 4x4 is expected")
    return matrix


def _size(path: Path) -> tuple[int, int]:
    with open_converted(path) as image:
        return image.size


def _load(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(tree, dict):
        raise DatasetError(f"{path} holds no JSON object")
    return tree


def _malformed(path: Path, error: Exception) -> DatasetError:
    what = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return DatasetError(f"{path} is not what was written: {what}; convert again")
