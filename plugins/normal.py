"""`NNN_normal.exr`: where every surface faces, whatever its material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from viewbatch.dataset.exr import to_half
from viewbatch.geometry import transform_points
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Normal(Plugin):
    """Channels R G B = x y z, half float, unit length, 0 where there is no surface."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        frame: Literal["world", "cam"]
        png: bool

    config: Config
    passes = frozenset({Pass.NORMAL})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        normals = frame[Pass.NORMAL]
        if self.config.frame == "cam":
            cam_from_world = view.camera.camera.cam_from_world.copy()
            cam_from_world[:3, 3] = 0  # directions turn, and do not move
            normals = transform_points(cam_from_world, normals)
        x, y, z = np.moveaxis(to_half(normals), -1, 0)
        quantity = f"surface normal in {self.config.frame}"
        view.write_exr("normal", {"R": x, "G": y, "B": z}, quantity=quantity, unit="1")
        if self.config.png:
            levels = np.rint((normals * 0.5 + 0.5) * 255)
            levels[~frame[Pass.NORMAL].any(axis=-1)] = 0
            view.write_png("normal", np.clip(levels, 0, 255).astype(np.uint8), key="normal_png")
