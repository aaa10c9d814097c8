"""The pose of a frame in `transforms.json`."""

from __future__ import annotations

import numpy as np

from viewbatch.geometry import Camera

_CAM_FROM_GLCAM = np.diag([1.0, -1.0, -1.0, 1.0])
"""From OpenGL's axes, x right, y up, z backward, to those of `cam`."""


def transform_matrix(camera: Camera) -> list[list[float]]:
    """(4, 4) from a camera with OpenGL's axes to world."""
    # Adding 0.0 turns -0.0 into 0.0.
    rows: list[list[float]] = (camera.world_from_cam @ _CAM_FROM_GLCAM + 0.0).tolist()
    return rows
