"""`NNN_masked.png`: the colour image of the targets alone, on a clear background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Masked(Plugin):
    """RGBA, 8 bits, straight alpha; RGB is 0 where alpha is."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        alpha: Literal["mask", "antialiased"]

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        of_mask = frozenset({Pass.COLOR, Pass.OBJECT_ID})
        self.passes = of_mask if config.alpha == "mask" else frozenset({Pass.MASKED_COLOR})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        if self.config.alpha == "mask":
            levels = view.encode_color(frame[Pass.COLOR]).copy()
            levels[..., 3] = np.where(frame[Pass.OBJECT_ID], 255, 0)
        else:
            levels = view.encode_color(frame[Pass.MASKED_COLOR]).copy()
        levels[levels[..., 3] == 0] = 0
        view.write_png("masked", levels)
