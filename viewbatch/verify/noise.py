"""How noisy the colour images are: two images of one view that differ in their noise alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.uint8]

MOST_DB = 99.0
"""Of images that do not differ at all."""


def psnr_db(first: Levels, second: Levels, shown: npt.NDArray[np.bool_]) -> float:
    """Peak signal-to-noise ratio of one of two images that have the same mean, in dB.

    Over the pixels of the (H, W) mask `shown`, in display levels of 255. Each of the two images
    has half of the variance of their difference: the ratio of the one to what it is a noisy
    image of is 3 dB better than that of the two to each other.
    """
    difference = first[..., :3][shown].astype(np.float64) - second[..., :3][shown]
    variance = float((difference**2).mean()) / 2 if difference.size else 0.0
    if not variance:
        return MOST_DB
    return min(MOST_DB, round(10 * math.log10(255**2 / variance), 2))
