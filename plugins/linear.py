"""`NNN_linear.exr`: the colour image before it becomes display colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewbatch.dataset.exr import to_half
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Linear(Plugin):
    """Channels R G B A, half float, scene-linear with premultiplied alpha."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        before_denoising: bool

    config: Config
    passes = frozenset({Pass.COLOR})

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.before_denoising:
            self.passes |= {Pass.NOISY_COLOR}

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        files = {"linear": (Pass.COLOR, "colour")}
        if self.config.before_denoising:
            files["noisy"] = (Pass.NOISY_COLOR, "colour before denoising")
        for kind, (which, what) in files.items():
            red, green, blue, alpha = np.moveaxis(to_half(frame[which]), -1, 0)
            view.write_exr(
                kind,
                {"R": red, "G": green, "B": blue, "A": alpha},
                quantity=f"{what}, linear Rec. 709, premultiplied",
                unit="1",
            )
