"""Colours as images keep them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def srgb(linear: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """sRGB's transfer function, for values from 0 to 1."""
    x = np.clip(np.asarray(linear, dtype=np.float64), 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
