"""`NNN_uv.exr`: the texture coordinates of every pixel."""

from __future__ import annotations

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Uv(Plugin):
    """Channels R G = u v, float32; B is 1 where a mesh has a UV map, else all are 0."""

    passes = frozenset({Pass.UV})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        u, v, surface = np.moveaxis(frame[Pass.UV], -1, 0)
        channels = {"R": u, "G": v, "B": surface}
        view.write_exr("uv", channels, quantity="texture coordinates", unit="1")
