"""What counts as equal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """Limits up to which two datasets are equal; the defaults are those of the command."""

    camera: float = 1e-6
    """Of a camera: rotation in radians, centre over the scene's radius, intrinsics over the
    image's width, clip planes over themselves; of the bounds and objects, metres over that radius.
    Blender keeps lens and pose in float32, whose roundings are 6e-8 of a number."""
    depth: float = 1e-5
    """Of depths and distances, over themselves; of positions, over their distance from the camera;
    of other numbers, over the largest of the file. Other processors and Blender versions keep
    depths within this."""
    normal_deg: float = 0.1
    """Between normals. A half float holds a unit vector to 0.03 degrees."""
    psnr_db: float = 40.0
    """The lowest of colour. 40 dB are 2.6 of 255 levels on average, which is hard to see."""
    share: float = 0.0
    """Of a file's pixels: how many may be beyond the other limits, 0 to 1."""
