"""[model], [objects], [materials], [ground], [world] and [light]: what is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from viewbatch._decode import Angle, AtLeast, Between, NonNegative, Positive, Vector3, describe
from viewbatch.config.table import Table
from viewbatch.config.values import Color, Draw, Inclination, Reflectance, Share, in_order


class Normalize(StrEnum):
    NONE = "none"
    UNIT_SPHERE = "unit_sphere"
    UNIT_CUBE = "unit_cube"


class UpAxis(StrEnum):
    AUTO = "auto"
    X = "x"
    Y = "y"
    Z = "z"
    MINUS_X = "-x"
    MINUS_Y = "-y"
    MINUS_Z = "-z"


class ModelConfig(Table):
    frame: Annotated[int, Between(-1048574, 1048574)]
    normalize: Normalize
    up_axis: UpAxis
    scale: Positive
    keep_lights: bool
    keep_world: bool


class ObjectsConfig(Table):
    exclude_pattern: str
    categories: dict[str, str]

    def problems(self) -> Iterator[tuple[str, str]]:
        patterns = {"exclude_pattern": self.exclude_pattern}
        patterns |= {f"categories.{name}": text for name, text in self.categories.items()}
        for key, pattern in patterns.items():
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                yield key, f"expected a regular expression, found {describe(pattern)}: {error}"


class MaterialsConfig(Table):
    color: Reflectance
    roughness: Share
    vertex_colors: bool


class GroundMode(StrEnum):
    NONE = "none"
    PLANE = "plane"
    SHADOW_CATCHER = "shadow_catcher"


class GroundPattern(StrEnum):
    PLAIN = "plain"
    CHECKERBOARD = "checkerboard"


class GroundConfig(Table):
    mode: GroundMode
    size: Positive
    pattern: GroundPattern
    color: Reflectance
    second_color: Reflectance
    square_size: Positive
    roughness: Share
    in_masks: bool


class WorldMode(StrEnum):
    COLOR = "color"
    HDRI = "hdri"


class RotationMode(StrEnum):
    FIXED = "fixed"
    DATASET = "dataset"
    VIEW = "view"


class HdriConfig(Table):
    path: str
    strength: NonNegative
    rotation_mode: RotationMode
    rotation: Angle


class Extension(StrEnum):
    CLIP = "CLIP"
    EXTEND = "EXTEND"
    REPEAT = "REPEAT"
    MIRROR = "MIRROR"


class BackdropConfig(Table):
    path: str
    extension: Extension
    scale: Positive


class WorldConfig(Table):
    mode: WorldMode
    color: Color
    strength: NonNegative
    hdri: HdriConfig
    backdrop: BackdropConfig

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.mode is WorldMode.HDRI and not self.hdri.path:
            yield "hdri.path", 'expected the path of an image, because world.mode is "hdri"'


class LightMode(StrEnum):
    UNIFORM = "uniform"
    RANDOM = "random"
    THREE_POINT = "three_point"
    CAMERA = "camera"
    NONE = "none"


class LightType(StrEnum):
    POINT = "POINT"
    SUN = "SUN"
    AREA = "AREA"
    SPOT = "SPOT"


Amount = Annotated[int, Between(1, 1000)]
Distance = Annotated[float, AtLeast(0.001)]
"""From the target's centre: on it, a lamp could not be aimed at it."""


class UniformLightConfig(Table):
    type: LightType
    energy: NonNegative
    amount: Amount
    radius: Distance
    size: NonNegative
    inclinations: tuple[Inclination, ...]


class RandomLightConfig(Table):
    type: LightType
    draw: Draw
    amount_min: Amount
    amount_max: Amount
    energy_min: NonNegative
    energy_max: NonNegative
    radius_min: Distance
    radius_max: Distance
    inc_min: Inclination
    inc_max: Inclination
    color_min: Reflectance
    color_max: Reflectance
    size: NonNegative

    def problems(self) -> Iterator[tuple[str, str]]:
        for name in ("amount", "energy", "radius", "inc"):
            yield from in_order(self, f"{name}_min", f"{name}_max")
        if any(low > high for low, high in zip(self.color_min, self.color_max, strict=True)):
            yield "color_max", "expected no component below that of color_min"


class ThreePointLightConfig(Table):
    type: LightType
    energy: NonNegative
    fill: NonNegative
    back: NonNegative
    azimuth: Angle
    radius: Distance
    size: NonNegative


class CameraLightConfig(Table):
    type: LightType
    energy: NonNegative
    offset: Vector3
    size: NonNegative


class LightConfig(Table):
    mode: LightMode
    uniform: UniformLightConfig
    random: RandomLightConfig
    three_point: ThreePointLightConfig
    camera: CameraLightConfig
