"""`NNN_camera_extrinsics.txt`: the camera's pose."""

from __future__ import annotations

from viewbatch.dataset.text import rows_text
from viewbatch.passes import Frame
from viewbatch.plugin import Plugin, ViewContext


class CameraExtrinsics(Plugin):
    """3x4 `cam_from_world` = [R | t]: x right, y down, z forward, metres."""

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:  # noqa: ARG002
        text = rows_text(view.camera.camera.cam_from_world[:3])
        view.write_bytes("camera_extrinsics", ".txt", text.encode())
