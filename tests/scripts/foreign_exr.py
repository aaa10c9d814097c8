"""EXR files that this project did not make: Blender's own, and kinds that few tools write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenEXR

Pixels = npt.NDArray[Any]

# Two cubes before a camera that looks along +y; pixels as in `CUBES`.
_SCENE = """
import math, sys
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
layer = scene.view_layers[0]
layer.name = "ViewLayer"
layer.use_pass_z = layer.use_pass_object_index = layer.use_pass_normal = True
for name, x, index in (("left", -1.2, 3), ("right", 1.2, 300)):
    bpy.ops.mesh.primitive_cube_add(size=1.5, location=(x, 0, 0))
    bpy.context.object.name = name
    bpy.context.object.pass_index = index
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.location = (0, -8, 0)
camera.rotation_euler = (math.pi / 2, 0, 0)
scene.collection.objects.link(camera)
scene.camera = camera
scene.world = bpy.data.worlds.new("world")
scene.world.use_nodes = True
scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.2, 0.4, 0.8, 1)
scene.render.engine = "CYCLES"
scene.cycles.samples = 4
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 48, 32
scene.render.resolution_percentage = 100
settings = scene.render.image_settings
settings.file_format, settings.color_depth = "OPEN_EXR_MULTILAYER", sys.argv[2]
scene.render.filepath = sys.argv[1]
bpy.ops.render.render(write_still=True)
"""

FRONT_M = 7.25
"""Depth of the cubes' faces: they stand 8 from the camera, and are 1.5 wide."""

CUBES = {3: [6, 9, 15, 14], 300: [27, 9, 15, 14]}
"""x y width height by index. The focal length is 50 / 36 * 48 = 66.67 px, so a front face has its
left and right edges at 24 - 66.67 * (1.95, 0.45) / 7.25 = 6.07, 19.86, its upper and lower ones at
16 -+ 66.67 * 0.75 / 7.25 = 9.10, 22.90; of the side, a column more is seen: at 8.75, the far edge
is at 24 - 66.67 * 0.45 / 8.75 = 20.57. Pixels count where their centres are inside."""


def blender_multilayer(path: Path, depth: str = "32") -> Path:
    """What Blender writes by itself; with "16" bits its colours are halves."""
    done = subprocess.run(
        [sys.executable, "-c", _SCENE, str(path), depth],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return path


def save(path: Path, channels: Mapping[str, Pixels], **header: Any) -> Path:
    """A file of one part."""
    kind = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    whole = {name: np.ascontiguousarray(pixels) for name, pixels in channels.items()}
    with OpenEXR.File({**kind, **header}, whole) as file:
        file.write(str(path))
    return path


def save_parts(path: Path, parts: Mapping[str, Mapping[str, Pixels]]) -> Path:
    """A file with a part for each name; parts may differ in size."""
    shapes = {name: next(iter(channels.values())).shape for name, channels in parts.items()}

    def window(height: int, width: int) -> tuple[Pixels, Pixels]:
        return np.zeros(2, np.int32), np.array([width - 1, height - 1], np.int32)

    display = window(*(max(sides) for sides in zip(*shapes.values(), strict=True)))
    made = [
        OpenEXR.Part(
            {
                "compression": OpenEXR.ZIP_COMPRESSION,
                "type": OpenEXR.scanlineimage,
                "dataWindow": window(*shapes[name]),
                "displayWindow": display,
            },
            {channel: np.ascontiguousarray(pixels) for channel, pixels in channels.items()},
            name,
        )
        for name, channels in parts.items()
    ]
    with OpenEXR.File(made) as file:
        file.write(str(path))
    return path


def save_tiled(path: Path, channels: Mapping[str, Pixels]) -> Path:
    """A file of tiles of 16 x 16, which do not fit the image's size."""
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    return save(path, channels, type=OpenEXR.tiledimage, tiles=tiles)


def save_subsampled(path: Path, full: Pixels, half: Pixels) -> Path:
    """Y in every pixel, and RY in every second of every second row."""
    # OpenEXR takes as many samples as it needs from the start of an array of the full size.
    padded = np.zeros_like(full)
    padded.ravel()[: half.size] = half.ravel()
    channels = {
        "Y": OpenEXR.Channel("Y", full, 1, 1),
        "RY": OpenEXR.Channel("RY", padded, 2, 2),
    }
    header = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, channels) as file:
        file.write(str(path))
    return path


def save_deep(path: Path) -> Path:
    """A file with several values in a pixel."""
    pixels = np.empty((2, 3), dtype=object)
    for row, column in np.ndindex(2, 3):
        pixels[row, column] = np.arange(1 + row + column, dtype=np.float32)
    header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.deepscanline}
    with OpenEXR.File(header, {"Z": pixels}) as file:
        file.write(str(path))
    return path
