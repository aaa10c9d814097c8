"""`bounding_box.txt`: the targets' box in world; and the boxes of objects in every view."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from viewbatch._decode import Positive
from viewbatch.dataset.text import rows_text
from viewbatch.geometry.transforms import Vector3
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import BatchContext, Plugin, ViewContext

VOXELS = 512


class BoundingBox(Plugin):
    """One line `x_min y_min z_min x_max y_max z_max voxel_size`, metres, as NSVF reads it.

    The record of a view notes `boxes_px`: of every object that is seen its id, its box
    [x_min, y_min, x_max, y_max] (edges of pixels), and its number of pixels.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        voxel_size: Positive | Literal["auto"]

    config: Config
    passes = frozenset({Pass.OBJECT_ID})
    dataset_files = ("bounding_box.txt",)

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        view.note("boxes_px", _boxes_px(frame[Pass.OBJECT_ID]))

    def on_batch_finished(self, batch: BatchContext) -> None:
        bounds = batch.scene.record.bounds
        size = self.config.voxel_size
        if size == "auto":
            size = _voxel_size(bounds.size)
        line = rows_text([*bounds.minimum, *bounds.maximum, size])
        batch.write_bytes("bounding_box.txt", line.encode())


def _voxel_size(sides_m: Vector3) -> float:
    """Side of a voxel of which about 512 make the box.

    That is (volume / 512)^(1/3), as NSVF's own script has it, unless the box is thinner
    than that: a side thinner than a voxel takes one voxel, and the others share them.
    """
    a, b, c = sorted(sides_m, reverse=True)
    size = math.cbrt(a * b * c / VOXELS)
    if c <= size:
        size = math.sqrt(a * b / VOXELS)
        if b <= size:
            size = a / VOXELS
    return size


def _boxes_px(ids: npt.NDArray[np.uint32]) -> list[dict[str, Any]]:
    rows, columns = np.nonzero(ids)
    seen = ids[rows, columns]
    pixels = np.bincount(seen)
    low = np.full((len(pixels), 2), max(ids.shape))
    high = np.zeros((len(pixels), 2), int)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], seen, places)
        np.maximum.at(high[:, axis], seen, places + 1)
    return [
        {"id": int(i), "box": [*low[i].tolist(), *high[i].tolist()], "pixels": int(pixels[i])}
        for i in np.flatnonzero(pixels)
    ]
