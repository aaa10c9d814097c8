"""compat/shared/images: colour images of every format reach consumers as they were rendered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compat.shared.images import (
    level_difference,
    place_file,
    place_image,
    read_colors,
    read_levels,
    write_mask,
)
from tests.compat.datasets import CENTRED, Array, make
from viewbatch.dataset import Dataset, View
from viewbatch.errors import DatasetError, RunError

# EXR holds linear colour, without a view transform.
SMALL = (
    *CENTRED, "render.resolution_x=48", "render.resolution_y=36", "render.view_transform=Standard",
)  # fmt: skip


def levels_of(path: Path) -> tuple[str, Array]:
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


@pytest.fixture(scope="module")
def png(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A cut-out view of 8-bit PNG."""
    return make(tmp_path_factory.mktemp("png") / "in", 1, *SMALL).view(0)


FORMATS = {
    "16 bits": ("file_format=PNG", "color_depth=16"),
    "TIFF": ("file_format=TIFF", "color_depth=8"),
    "TIFF of 16 bits": ("file_format=TIFF", "color_depth=16"),
    "WEBP": ("file_format=WEBP", "quality=100"),
    "EXR": ("file_format=OPEN_EXR", "color_depth=32"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_an_image_of_another_format_becomes_the_same_png(
    png: View, tmp_path: Path, name: str
) -> None:
    settings = [f"render.image_settings.{setting}" for setting in FORMATS[name]]
    view = make(tmp_path / "in", 1, *SMALL, *settings).view(0)
    path = place_image(view, tmp_path / "000")
    mode, found = levels_of(path)
    assert (path.name, mode) == ("000.png", "RGBA")
    wanted = levels_of(png.path("render"))[1].astype(int)
    # Straight colours of nearly clear pixels are rounded differently.
    seen = wanted[..., 3] > 64
    assert np.abs(found.astype(int) - wanted)[seen].max() <= 2, name
    assert np.abs(found.astype(int) - wanted)[..., 3].max() <= 1
    assert level_difference(view, path) == 0


def test_a_jpeg_is_kept_where_it_is_accepted(tmp_path: Path) -> None:
    settings = (*SMALL, "render.film_transparent=false")
    dataset = make(tmp_path / "in", 1, *settings, "render.image_settings.file_format=JPEG")
    view = dataset.view(0)
    path = place_image(view, tmp_path / "000", accepts=(".png", ".jpg"))
    assert path.name == "000.jpg"
    assert path.read_bytes() == view.path("render").read_bytes()
    path = place_image(view, tmp_path / "001")
    assert path.name == "001.png"
    assert np.array_equal(levels_of(path)[1], levels_of(view.path("render"))[1])


def test_alpha_goes_where_it_must(png: View, tmp_path: Path) -> None:
    mode, found = levels_of(place_image(png, tmp_path / "a", channels="RGB", background=0.5))
    assert mode == "RGB"
    levels = levels_of(png.path("render"))[1].astype(float)
    alpha = levels[..., 3:] / 255
    assert np.abs(found - (levels[..., :3] * alpha + 128 * (1 - alpha))).max() <= 1
    assert (found[alpha[..., 0] == 0] == 128).all()
    assert np.array_equal(found, read_colors(png, 0.5))


def test_a_jpeg_is_made_with_full_colour_resolution(png: View, tmp_path: Path) -> None:
    path = place_image(png, tmp_path / "a", accepts=(".jpg",), background=1.0)
    assert path.name == "a.jpg"
    mode, found = levels_of(path)
    assert mode == "RGB"
    assert np.abs(found.astype(int) - read_colors(png, 1.0)).mean() < 1
    assert level_difference(png, path, 1.0) < 16 < level_difference(png, path, 0.0)


def test_alpha_comes_where_it_must(tmp_path: Path) -> None:
    view = make(tmp_path / "in", 1, *SMALL, "render.film_transparent=false").view(0)
    mode, found = levels_of(place_image(view, tmp_path / "a", channels="RGBA"))
    assert mode == "RGBA"
    assert (found[..., 3] == 255).all()
    assert np.array_equal(found[..., :3], read_levels(view))
    assert level_difference(view, tmp_path / "a.png") == 0


def test_a_mask_is_255_where_an_object_is(shifted: Dataset, tmp_path: Path) -> None:
    view = shifted.view(3)
    write_mask(view, tmp_path / "mask.png")
    mode, found = levels_of(tmp_path / "mask.png")
    assert mode == "L"
    assert np.array_equal(found, np.where(view.read("mask") > 0, 255, 0))
    assert 0 < np.count_nonzero(found) < found.size


def test_an_image_of_another_size_is_named(png: View, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (36, 48)).save(path)
    with pytest.raises(DatasetError) as refusal:
        level_difference(png, path)
    assert str(refusal.value) == f"{path} has 36x48 pixels, expected 48x36; convert again"


def test_a_link_that_cannot_be_made_is_told(png: View, tmp_path: Path) -> None:
    """As on another disk, or one that has no second names."""
    with pytest.raises(RunError) as refusal:
        place_file(png, "render", tmp_path / "none" / "a.png", link=True)
    assert str(refusal.value) == (
        f"{png.path('render')} cannot be hard-linked to {tmp_path / 'none'}: No such file or "
        "directory; leave out --link to copy"
    )
