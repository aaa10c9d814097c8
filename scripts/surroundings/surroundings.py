# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0"]
# ///
"""Make the reference surroundings: studio.exr, a light, and backdrop.png, a background.

    uv run scripts/surroundings/surroundings.py references/surroundings

README.md beside this file describes both.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STUDIO_SIZE_PX = (256, 128)
BACKDROP_SIZE_PX = (720, 540)


@dataclass(frozen=True, kw_only=True)
class SoftBox:
    """A rectangular lamp, infinitely far away, that faces the middle of the studio.

    Azimuth from +x towards +y, elevation from the horizon, half its angular size across
    and up; the colour is linear radiance.
    """

    azimuth_deg: float
    elevation_deg: float
    half_width_deg: float
    half_height_deg: float
    color: tuple[float, float, float]

    def share(self, directions: Array) -> Array:
        """0 to 1: how much of unit vectors (..., 3) lies in the lamp, soft at its edge."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        forward = spherical(azimuth, elevation)
        right = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
        ahead = directions @ forward
        in_front = ahead > 1e-6
        ahead = np.where(in_front, ahead, 1.0)
        x = np.abs(directions @ right) / ahead / math.tan(math.radians(self.half_width_deg))
        y = np.abs(directions @ np.cross(right, forward)) / ahead
        y = y / math.tan(math.radians(self.half_height_deg))
        return in_front * smoothstep((1.0 - np.maximum(x, y)) / 0.2)


# A key light from the front (-y) left, a wide cool fill from the right, a strip from behind.
SOFT_BOXES = (
    SoftBox(azimuth_deg=-130, elevation_deg=42, half_width_deg=20, half_height_deg=20,
            color=(14.0, 13.0, 11.5)),
    SoftBox(azimuth_deg=-30, elevation_deg=25, half_width_deg=26, half_height_deg=18,
            color=(3.4, 3.9, 4.6)),
    SoftBox(azimuth_deg=95, elevation_deg=55, half_width_deg=34, half_height_deg=9,
            color=(9.0, 9.0, 9.0)),
)  # fmt: skip
FLOOR, HORIZON, CEILING = (0.16, 0.14, 0.12), (0.55, 0.56, 0.60), (0.16, 0.18, 0.24)


def make_studio(width: int, height: int) -> npt.NDArray[np.float16]:
    """(H, W, 3) linear radiance of an equirectangular image, row 0 on top.

    As Blender maps it: the middle of the image is +x, its right half -y, its top +z.
    """
    azimuth = -((np.arange(width) + 0.5) / width - 0.5) * 2 * math.pi
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    directions = spherical(azimuth[None, :], elevation[:, None])
    up = directions[..., 2:]
    above = np.array(HORIZON) + (np.array(CEILING) - HORIZON) * np.sqrt(np.clip(up, 0, 1))
    below = np.array(FLOOR) * (1 + 0.4 * np.clip(up, -1, 0))
    radiance = below + (above - below) * smoothstep(0.5 + up / 0.08)
    for box in SOFT_BOXES:
        radiance = radiance + (np.array(box.color) - radiance) * box.share(directions)[..., None]
    half: npt.NDArray[np.float16] = radiance.astype(np.float16)
    return half


PAPERS = (  # sRGB, 0 to 255: muted, so that what stands before them is found by eye
    (196, 186, 170), (160, 150, 138), (122, 116, 110), (92, 96, 104), (138, 148, 150),
    (176, 166, 140), (150, 128, 108), (110, 122, 110), (202, 198, 190), (132, 118, 124),
)  # fmt: skip


def make_backdrop(width: int, height: int, *, seed: int = 1) -> npt.NDArray[np.uint8]:
    """(H, W, 3) sRGB "dead leaves": discs that cover each other, with edges of all sizes.

    Radii have a density of r^-3, which gives an image the statistics of natural ones
    (D. L. Ruderman, "Origins of scaling in natural images", 1997).
    """
    rng = np.random.default_rng(seed)
    low, high = 10.0, 140.0
    colors = np.zeros((height, width, 3), dtype=np.uint8)
    free = np.ones((height, width), dtype=bool)
    while free.any():
        # The first disc lies in front, so a pixel is painted once.
        radius = (low**-2 - rng.random() * (low**-2 - high**-2)) ** -0.5
        x = (width + 2 * high) * rng.random() - high
        y = (height + 2 * high) * rng.random() - high
        paper = PAPERS[int(rng.random() * len(PAPERS))]
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        window = np.s_[top : max(0, int(y + radius) + 1), left : max(0, int(x + radius) + 1)]
        rows, columns = np.indices(free[window].shape) + 0.5
        disc = (columns + left - x) ** 2 + (rows + top - y) ** 2 < radius**2
        colors[window][disc & free[window]] = paper
        free[window] &= ~disc
    return colors


def spherical(azimuth: Any, elevation: Any) -> Array:
    """(..., 3) unit vectors; angles in radians, broadcast against each other."""
    flat = np.cos(elevation)
    x, y = flat * np.cos(azimuth), flat * np.sin(azimuth)
    return np.stack(np.broadcast_arrays(x, y, np.sin(elevation)), axis=-1)


def smoothstep(t: Array) -> Array:
    """0 below 0, 1 above 1, smooth in between."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def write(folder: Path) -> list[Path]:
    """Write both files, each under a temporary name first."""
    import OpenEXR  # not needed to make the images
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    studio, backdrop = folder / "studio.exr", folder / "backdrop.png"
    radiance = make_studio(*STUDIO_SIZE_PX)
    channels = {name: np.ascontiguousarray(radiance[..., i]) for i, name in enumerate("RGB")}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    unfinished = folder / ".unfinished.exr"
    with OpenEXR.File(header, channels) as file:
        file.write(str(unfinished))
    unfinished.replace(studio)
    unfinished = folder / ".unfinished.png"
    picture = Image.fromarray(make_backdrop(*BACKDROP_SIZE_PX))
    # Flat colours: a palette holds them all.
    picture.quantize(colors=16, dither=Image.Dither.NONE).save(unfinished, optimize=True)
    unfinished.replace(backdrop)
    return [studio, backdrop]


def main(argv: Sequence[str]) -> int:
    """Parse the arguments, make the files, return the exit code."""
    parser = argparse.ArgumentParser(
        prog="surroundings.py",
        description="Make the reference surroundings studio.exr and backdrop.png.",
    )
    parser.add_argument("folder", type=Path, help="where to write them; made if missing")
    folder = parser.parse_args(argv).folder
    try:
        made = write(folder)
    except OSError as error:
        print(
            f"surroundings.py: cannot write to {folder}: {error.strerror}; "
            "name a folder that can be written to",
            file=sys.stderr,
        )
        return 2
    for path in made:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
