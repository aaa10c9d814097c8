"""PNG files, judged by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from viewbatch.dataset.png import encode_png


@pytest.mark.parametrize(
    ("channels", "mode"), [(None, "L"), (1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")]
)
@pytest.mark.parametrize("smooth", [False, True])
def test_8_bits_are_read_back(channels: int | None, mode: str, *, smooth: bool) -> None:
    shape = (5, 7) if channels is None else (5, 7, channels)
    levels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = Image.open(io.BytesIO(encode_png(levels, smooth=smooth)))
    assert (image.format, image.mode, image.size) == ("PNG", mode, (7, 5))
    np.testing.assert_array_equal(np.asarray(image), levels.squeeze())


@pytest.mark.parametrize("smooth", [False, True])
def test_16_bits_of_grey_are_read_back(*, smooth: bool) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (5, 7), dtype=np.uint16)
    image = Image.open(io.BytesIO(encode_png(levels, smooth=smooth)))
    assert image.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(image), levels)


@pytest.mark.parametrize(
    ("channels", "mode", "shown"),
    [(2, "RGBA", [0, 0, 0, 1]), (3, "RGB", [0, 1, 2]), (4, "RGBA", [0, 1, 2, 3])],
)
def test_of_16_bits_in_several_channels_pillow_reads_the_high_byte(
    channels: int, mode: str, shown: list[int]
) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (5, 7, channels), dtype=np.uint16)
    image = Image.open(io.BytesIO(encode_png(levels)))
    assert (image.mode, image.size) == (mode, (7, 5))
    np.testing.assert_array_equal(np.asarray(image), (levels >> 8)[..., shown])


def test_rows_of_an_array_that_is_a_view_of_another_keep_their_order() -> None:
    levels = np.arange(48, dtype=np.uint8).reshape(6, 8)[::-2, 1::3]
    image = Image.open(io.BytesIO(encode_png(levels)))
    np.testing.assert_array_equal(np.asarray(image), levels)


def test_smooth_levels_take_less_as_what_neighbours_differ_by() -> None:
    """As long as they are smooth: of ids it is the other way round."""
    down, across = np.mgrid[0:64, 0:96]
    smooth = (128 + 90 * np.sin(down / 31) * np.cos(across / 23)).astype(np.uint8)
    assert len(encode_png(smooth, smooth=True)) < len(encode_png(smooth)) / 2
    ids = np.random.default_rng(0).integers(0, 256, 97, dtype=np.uint8)[down // 8 * across // 8]
    assert len(encode_png(ids)) < len(encode_png(ids, smooth=True))


def test_effort_makes_files_smaller_and_changes_no_level() -> None:
    levels = np.random.default_rng(0).integers(0, 9, (40, 300), dtype=np.uint8)
    sizes = []
    for effort in (0, 1, 9):
        data = encode_png(levels, effort=effort)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), levels)
        sizes.append(len(data))
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize(
    "levels",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3), np.int16),
        np.zeros((2, 3, 5), np.uint8),
        np.zeros((2, 0), np.uint8),
        np.zeros((2, 3, 0), np.uint8),
        np.zeros(3, np.uint8),
        np.zeros((2, 2, 2, 2), np.uint8),
    ],
)
def test_what_a_png_cannot_hold_is_refused(levels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a PNG holds") as caught:
        encode_png(levels)
    assert str(caught.value) == (
        "a PNG holds a (height, width) or (height, width, 1 to 4) array of uint8 or uint16, "
        f"not {levels.dtype} of shape {levels.shape}"
    )
