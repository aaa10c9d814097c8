"""Every key of [render], [render.cycles] and [render.eevee] reaches Blender.

Here a key's other value becomes the value of a property of Blender's. What the keys do to
pixels, where a CPU shows it: test_color, test_color_render and test_eevee.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import pytest

from tests.blender import scenes
from tests.keys import default_keys
from viewbatch.blender import eevee, engine, versions
from viewbatch.passes import Pass

Read = Callable[[Any], Any]

CYCLES: dict[str, tuple[str, Any, Read]] = {
    # key -> (another value as TOML, what Blender then holds, where)
    "render.samples": ("37", 37, lambda s: s.cycles.samples),
    "render.filter_size": ("2.5", 2.5, lambda s: s.cycles.filter_width),
    "render.cycles.device": ('"GPU"', "GPU", lambda s: s.cycles.device),
    "render.cycles.use_adaptive_sampling": (
        "false", False, lambda s: s.cycles.use_adaptive_sampling,
    ),
    "render.cycles.adaptive_min_samples": ("7", 7, lambda s: s.cycles.adaptive_min_samples),
    "render.cycles.adaptive_threshold": ("0.5", 0.5, lambda s: s.cycles.adaptive_threshold),
    "render.cycles.denoising_quality": ('"FAST"', "FAST", lambda s: s.cycles.denoising_quality),
    "render.cycles.denoising_prefilter": (
        '"NONE"', "NONE", lambda s: s.cycles.denoising_prefilter,
    ),
    "render.cycles.max_bounces": ("3", 3, lambda s: s.cycles.max_bounces),
    "render.cycles.diffuse_bounces": ("1", 1, lambda s: s.cycles.diffuse_bounces),
    "render.cycles.glossy_bounces": ("1", 1, lambda s: s.cycles.glossy_bounces),
    "render.cycles.transmission_bounces": ("1", 1, lambda s: s.cycles.transmission_bounces),
    "render.cycles.volume_bounces": ("2", 2, lambda s: s.cycles.volume_bounces),
    "render.cycles.transparent_max_bounces": (
        "5", versions.transparent_bounces(5), lambda s: s.cycles.transparent_max_bounces,
    ),
    "render.cycles.use_light_tree": ("false", False, lambda s: s.cycles.use_light_tree),
    "render.cycles.caustics_reflective": ("true", True, lambda s: s.cycles.caustics_reflective),
    "render.cycles.caustics_refractive": ("true", True, lambda s: s.cycles.caustics_refractive),
    "render.cycles.sample_clamp_direct": ("4.0", 4.0, lambda s: s.cycles.sample_clamp_direct),
    "render.cycles.sample_clamp_indirect": ("3.0", 3.0, lambda s: s.cycles.sample_clamp_indirect),
}  # fmt: skip
EEVEE: dict[str, tuple[str, Any, Read]] = {
    "render.eevee.samples": ("37", 37, lambda s: s.eevee.taa_render_samples),
    "render.filter_size": ("0", 0, lambda s: s.render.filter_size),
    "render.eevee.use_raytracing": ("false", False, lambda s: s.eevee.use_raytracing),
    "render.eevee.use_shadows": ("false", False, lambda s: s.eevee.use_shadows),
    "render.eevee.shadow_ray_count": ("3", 3, lambda s: s.eevee.shadow_ray_count),
    "render.eevee.shadow_step_count": ("11", 11, lambda s: s.eevee.shadow_step_count),
}
FILES: dict[str, tuple[str, Any, Read]] = {
    "render.image_settings.quality": ("30", 30, lambda s: s.render.image_settings.quality),
    "render.image_settings.compression": ("90", 90, lambda s: s.render.image_settings.compression),
    "render.image_settings.exr_codec": (
        '"PIZ"', "PIZ", lambda s: s.render.image_settings.exr_codec,
    ),
}  # fmt: skip
ELSEWHERE = {
    "test_cameras": {
        "render.resolution_x", "render.resolution_y", "render.resolution_percentage",
        "render.pixel_aspect_x", "render.pixel_aspect_y",
    },
    "test_color": {
        "render.film_transparent", "render.view_transform", "render.exposure",
        *(f"render.image_settings.{k}" for k in ("file_format", "color_mode", "color_depth")),
    },
    "test_devices": {
        *(f"render.cycles.{k}" for k in ("compute_device_type", "devices", "fallback")),
        "render.cycles.use_denoising", "render.cycles.denoiser",
    },
    "test_eevee": {"render.engine"},
    "test_pilot": {"render.quality_db"},
}  # fmt: skip


def test_no_key_is_left_out() -> None:
    tested = CYCLES.keys() | EEVEE.keys() | FILES.keys() | set().union(*ELSEWHERE.values())
    assert tested == {key for key in default_keys() if key.startswith("render.")}


@pytest.mark.parametrize("key", CYCLES)
def test_a_key_of_cycles(key: str) -> None:
    value, expected, read = CYCLES[key]
    found = []
    for overrides in ([], [f"{key}={value}"]):
        config, _ = scenes.configured(*overrides)
        scene = scenes.empty_scene()
        scene.camera = bpy.data.objects.new("c", bpy.data.cameras.new("c"))
        engine.configure(scene, config.render)
        engine.use_color(scene, config.render, 1, frozenset({Pass.COLOR}), denoise=True, dof=False)
        found.append(read(scene))
        # Ground truth never depends on the colour image's samples and filter.
        engine.use_ground_truth(scene, frozenset({Pass.DEPTH}))
        assert scene.cycles.samples == 1
        assert scene.cycles.filter_width == pytest.approx(0.01)
    assert found[0] != found[1]
    # Blender holds float32.
    assert found[1] == (pytest.approx(expected, rel=1e-6) if value[0].isdigit() else expected)


@pytest.mark.parametrize("key", EEVEE)
def test_a_key_of_eevee(key: str) -> None:
    value, expected, read = EEVEE[key]
    found = []
    for overrides in ([], [f"{key}={value}"]):
        config, _ = scenes.configured('render.engine="EEVEE"', *overrides)
        scene = scenes.empty_scene()
        engine.configure(scene, config.render)
        eevee.configure(scene, config.render)
        assert scene.render.engine == versions.EEVEE
        found.append(read(scene))
    assert found[0] != found[1]
    assert found[1] == expected


@pytest.mark.parametrize("key", FILES)
def test_a_key_of_colour_files(key: str) -> None:
    value, expected, read = FILES[key]
    found = []
    for overrides in ([], [f"{key}={value}"]):
        config, _ = scenes.configured('render.image_settings.file_format="OPEN_EXR"', *overrides)
        scene = scenes.empty_scene()
        engine.configure_image(scene, config.render)
        found.append(read(scene))
    assert found[0] != found[1] == expected


def test_a_filter_of_size_0_is_the_narrowest_that_cycles_has() -> None:
    config, _ = scenes.configured("render.filter_size=0")
    scene = scenes.empty_scene()
    scene.camera = bpy.data.objects.new("c", bpy.data.cameras.new("c"))
    engine.configure(scene, config.render)
    engine.use_color(scene, config.render, 1, frozenset({Pass.COLOR}), denoise=False, dof=False)
    assert scene.cycles.filter_width == pytest.approx(0.01)
