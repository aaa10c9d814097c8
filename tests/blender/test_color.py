"""Colour files: what is written is what was rendered, in every format.

The scene is a shape that shines with a known linear colour before a black world, so the
pixels have closed forms: Standard is sRGB's transfer function, of which 8 bits keep 117
for 0.18 and 187 for 0.5 (IEC 61966-2-1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.blender import scenes
from tests.blender.colors import srgb
from viewbatch.blender.capture import Capture
from viewbatch.blender.color import ColorEncoder
from viewbatch.dataset import layout
from viewbatch.dataset.writer import ViewFiles
from viewbatch.geometry import look_at
from viewbatch.stopwatch import Stopwatch

pytestmark = pytest.mark.every_blender

WIDTH, HEIGHT = 33, 22
LINEAR = (0.5, 0.18, 0.05)
ENCODED = (187, 117, 63)
EYE = (0.0, -8.0, 0.0)


def shining_studio(capture: Capture, *overrides: str) -> scenes.Studio:
    """A cube that fills the middle third of the frame and shines with `LINEAR`."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube").data.materials.append(scenes.emission("light", LINEAR))
    studio = scenes.Studio.of(
        scene, capture, f"render.resolution_x={WIDTH}", f"render.resolution_y={HEIGHT}",
        "render.samples=16", *overrides,
    )  # fmt: skip
    studio.look(EYE, look_at(EYE, (0.0, 0.0, 0.0)))
    return studio


def saved(studio: scenes.Studio, folder: Path, color: Any) -> Path:
    """The colour file that the runner would write."""
    files = ViewFiles(folder=folder, index=0, cam_from_world=np.eye(4))
    ColorEncoder(studio.config.render).add(color, files)
    return folder / files.write(Stopwatch())[layout.RENDER].name


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], ENCODED),
        # Two stops down is a quarter: 0.125, 0.045, 0.0125.
        (["render.exposure=-2"], (99, 59, 29)),
        (["render.exposure=1"], (255, 162, 89)),
        (['render.view_transform="Raw"'], (128, 46, 13)),
    ],
    ids=["standard", "darker", "brighter", "raw"],
)
def test_known_light_becomes_known_levels(
    tmp_path: Path, capture: Capture, overrides: list[str], expected: tuple[int, ...]
) -> None:
    studio = shining_studio(capture, *overrides)
    color = studio.color()
    np.testing.assert_allclose(color[HEIGHT // 2, WIDTH // 2, :3], LINEAR, rtol=1e-5)
    pixels = np.asarray(Image.open(saved(studio, tmp_path, color)), dtype=int)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    # Half a level of rounding on either side.
    assert np.abs(pixels[HEIGHT // 2, WIDTH // 2] - expected).max() <= 1
    assert not pixels[0, 0].any()


@pytest.mark.parametrize(
    ("file_format", "depth", "mode", "pillow_mode"),
    [
        ("PNG", 8, "auto", "RGBA"),
        ("PNG", 8, "RGB", "RGB"),
        ("PNG", 8, "BW", "L"),
        ("PNG", 16, "RGBA", None),
        ("PNG", 16, "BW", "I;16"),
        ("JPEG", 8, "auto", "RGB"),
        ("TIFF", 8, "auto", "RGBA"),
        ("TIFF", 16, "RGB", None),
        ("WEBP", 8, "auto", "RGBA"),
        ("WEBP", 8, "RGB", "RGB"),
    ],
)
def test_display_formats_are_readable_and_hold_the_same(
    tmp_path: Path,
    capture: Capture,
    file_format: str,
    depth: int,
    mode: str,
    pillow_mode: str | None,
) -> None:
    studio = shining_studio(
        capture, "render.film_transparent=true",
        f'render.image_settings.file_format="{file_format}"',
        f"render.image_settings.color_depth={depth}", f'render.image_settings.color_mode="{mode}"',
    )  # fmt: skip
    path = saved(studio, tmp_path, studio.color())
    assert bits_and_channels(path, file_format) == {
        "L": (8, 1), "I;16": (16, 1), "RGB": (8, 3), "RGBA": (8, 4),
    }.get(pillow_mode or "", (16, 4 if mode == "RGBA" else 3))  # fmt: skip
    image = Image.open(path)
    assert image.size == (WIDTH, HEIGHT)
    assert not any(key.lower() in {"date", "time", "rendertime"} for key in image.info)
    if pillow_mode is None:
        image = image.convert("RGB")  # Pillow reads 16 bits a channel as 8
    else:
        assert image.mode == pillow_mode
    pixels = np.asarray(image, dtype=float)
    middle, corner = pixels[HEIGHT // 2, WIDTH // 2], pixels[0, 0]
    if image.mode in ("L", "I;16"):
        # Rec. 709's weights, on levels that are encoded already.
        largest = 65535 if image.mode == "I;16" else 255
        expected = (0.2126, 0.7152, 0.0722) @ srgb(np.array(LINEAR))
        assert middle / largest == pytest.approx(expected, abs=1 / 255)
        assert corner == 0
        return
    # JPEG halves the resolution of colour and rounds coarsely; lossy WEBP does as well.
    tolerance = 6 if file_format in ("JPEG", "WEBP") else 1
    assert np.abs(middle[:3] - ENCODED).max() <= tolerance
    if image.mode == "RGBA":
        assert (middle[3], corner[3]) == (255, 0)
    else:
        assert corner.max() <= tolerance


def bits_and_channels(path: Path, file_format: str) -> tuple[int, int]:
    """From the file's own header, which Pillow does not tell in full."""
    match file_format:
        case "PNG":  # IHDR: https://www.w3.org/TR/png-3/#11IHDR
            header = path.read_bytes()[16:29]
            assert tuple(np.frombuffer(header[:8], ">u4")) == (WIDTH, HEIGHT)
            return header[8], {0: 1, 2: 3, 4: 2, 6: 4}[header[9]]
        case "TIFF":
            bits = Image.open(path).tag_v2[258]
            return bits[0], len(bits)
        case _:
            return 8, len(Image.open(path).getbands())


@pytest.mark.parametrize(("depth", "dtype"), [(16, np.float16), (32, np.float32)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_exr_holds_the_linear_pixels(
    tmp_path: Path, capture: Capture, depth: int, dtype: type, mode: str
) -> None:
    studio = shining_studio(
        capture, "render.film_transparent=true", 'render.image_settings.file_format="OPEN_EXR"',
        f"render.image_settings.color_depth={depth}", f'render.image_settings.color_mode="{mode}"',
        "render.exposure=3",
    )  # fmt: skip
    color = studio.color()
    with OpenEXR.File(str(saved(studio, tmp_path, color)), separate_channels=True) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    assert set(channels) == set(mode)
    for index, name in enumerate(mode):
        # Premultiplied and scene-linear: neither exposure nor view transform count.
        assert channels[name].dtype == dtype
        np.testing.assert_array_equal(channels[name], color[..., index].astype(dtype))


def test_png_has_straight_alpha(tmp_path: Path, capture: Capture) -> None:
    """On the outline a pixel is half clear, and its colour is still the shape's."""
    studio = shining_studio(capture, "render.film_transparent=true")
    color = studio.color()
    pixels = np.asarray(Image.open(saved(studio, tmp_path, color)), dtype=float)
    np.testing.assert_allclose(pixels[..., 3], 255 * color[..., 3], atol=0.51)
    # The shape shines alike everywhere, so premultiplied colour is LINEAR times alpha.
    np.testing.assert_allclose(color[..., :3], LINEAR * color[..., 3:], atol=1e-5)
    edge = (color[..., 3] > 0.2) & (color[..., 3] < 0.8)
    assert edge.sum() > 10
    assert np.abs(pixels[edge][:, :3] - ENCODED).max() <= 1


@pytest.mark.parametrize("view_transform", ["Standard", "AgX"])
@pytest.mark.parametrize("transparent", ["false", "true"])
def test_pixels_are_those_that_blender_itself_saves(
    tmp_path: Path, capture: Capture, view_transform: str, transparent: str
) -> None:
    studio = shining_studio(
        capture, f'render.view_transform="{view_transform}"',
        f"render.film_transparent={transparent}", "render.exposure=0.5",
    )  # fmt: skip
    color = studio.color()
    # The render result is still there.
    theirs = tmp_path / "theirs.png"
    bpy.data.images["Render Result"].save_render(str(theirs), scene=studio.scene)
    ours = saved(studio, tmp_path, color)
    np.testing.assert_array_equal(np.asarray(Image.open(ours)), np.asarray(Image.open(theirs)))


@pytest.mark.parametrize("file_format", ["PNG", "OPEN_EXR", "JPEG"])
@pytest.mark.parametrize("view_transform", ["Standard", "AgX"])
def test_levels_are_those_of_an_8_bit_png(
    tmp_path: Path, capture: Capture, view_transform: str, file_format: str
) -> None:
    """Whatever the format of the colour files is."""
    studio = shining_studio(
        capture, "render.film_transparent=true", f'render.view_transform="{view_transform}"',
    )  # fmt: skip
    color = studio.color()
    in_file = np.asarray(Image.open(saved(studio, tmp_path, color)))
    config, _ = scenes.configured(
        f'render.view_transform="{view_transform}"',
        f'render.image_settings.file_format="{file_format}"',
    )
    levels = ColorEncoder(config.render).levels(color)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, in_file)


def test_levels_of_an_image_of_the_longest_side() -> None:
    """It is one longer than Blender's file of raw levels can hold."""
    config, _ = scenes.configured()
    pixels = np.ones((2, 65536, 4), np.float32)
    pixels[..., :3] = np.linspace(0, 1, 65536, dtype=np.float32)[:, None]
    encoder = ColorEncoder(config.render)
    for whole in (pixels, pixels.transpose(1, 0, 2)):
        levels = encoder.levels(whole)
        expected = np.rint(255 * srgb(whole[..., :3]))
        assert np.abs(levels[..., :3] - expected).max() <= 1
        assert (levels[..., 3] == 255).all()


def test_equal_renders_give_equal_bytes(tmp_path: Path, capture: Capture) -> None:
    """In two Blenders, one after the other: nothing of when or where is in the file."""
    contents = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        studio = shining_studio(capture)
        contents.append(saved(studio, tmp_path / name, studio.color(denoise=True)).read_bytes())
    assert contents[0] == contents[1]
    for word in (b"Date", b"Time", b"tEXt", b"first", str(tmp_path).encode()):
        assert word not in contents[0]


def test_percentage_rounds_down_in_all_files(tmp_path: Path) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    dataset = scenes.generate(
        scenes.save_blend(tmp_path / "model.blend"), tmp_path / "out", 1,
        "render.resolution_x=101", "render.resolution_y=57", "render.resolution_percentage=50",
        "render.samples=1", "render.cycles.use_denoising=false",
    )  # fmt: skip
    [view] = dataset.views
    k = view.camera.intrinsics
    assert (k.width, k.height) == (50, 28)
    assert Image.open(view.path("render")).size == (50, 28)
    assert view.read("depth").shape == view.read("mask").shape == (28, 50)
