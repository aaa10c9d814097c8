"""[render]: engines, the image's size and its file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from viewbatch._decode import Between, NonNegative
from viewbatch.config.table import Table

Percent = Annotated[int, Between(0, 100)]
MOST_PIXELS = 1 << 29
"""Four channels of them are as many numbers as a 32-bit integer counts."""
MOST_TRANSPARENT = 1023
"""Surfaces that a path can cross in any Blender."""
LEAST_QUALITY_DB = 20
"""Of an image that one can still recognise."""
Bounces = Annotated[int, Between(0, 1024)]


class Engine(StrEnum):
    CYCLES = "CYCLES"
    EEVEE = "EEVEE"


class ViewTransform(StrEnum):
    STANDARD = "Standard"
    RAW = "Raw"
    AGX = "AgX"
    FILMIC = "Filmic"
    FILMIC_LOG = "Filmic Log"
    FALSE_COLOR = "False Color"
    KHRONOS = "Khronos PBR Neutral"

    @property
    def is_by_channel(self) -> bool:
        """Whether red, green and blue are each shown by one same curve, whatever the others."""
        return self in {ViewTransform.STANDARD, ViewTransform.RAW}


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


class ImageConfig(Table):
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

    @property
    def is_8_bit_png(self) -> bool:
        """Whether the file is one that needs no more of Blender than levels."""
        return self.file_format is FileFormat.PNG and self.depth == 8

    @property
    def zlib_level(self) -> int:
        """0 to 9, as Blender takes `compression` for a PNG."""
        return self.compression * 9 // 100

    def mode(self, *, film_transparent: bool) -> str:
        """The channels that are written: BW, RGB or RGBA."""
        if self.color_mode is not ColorMode.AUTO:
            return str(self.color_mode)
        return "RGBA" if film_transparent and self.file_format is not FileFormat.JPEG else "RGB"


class ComputeDeviceType(StrEnum):
    AUTO = "auto"
    OPTIX = "OPTIX"
    CUDA = "CUDA"
    HIP = "HIP"
    ONEAPI = "ONEAPI"
    METAL = "METAL"


class Denoiser(StrEnum):
    OPENIMAGEDENOISE = "OPENIMAGEDENOISE"
    OPTIX = "OPTIX"


class CyclesConfig(Table):
    device: Literal["CPU", "GPU"]
    compute_device_type: ComputeDeviceType
    devices: tuple[int | str, ...]
    fallback: Literal["none", "cpu"]
    use_adaptive_sampling: bool
    adaptive_threshold: Annotated[float, Between(0, 1)]
    adaptive_min_samples: Annotated[int, Between(0, 4096)]
    use_denoising: Literal["auto", True, False]
    denoiser: Denoiser
    denoising_quality: Literal["HIGH", "BALANCED", "FAST"]
    denoising_prefilter: Literal["NONE", "FAST", "ACCURATE"]
    use_light_tree: bool
    max_bounces: Bounces
    diffuse_bounces: Bounces
    glossy_bounces: Bounces
    transmission_bounces: Bounces
    volume_bounces: Bounces
    # Blender's largest limit is 1024, which from 5.0 on stands for one surface less.
    transparent_max_bounces: Annotated[int, Between(0, MOST_TRANSPARENT)]
    caustics_reflective: bool
    caustics_refractive: bool
    sample_clamp_direct: NonNegative
    sample_clamp_indirect: NonNegative


class EeveeConfig(Table):
    samples: Annotated[int, Between(1, 1 << 24)]
    use_raytracing: bool
    use_shadows: bool
    shadow_ray_count: Annotated[int, Between(1, 4)]
    shadow_step_count: Annotated[int, Between(1, 16)]


class RenderConfig(Table):
    engine: Engine
    resolution_x: Annotated[int, Between(4, 65536)]
    resolution_y: Annotated[int, Between(4, 65536)]
    resolution_percentage: Annotated[int, Between(1, 1000)]
    pixel_aspect_x: Annotated[float, Between(1, 200)]
    pixel_aspect_y: Annotated[float, Between(1, 200)]
    samples: Annotated[int, Between(1, 1 << 24)]
    quality_db: Annotated[float, Between(0, 60)]
    filter_size: Annotated[float, Between(0, 10)]
    film_transparent: bool
    view_transform: ViewTransform
    exposure: Annotated[float, Between(-32, 32)]
    image_settings: ImageConfig
    cycles: CyclesConfig
    eevee: EeveeConfig

    @property
    def width(self) -> int:
        """Width of the image in pixels: a percentage rounds down, as in Blender."""
        return self.resolution_x * self.resolution_percentage // 100

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return self.resolution_y * self.resolution_percentage // 100

    def problems(self) -> Iterator[tuple[str, str]]:
        if 0 < self.quality_db < LEAST_QUALITY_DB:
            yield (
                "quality_db",
                f"expected 0 or from {LEAST_QUALITY_DB} to 60, found {self.quality_db:g}",
            )
        if self.quality_db and self.engine is Engine.EEVEE:
            yield "quality_db", "expected 0 with EEVEE, whose noise is fixed"
        if min(self.width, self.height) < 1:
            yield (
                "resolution_percentage",
                (
                    f"{self.resolution_percentage} % of {self.resolution_x}x{self.resolution_y} "
                    "leaves no pixel"
                ),
            )
        if self.width * self.height > MOST_PIXELS:
            yield (
                "resolution_percentage",
                (
                    f"{self.width}x{self.height} are more pixels than the {MOST_PIXELS} that "
                    "Blender can hold in an image"
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
