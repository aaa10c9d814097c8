"""compat/to_colmap: images, masks, lists and cameras of the project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pycolmap
from PIL import Image

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make
from tests.compat.to_colmap.models import NAME, largest_error_px, names
from viewbatch.dataset import Dataset


def test_images_are_the_dataset_s_own_bytes_and_masks_its_ids(
    shifted: Dataset, folder: Path
) -> None:
    for name, index in names(folder).items():
        view = shifted.view(index)
        assert (folder / "images" / name).read_bytes() == view.path("render").read_bytes()
        with Image.open(folder / "masks" / f"{name}.png") as mask:
            assert mask.mode == "L"
            kept = np.asarray(mask)
        np.testing.assert_array_equal(kept, np.where(view.read("mask") > 0, 255, 0))


def test_a_split_is_written_for_3d_gaussian_splatting_and_nerfstudio(
    shifted: Dataset, folder: Path, tmp_path: Path
) -> None:
    held_out = ["000.png", "004.png"]
    train = ["001.png", "002.png", "003.png", "005.png", "006.png", "007.png"]
    assert (folder / "sparse" / "0" / "test.txt").read_text().split() == held_out
    for part, listed in (("train", train), ("val", held_out), ("test", held_out)):
        assert (folder / f"{part}_list.txt").read_text().split() == listed
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 2], "val": [5], "test": [3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    sparse = tmp_path / "out" / "sparse" / "0"
    assert (sparse / "test.txt").read_text().split() == ["003.png", "005.png"]
    assert (tmp_path / "out" / "val_list.txt").read_text().split() == ["005.png"]
    assert (tmp_path / "out" / "test_list.txt").read_text().split() == ["003.png"]


def test_without_a_split_there_are_no_lists(shifted: Dataset, tmp_path: Path) -> None:
    converted(NAME, shifted.folder, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("test.txt"))
    assert not list((tmp_path / "out").glob("*_list.txt"))


def test_jpeg_images_stay_and_their_masks_are_named_after_them(tmp_path: Path) -> None:
    settings = ("render.image_settings.file_format=JPEG", "render.film_transparent=false")
    dataset = make(tmp_path / "in", 3, *CENTRED, *settings)
    converted(NAME, dataset.folder, tmp_path / "out")
    assert names(tmp_path / "out") == {"000.jpg": 0, "001.jpg": 1, "002.jpg": 2}
    masks = sorted(path.name for path in (tmp_path / "out" / "masks").iterdir())
    assert masks == ["000.jpg.png", "001.jpg.png", "002.jpg.png"]
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_each_calibration_is_a_camera(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 3, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")
    converted(NAME, dataset.folder, tmp_path / "out")
    model = pycolmap.Reconstruction(tmp_path / "out" / "sparse" / "0")
    assert sorted(model.cameras) == [1, 2, 3]
    assert largest_error_px(dataset, tmp_path / "out") < 0.01
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0
