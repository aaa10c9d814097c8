"""The depth that a layout shows, and the planes between which a network looks for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import View

Depth = npt.NDArray[np.float32]

MARGIN_PLANES = 2
"""In front of the nearest surface and behind the farthest: loaders drop what lies at the ends."""

# A plane that faces the camera has a range nevertheless.
_LEAST_SHARE = 1e-3


class Surfaces(StrEnum):
    """Whose depth is written."""

    OBJECTS = "objects"
    ALL = "all"


def shown_depth(view: View, surfaces: Surfaces, *, ground: int) -> Depth:
    """(H, W) planar depth of what counts, metres; 0 elsewhere.

    `ground` is the ground's id in the masks, or 0: it is no object.
    """
    depth = np.asarray(view.read("depth"), dtype=np.float32)
    if surfaces is Surfaces.ALL:
        return depth
    ids = np.asarray(view.read("mask"), dtype=np.uint32)
    return np.where((ids > 0) & (ids != ground), depth, np.float32(0))


@dataclass(frozen=True, kw_only=True)
class DepthRange:
    """Planes at `minimum + i * interval`, i from 0 to `planes - 1` (metres)."""

    minimum: float
    interval: float
    planes: int

    @property
    def maximum(self) -> float:
        """Depth of the last plane."""
        return self.minimum + self.interval * (self.planes - 1)


def bracket(depth: Depth, planes: int) -> DepthRange:
    """The planes for a map that shows a surface: its range, and a margin at either end."""
    there = depth[depth > 0].astype(np.float64)
    near = float(there.min())
    far = max(float(there.max()), near * (1 + _LEAST_SHARE))
    margin = MARGIN_PLANES * (far - near) / (planes - 1 - 2 * MARGIN_PLANES)
    # Where planes are few and far apart, the margin must not reach the camera.
    minimum = max(near - margin, near / 2)
    interval = (far + margin - minimum) / (planes - 1)
    while any(_rounds_to_more(minimum, interval * scale, planes) for scale in (1.0, 1.06)):
        interval = float(np.nextafter(interval, np.inf))
    return DepthRange(minimum=minimum, interval=interval, planes=planes)


def _rounds_to_more(minimum: float, interval: float, planes: int) -> bool:
    """Whether MVSNet_pytorch would get a plane more than it has.

    It counts them by a floating-point range whose end lies on a plane (datasets/dtu_yao.py),
    with 1.06 intervals by default; one plane more ends its training with an error.
    """
    return len(np.arange(minimum, interval * planes + minimum, interval)) != planes
