"""The table of every key of config.default.toml: what changes with it, and how.

A row names what a change of one key changes in a dataset: every other value of its records,
and every other file, is equal to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

from tests.blender import key_effects as see
from tests.blender import key_readings as read
from viewbatch.blender.checks import INSIDE, NEAR

TAU = 2 * math.pi
SMALL = ("render.resolution_x=32", "render.resolution_y=24", "render.samples=1",
         "render.cycles.use_denoising=false",
         'plugins.enabled=["depth", "mask", "normal", "albedo", "linear"]')  # fmt: skip

COLOR = {"render", "linear"}
FILE = {"render"}
MAPS = {"depth", "mask", "normal", "albedo"}
IMAGES = COLOR | MAPS
POSE = {"cam_from_world", "drawn"}
MOVED = IMAGES | POSE
PLACED = MOVED | {"bounds", "objects"}
FRAME = {"width", "height", "fx", "fy", "cx", "cy"}
FOLLOWS = {"coverage", "depth_range_m", "near_m", "far_m"}
"""What follows from other values; only a row that names it says that it differs."""


@dataclass(frozen=True)
class Change:
    """What another value of a key changes."""

    value: str
    """As TOML."""
    changes: Set[str]
    """Names of the files (by kind) and of the values in records that must differ."""
    base: Sequence[str] = ()
    """Settings with which the key matters."""
    shows: see.Show | None = None
    """Asserts how, of the dataset with `base` alone and of the one with the changed key."""
    may: Set[str] = frozenset()
    """What may differ or not, by rounding or since it follows."""
    model: str = "pair"
    views: int = 1
    opengl: bool = False


@dataclass(frozen=True)
class Message:
    """What another value of a key makes of what the user is told.

    Regular expressions of the whole message; "" where a dataset is made, by the CPU.
    """

    value: str
    before: str
    after: str
    base: Sequence[str] = ()
    without_gpu: bool = False
    """Whether it is so only on a machine without a GPU."""


@dataclass(frozen=True)
class Choice:
    """Which of three GPUs another value chooses, by their numbers."""

    value: str
    before: Sequence[int]
    after: Sequence[int]


Row = Change | Message | Choice


# ---- Settings with which keys matter

DARK = ("world.strength=0.0", 'light.mode="none"')
GROUND = ('ground.mode="plane"', "ground.size=8")
CHECKERS = (*GROUND, 'ground.pattern="checkerboard"')
# Looks from +y towards the image's right half.
HDRI = (
    'world.mode="hdri"',
    'world.hdri.path="{here}/half.exr"',
    'light.mode="none"',
    'camera.location.mode="orbit"',
    "camera.location.orbit.azi_start='pi/2'",
    "camera.location.orbit.inclination='pi/2'",
)
BACKDROP = ('world.backdrop.path="{here}/levels.png"', "world.backdrop.scale=0.5")
# One sample, and nothing but lamps: the light is in proportion to theirs.
LAMPS = ("world.strength=0.0", "render.cycles.max_bounces=0")
DRAWN_LAMPS = (*LAMPS, 'light.mode="random"')
THREE = (*LAMPS, 'light.mode="three_point"')
HEAD_LAMP = (*LAMPS, 'light.mode="camera"')
SCENE = ('camera.location.radius_unit="scene"', 'camera.location.mode="orbit"',
         "camera.location.orbit.radius=9.0")  # fmt: skip
# Straight at the plates of key_models.
FRONT = ('camera.location.mode="orbit"', 'camera.location.radius_unit="scene"',
         "camera.location.orbit.radius=5.0", "camera.location.orbit.inclination='pi/2'",
         "camera.location.orbit.azi_start='-pi/2'", "camera.target=[0.0, 0.0, 0.0]",
         'light.mode="none"', "world.strength=0.0", "render.resolution_x=16",
         "render.resolution_y=12")  # fmt: skip
KEPT = (*FRONT, "model.keep_lights=true")
NOISY = ("render.samples=16",)
DENOISED = ("render.samples=4", "render.cycles.use_denoising=true")
GPU = ('render.cycles.device="GPU"',)
EXR = ('render.image_settings.file_format="OPEN_EXR"',)
# Without ray tracing, which takes EEVEE most of its time.
MIRROR_FLOOR = ("render.eevee.use_raytracing=false", 'ground.mode="plane"',
                "ground.roughness=0.0", "light.uniform.amount=1",
                "light.uniform.size=4.0", "render.resolution_x=24", "render.resolution_y=16",
                "camera.location.quasi_random.inc_min='pi/3'")  # fmt: skip
EEVEE = (*MIRROR_FLOOR, 'render.engine="EEVEE"')
INTRINSICS = ('camera.lens.mode="intrinsics"', "camera.lens.intrinsics.width=32",
              "camera.lens.intrinsics.height=24", "camera.lens.intrinsics.fx=40",
              "camera.lens.intrinsics.fy=40", "camera.lens.intrinsics.cx=16",
              "camera.lens.intrinsics.cy=12")  # fmt: skip
BLUR = ("camera.dof.use=true", "camera.dof.fstop=0.05", "render.samples=4", *SCENE)
NO_GPU = (
    r'render\.cycles\.device is "GPU", and there is no GPU that Cycles can use \(this build of '
    r"Blender supports .*; found: the CPU .*\); set render\.cycles\.device \"CPU\", or "
    r"render\.cycles\.fallback \"cpu\""
)


def location(mode: str, *more: str) -> tuple[str, ...]:
    return (f'camera.location.mode="{mode}"', *more)


INSIDE_ROOM = location("inside")
CLOSE = location("random", 'camera.location.radius_unit="scene"',
                 "camera.location.random.r_min=0.8", "camera.location.random.r_max=2.5",
                 "camera.location.random.inc_max=pi",
                 "camera.checks.margin=0")  # fmt: skip


# ---- The table

R = "render.resolution_"
C = "render.cycles."
I = "render.image_settings."  # noqa: E741
L = "camera.location."

ROWS: dict[str, Row] = {
    "seed": Change("7", MOVED | {"seed"}),
    # [model]
    "model.frame": Change("11", PLACED, model="moving", shows=see.moved_up),
    "model.normalize": Change(
        '"unit_sphere"', {"model", "bounds", "objects", *POSE, "depth"},
        shows=see.unit_sphere, may=IMAGES
    ),
    "model.up_axis": Change('"x"', PLACED | {"model"}, shows=see.x_is_up),
    "model.scale": Change(
        "2.0", {"model", "bounds", "objects", *POSE, "depth"}, shows=see.twice_the_size, may=IMAGES
    ),
    "model.keep_lights": Change(
        "true", COLOR, base=[*DARK, *SCENE], model="furnished", shows=see.lights_up(read.brightness)
    ),
    "model.keep_world": Change("true", COLOR, model="furnished", shows=see.red_world),
    # [objects]
    "objects.exclude_pattern": Change(
        '"whe+l"', PLACED, shows=see.without_wheel, may={"materials"}
    ),
    "objects.categories": Change(
        '{ round = "^wheel$" }', {"objects", "categories", "semantic"}, shows=see.round_wheel,
        base=['plugins.enabled=["semantic", "mask"]'],
    ),
    # [materials]
    "materials.color": Change(
        "[0.2, 0.4, 0.8]", COLOR | {"albedo"}, shows=see.albedo_is(0.2, 0.4, 0.8)
    ),
    "materials.roughness": Change("0.1", COLOR),
    "materials.vertex_colors": Change(
        "false", COLOR | {"albedo", "materials"}, model="colored",
        shows=see.albedo_is(0.6, 0.6, 0.6)
    ),
    # [ground]
    "ground.mode": Change(
        '"plane"', COLOR | {"depth", "normal", "albedo"}, shows=see.ground_appears, may={"mask"}
    ),
    "ground.size": Change(
        "2.5", COLOR | {"depth", "normal", "albedo"}, base=GROUND,
        shows=see.less_ground, may={"mask"}
    ),
    "ground.pattern": Change(
        '"checkerboard"', COLOR | {"albedo"}, base=GROUND, shows=see.two_colors((0.5, 0.1))
    ),
    "ground.color": Change(
        "[0.1, 0.2, 0.9]", COLOR | {"albedo"}, base=GROUND, shows=see.ground_is(0.1, 0.2, 0.9)
    ),
    "ground.second_color": Change(
        "[0.8, 0.8, 0.8]", COLOR | {"albedo"}, base=CHECKERS, shows=see.two_colors((0.5, 0.8))
    ),
    "ground.square_size": Change("0.2", COLOR | {"albedo"}, base=CHECKERS),
    "ground.roughness": Change("0.0", COLOR, base=GROUND),
    "ground.in_masks": Change(
        "true", {"mask", "objects", "categories"}, base=GROUND, shows=see.ground_has_an_id
    ),
    # [world]
    "world.mode": Change(
        '"hdri"', COLOR | {"inputs"}, base=HDRI[1:], shows=see.background(0, 0, 0)
    ),
    "world.color": Change("[0.5, 0.25, 0.0]", COLOR, shows=see.background(0.225, 0.1125, 0)),
    "world.strength": Change("0.0", COLOR, base=['light.mode="none"'], shows=see.all_black),
    "world.hdri.path": Change(
        '"{here}/white.exr"', COLOR | {"inputs"}, base=HDRI, shows=see.background(1, 1, 1)
    ),
    "world.hdri.strength": Change(
        "3.0", COLOR, base=[*HDRI, 'world.hdri.path="{here}/white.exr"'],
        shows=see.background(3, 3, 3)
    ),
    "world.hdri.rotation_mode": Change(
        '"view"', COLOR | {"drawn"}, base=HDRI, views=2, shows=see.angle_is_drawn
    ),
    "world.hdri.rotation": Change('"pi"', COLOR, base=HDRI, shows=see.background(1, 1, 1)),
    "world.backdrop.path": Change(
        '"{here}/levels.png"', COLOR | {"inputs"}, shows=see.backdrop_is_seen
    ),
    "world.backdrop.extension": Change(
        '"CLIP"', COLOR, base=BACKDROP, shows=see.background(*[0.45] * 3)
    ),
    "world.backdrop.scale": Change(
        "0.5", COLOR, base=[BACKDROP[0], 'world.backdrop.extension="CLIP"'],
        shows=see.background(*[0.45] * 3),
    ),
    # [light]
    "light.mode": Change('"none"', COLOR, base=LAMPS, shows=see.all_black),
    "light.uniform.type": Change('"POINT"', COLOR, base=LAMPS),
    "light.uniform.energy": Change("160.0", COLOR, base=LAMPS, shows=see.times(2)),
    "light.uniform.radius": Change("8.0", COLOR, base=LAMPS, shows=see.darker),
    "light.uniform.size": Change("0.0", COLOR, base=LAMPS),
    "light.uniform.amount": Change("6", COLOR, base=[*LAMPS, *NOISY], shows=see.brighter),
    "light.uniform.inclinations": Change('["pi/3", 0.0]', COLOR, base=[*LAMPS, *NOISY],
                                         shows=see.brighter),
    "light.random.type": Change(
        '"SUN"', COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.irradiances
    ),
    "light.random.draw": Change(
        '"view"', COLOR | {"drawn"}, base=DRAWN_LAMPS, views=2, shows=see.lamps_differ
    ),
    "light.random.amount_min": Change(
        "5", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.lamp_count(5)
    ),
    "light.random.amount_max": Change(
        "2", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.lamp_count(2)
    ),
    "light.random.energy_min": Change(
        "159.0", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.energies(159, 160)
    ),
    "light.random.energy_max": Change(
        "41.0", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.energies(40, 41)
    ),
    "light.random.radius_min": Change(
        "5.9", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.distances(5.9, 6.0)
    ),
    "light.random.radius_max": Change(
        "3.1", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.distances(3.0, 3.1)
    ),
    "light.random.inc_min": Change(
        "1.5", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.lamp_inclinations(1.5, math.pi / 2)
    ),
    "light.random.inc_max": Change(
        "0.1", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=see.lamp_inclinations(0, 0.1)
    ),
    "light.random.color_min": Change(
        "[1.0, 0.8, 1.0]", COLOR | {"drawn"}, base=DRAWN_LAMPS,
        shows=see.lamp_colors((1, 0.8, 1), (1, 1, 1)),
    ),
    "light.random.color_max": Change(
        "[0.8, 0.9, 0.8]", COLOR | {"drawn"}, base=DRAWN_LAMPS,
        shows=see.lamp_colors((0.8, 0.8, 0.8), (0.8, 0.9, 0.8)),
    ),
    "light.random.size": Change("4.0", COLOR, base=DRAWN_LAMPS),
    "light.three_point.type": Change('"POINT"', COLOR, base=THREE),
    "light.three_point.energy": Change("50.0", COLOR, base=THREE, shows=see.times(0.5)),
    "light.three_point.fill": Change("4.0", COLOR, base=[*THREE, *NOISY], shows=see.brighter),
    "light.three_point.back": Change("7.0", COLOR, base=[*THREE, *NOISY], shows=see.brighter),
    "light.three_point.azimuth": Change("0.0", COLOR, base=THREE),
    "light.three_point.radius": Change("8.0", COLOR, base=THREE, shows=see.darker),
    "light.three_point.size": Change("0.0", COLOR, base=THREE),
    "light.camera.type": Change('"POINT"', COLOR, base=HEAD_LAMP),
    "light.camera.energy": Change("120.0", COLOR, base=HEAD_LAMP, shows=see.times(2)),
    "light.camera.offset": Change("[0.0, 0.0, -6.0]", COLOR, base=HEAD_LAMP, shows=see.darker),
    "light.camera.size": Change("8.0", COLOR, base=HEAD_LAMP),
    # [render]
    "render.engine": Change(
        '"EEVEE"', COLOR | {"engine"}, base=MIRROR_FLOOR,
        shows=see.recorded("engine", "CYCLES", "EEVEE"),
        opengl=True,
    ),
    f"{R}x": Change("48", IMAGES | FRAME - {"height", "cy"} | POSE, shows=see.frame_of(48, 24)),
    f"{R}y": Change("30", IMAGES | {"height", "cy"} | POSE, shows=see.frame_of(32, 30)),
    f"{R}percentage": Change("50", IMAGES | FRAME, shows=see.frame_of(16, 12), may=POSE),
    "render.pixel_aspect_x": Change("1.2", MOVED | {"fy"}, shows=see.aspect(1 / 1.2)),
    "render.pixel_aspect_y": Change("1.2", MOVED | {"fy"}, shows=see.aspect(1.2)),
    "render.samples": Change("16", COLOR),
    "render.filter_size": Change("8.0", COLOR, base=NOISY),
    "render.film_transparent": Change("true", COLOR, shows=see.clear_background),
    "render.view_transform": Change('"Raw"', FILE, shows=see.raw_levels),
    "render.exposure": Change("1.0", FILE, base=["world.strength=0.2"], shows=see.one_stop),
    f"{I}file_format": Change('"JPEG"', FILE, shows=see.image_is("JPEG", "RGB")),
    f"{I}color_mode": Change('"BW"', FILE, shows=see.image_is("PNG", "L")),
    f"{I}color_depth": Change("16", FILE, shows=see.sixteen_bits),
    f"{I}quality": Change("10", FILE, base=[f'{I}file_format="JPEG"'], shows=see.smaller_file),
    f"{I}compression": Change("100", FILE, base=[f"{I}compression=0"], shows=see.same_pixels),
    f"{I}exr_codec": Change('"NONE"', FILE, base=EXR, shows=see.same_exr_pixels),
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
    f"{C}adaptive_threshold": Change("1.0", COLOR, base=["render.samples=64"]),
    f"{C}use_denoising": Change(
        "true", COLOR | {"denoiser"}, base=["render.samples=4"],
        shows=see.recorded("denoiser", "none", "OPENIMAGEDENOISE"),
    ),
    f"{C}denoiser": Message(
        '"OPTIX"', "", r"render\.cycles\.denoiser is OPTIX, which needs a GPU that Cycles drives "
        r"by OPTIX, and the device is CPU; set .*", base=DENOISED,
    ),
    f"{C}denoising_quality": Change('"FAST"', COLOR, base=DENOISED),
    f"{C}denoising_prefilter": Change('"NONE"', COLOR, base=DENOISED),
    f"{C}max_bounces": Change("0", COLOR, base=[*KEPT, *NOISY], model="shielded",
                              shows=see.goes_out(read.corner)),
    f"{C}diffuse_bounces": Change("0", COLOR, base=[*KEPT, *NOISY], model="shielded",
                                  shows=see.goes_out(read.corner)),
    f"{C}glossy_bounces": Change("0", COLOR, base=KEPT, model="mirror", shows=see.goes_out()),
    f"{C}transmission_bounces": Change("0", COLOR, base=KEPT, model="glass", shows=see.goes_out()),
    f"{C}volume_bounces": Change("4", COLOR, base=[*KEPT, *NOISY], model="fog", shows=see.brighter),
    f"{C}transparent_max_bounces": Change(
        "1", COLOR, base=KEPT, model="hole", shows=see.goes_out()
    ),
    f"{C}use_light_tree": Change("false", COLOR, base=[*LAMPS, "light.uniform.amount=5"]),
    f"{C}caustics_reflective": Change("true", COLOR, base=[*FRONT, "render.samples=256"],
                                      model="mirrored", shows=see.lights_up()),
    f"{C}caustics_refractive": Change("true", COLOR, base=[*FRONT, *NOISY], model="glazed",
                                      shows=see.lights_up()),
    f"{C}sample_clamp_direct": Change("0.25", COLOR, base=FRONT, model="glowing",
                                      shows=see.reaches(50, 0.25)),
    f"{C}sample_clamp_indirect": Change("0.25", COLOR, base=KEPT, model="mirror",
                                        shows=see.reaches(10, 0.25)),
    # [render.eevee]
    **{
        f"render.eevee.{key}": Change(value, COLOR, base=EEVEE, opengl=True)
        for key, value in {
            "use_raytracing": "true", "use_shadows": "false", "shadow_ray_count": "4",
            "shadow_step_count": "1",
        }.items()
    },
    # [camera]
    "camera.target": Change("[1.0, 2.0, 1.5]", MOVED - {"drawn"}, shows=see.looks_at(1, 2, 1.5)),
    "camera.sensor_width": Change("50.0", MOVED | {"fx", "fy"}, shows=see.focal("fx", 32)),
    "camera.sensor_height": Change("30.0", MOVED | {"fx", "fy"},
                                   base=['camera.sensor_fit="VERTICAL"'],
                                   shows=see.focal("fy", 40)),
    "camera.sensor_fit": Change('"VERTICAL"', MOVED | {"fx", "fy"}, shows=see.focal("fy", 50)),
    "camera.clip_start": Change("8.5", IMAGES | {"near_m"}, base=SCENE, shows=see.no_nearer(8.5)),
    "camera.clip_end": Change("8.5", IMAGES | {"far_m"}, base=SCENE, shows=see.no_farther(8.5)),
    "camera.lens.mode": Change('"field_of_view"', MOVED | {"fx", "fy"},
                               shows=see.focal("fx", 16 / math.tan(math.pi / 8))),
    "camera.lens.focal_length": Change("[30.0, 90.0]", MOVED | {"fx", "fy"}, views=2,
                                       shows=see.two_focal_lengths),
    "camera.lens.field_of_view": Change("'pi/2'", MOVED | {"fx", "fy"},
                                        base=['camera.lens.mode="field_of_view"'],
                                        shows=see.focal("fx", 16)),
    "camera.lens.shift_x": Change("0.25", IMAGES | {"cx"}, base=SCENE,
                                  shows=see.principal_point(8, 12)),
    "camera.lens.shift_y": Change("0.25", IMAGES | {"cy"}, base=SCENE,
                                  shows=see.principal_point(16, 20)),
    "camera.lens.intrinsics.width": Change("40", IMAGES | {"width"}, base=[*INTRINSICS, *SCENE],
                                           shows=see.frame_of(40, 24),
                                           may={"fx", "fy", "cx", "cy"}),
    "camera.lens.intrinsics.height": Change("30", IMAGES | {"height"}, base=[*INTRINSICS, *SCENE],
                                            shows=see.frame_of(32, 30),
                                            may={"fx", "fy", "cx", "cy"}),
    "camera.lens.intrinsics.fx": Change("50.0", IMAGES | {"fx"}, base=[*INTRINSICS, *SCENE],
                                        shows=see.focal("fx", 50), may={"fy", "cx", "cy"}),
    "camera.lens.intrinsics.fy": Change("50.0", IMAGES | {"fy"}, base=[*INTRINSICS, *SCENE],
                                        shows=see.focal("fy", 50), may={"fx", "cx", "cy"}),
    "camera.lens.intrinsics.cx": Change("12.0", IMAGES | {"cx"}, base=[*INTRINSICS, *SCENE],
                                        shows=see.principal_point(12, 12)),
    "camera.lens.intrinsics.cy": Change("9.0", IMAGES | {"cy"}, base=[*INTRINSICS, *SCENE],
                                        shows=see.principal_point(16, 9)),
    "camera.dof.use": Change("true", COLOR, base=BLUR[1:]),
    "camera.dof.fstop": Change("0.5", COLOR, base=BLUR),
    # [camera.location]
    f"{L}mode": Change('"orbit"', MOVED, shows=see.inclinations(math.pi / 3)),
    f"{L}radius_unit": Change('"scene"', MOVED, base=location("orbit", f"{L}orbit.radius=7.0"),
                              shows=see.radii(7)),
    f"{L}min_angle_deg": Change("50.0", MOVED | {"rejected"}, base=location("random"), views=4,
                                shows=see.smallest_angle(50)),
    **{
        f"{L}{mode}.{key}": Change(value, MOVED, base=location(mode, f'{L}radius_unit="scene"',
            f"{L}{mode}.r_min=7.0", f"{L}{mode}.r_max=9.0"), views=2, shows=see.within(*limits))
        for mode in ("random", "quasi_random")
        for key, value, limits in [
            ("r_min", "8.9", ("radius_m", 8.9, 9.0)),
            ("r_max", "7.1", ("radius_m", 7.0, 7.1)),
            ("inc_min", "1.5", ("inclination_rad", 1.5, math.pi / 2)),
            ("inc_max", "0.5", ("inclination_rad", math.pi / 8, 0.5)),
            ("azi_min", "6.0", ("azimuth_rad", 6.0, TAU)),
            ("azi_max", "0.1", ("azimuth_rad", 0.0, 0.1)),
        ]
    },
    f"{L}uniform.radius": Change("8.0", MOVED, views=2, shows=see.radii(8, 8),
                                 base=location("uniform", f'{L}radius_unit="scene"',
                                               f"{L}uniform.radius=9.0")),
    f"{L}uniform.inc_start": Change("'pi/2'", MOVED, base=location("uniform"), views=2,
                                    shows=see.inclinations(math.pi / 2, math.pi / 2)),
    f"{L}uniform.inc_stop": Change("'pi/6'", MOVED, base=location("uniform"), views=2,
                                   shows=see.inclinations(math.pi / 6, math.pi / 6)),
    f"{L}uniform.inc_step": Change("3.0", MOVED, base=location("uniform"), views=2,
                                   shows=see.inclinations(math.pi / 6, math.pi / 6)),
    f"{L}fibonacci.radius": Change("8.0", MOVED, views=2, shows=see.radii(8, 8),
                                   base=location("fibonacci", f'{L}radius_unit="scene"',
                                                 f"{L}fibonacci.radius=9.0")),
    # Half of the area of a zone on either side: cos = 1/4 of the way, and 3/4.
    f"{L}fibonacci.inc_min": Change("'pi/3'", MOVED, base=location("fibonacci"), views=2,
                                    shows=see.inclinations(math.acos(3 / 8), math.acos(1 / 8))),
    f"{L}fibonacci.inc_max": Change("'pi'", MOVED, base=location("fibonacci"), views=2,
                                    shows=see.inclinations(math.pi / 3, 2 * math.pi / 3)),
    f"{L}orbit.radius": Change("8.0", MOVED, base=SCENE, views=2, shows=see.radii(8, 8)),
    f"{L}orbit.inclination": Change(
        "0.5", MOVED, base=SCENE, views=2, shows=see.inclinations(0.5, 0.5)
    ),
    f"{L}orbit.azi_start": Change("1.0", MOVED, base=SCENE, views=2,
                                  shows=see.azimuths(1, 1 + math.pi)),
    f"{L}orbit.turns": Change(
        "0.5", MOVED, base=SCENE, views=2, shows=see.azimuths(0, math.pi / 2)
    ),
    **{
        f"{L}spiral.{key}": Change(value, MOVED, views=3, shows=shows,
            base=location("spiral", f'{L}radius_unit="scene"', f"{L}spiral.r_start=9.0",
                          f"{L}spiral.r_stop=9.0", f"{L}spiral.turns=0.5"))
        for key, value, shows in [
            ("r_start", "7.0", see.radii(7, 8, 9)),
            ("r_stop", "8.0", see.radii(9, 8.5, 8)),
            ("inc_start", "'pi/4'", see.inclinations(math.pi / 4, 3 * math.pi / 16, math.pi / 8)),
            ("inc_stop", "'pi/4'", see.inclinations(math.pi / 2, 3 * math.pi / 8, math.pi / 4)),
            ("azi_start", "1.0", see.azimuths(1, 1 + math.pi / 2, 1 + math.pi)),
            ("turns", "-0.25", see.azimuths(0, -math.pi / 4, -math.pi / 2)),
        ]
    },
    f"{L}inside.box_min": Change("[0.7, 0.25, 0.6]", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=see.shares_of_box((0.7, 0.25, 0.6), (0.75, 0.75, 0.7)),
                                 may={"rejected"}),
    f"{L}inside.box_max": Change("[0.3, 0.3, 0.35]", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=see.shares_of_box((0.25, 0.25, 0.3), (0.3, 0.3, 0.35)),
                                 may={"rejected"}),
    f"{L}inside.inc_min": Change("1.8", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=see.within("inclination_rad", 1.8, 0.6 * math.pi)),
    f"{L}inside.inc_max": Change("1.3", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=see.within("inclination_rad", 0.4 * math.pi, 1.3)),
    f"{L}inside.azi_spread": Change("0.0", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                    shows=see.away_from_the_center),
    f"{L}file.path": Change('"{here}/poses_other"', MOVED - {"drawn"}, shows=see.poses_of_the_file,
                            base=location("file", f'{L}file.path="{{here}}/poses"'),
                            may={"inputs", *FRAME}),
    "camera.jitter.target": Change("0.3", MOVED, base=SCENE, shows=see.looks_beside),
    "camera.jitter.roll": Change("'pi'", MOVED, base=SCENE, shows=see.rolled),
    "camera.stereo.use": Change("true", MOVED, views=2, shows=see.a_pair),
    "camera.stereo.baseline": Change("0.1", MOVED, base=["camera.stereo.use=true"], views=2,
                                     shows=see.baseline(2)),
    "camera.checks.outside_geometry": Change("false", MOVED | {"rejected"}, base=CLOSE, views=6,
                                             shows=see.rejects(INSIDE, before=True)),
    "camera.checks.margin": Change("0.3", MOVED | {"rejected"}, base=CLOSE, views=6,
                                   shows=see.rejects(NEAR, before=False)),
    "camera.checks.min_coverage": Change("0.15", MOVED | {"rejected"}, base=location("random",
                                         f"{L}random.r_max=4.0"), views=4,
                                         shows=see.all_cover(0.15)),
    "camera.checks.max_cut_off": Change("0.0", MOVED | {"rejected"}, base=location("random",
                                        f"{L}random.r_min=0.6"), views=4, shows=see.less_cut_off),
    "camera.checks.attempts": Message(
        "1", "", r"camera\.location: no pose for view . in 1 draw: once inside geometry; widen "
        r"camera\.location\.random, or relax camera\.checks", base=CLOSE,
    ),
    # [plugins]
    "plugins.enabled": Change('["depth", "mask", "normal", "albedo", "linear", "position"]',
                              {"position"}),
    "plugins.path": Change('"{here}/sevenfold"', {"mask"},
                           base=['plugins.path="{here}/once"', 'plugins.enabled=["own"]']),
    "plugins.depth.ray_distance": Change("true", {"distance"}, shows=see.distance_along_rays),
    "plugins.mask.mode": Change('"binary"', {"mask"}, shows=see.ones),
    "plugins.mask.png": Change("true", {"mask_png"}, shows=see.png_of_mask),
    "plugins.normal.frame": Change('"cam"', {"normal"}, shows=see.normals_in_cam),
    "plugins.normal.png": Change("true", {"normal_png"}, shows=see.png_of_normals),
    "plugins.albedo.files": Change('"BOTH"', {"albedo_png"}),
    "plugins.linear.before_denoising": Change("true", {"noisy"}, base=DENOISED),
    "plugins.masked.alpha": Change('"antialiased"', {"masked"}, shows=see.alpha_is_soft,
                                   base=['plugins.enabled=["masked"]', *NOISY]),
    "plugins.bounding_box.voxel_size": Change(
        "0.25", {"bounding_box.txt"}, base=['plugins.enabled=["bounding_box"]'],
        shows=see.voxel_of(0.25),
    ),
    "plugins.point_cloud.max_points": Change("50", {"points", "point_cloud.ply"},
                                             base=['plugins.enabled=["depth", "point_cloud"]'],
                                             shows=see.points_at_most(50), views=2),
    "verify.at_end": Change("true", {"certificate.json"}),
    "verify.noise_views": Change("1", {"certificate.json"}, base=["verify.at_end=true"]),
}  # fmt: skip
