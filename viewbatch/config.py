"""The types of the configuration: one frozen dataclass per TOML table.

Defaults and the meaning of every key stand in `config.default.toml` and nowhere else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, make_dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from viewbatch._decode import (
    Above,
    Angle,
    AtLeast,
    Between,
    NonNegative,
    Positive,
    Vector3,
    describe,
    encode,
)

Inclination = Annotated[Angle, Between(0, math.pi)]
Color = tuple[NonNegative, NonNegative, NonNegative]
Percent = Annotated[int, Between(0, 100)]
Bounces = Annotated[int, Between(0, 1024)]


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


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    frame: Annotated[int, Between(-1048574, 1048574)]
    normalize: Normalize
    up_axis: UpAxis
    scale: Positive
    keep_lights: bool
    keep_world: bool


@dataclass(frozen=True, kw_only=True)
class ObjectsConfig:
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


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    color: Color
    strength: NonNegative


class LightMode(StrEnum):
    UNIFORM = "uniform"
    NONE = "none"


class LightType(StrEnum):
    POINT = "POINT"
    SUN = "SUN"
    AREA = "AREA"
    SPOT = "SPOT"


@dataclass(frozen=True, kw_only=True)
class UniformLightConfig:
    type: LightType
    energy: NonNegative
    amount: Annotated[int, Between(1, 1000)]
    radius: Positive
    size: NonNegative
    inclinations: tuple[Inclination, ...]


@dataclass(frozen=True, kw_only=True)
class LightConfig:
    mode: LightMode
    uniform: UniformLightConfig


class Engine(StrEnum):
    CYCLES = "CYCLES"


class ViewTransform(StrEnum):
    STANDARD = "Standard"
    RAW = "Raw"
    AGX = "AgX"
    FILMIC = "Filmic"
    FILMIC_LOG = "Filmic Log"
    FALSE_COLOR = "False Color"
    KHRONOS = "Khronos PBR Neutral"


class FileFormat(StrEnum):
    PNG = "PNG"
    JPEG = "JPEG"
    OPEN_EXR = "OPEN_EXR"
    TIFF = "TIFF"
    WEBP = "WEBP"


class ColorMode(StrEnum):
    AUTO = "auto"
    BW = "BW"
    RGB = "RGB"
    RGBA = "RGBA"


COLOR_DEPTHS = {
    FileFormat.PNG: (8, 16),
    FileFormat.JPEG: (8,),
    FileFormat.OPEN_EXR: (16, 32),
    FileFormat.TIFF: (8, 16),
    FileFormat.WEBP: (8,),
}


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    file_format: FileFormat
    color_mode: ColorMode
    color_depth: Literal["auto"] | int
    quality: Percent
    compression: Percent
    exr_codec: Literal["ZIP", "PIZ", "NONE"]

    def problems(self) -> Iterator[tuple[str, str]]:
        depths = COLOR_DEPTHS[self.file_format]
        if self.color_depth != "auto" and self.color_depth not in depths:
            expected = " or ".join(map(str, depths))
            yield (
                "color_depth",
                (f'expected "auto" or {expected} for {self.file_format}, found {self.color_depth}'),
            )
        if self.file_format is FileFormat.JPEG and self.color_mode is ColorMode.RGBA:
            yield "color_mode", "JPEG has no alpha; choose another mode or another file_format"
        if self.file_format is FileFormat.OPEN_EXR and self.color_mode is ColorMode.BW:
            yield "color_mode", "Blender writes no BW OPEN_EXR; choose RGB or another file_format"

    @property
    def depth(self) -> int:
        """Bits per channel."""
        return COLOR_DEPTHS[self.file_format][0] if self.color_depth == "auto" else self.color_depth

    def mode(self, *, film_transparent: bool) -> str:
        """The channels that are written: BW, RGB or RGBA."""
        if self.color_mode is not ColorMode.AUTO:
            return str(self.color_mode)
        return "RGBA" if film_transparent and self.file_format is not FileFormat.JPEG else "RGB"


@dataclass(frozen=True, kw_only=True)
class CyclesConfig:
    device: Literal["CPU"]
    use_adaptive_sampling: bool
    adaptive_threshold: Annotated[float, Between(0, 1)]
    use_denoising: Literal["auto", True, False]
    denoising_prefilter: Literal["NONE", "FAST", "ACCURATE"]
    max_bounces: Bounces
    diffuse_bounces: Bounces
    glossy_bounces: Bounces
    transmission_bounces: Bounces
    volume_bounces: Bounces
    transparent_max_bounces: Bounces
    caustics_reflective: bool
    caustics_refractive: bool
    sample_clamp_direct: NonNegative
    sample_clamp_indirect: NonNegative


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    engine: Engine
    resolution_x: Annotated[int, Between(4, 65536)]
    resolution_y: Annotated[int, Between(4, 65536)]
    resolution_percentage: Annotated[int, Between(1, 1000)]
    pixel_aspect_x: Annotated[float, Between(1, 200)]
    pixel_aspect_y: Annotated[float, Between(1, 200)]
    samples: Annotated[int, Between(1, 1 << 24)]
    film_transparent: bool
    view_transform: ViewTransform
    exposure: Annotated[float, Between(-32, 32)]
    image_settings: ImageConfig
    cycles: CyclesConfig

    @property
    def width(self) -> int:
        """Width of the image in pixels: a percentage rounds down, as in Blender."""
        return self.resolution_x * self.resolution_percentage // 100

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return self.resolution_y * self.resolution_percentage // 100

    def problems(self) -> Iterator[tuple[str, str]]:
        if min(self.width, self.height) < 1:
            yield (
                "resolution_percentage",
                (
                    f"{self.resolution_percentage} % of {self.resolution_x}x{self.resolution_y} "
                    "leaves no pixel"
                ),
            )
        limit = 16383 if self.image_settings.file_format is FileFormat.WEBP else 65535
        if self.image_settings.file_format in (FileFormat.WEBP, FileFormat.JPEG) and (
            max(self.width, self.height) > limit
        ):
            yield (
                "image_settings.file_format",
                (
                    f"{self.image_settings.file_format} holds at most {limit} pixels a side, "
                    f"the image has {self.width}x{self.height}"
                ),
            )


class SensorFit(StrEnum):
    AUTO = "AUTO"
    HORIZONTAL = "HORIZONTAL"
    VERTICAL = "VERTICAL"


@dataclass(frozen=True, kw_only=True)
class LensConfig:
    focal_length: Annotated[float, Between(1, 5000)]
    shift_x: Annotated[float, Between(-10, 10)]
    shift_y: Annotated[float, Between(-10, 10)]


@dataclass(frozen=True, kw_only=True)
class DofConfig:
    use: bool
    fstop: Annotated[float, Between(0.01, 1000)]


class LocationMode(StrEnum):
    RANDOM = "random"
    QUASI_RANDOM = "quasi_random"
    UNIFORM = "uniform"
    FIBONACCI = "fibonacci"


class RadiusUnit(StrEnum):
    FIT = "fit"
    SCENE = "scene"


def _in_order(config: object, low: str, high: str) -> Iterator[tuple[str, str]]:
    below, above = getattr(config, low), getattr(config, high)
    if below > above:
        yield high, f"expected at least {low}, which is {below:.6g}, found {above:.6g}"


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """A patch of a spherical shell."""

    r_min: Positive
    r_max: Positive
    inc_min: Inclination
    inc_max: Inclination
    azi_min: Angle
    azi_max: Angle

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from _in_order(self, "r_min", "r_max")
        yield from _in_order(self, "inc_min", "inc_max")
        yield from _in_order(self, "azi_min", "azi_max")
        if self.azi_max - self.azi_min > 2 * math.pi + 1e-9:
            yield "azi_max", "expected at most azi_min + 2*pi, which is a full circle"


@dataclass(frozen=True, kw_only=True)
class RingsConfig:
    radius: Positive
    inc_start: Inclination
    inc_stop: Inclination
    inc_step: Annotated[Angle, Above(0)]

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from _in_order(self, "inc_start", "inc_stop")
        if (self.inc_stop - self.inc_start) / self.inc_step > 10000:
            yield "inc_step", "expected a step that makes at most 10000 rings"


@dataclass(frozen=True, kw_only=True)
class FibonacciConfig:
    radius: Positive
    inc_min: Inclination
    inc_max: Inclination

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from _in_order(self, "inc_min", "inc_max")


@dataclass(frozen=True, kw_only=True)
class LocationConfig:
    mode: LocationMode
    radius_unit: RadiusUnit
    random: PatchConfig
    quasi_random: PatchConfig
    uniform: RingsConfig
    fibonacci: FibonacciConfig


@dataclass(frozen=True, kw_only=True)
class CameraConfig:
    target: Vector3 | Literal["center"]
    sensor_width: Annotated[float, Between(1, 1000)]
    sensor_height: Annotated[float, Between(1, 1000)]
    sensor_fit: SensorFit
    clip_start: Annotated[float, AtLeast(1e-6)] | Literal["auto"]
    clip_end: Annotated[float, AtLeast(1e-6)] | Literal["auto"]
    lens: LensConfig
    dof: DofConfig
    location: LocationConfig

    def problems(self) -> Iterator[tuple[str, str]]:
        start, end = self.clip_start, self.clip_end
        if isinstance(start, float) and isinstance(end, float) and start >= end:
            yield "clip_end", f"expected more than clip_start, which is {start}"


@dataclass(frozen=True, kw_only=True)
class PluginsConfig:
    """What every run has; a run's own type has a field more for each plugin's `Config`."""

    enabled: tuple[str, ...]
    path: str

    def problems(self) -> Iterator[tuple[str, str]]:
        for name in self.enabled:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                yield (
                    "enabled",
                    (f"expected names of plugins (letters, digits and _), found {describe(name)}"),
                )
        if len(set(self.enabled)) < len(self.enabled):
            yield "enabled", "expected each plugin once"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be set."""

    seed: Annotated[int, Between(0, (1 << 63) - 1)]
    model: ModelConfig
    objects: ObjectsConfig
    world: WorldConfig
    light: LightConfig
    render: RenderConfig
    camera: CameraConfig
    plugins: PluginsConfig

    @classmethod
    def with_plugins(cls, plugin_types: Mapping[str, type]) -> type[Config]:
        """The configuration's type where `[plugins.<name>]` decodes to these dataclasses."""
        plugins = make_dataclass(
            "PluginsConfig", plugin_types.items(), bases=(PluginsConfig,), frozen=True, kw_only=True
        )
        return make_dataclass(
            "Config", [("plugins", plugins)], bases=(cls,), frozen=True, kw_only=True
        )

    def tree(self) -> dict[str, Any]:
        """The plain TOML tree that decodes to this configuration."""
        tree: dict[str, Any] = encode(self)
        return tree
