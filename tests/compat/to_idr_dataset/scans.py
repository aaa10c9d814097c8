"""Scans as IDR's and NeuS's loaders read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.compat.datasets import surface
from viewbatch.dataset import Dataset

NAME = "to_idr_dataset"
Array = npt.NDArray[Any]

SCAN = "IDR itself looks for folders called scan1, scan2 and so on, not out"
BLACK = "the format has no alpha, so images are put on black (--background chooses a grey)"
ONE = "the 7 objects become one in the masks"


def views_of(folder: Path) -> list[int]:
    """Indices of the views that the images show, in the order in which loaders sort them."""
    names = json.loads((folder / "conversion.json").read_text())["views"]
    images = sorted(path.name for path in (folder / "image").iterdir())
    return [names[f"image/{name}"] for name in images]


def loaded(
    folder: Path, number: int, dtype: Any = np.float64, file: str = "cameras.npz"
) -> tuple[Array, Array, Array, Array]:
    """(K, cam_from_unit, centre in the unit sphere's frame, world_from_unit) of an image.

    As `load_K_Rt_from_P` of both loaders, which work in float32, has them.
    """
    with np.load(folder / file) as matrices:
        world_mat = matrices[f"world_mat_{number}"].astype(dtype)
        scale_mat = matrices[f"scale_mat_{number}"].astype(dtype)
    k, rotation, center, *_ = cv2.decomposeProjectionMatrix((world_mat @ scale_mat)[:3])
    return k / k[2, 2], rotation, (center[:3] / center[3])[:, 0], scale_mat


def largest_error_px(dataset: Dataset, folder: Path, dtype: Any = np.float64) -> float:
    """How far the surface lands from its pixels, whose centres are integers here."""
    worst = 0.0
    for number, index in enumerate(views_of(folder)):
        points, pixels = surface(dataset.view(index))
        k, rotation, center, scale_mat = loaded(folder, number, dtype)
        in_unit = (
            np.linalg.inv(scale_mat.astype(np.float64)) @ np.c_[points, np.ones(len(points))].T
        )
        x, y, z = rotation @ (in_unit[:3] - center[:, None])
        # The inverse of IDR's `lift`, which knows a skew.
        u = (k[0, 0] * x + k[0, 1] * y) / z + k[0, 2]
        v = k[1, 1] * y / z + k[1, 2]
        off = np.abs(np.stack([u, v], axis=-1) - (pixels - 0.5))
        worst = max(worst, float(np.where(z[:, None] > 0, off, np.inf).max()))
    return worst
