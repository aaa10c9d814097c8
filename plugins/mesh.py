"""`mesh.ply`: the targets' geometry, as it was rendered."""

from __future__ import annotations

import numpy as np

from viewbatch.dataset.ply import encode_ply
from viewbatch.plugin import BatchContext, Plugin


class Mesh(Plugin):
    """Triangles in world, metres, float64; each has its object's id in `dataset.json`."""

    dataset_files = ("mesh.ply",)

    def on_batch_finished(self, batch: BatchContext) -> None:
        mesh = batch.scene.mesh()
        vertices = np.empty(len(mesh.vertices), [(axis, "f8") for axis in "xyz"])
        for axis, values in zip("xyz", mesh.vertices.T, strict=True):
            vertices[axis] = values
        data = encode_ply(
            vertices,
            triangles=mesh.triangles,
            of_triangles={"object_id": mesh.object_ids},
            comments=["world, metres"],
        )
        batch.write_bytes("mesh.ply", data)
