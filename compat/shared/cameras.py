"""What readers make of the camera matrices in a conversion."""

from __future__ import annotations

import numpy as np

from compat.shared.report import Report
from viewbatch.geometry.transforms import Array

_ROTATION_LIMIT = 1e-5
"""How far a rotation may be from its inverse being its transpose: a dataset may have poses from
files in float32."""


def pixels_of(points_in_cam: Array, px_from_cam: Array) -> Array:
    """Pixels (n, 2) of points (n, 3) through a calibration matrix (3, 3); cam looks along +z.

    Infinite for points that are not in front: a camera that looks the other way would project
    them to the same pixels.
    """
    in_front = points_in_cam[:, 2] > 0
    homogeneous = points_in_cam[in_front] @ px_from_cam.T
    pixels = np.full((len(points_in_cam), 2), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels[in_front] = homogeneous[:, :2] / homogeneous[:, 2:]
    return pixels


def check_rigid(report: Report, poses: list[Array]) -> None:
    """Whether matrices (4, 4) turn and move, and do nothing else: pixels do not tell scale."""
    count = sum(map(_is_rigid, poses))
    report.fact("poses", f"{count} of {len(poses)} rigid", good=count == len(poses))


def _is_rigid(pose: Array) -> bool:
    rotation = pose[:3, :3]
    return (
        pose[3].tolist() == [0, 0, 0, 1]
        and bool(np.abs(rotation @ rotation.T - np.eye(3)).max() <= _ROTATION_LIMIT)
        and bool(np.linalg.det(rotation) > 0)
    )
