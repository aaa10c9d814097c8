"""An id map with boxes that are known."""

from __future__ import annotations

import numpy as np

from tests.scripts.foreign_exr import Pixels


def sample_ids() -> Pixels:
    ids = np.zeros((20, 30), np.uint32)
    ids[2:7, 3:9] = 5
    ids[10:18, 12:28] = 200
    ids[12, 15] = 0
    return ids
