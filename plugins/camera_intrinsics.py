"""`camera_intrinsics.txt`: the calibration matrix, of every view where it varies."""

from __future__ import annotations

from viewbatch.dataset.text import rows_text
from viewbatch.passes import Frame
from viewbatch.plugin import BatchContext, Plugin, SceneContext, ViewContext

NAME = "camera_intrinsics.txt"


class CameraIntrinsics(Plugin):
    """3x3 `px_from_cam`: pixels, where (0, 0) is the image's top-left corner."""

    dataset_files = (NAME,)

    def on_scene_ready(self, scene: SceneContext) -> None:
        self._varies = scene.intrinsics is None

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:  # noqa: ARG002
        if self._varies:
            text = rows_text(view.camera.camera.intrinsics.matrix)
            view.write_bytes("camera_intrinsics", ".txt", text.encode())

    def on_batch_finished(self, batch: BatchContext) -> None:
        if batch.scene.intrinsics is not None:
            batch.write_bytes(NAME, rows_text(batch.scene.intrinsics.matrix).encode())
