"""Colour files and display levels, made by Blender from the captured pixels.

Not from `Render Result`: files saved from there hold the time of rendering, and no two
runs would give equal bytes. The pixels are the same.

Blender's encoder takes longer than all else that a view needs on the thread that renders. Of
an 8-bit PNG it makes levels at most, and the writer's thread the file; the levels are those of
Blender's own file (tests/blender/test_color.py, test_level_table.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender import engine, level_table
from viewbatch.blender.level_table import LevelTable
from viewbatch.config.render import RenderConfig
from viewbatch.dataset import layout, raw_levels
from viewbatch.dataset.png import encode_png
from viewbatch.dataset.whole import check_whole, why_not
from viewbatch.dataset.writer import ViewFiles, failed, making_files, private_folder


class ColorEncoder:
    """Puts scene-linear images through the configured view transform and file format."""

    def __init__(self, config: RenderConfig) -> None:
        self._config = config
        self._file_scene = bpy.data.scenes.new("viewbatch.file")
        self._levels_scene = bpy.data.scenes.new("viewbatch.levels")
        for scene in (self._file_scene, self._levels_scene):
            engine.configure_color_management(scene, config)
        engine.configure_levels(self._levels_scene, "RGBA")
        mode = config.image_settings.mode(film_transparent=config.film_transparent)
        self._by_channel = (
            mode == "RGB"
            and config.view_transform.is_by_channel
            and abs(config.exposure) <= level_table.MOST_STOPS
        )
        self._by_writer = config.image_settings.is_8_bit_png
        if self._by_writer:
            engine.configure_levels(self._file_scene, mode)
        else:
            engine.configure_image(self._file_scene, config)
        self._images: dict[tuple[int, int], Any] = {}

    def add(self, pixels: npt.NDArray[np.generic], files: ViewFiles) -> None:
        """Add (H, W, 4) float32 premultiplied pixels, row 0 on top, as the colour file of a view.

        Raises `RunError` where it cannot be written whole.
        """
        if self._by_writer:
            levels, effort = self._levels_later(pixels), self._config.image_settings.zlib_level

            def png() -> bytes:
                return encode_png(levels(), effort=effort, smooth=True)

            files.add_made(layout.RENDER, ".png", png, pixels.nbytes)
            return
        with making_files():
            path = files.reserve(layout.RENDER, engine.image_extension(self._config))
            try:
                self._save(pixels, path, self._file_scene)
            except OSError as error:
                raise failed(files.folder / files.name(layout.RENDER), error) from error

    def levels(self, pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        """(H, W, 4) display levels with straight alpha of (H, W, 4) premultiplied pixels."""
        return self._levels(pixels, self._levels_scene)

    def levels_of_file(self, path: Path) -> npt.NDArray[np.uint8]:
        """(H, W, 4) display levels with straight alpha of a colour file."""
        values = _read(path)
        if path.suffix == ".exr":
            return self.levels(values)
        levels: npt.NDArray[np.uint8] = np.rint(values * 255).astype(np.uint8)
        return levels

    def _levels_later(self, pixels: npt.NDArray[np.generic]) -> Callable[[], npt.NDArray[np.uint8]]:
        """What gives the levels of a colour file, on any thread."""
        # Where nothing is clear, colour need not be divided by alpha.
        if self._by_channel and (pixels[..., 3] == 1).all():
            return partial(self._table.levels, pixels[..., :3].astype(np.float32, copy=False))
        levels = self._levels(pixels, self._file_scene)
        return lambda: levels

    @cached_property
    def _table(self) -> LevelTable:
        def levels_of(light: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
            grey = np.ones((*light.shape, 4), np.float32)
            grey[..., :3] = light[..., None]
            return self.levels(grey)[..., 0]

        return LevelTable(levels_of)

    def _levels(self, pixels: npt.NDArray[np.generic], scene: Any) -> npt.NDArray[np.uint8]:
        """(H, W, 1, 3 or 4) display levels, by the colour mode of a scene."""
        longer = int(np.argmax(pixels.shape[:2]))
        if pixels.shape[longer] > raw_levels.MOST_PX:
            halves = np.array_split(pixels, 2, axis=longer)
            return np.concatenate([self._levels(half, scene) for half in halves], axis=longer)
        with private_folder() as folder:
            path = folder / f"levels{raw_levels.EXTENSION}"
            try:
                self._save(pixels, path, scene)
                return raw_levels.read(path)
            except OSError as error:
                raise failed(path, error) from error

    def _save(self, pixels: npt.NDArray[np.generic], path: Path, scene: Any) -> None:
        image = self._image(pixels.shape[1], pixels.shape[0])
        image.pixels.foreach_set(np.ascontiguousarray(pixels[::-1]).ravel())
        try:
            image.save_render(str(path), scene=scene)
        except RuntimeError as error:
            raise why_not(path) from error
        check_whole(path)

    def _image(self, width: int, height: int) -> Any:
        """A float image, which is scene-linear with premultiplied alpha, as renders are."""
        if (width, height) not in self._images:
            image = bpy.data.images.new(
                "viewbatch.color", width, height, alpha=True, float_buffer=True
            )
            image.alpha_mode = "PREMUL"
            self._images[width, height] = image
        return self._images[width, height]


def _read(path: Path) -> npt.NDArray[np.float32]:
    """(H, W, 4) values as they are in a file, neither transformed nor premultiplied."""
    data = path.read_bytes()
    # Not by its name: Blender takes a backslash in the name of a folder for a slash.
    image = bpy.data.images.new("viewbatch.file", 1, 1)
    try:
        image.pack(data=data, data_len=len(data))
        image.source = "FILE"
        image.colorspace_settings.is_data = True
        image.alpha_mode = "CHANNEL_PACKED"
        width, height = image.size
        values = np.empty(width * height * 4, dtype=np.float32)
        image.pixels.foreach_get(values)
    finally:
        bpy.data.images.remove(image)
    return values.reshape(height, width, 4)[::-1]
