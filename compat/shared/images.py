"""Colour images and masks of views, in the forms that consumers take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from viewbatch.dataset import View
from viewbatch.errors import DatasetError, RunError

Levels = npt.NDArray[np.uint8]
Channels = Literal["any", "RGB", "RGBA"]


def place_image(
    view: View,
    stem: Path,
    *,
    accepts: Collection[str] = (".png",),
    channels: Channels = "any",
    background: float = 0.0,
    link: bool = False,
) -> Path:
    """Put a view's colour image at `stem` plus a suffix, and return that path.

    A file that the consumer accepts as it is, of 8 bits and the right channels, is copied
    byte by byte, or hard-linked. Others are converted to the first of `accepts`, `.png` or
    `.jpg`. Where alpha has to go, the image is put on grey of `background`, 0 to 1.
    """
    source = view.path("render")
    if source.suffix in accepts and _is_plain(view, source, channels):
        target = stem.with_name(stem.name + source.suffix)
        place_file(view, "render", target, link=link)
        return target
    suffix = next(iter(accepts))
    target = stem.with_name(stem.name + suffix)
    image = Image.fromarray(read_levels(view))
    if image.mode == "RGBA" and (channels == "RGB" or suffix == ".jpg"):
        image = _flattened(image, background)
    if image.mode == "RGB" and channels == "RGBA":
        image.putalpha(255)
    save_image(image, target)
    return target


def save_image(image: Image.Image, target: Path) -> None:
    """Write PNG or JPEG, as the suffix says; in JPEG every pixel keeps a colour of its own."""
    # Both are of no meaning to PNG.
    image.save(target, quality=98, subsampling=0)


def place_file(view: View, kind: str, target: Path, *, link: bool) -> None:
    """Copy a file of a view, or hard-link it."""
    source = view.path(kind)
    if link:
        try:
            os.link(source, target)
        except OSError as error:
            raise RunError(
                f"{source} cannot be hard-linked to {target.parent}: {error.strerror or error}; "
                "leave out --link to copy"
            ) from error
        return
    shutil.copyfile(source, target)


def read_levels(view: View) -> Levels:
    """The colour image as (H, W, 3) or (H, W, 4): 8-bit sRGB, straight alpha."""
    source = view.path("render")
    if source.suffix == ".exr":
        return _from_linear(np.asarray(view.read("render"), dtype=np.float32))
    try:
        with Image.open(source) as image:
            if view.checked:
                view.check_size(source, *image.size)
            return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{source} cannot be read as an image: {error}") from error


def read_colors(view: View, background: float = 0.0) -> Levels:
    """The colour image as (H, W, 3), put on grey of `background` where it is clear."""
    levels = read_levels(view)
    if levels.shape[2] == 3:
        return levels
    return np.asarray(_flattened(Image.fromarray(levels), background))


def level_difference(view: View, path: Path, background: float = 0.0) -> int:
    """The largest difference, of 255 levels, between a converted image and its view's.

    Where the converted image has no alpha, the view's is put on grey of `background`.
    Raises `DatasetError` for a file that is no image of the view's size.
    """
    with open_converted(path) as image:
        found = np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    wanted = read_levels(view) if found.shape[2] == 4 else read_colors(view, background)
    require_size(path, found, wanted)
    if found.shape[2] > wanted.shape[2]:
        wanted = np.pad(wanted, ((0, 0), (0, 0), (0, 1)), constant_values=255)
    return int(np.abs(found.astype(np.int16) - wanted).max())


@contextmanager
def open_converted(path: Path) -> Iterator[Image.Image]:
    """An image of a conversion; raises `DatasetError` where what is read of it is none."""
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as an image: {error}; convert again") from error


def require_size(
    path: Path, found: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]
) -> None:
    """Raise `DatasetError` where what a file holds, (H, W, ...), is not as large as it must be."""
    if found.shape[:2] != wanted.shape[:2]:
        raise DatasetError(
            f"{path} has {found.shape[1]}x{found.shape[0]} pixels, expected "
            f"{wanted.shape[1]}x{wanted.shape[0]}; convert again"
        )


def write_mask(view: View, target: Path, *, without: int = 0) -> None:
    """Write 8-bit grey PNG: 255 where an object with an id other than `without` is seen, else 0."""
    ids = np.asarray(view.read("mask"), dtype=np.uint32)
    seen = (ids > 0) & (ids != without)
    Image.fromarray(np.where(seen, np.uint8(255), np.uint8(0))).save(target)


def _is_plain(view: View, source: Path, channels: Channels) -> bool:
    """Whether a file has 8 bits a channel and the channels that are asked for."""
    try:
        with Image.open(source) as image:
            view.check_size(source, *image.size)
            # PNG's bit depth, which Pillow does not tell of colour images.
            deep = image.format == "PNG" and _bit_depth(source) > 8
            return not deep and (channels == "any" or image.mode == channels)
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{source} cannot be read as an image: {error}") from error


def _bit_depth(png: Path) -> int:
    """The byte after width and height in a PNG's first chunk."""
    with png.open("rb") as file:
        return file.read(25)[24]


def _flattened(image: Image.Image, background: float) -> Image.Image:
    level = round(background * 255)
    below = Image.new("RGBA", image.size, (level, level, level, 255))
    return Image.alpha_composite(below, image).convert("RGB")


def _from_linear(linear: npt.NDArray[np.float32]) -> Levels:
    """Linear colour, premultiplied where there is alpha, through the sRGB curve (IEC 61966-2-1)."""
    color, alpha = linear[..., :3], linear[..., 3:]
    if alpha.shape[-1]:
        color = color / np.where(alpha > 0, alpha, 1.0)
    color = np.clip(np.nan_to_num(color), 0.0, 1.0)
    curved = np.where(color <= 0.0031308, 12.92 * color, 1.055 * np.power(color, 1 / 2.4) - 0.055)
    values = np.concatenate([curved, np.clip(alpha, 0.0, 1.0)], axis=-1)
    levels: Levels = np.rint(values * 255).astype(np.uint8)
    return levels
