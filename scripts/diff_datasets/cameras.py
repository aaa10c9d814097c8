"""How far two cameras are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scripts.diff_datasets.tolerances import Tolerances
from viewbatch.dataset import CameraRecord


@dataclass(frozen=True, kw_only=True)
class CameraDifference:
    """Of one view's camera in two datasets."""

    within: bool
    largest: float
    """Of all that the tolerance of cameras applies to."""
    rotation_deg: float
    center_m: float
    center_of_radius: float
    """The same over the scene's radius."""
    intrinsics_px: float
    """The largest difference of fx, fy, cx and cy."""
    size_px: tuple[int, int, int, int] | None
    """Both widths and heights, where they differ."""
    clip: float
    """The larger relative difference of the two clip planes."""

    @property
    def words(self) -> str:
        """For people."""
        said = (
            f"turned by {self.rotation_deg:.2g} degrees, moved by {self.center_m:.2g} m "
            f"({self.center_of_radius:.2g} of the scene's radius), intrinsics "
            f"{self.intrinsics_px:.2g} px apart"
        )
        if self.clip:
            said += f", clip planes {self.clip:.2g} apart"
        if self.size_px is not None:
            a, b, c, d = self.size_px
            said += f", {a}x{b} and {c}x{d} pixels"
        return said


def compare_cameras(
    a: CameraRecord, b: CameraRecord, radius_m: float, tolerances: Tolerances
) -> CameraDifference:
    """The second camera against the first, in a scene of that radius."""
    one, other = a.camera.intrinsics, b.camera.intrinsics
    rotations = a.camera.cam_from_world[:3, :3], b.camera.cam_from_world[:3, :3]
    # |R - S| = 2 sqrt(2) sin(angle / 2), which keeps its digits where the angle is small.
    chord = float(np.linalg.norm(rotations[0] - rotations[1]))
    angle_rad = 2 * math.asin(min(1.0, chord / (2 * math.sqrt(2))))
    center_m = float(np.linalg.norm(a.camera.center_in_world - b.camera.center_in_world))
    intrinsics_px = max(
        abs(getattr(one, name) - getattr(other, name)) for name in ("fx", "fy", "cx", "cy")
    )
    sizes = (one.width, one.height, other.width, other.height)
    clip = max(abs(a.near_m - b.near_m) / a.near_m, abs(a.far_m - b.far_m) / a.far_m)
    same_size = sizes[:2] == sizes[2:]
    largest = max(angle_rad, center_m / radius_m, intrinsics_px / one.width, clip)
    return CameraDifference(
        within=same_size and largest <= tolerances.camera,
        largest=largest,
        rotation_deg=math.degrees(angle_rad),
        center_m=center_m,
        center_of_radius=center_m / radius_m,
        intrinsics_px=intrinsics_px,
        size_px=None if same_size else sizes,
        clip=clip,
    )
