"""`NNN_semantic.exr`: the category of what every pixel shows."""

from __future__ import annotations

import numpy as np

from viewbatch.passes import Frame, Pass
from viewbatch.plugin import Plugin, SceneContext, ViewContext


class Semantic(Plugin):
    """Channel Y, uint32, the category's id in `dataset.json`, 0 where there is none."""

    passes = frozenset({Pass.OBJECT_ID})

    def on_scene_ready(self, scene: SceneContext) -> None:
        record = scene.record
        category_ids = {name: i for i, name in enumerate(record.categories, start=1)}
        self._category_of = np.zeros(1 + max(o.id for o in record.objects), np.uint32)
        for o in record.objects:
            self._category_of[o.id] = category_ids[o.category]

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        ids = self._category_of[frame[Pass.OBJECT_ID]]
        view.write_exr("semantic", {"Y": ids}, quantity="category id", unit="id")
