"""Keys of [render]: what changes with them, and how."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import OpenEXR
from PIL import Image

from tests.blender.keys.effects import Show, brighter, frame_of, lights_up
from tests.blender.keys.readings import corner, intrinsics, levels, light, middle, near, seen
from tests.blender.keys.rows import (
    COLOR,
    FILE,
    FRAME,
    IMAGES,
    MOVED,
    POSE,
    Change,
    Choice,
    Message,
    Row,
)
from tests.blender.keys.settings import DENOISED, GPU, LAMPS, NOISY, SCENE
from viewbatch.dataset import Dataset


def aspect(fx_by_fy: float) -> Show:
    return lambda _, b: near(intrinsics(b).fx / intrinsics(b).fy, fx_by_fy)


def clear_background(a: Dataset, b: Dataset) -> None:
    near(light(b)[0, 0], 0)
    assert (levels(a).shape[2], levels(b).shape[2], levels(b)[0, 0, 3]) == (3, 4, 0)


def raw_levels(a: Dataset, b: Dataset) -> None:
    expected = np.rint(255 * np.clip(light(b), 0, 1))
    assert np.abs(levels(b).astype(float) - expected).max() <= 1
    assert (levels(a) >= levels(b)).all()


def one_stop(a: Dataset, b: Dataset) -> None:
    """Where nothing is burnt out: linear light, from its levels, is twice."""
    before, after = (np.mean(levels(d)[0, 0] / 255) for d in (a, b))
    near(((after + 0.055) / 1.055) ** 2.4, 2 * ((before + 0.055) / 1.055) ** 2.4, 0.02)


def image_is(file_format: str, mode: str) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        with Image.open(b.view(0).path("render")) as image:
            assert (image.format, image.mode) == (file_format, mode)

    return show


def sixteen_bits(a: Dataset, b: Dataset) -> None:
    depths = [d.view(0).path("render").read_bytes()[24] for d in (a, b)]
    assert depths == [8, 16]  # PNG (W3C), 11.2.1: the byte after width and height


def smaller_file(a: Dataset, b: Dataset) -> None:
    sizes = [d.view(0).path("render").stat().st_size for d in (a, b)]
    assert sizes[1] < sizes[0]


def same_pixels(a: Dataset, b: Dataset) -> None:
    smaller_file(a, b)
    np.testing.assert_array_equal(levels(a), levels(b))


def same_exr_pixels(a: Dataset, b: Dataset) -> None:
    images = [seen(d, "render") for d in (a, b)]
    np.testing.assert_array_equal(*images)
    with OpenEXR.File(str(b.view(0).path("render"))) as file:
        assert file.header()["compression"] == OpenEXR.NO_COMPRESSION


def recorded(name: str, before: str, after: str) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        assert (getattr(a.record, name), getattr(b.record, name)) == (before, after)

    return show


def reaches(before: float, after: float, where: Callable[[Dataset], float] = middle) -> Show:
    return lambda a, b: near([where(a), where(b)], [before, after], 2e-3)


def goes_out(where: Callable[[Dataset], float] = middle) -> Show:
    return lambda a, b: lights_up(where)(b, a)


# Straight at the plates of models.py.
FRONT = ('camera.location.mode="orbit"', 'camera.location.radius_unit="scene"',
         "camera.location.orbit.radius=5.0", "camera.location.orbit.inclination='pi/2'",
         "camera.location.orbit.azi_start='-pi/2'", "camera.target=[0.0, 0.0, 0.0]",
         'light.mode="none"', "world.strength=0.0", "render.resolution_x=16",
         "render.resolution_y=12")  # fmt: skip
KEPT = (*FRONT, "model.keep_lights=true")

EXR = ('render.image_settings.file_format="OPEN_EXR"',)
# Without ray tracing, which takes EEVEE most of its time.
MIRROR_FLOOR = ("render.eevee.use_raytracing=false", 'ground.mode="plane"',
                "ground.roughness=0.0", "light.uniform.amount=1",
                "light.uniform.size=4.0", "render.resolution_x=24", "render.resolution_y=16",
                "camera.location.quasi_random.inc_min='pi/3'")  # fmt: skip
EEVEE = (*MIRROR_FLOOR, 'render.engine="EEVEE"')

NO_GPU = (
    r'render\.cycles\.device is "GPU", and there is no GPU that Cycles can use \(this build of '
    r"Blender supports .*; found: the CPU .*\); set render\.cycles\.device \"CPU\", or "
    r"render\.cycles\.fallback \"cpu\""
)

R = "render.resolution_"
C = "render.cycles."
I = "render.image_settings."  # noqa: E741

ROWS: dict[str, Row] = {
    # [render]
    "render.engine": Change(
        '"EEVEE"', COLOR | {"engine", "samples"}, base=MIRROR_FLOOR,
        shows=recorded("engine", "CYCLES", "EEVEE"),
        opengl=True,
    ),
    f"{R}x": Change("48", IMAGES | FRAME - {"height", "cy"} | POSE, shows=frame_of(48, 24)),
    f"{R}y": Change("30", IMAGES | {"height", "cy"} | POSE, shows=frame_of(32, 30)),
    f"{R}percentage": Change("50", IMAGES | FRAME, shows=frame_of(16, 12), may=POSE),
    "render.pixel_aspect_x": Change("1.2", MOVED | {"fy"}, shows=aspect(1 / 1.2)),
    "render.pixel_aspect_y": Change("1.2", MOVED | {"fy"}, shows=aspect(1.2)),
    "render.samples": Change("16", COLOR | {"samples"}),
    "render.quality_db": Change("25.0", COLOR | {"samples"}, base=[*SCENE]),
    "render.filter_size": Change("8.0", COLOR, base=NOISY),
    "render.film_transparent": Change("true", COLOR, shows=clear_background),
    "render.view_transform": Change('"Raw"', FILE, shows=raw_levels),
    "render.exposure": Change("1.0", FILE, base=["world.strength=0.2"], shows=one_stop),
    f"{I}file_format": Change('"JPEG"', FILE, shows=image_is("JPEG", "RGB")),
    f"{I}color_mode": Change('"BW"', FILE, shows=image_is("PNG", "L")),
    f"{I}color_depth": Change("16", FILE, shows=sixteen_bits),
    f"{I}quality": Change("10", FILE, base=[f'{I}file_format="JPEG"'], shows=smaller_file),
    f"{I}compression": Change("100", FILE, base=[f"{I}compression=0"], shows=same_pixels),
    f"{I}exr_codec": Change('"NONE"', FILE, base=EXR, shows=same_exr_pixels),
    # [render.cycles]
    f"{C}device": Message('"GPU"', "", NO_GPU, without_gpu=True),
    f"{C}compute_device_type": Message(
        '"METAL"', NO_GPU, NO_GPU.replace("GPU that Cycles can use", "METAL device"), base=GPU,
        without_gpu=True,
    ),
    f"{C}devices": Choice('["H200"]', (0, 1, 2), (2,)),
    f"{C}fallback": Message('"cpu"', NO_GPU, "", base=GPU, without_gpu=True),
    f"{C}use_adaptive_sampling": Change(
        "false", COLOR, base=["render.samples=64", f"{C}adaptive_threshold=1.0"]
    ),
    f"{C}adaptive_min_samples": Change(
        "4", COLOR, base=["render.samples=64", f"{C}adaptive_threshold=1.0"]
    ),
    f"{C}adaptive_threshold": Change("1.0", COLOR, base=["render.samples=64"]),
    f"{C}use_denoising": Change(
        "true", COLOR | {"denoiser"}, base=["render.samples=4"],
        shows=recorded("denoiser", "none", "OPENIMAGEDENOISE"),
    ),
    f"{C}denoiser": Message(
        '"OPTIX"', "", r"render\.cycles\.denoiser is OPTIX, which needs a GPU that Cycles drives "
        r"by OPTIX, and the device is CPU; set .*", base=DENOISED,
    ),
    f"{C}denoising_quality": Change('"FAST"', COLOR, base=DENOISED),
    f"{C}denoising_prefilter": Change('"NONE"', COLOR, base=DENOISED),
    f"{C}max_bounces": Change("0", COLOR, base=[*KEPT, *NOISY], model="shielded",
                              shows=goes_out(corner)),
    f"{C}diffuse_bounces": Change("0", COLOR, base=[*KEPT, *NOISY], model="shielded",
                                  shows=goes_out(corner)),
    f"{C}glossy_bounces": Change("0", COLOR, base=KEPT, model="mirror", shows=goes_out()),
    f"{C}transmission_bounces": Change("0", COLOR, base=KEPT, model="glass", shows=goes_out()),
    f"{C}volume_bounces": Change("4", COLOR, base=[*KEPT, *NOISY], model="fog", shows=brighter),
    f"{C}transparent_max_bounces": Change(
        "1", COLOR, base=KEPT, model="hole", shows=goes_out()
    ),
    f"{C}use_light_tree": Change("false", COLOR, base=[*LAMPS, "light.uniform.amount=5"]),
    f"{C}caustics_reflective": Change("true", COLOR, base=[*FRONT, "render.samples=256"],
                                      model="mirrored", shows=lights_up()),
    f"{C}caustics_refractive": Change("true", COLOR, base=[*FRONT, *NOISY], model="glazed",
                                      shows=lights_up()),
    f"{C}sample_clamp_direct": Change("0.25", COLOR, base=FRONT, model="glowing",
                                      shows=reaches(50, 0.25)),
    f"{C}sample_clamp_indirect": Change("0.25", COLOR, base=KEPT, model="mirror",
                                        shows=reaches(10, 0.25)),
    # [render.eevee]
    "render.eevee.samples": Change("2", COLOR | {"samples"}, base=EEVEE, opengl=True),
    **{
        f"render.eevee.{key}": Change(value, COLOR, base=EEVEE, opengl=True)
        for key, value in {
            "use_raytracing": "true", "use_shadows": "false", "shadow_ray_count": "4",
            "shadow_step_count": "1",
        }.items()
    },
}  # fmt: skip
