"""How a changed key shows in two datasets.

A `Show` is given the dataset that was made without a key, and the one with it, and asserts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.blender.keys.readings import intrinsics, levels, light, middle, seen
from viewbatch.dataset import Dataset

Show = Callable[[Dataset, Dataset], Any]


def brighter(a: Dataset, b: Dataset) -> None:
    assert light(b).mean() > 1.02 * light(a).mean()


def frame_of(width: int, height: int) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        k = intrinsics(b)
        assert (k.width, k.height) == (width, height)
        assert levels(b).shape[:2] == seen(b, "depth").shape == (height, width)

    return show


def lights_up(where: Callable[[Dataset], float] = middle) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        assert (where(a), where(b) > 0.01) == (0, True)

    return show
