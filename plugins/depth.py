"""`NNN_depth.exr`: planar depth in metres, and on request the distance along the ray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Depth(Plugin):
    """Channel Y, float32, metres, 0 where there is no surface."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        ray_distance: bool

    config: Config
    passes = frozenset({Pass.DEPTH})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        depth = frame[Pass.DEPTH]
        view.write_exr("depth", {"Y": depth}, quantity="planar depth", unit="m")
        if self.config.ray_distance:
            # A ray with z = 1 is as much longer than its depth as its length says.
            lengths = np.linalg.norm(view.camera.camera.intrinsics.rays(), axis=-1)
            distance = (depth * lengths).astype(np.float32)
            view.write_exr("distance", {"Y": distance}, quantity="distance along the ray", unit="m")
