"""Views as NSVF's loaders read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.compat.datasets import surface
from viewbatch.dataset import Dataset

NAME = "to_nsvf_dataset"
Array = npt.NDArray[Any]


def read(folder: Path, stem: str) -> tuple[Array, Array, Array]:
    """(levels, K, world_from_cam) of an image, as NSVF's loader reads them."""
    with Image.open(folder / "rgb" / f"{stem}.png") as image:
        levels = np.asarray(image)
    own = folder / "intrinsic" / f"{stem}.txt"
    matrix = np.loadtxt(own if own.exists() else folder / "intrinsics.txt")
    return levels, matrix[:3, :3], np.loadtxt(folder / "pose" / f"{stem}.txt")


def largest_error_px(dataset: Dataset, folder: Path, center_px: float = 0.5) -> float:
    """How far the surface lands from its pixels, by the files alone."""
    worst = 0.0
    for name, index in json.loads((folder / "conversion.json").read_text())["views"].items():
        points, pixels = surface(dataset.view(index))
        _, k, world_from_cam = read(folder, Path(name).stem)
        x, y, z = np.linalg.inv(world_from_cam)[:3] @ np.c_[points, np.ones(len(points))].T
        if not (z > 0).all():
            return np.inf
        found = np.stack([k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]], axis=-1)
        worst = max(worst, float(np.abs(found - (pixels - 0.5 + center_px)).max()))
    return worst
