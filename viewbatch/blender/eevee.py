"""Colour from EEVEE, and whether this machine can run it.

EEVEE's image cannot be read in memory: it comes through a temporary OpenEXR file of 32-bit
floats, which holds it unchanged.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender import child, versions
from viewbatch.blender.capture import message_of
from viewbatch.config.render import RenderConfig
from viewbatch.dataset.exr import read_exr
from viewbatch.dataset.whole import why_not
from viewbatch.dataset.writer import failed, private_folder
from viewbatch.errors import DatasetError, RunError, UsageError

log = logging.getLogger(__name__)

# Blender starts OpenGL with the first render that needs it. Workbench takes the same way to
# it as EEVEE, and compiles none of the shaders for which EEVEE's first image takes long.
_PROBE = """
import os
import bpy
scene = bpy.data.scenes.new("probe")
scene.camera = bpy.data.objects.new("probe", bpy.data.cameras.new("probe"))
scene.collection.objects.link(scene.camera)
scene.render.engine = "BLENDER_WORKBENCH"
scene.render.resolution_x = scene.render.resolution_y = 4
scene.render.use_compositing = False
bpy.ops.render.render(scene=scene.name)
os._exit(0)
"""


def check_opengl() -> None:
    """Raise `UsageError` where Blender cannot render with OpenGL.

    There the attempt ends the whole process, with nothing to catch, so another one tries.
    """
    done = child.run(_PROBE)
    if done.returncode == 0:
        return
    log.debug("%s", done.stderr.decode(errors="replace"))
    remedy = (
        "install libegl1 libgl1 libgl1-mesa-dri (Debian, Ubuntu)"
        if sys.platform.startswith("linux")
        else "update the graphics driver"
    )
    raise UsageError(
        f"render.engine is EEVEE, which needs a working OpenGL, and Blender {versions.text()} "
        f"finds none; {remedy} or use render.engine CYCLES"
    )


def configure(scene: Any, config: RenderConfig) -> None:
    """Make EEVEE render a scene of its own, over what all colour renders share."""
    render = scene.render
    render.engine = versions.EEVEE
    render.filter_size = config.filter_size
    render.use_file_extension = True
    render.use_overwrite = True
    settings = render.image_settings
    versions.set_file_format(settings, "OPEN_EXR")
    settings.color_mode = "RGBA"
    settings.color_depth = "32"
    settings.exr_codec = "NONE"
    eevee = scene.eevee
    eevee.taa_render_samples = config.eevee.samples
    eevee.use_raytracing = config.eevee.use_raytracing
    eevee.use_shadows = config.eevee.use_shadows
    eevee.shadow_ray_count = config.eevee.shadow_ray_count
    eevee.shadow_step_count = config.eevee.shadow_step_count


def render(scene: Any) -> npt.NDArray[np.float32]:
    """(H, W, 4) scene-linear colour with premultiplied alpha, row 0 on top."""
    with private_folder() as folder:
        path = folder / "color.exr"
        scene.render.filepath = str(path)
        try:
            bpy.ops.render.render(scene=scene.name, write_still=True)
        except RuntimeError as error:
            raise RunError(f"Blender failed to render: {message_of(error)}") from error
        try:
            channels = read_exr(path)
        except DatasetError as error:
            raise failed(path, why_not(path)) from error
    return np.stack([channels[name] for name in "RGBA"], axis=-1).astype(np.float32, copy=False)
