"""compat/to_nerf: what NeRF's readers make of its synthetic layout lies on the true surface."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make, surface
from tests.compat.to_nerf.shots import (
    NAME,
    OUT_OF_REACH,
    PARTS,
    largest_error_px,
    lifted,
    read_blender,
    view_of,
)
from viewbatch.dataset import Dataset


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Upright, where Blender's own angle is the vertical one, with NeRF's scale and cameras."""
    return make(
        tmp_path_factory.mktemp("portrait") / "out", 4, *CENTRED,
        "render.resolution_x=80", "render.resolution_y=120", 'model.normalize="unit_sphere"',
        'camera.location.mode="random"', 'camera.location.radius_unit="scene"',
        "camera.location.random.r_min=4.03", "camera.location.random.r_max=4.03",
    )  # fmt: skip


def test_blender_the_surface_lands_on_its_pixels(centred: Dataset, synthetic: Path) -> None:
    assert largest_error_px(centred, synthetic) < 0.01


def test_blender_the_angle_is_horizontal_also_upright(portrait: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, portrait.folder, folder, "--layout", "blender", "--split", "every:4")
    # Its scale is the one that readers expect.
    assert result.said == []
    assert largest_error_px(portrait, folder) < 0.01
    k = portrait.view(0).camera.intrinsics
    angle = json.loads((folder / "transforms_test.json").read_text())["camera_angle_x"]
    assert angle == pytest.approx(2 * np.arctan(40 / k.fx), abs=1e-12)
    assert converted(NAME, "--verify", portrait.folder, folder).code == 0


def test_blender_depth_lifts_to_the_surface(centred: Dataset, synthetic: Path) -> None:
    for shot in read_blender(synthetic):
        view = centred.view(view_of(synthetic, shot))
        points, pixels = surface(view)
        columns, rows = (pixels - 0.5).astype(int).T
        found = lifted(shot, np.asarray(view.read("depth"), dtype=np.float64))[rows, columns]
        errors = np.linalg.norm(found - points, axis=-1) / centred.record.bounds.radius
        assert np.median(errors) < 2e-6
        assert errors.max() < 1e-3


def test_blender_val_borrows_the_views_of_test(synthetic: Path) -> None:
    names = {
        part: [s.path.relative_to(synthetic).as_posix() for s in read_blender(synthetic, part)]
        for part in PARTS
    }
    assert names == {
        "train": [f"train/r_{index}.png" for index in (1, 2, 3, 5, 6, 7)],
        "val": ["test/r_0.png", "test/r_4.png"],
        "test": ["test/r_0.png", "test/r_4.png"],
    }
    frame = json.loads((synthetic / "transforms_train.json").read_text())["frames"][0]
    assert frame["file_path"] == "./train/r_1"


def test_blender_parts_have_folders(centred: Dataset, tmp_path: Path) -> None:
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 5], "val": [2], "test": [0, 3]}')
    folder = tmp_path / "out"
    converted(NAME, centred.folder, folder, "--layout", "blender", "--split", split)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert names == ["test/r_0.png", "test/r_3.png", "train/r_1.png", "train/r_5.png",
                     "val/r_2.png"]  # fmt: skip
    assert [shot.path.name for shot in read_blender(folder, "val")] == ["r_2.png"]


def test_blender_without_a_split_lists_the_views_that_train(
    centred: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, centred.folder, folder, "--layout", "blender", "--link")
    assert result.said == [
        f"{OUT_OF_REACH}; no view is held out, so transforms_val.json and transforms_test.json "
        "list those that train; hold some out with --split every:8"
    ]
    names = [shot.path.name for shot in read_blender(folder, "train")]
    assert names == [f"r_{index}.png" for index in range(8)]
    assert [shot.path.name for shot in read_blender(folder, "test")] == names
    assert [shot.path.name for shot in read_blender(folder, "val")] == names
    assert (folder / "train" / "r_3.png").samefile(centred.view(3).path("render"))
    assert converted(NAME, "--verify", centred.folder, folder).code == 0


def test_blender_images_without_alpha_get_one(bare: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, bare.folder, folder, "--layout", "blender")
    for shot in read_blender(folder, "train"):
        with Image.open(bare.view(view_of(folder, shot)).path("render")) as image:
            wanted = np.asarray(image)
        with Image.open(shot.path) as image:
            levels = np.asarray(image)
        assert np.array_equal(levels[..., :3], wanted)
        assert levels[..., 3].min() == 255
