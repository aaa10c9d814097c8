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
def test_8_bits_are_read_back(channels: int | None, mode: str) -> None:
    shape = (5, 7) if channels is None else (5, 7, channels)
    levels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = Image.open(io.BytesIO(encode_png(levels)))
    assert (image.format, image.mode, image.size) == ("PNG", mode, (7, 5))
    np.testing.assert_array_equal(np.asarray(image), levels.squeeze())


def test_16_bits_of_grey_are_read_back() -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (5, 7), dtype=np.uint16)
    image = Image.open(io.BytesIO(encode_png(levels)))
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
