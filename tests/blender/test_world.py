"""The world: its colour, and images of the surroundings, seen where the configuration says."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
import pytest

from tests.blender import scenes
from viewbatch.blender import versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.scene import Stage
from viewbatch.blender.world import check_images, image_files
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at, spherical_direction
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.lights import draw_rotation

WIDTH, HEIGHT = 64, 32
SMALL = ["render.resolution_x=24", "render.resolution_y=24", "render.samples=1",
         "render.cycles.use_denoising=false", 'light.mode="none"']  # fmt: skip
BLACK, RED, GREEN, BLUE = (0.0, 0.0, 0.0), (8.0, 0.0, 0.0), (0.0, 6.0, 0.0), (0.0, 0.0, 4.0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A cube far away from where the tests look."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    return scenes.save_blend(tmp_path / "model.blend")


def surroundings(path: Path) -> Path:
    """A black image: red in the middle, green a quarter to the right of it, blue above."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    middle = slice(HEIGHT // 2 - 1, HEIGHT // 2 + 1)
    image[middle, WIDTH // 2 - 1 : WIDTH // 2 + 1] = RED
    image[middle, WIDTH * 3 // 4 - 1 : WIDTH * 3 // 4 + 1] = GREEN
    image[:2] = BLUE
    OpenEXR.File({}, {"RGB": image}).write(str(path))
    return path


def seen(studio: scenes.Studio, direction: Vector3) -> tuple[float, ...]:
    """The colour of the surroundings in a direction; the model is behind the camera."""
    x, y, z = direction
    eye = (50 * x, 50 * y, 50 * z)
    studio.look(eye, look_at(eye, (51 * x, 51 * y, 51 * z)))
    return tuple(float(c) for c in studio.color()[12, 12, :3])


def studio_of(model: Path, capture: Capture, *overrides: str) -> tuple[scenes.Studio, Stage]:
    stage, config = scenes.staged(model, capture, *SMALL, *overrides)
    return scenes.Studio(stage.scene, capture, config), stage


def hdri(tmp_path: Path, *overrides: str) -> list[str]:
    path = surroundings(tmp_path / "surroundings.exr")
    return ['world.mode="hdri"', f'world.hdri.path="{path}"', *overrides]


def test_a_plain_world_has_its_colour_times_its_strength(model: Path, capture: Capture) -> None:
    studio, stage = studio_of(model, capture, "world.color=[0.5,0.25,1.0]", "world.strength=0.5")
    assert seen(studio, (0, 1, 0)) == pytest.approx((0.25, 0.125, 0.5), rel=1e-6)
    assert stage.world.plain_color == (0.25, 0.125, 0.5)
    assert stage.world.drawn(0) == {}


def test_an_image_is_seen_where_the_configuration_says(
    model: Path, tmp_path: Path, capture: Capture
) -> None:
    """The middle towards +x, the right half towards -y, the upper edge straight above."""
    studio, stage = studio_of(model, capture, *hdri(tmp_path))
    assert stage.world.drawn(0) == {}
    assert stage.world.plain_color is None
    # Between the two uppermost rows, which are one pixel, 1/32 of pi, high.
    above = spherical_direction(math.pi / HEIGHT, 2.0)
    below = spherical_direction(math.pi - math.pi / HEIGHT, 2.0)
    for direction, color in [
        ((1, 0, 0), RED), ((0, -1, 0), GREEN), (above, BLUE),
        ((-1, 0, 0), BLACK), ((0, 1, 0), BLACK), (below, BLACK),
    ]:  # fmt: skip
        assert seen(studio, direction) == pytest.approx(color, abs=1e-5), direction


@pytest.mark.parametrize("angle", [math.pi / 3, -2.5, 100.0])
def test_the_angle_turns_the_image_from_x_towards_y(
    model: Path, tmp_path: Path, capture: Capture, angle: float
) -> None:
    studio, _ = studio_of(model, capture, *hdri(tmp_path, f"world.hdri.rotation={angle}"))
    assert seen(studio, spherical_direction(math.pi / 2, angle)) == pytest.approx(RED, abs=1e-4)
    beside = spherical_direction(math.pi / 2, angle - math.pi / 2)
    assert seen(studio, beside) == pytest.approx(GREEN, abs=1e-4)


def test_strength_is_a_factor_on_the_image(model: Path, tmp_path: Path, capture: Capture) -> None:
    studio, _ = studio_of(model, capture, *hdri(tmp_path, "world.hdri.strength=0.25"))
    assert seen(studio, (1, 0, 0)) == pytest.approx((2, 0, 0), abs=1e-5)


@pytest.mark.parametrize("mode", ["dataset", "view"])
def test_a_drawn_angle_is_recorded_and_rendered(
    model: Path, tmp_path: Path, capture: Capture, mode: str
) -> None:
    overrides = hdri(tmp_path, f'world.hdri.rotation_mode="{mode}"', "world.hdri.rotation=0.7")
    studio, stage = studio_of(model, capture, "seed=5", *overrides)
    angles = []
    for index in (3, 0, 7):
        stage.world.prepare(index)
        drawn = stage.world.drawn(index)
        assert drawn == {
            "hdri_rotation_rad": draw_rotation(5, None if mode == "dataset" else index)
        }
        angles.append(drawn["hdri_rotation_rad"])
        direction = spherical_direction(math.pi / 2, angles[-1])
        assert seen(studio, direction) == pytest.approx(RED, abs=1e-4)
    assert len(set(angles)) == (1 if mode == "dataset" else 3)


def test_an_image_lights_the_target(tmp_path: Path, capture: Capture) -> None:
    """A grey square facing +x, under a half white sky: the integral has a closed form.

    The image is white where x is positive, so the square sees white all over its half of
    the sphere, and reflects its own colour (as long as it is matt).
    """
    scene = scenes.empty_scene()
    square = [(0, -1, -1), (0, 1, -1), (0, 1, 1), (0, -1, 1)]
    scenes.add_mesh(scene, "square", square, [(0, 1, 2, 3)])
    model = scenes.save_blend(tmp_path / "square.blend")
    half = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    half[:, WIDTH // 4 : WIDTH * 3 // 4] = 1
    OpenEXR.File({}, {"RGB": half}).write(str(tmp_path / "half.exr"))
    studio, _ = studio_of(
        model, capture, 'world.mode="hdri"', f'world.hdri.path="{tmp_path / "half.exr"}"',
        "render.samples=256", "materials.color=[0.5,0.5,0.5]", "materials.roughness=1.0",
    )  # fmt: skip
    mean = {}
    for side in (1.0, -1.0):
        studio.look((3.0 * side, 0, 0), look_at((3.0 * side, 0, 0), (0, 0, 0)))
        mean[side] = studio.color()[8:16, 8:16, :3].mean()
    # The material's coat reflects a few per cent more, and the image's edges are soft.
    assert mean[1.0] == pytest.approx(0.5, abs=0.06)
    assert mean[-1.0] < 0.03


def test_images_are_named_by_their_keys() -> None:
    config, _ = scenes.configured(
        'world.mode="hdri"', 'world.hdri.path="sky.exr"', 'world.backdrop.path="wall.png"'
    )
    assert image_files(config.world) == {
        "world.hdri.path": Path("sky.exr"), "world.backdrop.path": Path("wall.png"),
    }  # fmt: skip
    # An image that plays no part need not be there.
    unused, _ = scenes.configured('world.hdri.path="sky.exr"')
    assert image_files(unused.world) == {}
    check_images(unused.world)


@pytest.mark.parametrize("key", ["world.hdri.path", "world.backdrop.path"])
def test_an_image_that_is_not_there_is_refused(tmp_path: Path, key: str) -> None:
    mode = 'world.mode="hdri"' if "hdri" in key else 'world.mode="color"'
    missing = tmp_path / "none.exr"
    for path, what in [(missing, "does not exist"), (tmp_path, "is no file")]:
        config, _ = scenes.configured(mode, f'{key}="{path}"')
        with pytest.raises(UsageError) as caught:
            check_images(config.world)
        assert str(caught.value) == (
            f"the image {path} of {key} {what}; name an image, such as an EXR"
        )


def test_a_missing_image_is_refused_before_the_model_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^the image .*none.exr of world.hdri.path does not"):
        scenes.generate(
            tmp_path / "no model.glb", tmp_path / "out", 1, 'world.mode="hdri"',
            f'world.hdri.path="{tmp_path / "none.exr"}"',
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_an_image_that_blender_cannot_read_is_refused(
    model: Path, tmp_path: Path, capture: Capture
) -> None:
    path = tmp_path / "text.exr"
    path.write_text("no image")
    with pytest.raises(UsageError) as caught:
        studio_of(model, capture, 'world.mode="hdri"', f'world.hdri.path="{path}"')
    assert str(caught.value) == (
        f"the image {path} of world.hdri.path cannot be read by Blender; is it an EXR (of one "
        "layer), HDR, PNG or JPEG file?"
    )


def test_a_files_own_world_is_kept_as_it_is(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    world = bpy.data.worlds.new("own")
    nodes = versions.world_nodes(world).nodes
    nodes["Background"].inputs["Color"].default_value = (0, 0, 1, 1)
    scene.world = world
    path = scenes.save_blend(tmp_path / "own.blend")
    overrides = hdri(tmp_path, 'world.hdri.rotation_mode="view"', "model.keep_world=true")
    studio, stage = studio_of(path, capture, *overrides)
    assert stage.world.drawn(1) == {}
    stage.world.prepare(1)
    assert seen(studio, (1, 0, 0)) == pytest.approx((0, 0, 1), abs=1e-6)
    assert stage.world.plain_color is None
