"""Cycles' settings: every one that a pixel depends on is set, twice a view.

Switching between the colour and the ground-truth settings rebuilds nothing in Cycles:
neither touches the scene's relations.
"""

from __future__ import annotations

import logging
from typing import Any

from viewbatch.blender import versions
from viewbatch.blender.capture import enable_passes
from viewbatch.blender.devices import Device
from viewbatch.config.render import (
    MOST_TRANSPARENT,
    ComputeDeviceType,
    Denoiser,
    Engine,
    RenderConfig,
)
from viewbatch.errors import UsageError
from viewbatch.passes import Pass

log = logging.getLogger(__name__)


def configure(scene: Any, config: RenderConfig) -> None:
    """What both renders share."""
    render = scene.render
    render.engine = "CYCLES"
    render.film_transparent = config.film_transparent
    render.use_persistent_data = True
    render.use_motion_blur = False
    render.use_border = False
    render.use_simplify = False
    render.use_freestyle = False
    render.threads_mode = "AUTO"
    versions.compositor_off(scene)
    layer = scene.view_layers[0]
    # An alpha of 0 is a hole, any other the first surface: below the threshold Cycles picks
    # the front or the back at random, and at 0 there are no holes. What makes up less than
    # 1e-5 of a surface, Cycles drops.
    layer.pass_alpha_threshold = 1e-5
    cycles = scene.cycles
    cycles.device = config.cycles.device
    cycles.shading_system = False
    cycles.use_animated_seed = False
    cycles.use_auto_tile = True
    cycles.tile_size = 2048
    cycles.use_light_tree = config.cycles.use_light_tree
    cycles.use_fast_gi = False
    cycles.use_guiding = False
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.film_exposure = 1.0
    cycles.film_transparent_glass = False
    cycles.caustics_reflective = config.cycles.caustics_reflective
    cycles.caustics_refractive = config.cycles.caustics_refractive
    cycles.sample_clamp_direct = config.cycles.sample_clamp_direct
    cycles.sample_clamp_indirect = config.cycles.sample_clamp_indirect
    cycles.debug_use_spatial_splits = False
    configure_color_management(scene, config)


def denoiser(config: RenderConfig, device: Device) -> str:
    """The denoiser that colour images get, or "none"; an error where it cannot be had."""
    import _cycles

    wanted = config.cycles
    if config.engine is not Engine.CYCLES or wanted.use_denoising is False:
        return "none"
    if wanted.denoiser is Denoiser.OPTIX:
        if device.kind is not ComputeDeviceType.OPTIX:
            raise UsageError(
                "render.cycles.denoiser is OPTIX, which needs a GPU that Cycles drives by OPTIX, "
                f"and the device is {device}; set render.cycles.device GPU and "
                "compute_device_type OPTIX, or use the denoiser OPENIMAGEDENOISE"
            )
        return str(wanted.denoiser)
    if _cycles.with_openimagedenoise:
        return str(wanted.denoiser)
    if wanted.use_denoising is True:
        raise UsageError(
            f"render.cycles.use_denoising is true, and this build of Blender {versions.text()} "
            'has no OpenImageDenoise; set it to "auto" or false, or use another build'
        )
    log.warning("this build of Blender %s has no denoiser; images are noisier", versions.text())
    return "none"


def use_color(
    scene: Any,
    config: RenderConfig,
    seed: int,
    passes: frozenset[Pass],
    *,
    denoise: bool,
    dof: bool,
) -> None:
    """Settings of the colour render of one view."""
    limits = config.cycles
    cycles = scene.cycles
    enable_passes(scene.view_layers[0], passes)
    scene.camera.data.dof.use_dof = dof
    cycles.seed = seed
    cycles.samples = config.samples
    cycles.filter_width = max(0.01, config.filter_size)
    cycles.use_adaptive_sampling = limits.use_adaptive_sampling
    cycles.adaptive_threshold = limits.adaptive_threshold
    cycles.adaptive_min_samples = limits.adaptive_min_samples
    cycles.use_denoising = denoise
    if denoise:
        cycles.denoiser = limits.denoiser
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_prefilter = limits.denoising_prefilter
        cycles.denoising_quality = limits.denoising_quality
        cycles.denoising_use_gpu = limits.device == "GPU"
    cycles.max_bounces = limits.max_bounces
    cycles.diffuse_bounces = limits.diffuse_bounces
    cycles.glossy_bounces = limits.glossy_bounces
    cycles.transmission_bounces = limits.transmission_bounces
    cycles.volume_bounces = limits.volume_bounces
    cycles.transparent_max_bounces = versions.transparent_bounces(limits.transparent_max_bounces)


def use_ground_truth(scene: Any, passes: frozenset[Pass]) -> None:
    """Settings of the ground-truth render: one sample through every pixel's centre.

    Depth, ids and position come from a render's first sample alone, which Cycles shoots
    through the pixel's centre; the narrow filter keeps the rounding of its filter table
    below 3e-5 px. With more samples normals would be averaged across edges, and depth of
    field would move the first sample away from the lens's centre.
    """
    cycles = scene.cycles
    enable_passes(scene.view_layers[0], passes)
    scene.camera.data.dof.use_dof = False
    cycles.seed = 0
    cycles.samples = 1
    cycles.filter_width = 0.01
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.max_bounces = 0
    cycles.diffuse_bounces = 0
    cycles.glossy_bounces = 0
    cycles.transmission_bounces = 0
    cycles.volume_bounces = 0
    # At its limit Cycles fills a hole in depth and ids, and goes through it in AOVs.
    cycles.transparent_max_bounces = versions.transparent_bounces(MOST_TRANSPARENT)


def configure_color_management(scene: Any, config: RenderConfig) -> None:
    """How linear colour becomes display colour."""
    scene.render.dither_intensity = 0.0
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    try:
        view.view_transform = config.view_transform
    except TypeError as error:
        raise UsageError(
            f"render.view_transform is {config.view_transform}, which this Blender "
            f"{versions.text()} lacks; set another, such as Standard"
        ) from error
    view.look = "None"
    view.exposure = config.exposure
    view.gamma = 1.0
    view.use_curve_mapping = False
    if hasattr(view, "use_white_balance"):
        view.use_white_balance = False


def image_extension(config: RenderConfig) -> str:
    """Extension of colour files."""
    return {
        "PNG": ".png",
        "JPEG": ".jpg",
        "OPEN_EXR": ".exr",
        "TIFF": ".tif",
        "WEBP": ".webp",
    }[config.image_settings.file_format]


def configure_image(scene: Any, config: RenderConfig) -> None:
    """How colour files are encoded."""
    wanted = config.image_settings
    settings = scene.render.image_settings
    versions.set_file_format(settings, wanted.file_format)
    settings.color_mode = wanted.mode(film_transparent=config.film_transparent)
    if str(wanted.depth) != settings.color_depth:
        settings.color_depth = str(wanted.depth)
    settings.quality = wanted.quality
    settings.compression = wanted.compression
    settings.color_management = "FOLLOW_SCENE"
    if wanted.file_format == "OPEN_EXR":
        settings.exr_codec = wanted.exr_codec
    elif wanted.file_format == "TIFF":
        settings.tiff_codec = "DEFLATE"


def configure_levels(scene: Any, mode: str) -> None:
    """Files of 8-bit levels for `raw_levels`, of BW, RGB or RGBA."""
    settings = scene.render.image_settings
    versions.set_file_format(settings, "TARGA_RAW")
    settings.color_mode = mode
    settings.color_management = "FOLLOW_SCENE"
