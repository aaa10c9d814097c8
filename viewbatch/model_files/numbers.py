"""Read numbers from text, many at once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = float(np.finfo(np.float32).max)
"""Blender's coordinates are 32-bit numbers; what is larger becomes infinite."""


def parse(text: bytes, kind: type[np.float64] | type[np.int64]) -> npt.NDArray[Any] | None:
    """All numbers between white space; None where anything else stands there."""
    if not text.strip():
        return np.empty(0, kind)
    with warnings.catch_warnings():
        # NumPy warns, and from 2.3 on raises, at the first thing that is no number.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, kind, sep=" ")
        except (DeprecationWarning, ValueError):
            return None


def unusable(coordinates: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which rows (N, 3) hold a number that is not finite in 32 bits."""
    # One comparison finds NaN, infinity and what overflows.
    usable: npt.NDArray[np.bool_] = (np.abs(coordinates) <= LARGEST).all(axis=-1)
    return ~usable
