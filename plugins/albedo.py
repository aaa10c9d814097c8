"""`NNN_albedo.exr`, `NNN_albedo.png`: the surfaces' own colour, without light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from viewbatch.dataset.exr import to_half
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Albedo(Plugin):
    """Channels R G B, linear, half float; as PNG in sRGB. Black where there is no surface."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        files: Literal["EXR", "PNG", "BOTH"]

    config: Config
    passes = frozenset({Pass.ALBEDO})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        albedo = frame[Pass.ALBEDO]
        if self.config.files != "PNG":
            red, green, blue = np.moveaxis(to_half(albedo), -1, 0)
            channels = {"R": red, "G": green, "B": blue}
            view.write_exr("albedo", channels, quantity="base colour, linear Rec. 709", unit="1")
        if self.config.files != "EXR":
            view.write_png("albedo", _srgb_levels(albedo), key="albedo_png")


def _srgb_levels(linear: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Linear Rec. 709 as 8-bit sRGB (IEC 61966-2-1); not the view transform of the renders."""
    c = np.clip(linear.astype(np.float64), 0, 1)
    encoded = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    levels: npt.NDArray[np.uint8] = np.rint(255 * encoded).astype(np.uint8)
    return levels
