"""`NNN_mask.exr`: which object every pixel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Mask(Plugin):
    """Channel Y, uint32, the object's id in `dataset.json`, 0 where there is none."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        mode: Literal["instance", "binary"]
        png: bool

    config: Config
    passes = frozenset({Pass.OBJECT_ID})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        ids = frame[Pass.OBJECT_ID]
        if self.config.mode == "binary":
            ids = (ids != 0).astype(np.uint32)
        view.write_exr("mask", {"Y": ids}, quantity=f"object id ({self.config.mode})", unit="id")
        if self.config.png:
            # Cycles counts objects up to 32767, so 16 bits hold every id.
            levels = ids.astype(np.uint16)
            if self.config.mode == "binary":
                levels = np.where(ids, 255, 0).astype(np.uint8)
            view.write_png("mask", levels, key="mask_png")
