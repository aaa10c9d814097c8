"""compat/to_mvsnet: images, masks, and the numbers of views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make
from tests.compat.to_mvsnet.scenes import (
    ALPHA,
    FEW,
    NAME,
    NAMES,
    ONE,
    largest_error_px,
    numbered,
    read_pairs,
    read_pfm,
)
from viewbatch.dataset import Dataset

SIZE = "networks need sizes that are multiples of 32, and 120x90 is not; render another size"


def test_dtu_has_every_light_in_rgb_and_masks_of_its_depth(
    near: Dataset, folders: dict[str, Path]
) -> None:
    folder = folders["dtu"]
    for number, view in enumerate(numbered(near, folder)):
        names = [
            f"Rectified/scan1_train/rect_{number + 1:0>3}_{light}_r5000.png" for light in range(7)
        ]
        with Image.open(folder / names[0]) as image:
            assert (image.mode, image.size) == ("RGB", (120, 90))
            levels = np.asarray(image).astype(int)
        assert len({(folder / name).read_bytes() for name in names}) == 1
        with Image.open(view.path("render")) as image:
            own = np.asarray(image).astype(float)
        assert np.abs(levels - own[..., :3] * own[..., 3:] / 255).max() <= 1
        with Image.open(folder / f"Depths/scan1_train/depth_visual_{number:0>4}.png") as image:
            mask = np.asarray(image, dtype=np.float32) / 255
        assert np.array_equal(mask > 0.5, read_pfm(folder / NAMES["dtu"].depth(number)) > 0)


def test_masks_lie_beside_mvsnet_s_images(near: Dataset, folders: dict[str, Path]) -> None:
    for number, view in enumerate(numbered(near, folders["mvsnet"])):
        with Image.open(folders["mvsnet"] / f"masks/{number:08d}.png") as image:
            assert np.array_equal(np.asarray(image), (view.read("mask") > 0) * 255)


def test_masked_images_are_black_where_there_is_no_depth(near: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, near.folder, folder, "--layout", "blendedmvs", "--background", "1")
    assert f"warning: {ONE}; the format has no alpha, so images are put on grey of 1" in result.said
    for number, view in enumerate(numbered(near, folder)):
        shown = view.read("mask") > 0
        levels = {}
        for end in ("", "_masked"):
            with Image.open(folder / f"blended_images/{number:08d}{end}.jpg") as image:
                assert (image.format, image.mode) == ("JPEG", "RGB")
                levels[end] = np.asarray(image).astype(int)
        assert levels[""][0, 0].min() > 250
        assert levels["_masked"][~shown].mean() < 1
        assert np.abs(levels["_masked"] - levels[""])[shown].mean() < 2
    assert converted(NAME, "--verify", near.folder, folder).code == 0


def test_jpeg_is_taken_as_it_is(tmp_path: Path) -> None:
    dataset = make(
        tmp_path / "in", 2, *CENTRED, 'render.image_settings.file_format="JPEG"',
        "render.film_transparent=false",
    )  # fmt: skip
    result = converted(NAME, dataset.folder, tmp_path / "out", "--link")
    assert result.said[0] == f"warning: {ONE}; {FEW.format(2, '1 source')}"
    for number, view in enumerate(dataset.views):
        assert (tmp_path / f"out/images/{number:08d}.jpg").samefile(view.path("render"))
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_views_are_numbered_without_gaps(near: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, near.folder, folder, "--views", "2,5,8,11,13", "--layout", "dtu")
    assert result.said == [f"warning: {ONE}; {ALPHA}; {FEW.format(5, '4 sources')}; {SIZE}"]
    assert [view.index for view in numbered(near, folder)] == [2, 5, 8, 11, 13]
    assert list(read_pairs(folder / "Cameras/pair.txt")) == [0, 1, 2, 3, 4]
    assert largest_error_px(near, folder) < 0.01
    assert converted(NAME, "--verify", near.folder, folder).code == 0


def test_only_train_views_are_converted(near: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, near.folder, tmp_path / "out", "--split", "every:7")
    assert result.said == [
        "warning: the format of MVSNet has no split: only the train views are converted, and 2 "
        "test views are left out (convert them to a folder of their own with --views); "
        f"{ONE}; {ALPHA}"
    ]
    assert [view.index for view in numbered(near, tmp_path / "out")] == [
        *range(1, 7),
        *range(8, 14),
    ]
