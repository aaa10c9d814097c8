"""`normalization_matrix.json`: between world and the unit sphere around the targets."""

from __future__ import annotations

from collections.abc import Sequence

from viewbatch.dataset.text import json_text
from viewbatch.plugin import BatchContext, Plugin

NAME = "normalization_matrix.json"


class NormalizationMatrix(Plugin):
    """4x4 `world_from_unit` and its inverse.

    The unit sphere around the origin becomes the targets' bounding sphere: about the
    centre of their box, through their farthest vertex.
    """

    dataset_files = (NAME,)

    def on_batch_finished(self, batch: BatchContext) -> None:
        bounds = batch.scene.record.bounds
        matrices = {
            "world_from_unit": _scaled_and_moved(bounds.radius, bounds.center),
            "unit_from_world": _scaled_and_moved(
                1 / bounds.radius, [-c / bounds.radius + 0.0 for c in bounds.center]
            ),
        }
        batch.write_bytes(NAME, json_text(matrices).encode())


def _scaled_and_moved(scale: float, translation: Sequence[float]) -> list[list[float]]:
    x, y, z = translation
    return [[scale, 0.0, 0.0, x], [0.0, scale, 0.0, y], [0.0, 0.0, scale, z], [0.0, 0.0, 0.0, 1.0]]
