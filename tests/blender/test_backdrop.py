"""The image behind everything: where its pixels go, and what colour they have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenEXR
import pytest
from PIL import Image

from tests.blender import scenes
from tests.blender.colors import srgb
from viewbatch.blender.backdrop import Backdrop, fill_frame, linear_from_srgb
from viewbatch.blender.capture import Capture
from viewbatch.config.scene import BackdropConfig, Extension
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at
from viewbatch.geometry.transforms import Vector3

Pixels = npt.NDArray[np.float32]

TWO = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)[..., None]
"""(2, 2, 1)."""


def filled(image: Pixels, width: int, height: int, scale: float, extension: str) -> Pixels:
    """The single channel of what fills the frame."""
    return fill_frame(image, width, height, scale, Extension(extension))[..., 0]


@pytest.mark.parametrize("extension", list(Extension))
def test_an_image_of_the_frames_size_is_unchanged(extension: Extension) -> None:
    image = np.random.default_rng(1).random((5, 7, 4), dtype=np.float32)
    np.testing.assert_array_equal(fill_frame(image, 7, 5, 1.0, extension), image)


@pytest.mark.parametrize("extension", list(Extension))
def test_interpolation_is_bilinear_at_pixel_centres(extension: Extension) -> None:
    """Twice as large: the frame's pixel centres lie at a quarter and three quarters."""
    inner = filled(TWO, 4, 4, 1.0, extension)[1:3, 1:3]
    expected = [[1.75, 2.25], [2.75, 3.25]]
    np.testing.assert_allclose(inner, expected, rtol=1e-6)


def test_the_edges_of_the_four_extensions() -> None:
    """Half as large as the frame of 4 by 4: the image's pixels are the frame's middle ones."""
    expected = {
        "CLIP": [[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]],
        "EXTEND": [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]],
        "REPEAT": [[4, 3, 4, 3], [2, 1, 2, 1], [4, 3, 4, 3], [2, 1, 2, 1]],
        "MIRROR": [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]],
    }
    for extension, values in expected.items():
        np.testing.assert_allclose(filled(TWO, 4, 4, 0.5, extension), values, err_msg=extension)


def test_further_out_a_mirrored_image_turns_back() -> None:
    row = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)[..., None]
    # One image pixel per pixel: 11 wide, the image's own three in the middle.
    values = filled(row, 11, 1, 3 / 11, "MIRROR")[0]
    np.testing.assert_allclose(values, [3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1], atol=1e-5)


@pytest.mark.parametrize(("width", "height"), [(40, 10), (10, 40), (20, 20)])
def test_the_image_covers_the_frame_and_keeps_its_aspect(width: int, height: int) -> None:
    """Of a gradient: the middle is in the middle, and a pixel's step is equal in x and y."""
    rows, columns = np.mgrid[0:24, 0:32].astype(np.float32)
    image = np.stack([columns + 0.5, rows + 0.5, np.ones_like(rows)], axis=-1)
    result = fill_frame(image, width, height, 1.0, Extension.CLIP)
    assert (result[..., 2] > 0.999).all()
    step = min(32 / width, 24 / height)
    u = (np.arange(width) + 0.5 - width / 2) * step + 16
    v = (np.arange(height) + 0.5 - height / 2) * step + 12
    # Half a pixel from the image's edge there is nothing left to interpolate with.
    inner_u, inner_v = (u > 1) & (u < 31), (v > 1) & (v < 23)
    assert inner_u.sum() > 0.8 * min(width, 30)
    np.testing.assert_allclose(
        result[inner_v][:, inner_u, 0], np.broadcast_to(u[inner_u], (inner_v.sum(), inner_u.sum())),
        atol=1e-3,
    )  # fmt: skip
    np.testing.assert_allclose(result[inner_v][:, inner_u, 1][:, 0], v[inner_v], atol=1e-3)


def test_a_pixel_averages_what_it_covers() -> None:
    """Eight by eight to two by two: a pattern finer than the frame's pixels becomes grey."""
    image = (np.indices((8, 8)).sum(axis=0) % 2).astype(np.float32)[..., None]
    np.testing.assert_allclose(filled(image, 2, 2, 1.0, "EXTEND"), 0.5)


def test_levels_become_light_as_srgb_says() -> None:
    light = np.linspace(0, 1, 101)
    np.testing.assert_allclose(linear_from_srgb(srgb(light).astype(np.float32)), light, atol=1e-6)


def backdrop(
    path: Path | str,
    extension: str = "EXTEND",
    scale: float = 1.0,
    behind: Vector3 | None = None,
) -> Backdrop:
    config = BackdropConfig(path=str(path), extension=Extension(extension), scale=scale)
    return Backdrop(config, behind)


CLEAR = np.zeros((4, 4, 4), dtype=np.float32)


def test_bytes_are_srgb_and_floats_are_linear(tmp_path: Path) -> None:
    levels = np.zeros((4, 4, 3), dtype=np.uint8)
    levels[0] = (188, 128, 64)
    Image.fromarray(levels).save(tmp_path / "levels.png")
    light = np.zeros((4, 4, 3), dtype=np.float32)
    light[0] = (0.5, 7.0, 0.125)
    OpenEXR.File({}, {"RGB": light}).write(str(tmp_path / "light.exr"))
    made = backdrop(tmp_path / "levels.png").over(CLEAR)
    np.testing.assert_allclose(made[0, :, :3], [[0.50289, 0.21586, 0.05127]] * 4, atol=1e-4)
    assert not made[1:, :, :3].any(), "row 0 is on top"
    made = backdrop(tmp_path / "light.exr").over(CLEAR)
    np.testing.assert_allclose(made[..., :3], light, rtol=1e-6)


def test_sixteen_bit_files_are_srgb_as_well(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 48192, dtype=np.uint16)).save(tmp_path / "grey.png")
    made = backdrop(tmp_path / "grey.png").over(CLEAR)
    np.testing.assert_allclose(made[..., :3], 0.5, atol=1e-3)


def test_the_render_stands_in_front_of_it(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4, 3), 255, dtype=np.uint8)).save(tmp_path / "white.png")
    render = CLEAR.copy()
    render[0, 0] = (0.25, 0.5, 0.75, 1)
    render[0, 1] = (0.125, 0.25, 0.375, 0.5)
    made = backdrop(tmp_path / "white.png").over(render)
    assert (made[..., 3] == 1).all()
    np.testing.assert_allclose(made[0, 0, :3], (0.25, 0.5, 0.75))
    np.testing.assert_allclose(made[0, 1, :3], (0.625, 0.75, 0.875))
    np.testing.assert_allclose(made[1:, :, :3], 1)


def test_the_world_shows_through_and_around_the_image(tmp_path: Path) -> None:
    levels = np.full((4, 4, 4), 255, dtype=np.uint8)
    levels[..., 3] = 51
    Image.fromarray(levels).save(tmp_path / "glass.png")
    made = backdrop(tmp_path / "glass.png", "CLIP", 0.5, behind=(0.5, 0, 1)).over(CLEAR)
    np.testing.assert_allclose(made[0, 0], (0.5, 0, 1, 1))
    np.testing.assert_allclose(made[1, 1], (0.6, 0.2, 1, 1), rtol=1e-6)


@pytest.mark.parametrize("extension", list(Extension))
def test_without_an_image_the_world_alone_is_seen(extension: str) -> None:
    render = CLEAR.copy()
    render[0, 0] = (0.25, 0.25, 0.25, 0.5)
    made = backdrop("", extension, 0.5, behind=(0.5, 0, 1)).over(render)
    np.testing.assert_allclose(made[0, 0], (0.5, 0.25, 0.75, 1))
    np.testing.assert_allclose(made[1:], [[(0.5, 0, 1, 1)] * 4] * 3)


def test_images_of_several_sizes(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4, 3), 255, dtype=np.uint8)).save(tmp_path / "white.png")
    made = backdrop(tmp_path / "white.png", "CLIP", 0.5)
    for _ in range(2):
        assert made.over(CLEAR)[..., 0].sum() == 4
        assert made.over(np.zeros((2, 12, 4), dtype=np.float32))[..., 0].sum() == pytest.approx(12)


def test_an_image_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no image")
    with pytest.raises(UsageError, match=r"text.png of world.backdrop.path cannot be read"):
        backdrop(path)


def test_it_is_seen_around_the_model_and_lights_nothing(tmp_path: Path, capture: Capture) -> None:
    """A black model before a white image, in a black world: what is not the one is the other."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    model = scenes.save_blend(tmp_path / "model.blend")
    Image.fromarray(np.full((4, 4, 3), 255, dtype=np.uint8)).save(tmp_path / "white.png")
    stage, config = scenes.staged(
        model, capture, "render.resolution_x=24", "render.resolution_y=16", "render.samples=8",
        'light.mode="none"', "world.strength=0.0",
        f'world.backdrop.path="{tmp_path / "white.png"}"',
    )  # fmt: skip
    stage.scene.render.film_transparent = True
    studio = scenes.Studio(stage.scene, capture, config)
    studio.look((0, -8, 0), look_at((0, -8, 0), (0, 0, 0)))
    color = studio.color()
    made = Backdrop(config.world.backdrop, stage.world.plain_color).over(color)
    np.testing.assert_allclose(made[..., 0], 1 - color[..., 3], atol=1e-6)
    assert (made[8, 12, 0], made[0, 0, 0]) == (0, 1)
