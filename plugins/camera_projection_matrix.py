"""`NNN_camera_projection_matrix.txt`: from world to pixels."""

from __future__ import annotations

from viewbatch.dataset.text import rows_text
from viewbatch.passes import Frame
from viewbatch.plugin import Plugin, ViewContext


class CameraProjectionMatrix(Plugin):
    """3x4 `px_from_world` = K [R | t]; (0, 0) is the image's top-left corner."""

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:  # noqa: ARG002
        text = rows_text(view.camera.camera.px_from_world)
        view.write_bytes("camera_projection_matrix", ".txt", text.encode())
