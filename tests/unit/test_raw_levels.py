"""Uncompressed TGA files, written by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viewbatch.dataset import raw_levels


@pytest.mark.parametrize("orientation", [-1, 1], ids=["bottom-up", "top-down"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_levels_are_read_back(tmp_path: Path, channels: int, orientation: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (5, 300, channels), dtype=np.uint8)
    path = tmp_path / f"levels{raw_levels.EXTENSION}"
    Image.fromarray(levels.squeeze()).save(path, orientation=orientation)
    np.testing.assert_array_equal(raw_levels.read(path), levels)


def test_a_compressed_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "levels.tga"
    Image.fromarray(np.zeros((5, 7, 3), np.uint8)).save(path, compression="tga_rle")
    with pytest.raises(AssertionError, match="kind 10"):
        raw_levels.read(path)
