"""A view transform as a table, for what Blender need not be asked again in every view.

Where a transform treats every channel by itself and rises with the light, 255 numbers say all
of it: the least light that is shown as each level. They are found by asking Blender for the
levels of chosen lights, so that the table says what Blender computes, whatever that is, but
within 1e-6 of such a light, where Blender's own curve goes to and fro (measured with 4.2, 4.5
and 5.0). Unlike Blender, it needs not the thread that renders.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

MOST_STOPS = 10
"""Of exposure, either way. Far beyond, Blender's Standard neither rises with the light nor treats
every channel by itself."""

_LEVELS = 255
_CHOICES = 256
"""Lights that are tried at once for each level: 8 of a number's 31 bits each time."""
_LARGEST = int(np.float32(np.finfo(np.float32).max).view(np.int32))
_BIN_BITS = 14
"""Of float32, left out in the number of its bin: such bins are narrower than the steps between
levels."""


class LevelTable:
    """The levels of light by one view transform."""

    def __init__(
        self, levels_of: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.uint8]]
    ) -> None:
        """`levels_of` gives the levels of an array of light, which rise with it."""
        thresholds = _thresholds(levels_of)
        bins = np.arange(1 << (32 - _BIN_BITS), dtype=np.uint32)
        # Of negative numbers, and of what is none, the level is 0.
        edges = (bins << _BIN_BITS).view(np.float32)
        proper = (edges >= 0) & ~np.signbit(edges)
        counts = np.searchsorted(thresholds, edges, side="right")
        self._levels = np.where(proper, counts, 0).astype(np.uint8)
        # The level of a bin's least light, and the light in it from where it is one more, if any.
        self._steps = np.full(len(bins), np.nan, np.float32)
        of_steps = thresholds.view(np.uint32) >> _BIN_BITS
        assert (np.diff(of_steps) > 0).all(), "two levels begin in one bin"
        inside = edges[of_steps] < thresholds
        self._steps[of_steps[inside]] = thresholds[inside]

    def levels(self, light: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """The levels of an array of finite light, in its shape."""
        bins = np.ascontiguousarray(light).view(np.uint32) >> _BIN_BITS
        found: npt.NDArray[np.uint8] = self._levels[bins] + (light >= self._steps[bins])
        return found


def _thresholds(
    levels_of: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.uint8]],
) -> npt.NDArray[np.float32]:
    """(255,) the least light that is shown as each level from 1.

    Numbers of one sign are in the order of their bits, read as an integer.
    """
    wanted = np.arange(1, _LEVELS + 1)
    # Those whose level is too low, and those whose level is high enough.
    low, high = np.full(_LEVELS, -1, np.int64), np.full(_LEVELS, _LARGEST, np.int64)
    shares = np.arange(1, _CHOICES)
    while (high - low > 1).any():
        choices = low[:, None] + (high - low)[:, None] * shares // _CHOICES
        light = np.maximum(choices, 0).astype(np.int32).view(np.float32)
        enough = (levels_of(light) >= wanted[:, None]) & (choices >= 0)
        bounds = np.column_stack([low, choices, high])
        first = _CHOICES - enough.sum(axis=1)
        rows = np.arange(_LEVELS)
        low, high = bounds[rows, first - 1], bounds[rows, first]
    return high.astype(np.int32).view(np.float32)
