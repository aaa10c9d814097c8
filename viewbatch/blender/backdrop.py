"""An image that stands behind everything, put there in linear colour after the render."""

from __future__ import annotations

import math
from typing import assert_never

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender.world import load_image
from viewbatch.config import Config
from viewbatch.config.scene import BackdropConfig, Extension, GroundMode
from viewbatch.geometry.transforms import Vector3

Pixels = npt.NDArray[np.float32]


class Backdrop:
    """Puts the configured image behind renders with a clear background.

    `behind` is the linear colour that is seen where the image ends (CLIP), is itself
    transparent, or is not configured: that of a plain world. Of another world the render
    holds nothing there, and it is black.

    Also without an image it is of use for what catches shadows: in an opaque render Cycles
    draws a dark line around objects in front of it, and in a clear one it does not.
    """

    def __init__(self, config: BackdropConfig, behind: Vector3 | None) -> None:
        self._config = config
        self._behind = np.array(behind or (0, 0, 0), dtype=np.float32)
        self._image = np.zeros((1, 1, 4), dtype=np.float32)
        if config.path:
            self._image = _read("world.backdrop.path", config.path)
        self._made: dict[tuple[int, int], Pixels] = {}

    def over(self, rgba: Pixels) -> Pixels:
        """(H, W, 4) linear, premultiplied colour in front of the image; its alpha is 1."""
        background = self._of_size(rgba.shape[1], rgba.shape[0])
        clear = 1 - rgba[..., 3:]
        result = np.ones(rgba.shape, dtype=np.float32)
        result[..., :3] = rgba[..., :3] + clear * background
        return result

    def _of_size(self, width: int, height: int) -> Pixels:
        """(H, W, 3) the background of images of one size."""
        if (width, height) not in self._made:
            image = fill_frame(
                self._image, width, height, self._config.scale, self._config.extension
            )
            self._made[width, height] = image[..., :3] + (1 - image[..., 3:]) * self._behind
        return self._made[width, height]


def backdrop_of(config: Config, plain_color: Vector3 | None) -> Backdrop | None:
    """What is put behind clear images, if anything is; `plain_color` is that of a plain world."""
    # Cycles draws a dark line around what stands in front of a shadow catcher, unless the
    # film is clear: then a plain world is put behind it afterwards as well.
    catches = config.ground.mode is GroundMode.SHADOW_CATCHER and plain_color is not None
    if config.world.backdrop.path or (catches and not config.render.film_transparent):
        return Backdrop(config.world.backdrop, plain_color)
    return None


def fill_frame(
    image: Pixels, width: int, height: int, scale: float, extension: Extension
) -> Pixels:
    """An image (h, w, channels) resampled to (height, width, channels), its middle in the middle.

    At `scale` 1 it just covers the frame. Interpolated bilinearly at pixel centres; where
    the image has more pixels than the frame, averaged over each pixel, so that fine
    patterns do not turn into coarse ones.
    """
    rows, columns = image.shape[:2]
    image_px_per_px = min(columns / width, rows / height) / scale
    resampled = _along_first(image, height, image_px_per_px, extension)
    return _along_first(resampled.swapaxes(0, 1), width, image_px_per_px, extension).swapaxes(0, 1)


def _along_first(image: Pixels, size: int, step: float, extension: Extension) -> Pixels:
    """`image` resampled along its first axis to `size` places, `step` image pixels apart.

    Bilinear interpolation is that of one axis after that of the other.
    """
    length = image.shape[0]
    samples = max(1, math.ceil(step))
    result = np.zeros((size, *image.shape[1:]), dtype=np.float32)
    for sample in range(samples):
        in_frame = np.arange(size) + (sample + 0.5) / samples
        in_image = (in_frame - size / 2) * step + length / 2
        # A pixel's value stands at its centre, half a pixel from its lower edge.
        lower = np.floor(in_image - 0.5).astype(np.int64)
        upper_share = in_image - 0.5 - lower
        visible = np.ones(size)
        if extension is Extension.CLIP:
            visible = ((in_image >= 0) & (in_image <= length)).astype(np.float64)
        for places, share in ((lower, 1 - upper_share), (lower + 1, upper_share)):
            weight = (share * visible / samples).astype(np.float32)
            taken = image[_inside(places, length, extension)]
            result += weight.reshape(-1, *[1] * (image.ndim - 1)) * taken
    return result


def _inside(
    places: npt.NDArray[np.int64], length: int, extension: Extension
) -> npt.NDArray[np.int64]:
    """The pixels, 0 to `length` - 1, that stand for places in and around an image."""
    match extension:
        case Extension.CLIP | Extension.EXTEND:
            return np.clip(places, 0, length - 1)
        case Extension.REPEAT:
            return places % length
        case Extension.MIRROR:
            turn = places % (2 * length)
            return np.where(turn < length, turn, 2 * length - 1 - turn)
        case _:
            assert_never(extension)


def linear_from_srgb(levels: npt.NDArray[np.float32]) -> Pixels:
    """Linear light of sRGB levels from 0 to 1 (IEC 61966-2-1)."""
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def _read(key: str, path: str) -> Pixels:
    """(h, w, 4) linear, premultiplied pixels of a file, row 0 on top."""
    image = load_image(key, path)
    width, height = image.size
    pixels = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, image.channels)[::-1]
    is_linear = image.is_float
    bpy.data.images.remove(image)
    color = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, axis=-1)
    alpha = pixels[..., 3:4] if pixels.shape[-1] == 4 else np.ones_like(pixels[..., :1])
    if not is_linear:
        # Byte images hold levels with straight alpha; float ones are as renders are.
        color = linear_from_srgb(color) * alpha
    return np.concatenate([color, alpha], axis=-1)
