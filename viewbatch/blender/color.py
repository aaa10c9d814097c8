"""Colour files, encoded by Blender from the captured pixels.

Not from `Render Result`: files saved from there hold the time of rendering, and no two
runs would give equal bytes. The pixels are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.errors import RunError


class ColorEncoder:
    """Saves scene-linear images of one size through a scene's view transform and format."""

    def __init__(self, scene: Any, width: int, height: int) -> None:
        self._scene = scene
        # A float image is scene-linear with premultiplied alpha, as renders are.
        self._image = bpy.data.images.new(
            "viewbatch.color", width, height, alpha=True, float_buffer=True
        )
        self._image.alpha_mode = "PREMUL"

    def save(self, pixels: npt.NDArray[np.generic], path: Path) -> None:
        """Write (H, W, 4) float32 pixels, row 0 on top, to a file."""
        bottom_up = np.ascontiguousarray(pixels[::-1])
        self._image.pixels.foreach_set(bottom_up.ravel())
        try:
            self._image.save_render(str(path), scene=self._scene)
        except RuntimeError as error:
            raise RunError(
                f"the colour image {path.name} cannot be written to {path.parent}: "
                "is the disk full or the folder read-only?"
            ) from error
        if not path.exists():
            raise RunError(f"Blender wrote no colour image to {path.parent}")
