"""`NNN_position.exr`: the point in world that every pixel shows."""

from __future__ import annotations

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Position(Plugin):
    """Channels R G B = x y z, float32, metres, 0 where there is no surface.

    Of a model far from its origin, the origin of the numbers is `model.offset_m` of
    `dataset.json`: float32 would lose the millimetres of world coordinates there.
    """

    passes = frozenset({Pass.POSITION})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        x, y, z = np.moveaxis(frame[Pass.POSITION], -1, 0)
        view.write_exr(
            "position",
            {"R": x, "G": y, "B": z},
            quantity="position in world minus model.offset_m",
            unit="m",
        )
