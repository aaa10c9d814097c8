"""What lights from all around: one colour, or an image of the surroundings."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_never

import bpy
import numpy as np

from viewbatch.blender import versions
from viewbatch.config.scene import HdriConfig, RotationMode, WorldConfig, WorldMode
from viewbatch.errors import UsageError
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.lights import draw_rotation


class World:
    """The world of a scene; `prepare` turns its image to where a view has it.

    `kept` is a world of the model's file that takes the place of the configured one.
    """

    def __init__(self, scene: Any, config: WorldConfig, seed: int, kept: Any = None) -> None:
        self._seed = seed
        self._mapping: Any = None
        self._mode = RotationMode.FIXED
        self.plain_color: Vector3 | None = None
        """Linear colour of the background where it is known to be the same all around."""
        if kept is not None:
            scene.world = kept
            return
        scene.world = bpy.data.worlds.new("viewbatch.world")
        tree = versions.world_nodes(scene.world)
        tree.nodes.clear()
        background = tree.nodes.new("ShaderNodeBackground")
        output = tree.nodes.new("ShaderNodeOutputWorld")
        tree.links.new(background.outputs["Background"], output.inputs["Surface"])
        match config.mode:
            case WorldMode.COLOR:
                background.inputs["Color"].default_value = (*config.color, 1.0)
                background.inputs["Strength"].default_value = config.strength
                red, green, blue = (config.strength * c for c in config.color)
                self.plain_color = (red, green, blue)
            case WorldMode.HDRI:
                self._surround(scene.world, tree, background, config.hdri)
            case _:
                assert_never(config.mode)

    def drawn(self, index: int) -> dict[str, Any]:
        """What was drawn for a view, for its record."""
        angle = self._drawn_angle(index)
        return {} if angle is None else {"hdri_rotation_rad": angle}

    def prepare(self, index: int) -> None:
        """Make the world that of a view."""
        if self._mode is RotationMode.VIEW:
            self._turn(self._drawn_angle(index))

    def _surround(self, world: Any, tree: Any, background: Any, config: HdriConfig) -> None:
        """Feed a background from an equirectangular image that can be turned about +z."""
        texture = tree.nodes.new("ShaderNodeTexEnvironment")
        texture.projection = "EQUIRECTANGULAR"
        texture.interpolation = "Linear"
        texture.image = load_image("world.hdri.path", config.path)
        direction = tree.nodes.new("ShaderNodeTexCoord")
        self._mapping = tree.nodes.new("ShaderNodeMapping")
        # TEXTURE turns the image, where POINT would turn the direction, the other way.
        self._mapping.vector_type = "TEXTURE"
        tree.links.new(direction.outputs["Generated"], self._mapping.inputs["Vector"])
        tree.links.new(self._mapping.outputs["Vector"], texture.inputs["Vector"])
        tree.links.new(texture.outputs["Color"], background.inputs["Color"])
        background.inputs["Strength"].default_value = config.strength
        # What Cycles chooses itself is the finest map there is, whatever the image: 1.5 s for
        # every turn. A sun, half a degree wide, is three pixels of one that is 2048 wide.
        world.cycles.sampling_method = "MANUAL"
        world.cycles.sample_map_resolution = min(max(texture.image.size[0], 256), 2048)
        self._mode = config.rotation_mode
        drawn = self._drawn_angle(0)
        self._turn(config.rotation if drawn is None else drawn)

    def _drawn_angle(self, index: int) -> float | None:
        match self._mode:
            case RotationMode.FIXED:
                return None
            case RotationMode.DATASET:
                return draw_rotation(self._seed, None)
            case RotationMode.VIEW:
                return draw_rotation(self._seed, index)
            case _:
                assert_never(self._mode)

    def _turn(self, angle: float | None) -> None:
        # Blender keeps angles in float32: whole turns would cost precision.
        self._mapping.inputs["Rotation"].default_value[2] = math.remainder(angle or 0.0, math.tau)


def image_files(config: WorldConfig) -> Mapping[str, Path]:
    """The images that a world reads, by their key in the configuration."""
    named = {"world.hdri.path": config.hdri.path if config.mode is WorldMode.HDRI else ""}
    named["world.backdrop.path"] = config.backdrop.path
    return {key: Path(path) for key, path in named.items() if path}


def check_images(config: WorldConfig) -> None:
    """Refuse images that are not there, before anything else is done."""
    for key, path in image_files(config).items():
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise UsageError(f"the image {path} of {key} {what}; name an image, such as an EXR")


def load_image(key: str, path: str) -> Any:
    """An image that Blender has decoded; an error, with its key, where it cannot."""
    filepath = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    try:
        image = bpy.data.images.load(filepath)
    except RuntimeError:
        image = None
    if image is None or 0 in image.size:
        raise UsageError(
            f"the image {path} of {key} cannot be read by Blender; is it an EXR (of one layer), "
            "HDR, PNG or JPEG file?"
        )
    if image.is_float:
        values = np.empty(len(image.pixels), dtype=np.float32)
        image.pixels.foreach_get(values)
        if wrong := np.count_nonzero(~np.isfinite(values)):
            raise UsageError(
                f"the image {path} of {key} holds {wrong} values that are not finite numbers, "
                "which no light can be; repair it, or name another"
            )
    return image
