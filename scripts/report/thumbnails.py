"""The four pictures of each view, small enough that a thousand views fit into one page."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from scripts.shared.pictures import NOTHING, is_measurement, is_surface, surface_range_m, to_rgb

PAGE_BYTES = 16_000_000
"""Of all pictures together: in base64, a third larger, they leave the page below 30 MB."""

VIEW_BYTES = 90_000
"""At most of one view's pictures, so that pages of few views can be sent around."""

LARGEST_PX = 512
"""Width: of what a browser cannot open itself, enough to judge a view by."""

_SHARES = {"render": 0.4, "depth": 0.2, "mask": 0.15, "normal": 0.25}
"""Of a view's bytes; by what the pictures of the reference models need."""

KINDS = tuple(_SHARES)

_QUALITY = 82
_BYTES_PER_PIXEL = 0.06
"""A guess to start from: of smooth pictures. Of others it takes some tries to find the size."""

Pixels = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A picture in the page."""

    uri: str
    width_px: int
    height_px: int


def thumbnail(kind: str, pixels: Pixels, views: int) -> Thumbnail:
    """A picture (H, W, 3) or (H, W, 4) in WebP, of what a view of so many has to itself."""
    limit = min(VIEW_BYTES, PAGE_BYTES / views) * _SHARES[kind]
    full = Image.fromarray(pixels)
    width = min(full.width, LARGEST_PX, math.isqrt(int(limit / _BYTES_PER_PIXEL * _aspect(full))))
    while True:
        image = _resized(full, width, smooth=kind != "mask")
        data = _encoded(image, lossless=kind == "mask")
        if len(data) <= limit or width <= 32:
            uri = "data:image/webp;base64," + base64.b64encode(data).decode("ascii")
            return Thumbnail(uri=uri, width_px=image.width, height_px=image.height)
        width = max(32, int(width * min(0.9, math.sqrt(limit / len(data)))))


def depth_range(depth_m: Pixels) -> tuple[float, float] | None:
    """The depths with the brightest and the darkest colour; None without a surface."""
    return surface_range_m([depth_m]) if is_surface(depth_m).any() else None


def picture(kind: str, values: Pixels) -> Pixels:
    """What an EXR file of ground truth holds as (H, W, 3) 8-bit sRGB."""
    if kind == "normal":
        # Always from -1 to 1, also where a view sees none that is negative.
        normals = np.nan_to_num(values[..., :3].astype(np.float32))
        colors = np.round((np.clip(normals, -1, 1) + 1) / 2 * 255)
        there = (normals != 0).any(axis=-1, keepdims=True)
        return np.where(there, colors, np.array(NOTHING)).astype(np.uint8)
    found = depth_range(values) if kind == "depth" else None
    assert is_measurement(values)
    return to_rgb(values, background=NOTHING, depth_range_m=found)


def _aspect(image: Image.Image) -> float:
    return image.width / image.height


def _resized(image: Image.Image, width: int, *, smooth: bool) -> Image.Image:
    if image.width <= width:
        return image
    height = max(1, round(width / _aspect(image)))
    by = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return image.resize((width, height), by)


def _encoded(image: Image.Image, *, lossless: bool) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=_QUALITY, lossless=lossless, method=4)
    return file.getvalue()
