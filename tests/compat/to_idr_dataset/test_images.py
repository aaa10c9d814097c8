"""compat/to_idr_dataset: images, masks, and the numbers of views."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.compat.converters import converted, run
from tests.compat.datasets import repeated
from tests.compat.to_idr_dataset.scans import BLACK, NAME, ONE, SCAN, largest_error_px, views_of
from viewbatch.dataset import Dataset


def test_images_have_three_channels_on_the_background(shifted: Dataset, folder: Path) -> None:
    soft = 0
    for number, view in enumerate(shifted.views):
        with Image.open(folder / "image" / f"{number:03d}.png") as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            levels = np.asarray(image, dtype=np.float64)
        with Image.open(view.path("render")) as image:
            *color, alpha = np.moveaxis(np.asarray(image.convert("RGBA")) / 255, -1, 0)
        expected = np.stack([c * alpha + 128 / 255 * (1 - alpha) for c in color], axis=-1) * 255
        assert np.abs(levels - expected).max() <= 1
        soft += np.count_nonzero((alpha > 0) & (alpha < 1))
    assert soft


def test_masks_are_the_objects_to_both_loaders(shifted: Dataset, folder: Path) -> None:
    for number, view in enumerate(shifted.views):
        path = folder / "mask" / f"{number:03d}.png"
        seen = view.read("mask") > 0
        with Image.open(path) as image:
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image) > 127.5, seen)
        np.testing.assert_array_equal(cv2.imread(str(path))[..., 0] / 256.0 > 0.5, seen)


def test_numbers_have_no_gaps_where_views_are_left_out(shifted: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "scan1"
    converted(NAME, shifted.folder, folder, "--views", "1,4,6")
    for kind in ("image", "mask"):
        names = sorted(path.name for path in (folder / kind).iterdir())
        assert names == ["000.png", "001.png", "002.png"]
    with np.load(folder / "cameras.npz") as matrices:
        assert set(matrices) == {f"{kind}_mat_{i}" for kind in ("world", "scale") for i in range(3)}
    assert views_of(folder) == [1, 4, 6]
    assert largest_error_px(shifted, folder) < 0.01
    assert run(NAME, "--verify", shifted.folder, folder).code == 0


def test_a_thousand_views_and_more_keep_their_order(shifted: Dataset, tmp_path: Path) -> None:
    dataset = repeated(shifted, tmp_path / "in", 1001)
    converted(NAME, dataset.folder, tmp_path / "scan1", "--link")
    assert views_of(tmp_path / "scan1") == list(range(1001))
    assert (tmp_path / "scan1" / "mask" / "1000.png").exists()
    assert (tmp_path / "scan1" / "mask" / "0999.png").exists()


def test_held_out_views_are_left_out_with_a_warning(shifted: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, shifted.folder, tmp_path / "out", "--split", "every:4")
    assert result.said == [
        "warning: IDR has no split: only the train views are converted, and 2 test views are left "
        f"out (convert them to a folder of their own with --views); {BLACK}; {ONE}; {SCAN}"
    ]
    assert result.stdout.startswith(f"{tmp_path / 'out'}: 6 views (6 train)\n")
    assert views_of(tmp_path / "out") == [1, 2, 3, 5, 6, 7]
    assert largest_error_px(shifted, tmp_path / "out") < 0.01
