"""Colour files and display levels, made by Blender from the captured pixels.

Not from `Render Result`: files saved from there hold the time of rendering, and no two
runs would give equal bytes. The pixels are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender import engine
from viewbatch.config.render import RenderConfig
from viewbatch.dataset.whole import check_whole, why_not
from viewbatch.dataset.writer import failed, private_folder


class ColorEncoder:
    """Puts scene-linear images through the configured view transform and file format."""

    def __init__(self, config: RenderConfig) -> None:
        self._file_scene = bpy.data.scenes.new("viewbatch.file")
        self._levels_scene = bpy.data.scenes.new("viewbatch.levels")
        for scene in (self._file_scene, self._levels_scene):
            engine.configure_color_management(scene, config)
        engine.configure_image(self._file_scene, config)
        engine.configure_levels(self._levels_scene)
        self._images: dict[tuple[int, int], Any] = {}

    def save(self, pixels: npt.NDArray[np.generic], path: Path) -> None:
        """Write (H, W, 4) float32 premultiplied pixels, row 0 on top, as the colour file.

        Raises `OSError` where it cannot be written whole.
        """
        self._save(pixels, path, self._file_scene)

    def levels(self, pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        """(H, W, 4) display levels with straight alpha of (H, W, 4) premultiplied pixels."""
        with private_folder() as folder:
            path = folder / "levels.png"
            try:
                self._save(pixels, path, self._levels_scene)
            except OSError as error:
                raise failed(path, error) from error
            return _levels(_read(path))

    def levels_of_file(self, path: Path) -> npt.NDArray[np.uint8]:
        """(H, W, 4) display levels with straight alpha of a colour file."""
        values = _read(path)
        return self.levels(values) if path.suffix == ".exr" else _levels(values)

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


def _levels(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    levels: npt.NDArray[np.uint8] = np.rint(values * 255).astype(np.uint8)
    return levels
