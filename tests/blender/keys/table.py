"""The table of every key of config.default.toml: what changes with it, and how."""

from __future__ import annotations

from tests.blender.keys import camera, lighting, location, output, rendering, scene
from tests.blender.keys.rows import Row

ROWS: dict[str, Row] = {
    **scene.ROWS,
    **lighting.ROWS,
    **rendering.ROWS,
    **camera.ROWS,
    **location.ROWS,
    **output.ROWS,
}
