"""`NNN_material.exr`: the material of what every pixel shows."""

from __future__ import annotations

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, ViewContext


class Material(Plugin):
    """Channel Y, uint32, the material's id in `dataset.json`, 0 where there is none."""

    passes = frozenset({Pass.MATERIAL_ID})

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        channels = {"Y": frame[Pass.MATERIAL_ID]}
        view.write_exr("material", channels, quantity="material id", unit="id")
