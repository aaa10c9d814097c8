"""Image files as arrays, and any such array as a picture that a person can read.

What an array is, is told by its type and shape, row 0 on top:

    uint8, uint16  (H, W), (H, W, 3), (H, W, 4)  grey, or sRGB with straight alpha
    float          (H, W)                        depth: see `is_surface`
    float          (H, W, 3), (H, W, 4)          linear colour with premultiplied alpha; three
                                                 channels of unit length are normals, other
                                                 three with many negatives are positions
    uint32         (H, W)                        ids: 0 = background
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from scripts.shared.errors import InputError
from scripts.shared.exr import MAGIC, excerpt, layers, read_channels

Pixels = npt.NDArray[Any]
Floats = npt.NDArray[np.floating[Any]]
Rgb = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

NOTHING: Color = (26, 26, 26)
"""Shown where there is no surface and no object; not a colour of any depth or id."""

FORMATS = "PNG, JPEG, TIFF, WebP, BMP or OpenEXR"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".exr"})

# The channels that make a picture, the best choice first.
_EXR_CHANNELS = ("RGBA", "RGB", "YYYA", "XYZ", "Y", "Z", "V")
DEPTH_COLORS: tuple[Color, ...] = (
    (68, 1, 84),
    (71, 45, 123),
    (59, 82, 139),
    (44, 114, 142),
    (33, 145, 140),
    (40, 174, 128),
    (94, 201, 98),
    (173, 220, 48),
    (253, 231, 37),
)
"""From far (dark) to near (bright): the viridis colour map in nine steps."""

FARTHEST_M = 1e9
"""What is as far as this is no surface: Blender's depth of the background is 1e10."""


def read_image(path: Path) -> Pixels:
    """The pixels of an image file, in one of the forms that this module describes."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; name an existing image, folder or dataset"
        ) from error
    if start.startswith(MAGIC):
        return _exr_pixels(path)
    try:
        with Image.open(path) as opened:
            return _pillow_pixels(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path} is not an image: it starts with {excerpt(start)}, expected {FORMATS}; "
            "leave it out or write it again"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is damaged: {error}; leave it out or write it again") from error


def to_rgb(
    image: Pixels, *, background: Color, depth_range_m: tuple[float, float] | None = None
) -> Rgb:
    """An image as opaque 8-bit sRGB (H, W, 3); transparent parts show the background."""
    channels = image.shape[2] if image.ndim == 3 else 1
    match image.dtype.kind, image.dtype.itemsize, image.ndim, channels:
        case ("u", 1, 2, 1) | ("u", 1, 3, 3 | 4):
            return _over(image.astype(np.float32) / 255, background)
        case ("u", 2, 2, 1) | ("u", 2, 3, 3 | 4):
            return _over(image.astype(np.float32) / 65535, background)
        case ("b", _, 2, 1):
            return _over(image.astype(np.float32), background)
        case ("f", _, 2, 1):
            return _depth_picture(image, depth_range_m)
        case ("f", _, 3, 3 | 4):
            return _float_picture(image, background)
        case ("u" | "i", _, 2, 1):
            return _id_picture(image)
        case _:
            raise InputError(
                f"an array of {image.dtype} and shape {image.shape} is not an image; expected "
                "8 or 16 bits or floats of 1, 3 or 4 channels, or 32-bit ids"
            )


def is_surface(depth: Pixels) -> npt.NDArray[np.bool_]:
    """Where a depth is one: above 0, and not as far as a background's."""
    depth_m = depth.astype(np.float64)  # a half has no number as large as the limit
    there: npt.NDArray[np.bool_] = (depth_m > 0) & (depth_m < FARTHEST_M)  # false for NaN
    return there


def surface_range_m(
    depths: Iterable[Pixels], percentiles: tuple[float, float] = (1, 99)
) -> tuple[float, float]:
    """Between which depths colours lie: a few wild values do not stretch it.

    At least one pixel must be a surface.
    """
    surface = np.concatenate([depth[is_surface(depth)].astype(np.float64) for depth in depths])
    near, far = np.percentile(surface, percentiles)
    return float(near), float(far)


def is_measurement(image: Pixels) -> bool:
    """Whether the values are depths or ids, of which no average may be made."""
    return image.ndim == 2 and (image.dtype.kind == "f" or image.dtype.itemsize > 2)


def shrink(picture: Rgb, width: int | None, *, smooth: bool) -> Rgb:
    """The picture, if it is wider, at this width; unless smooth, no colours are mixed."""
    if width is None or picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    by = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize((width, height), by))


def srgb_from_linear(linear: Floats) -> Floats:
    """The sRGB curve (IEC 61966-2-1), 0 to 1, clipped."""
    value = np.clip(linear, 0.0, 1.0)
    curved: Floats = 1.055 * np.power(value, 1 / 2.4) - 0.055
    return np.where(value <= 0.0031308, value * 12.92, curved)


def _exr_pixels(path: Path) -> Pixels:
    """Of a file with several layers, the one that makes the best picture."""
    channels = read_channels(path)
    chosen = list(channels.values())
    if len(channels) > 1:
        by_layer = {
            layer: {channel.short: channel for channel in members}
            for layer, members in layers(channels).items()
        }
        # Blender calls the layer of the finished picture Combined.
        order = sorted(by_layer, key=lambda layer: (not f".{layer}".endswith(".Combined"), layer))
        choices = (
            [by_layer[layer][name] for name in wanted]
            for wanted in _EXR_CHANNELS
            for layer in order
            if by_layer[layer].keys() >= set(wanted)
        )
        chosen = next(choices, [])
    if not chosen or len({channel.pixels.shape for channel in chosen}) > 1:
        raise InputError(
            f"{path} has the channels {', '.join(sorted(channels))}; expected R G B (A), X Y Z "
            "or a single one, all of the same size"
        )
    if len(chosen) == 1:
        return chosen[0].pixels
    return np.stack([channel.pixels for channel in chosen], axis=-1).astype(np.float32)


def _pillow_pixels(image: Image.Image) -> Pixels:
    readers: dict[str, Callable[[Image.Image], Pixels]] = {
        "I;16": lambda image: np.asarray(image).astype(np.uint16),
        "I;16B": lambda image: np.asarray(image).astype(np.uint16),
        "I": lambda image: np.asarray(image).astype(np.uint32),
        "F": np.asarray,
    }
    if image.mode in readers:
        return readers[image.mode](image)
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _over(straight: Floats, background: Color) -> Rgb:
    """Encoded values of 0 to 1, grey or RGB(A) with straight alpha, on a background."""
    if straight.ndim == 2:
        straight = np.repeat(straight[..., None], 3, axis=-1)
    color = straight[..., :3]
    if straight.shape[-1] == 4:
        alpha = np.clip(straight[..., 3:], 0.0, 1.0)
        color = color * alpha + np.array(background, dtype=np.float32) / 255 * (1 - alpha)
    return _bytes(color)


def _float_picture(image: Pixels, background: Color) -> Rgb:
    values = np.nan_to_num(image.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    if values.shape[-1] == 4:
        alpha = values[..., 3:]
        color = srgb_from_linear(values[..., :3] / np.where(alpha > 0, alpha, 1.0))
        return _over(np.concatenate([color, alpha], axis=-1), background)
    length = np.linalg.norm(values, axis=-1)
    there = length > 0
    negative = (values < 0).any(axis=-1)
    # Half floats hold unit vectors to within 0.001; 2 % leaves room for files of others.
    if negative.any() and (np.abs(length[there] - 1) < 0.02).all():
        return _where(there, _bytes((values + 1) / 2))
    if negative.mean() > 0.01:
        low, high = np.percentile(values[there], (1, 99), axis=0)
        return _where(there, _bytes((values - low) / np.maximum(high - low, 1e-12)))
    return _over(srgb_from_linear(values), background)


def _depth_picture(depth: Pixels, range_m: tuple[float, float] | None) -> Rgb:
    """Bright is near; the range is where 98 % of the surface is, unless it is given."""
    there = is_surface(depth)
    if not there.any():
        return _where(there, np.zeros((*depth.shape, 3), dtype=np.uint8))
    depth_m = depth.astype(np.float64)
    near, far = range_m if range_m is not None else surface_range_m([depth])
    part = (far - np.where(there, depth_m, far)) / max(far - near, 1e-12)
    steps = np.linspace(0, 1, len(DEPTH_COLORS))
    color = [np.interp(part, steps, column) for column in zip(*DEPTH_COLORS, strict=True)]
    return _where(there, _bytes(np.stack(color, axis=-1) / 255))


def _id_picture(ids: Pixels) -> Rgb:
    """An id has the same colour in every picture: it depends on nothing but the id."""
    found, index = np.unique(ids, return_inverse=True)
    number = found.astype(np.float64)
    # Steps of the golden ratio never come close to a hue that was there a few steps ago.
    hue = (number * 0.6180339887498949 + 0.4) % 1
    saturation = 0.55 + 0.15 * (number % 3)
    value = 1.0 - 0.2 * (number // 3 % 3)
    shade = np.abs((hue[:, None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1
    color = value[:, None] * (1 - saturation[:, None] * (1 - np.clip(shade, 0, 1)))
    return _where(ids != 0, _bytes(color)[index.reshape(ids.shape)])


def _where(there: npt.NDArray[np.bool_], picture: Rgb) -> Rgb:
    return np.where(there[..., None], picture, np.array(NOTHING, dtype=np.uint8))


def _bytes(color: Floats) -> Rgb:
    result: Rgb = np.round(np.clip(color, 0.0, 1.0) * 255).astype(np.uint8)
    return result
