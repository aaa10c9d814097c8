"""compat/to_nerf: damage in the layout of NeRF's synthetic scenes is noticed by --verify."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.compat.converters import converted, run, told
from tests.compat.damage import BEYOND, no_views
from tests.compat.datasets import CENTRED, make, repeated
from tests.compat.to_nerf.damage import distorted, edit
from tests.compat.to_nerf.shots import NAME
from viewbatch.dataset import Dataset


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views without alpha."""
    return make(
        tmp_path_factory.mktemp("filled") / "out", 2, *CENTRED, "render.resolution_x=60",
        "render.resolution_y=40", "render.film_transparent=false",
    )  # fmt: skip


def files_swapped(folder: Path) -> None:
    train, test = (folder / f"transforms_{part}.json" for part in ("train", "test"))
    train.rename(folder / "kept")
    test.rename(train)
    (folder / "kept").rename(test)


def opaque(folder: Path) -> None:
    path = folder / "train" / "r_7.png"
    with Image.open(path) as image:
        without_alpha = image.convert("RGB")
    without_alpha.save(path)


def frame_distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"][1].update(k1=0.1))


def image_of_a_part_removed(folder: Path) -> None:
    (folder / "train" / "r_7.png").unlink()


def image_of_no_part(folder: Path) -> None:
    (folder / "val").mkdir()
    shutil.copy(folder / "train" / "r_7.png", folder / "val" / "r_9.png")


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (files_swapped, "split: 2 train, 2 val, 6 test\n"),
        (opaque, "channels: RGB, RGBA\n"),
        (frame_distorted, "frames: 7 of 10 have the keys that were written\n"),
        (distorted, "file: k1 is 0.5\n"),
        (image_of_a_part_removed, "files: 10 of 11, without train/r_7.png\n"),
        (image_of_no_part, f"files: 11 of 11, and val/r_9.png{BEYOND}\n"),
        (no_views, "files: no view in conversion.json\n"),
    ],
)
def test_blender_faults_are_noticed(
    filled: Dataset, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    """Of images that were opaque, so that alpha changes no colour."""
    folder = tmp_path / "out"
    dataset = repeated(filled, tmp_path / "in", 8)
    converted(NAME, dataset.folder, folder, "--layout", "blender", "--split", "every:4")
    damage(folder)
    assert told(NAME, dataset, folder).startswith(answer)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("camera_angle_x", 0, "camera_angle_x is 0"),
        ("camera_angle_x", 4, "camera_angle_x is 4"),
        ("file_path", ["a"], "file_path is ['a']"),
    ],
)
def test_blender_values_of_another_form_are_named(
    centred: Dataset, synthetic: Path, tmp_path: Path, key: str, value: object, problem: str
) -> None:
    folder = Path(shutil.copytree(synthetic, tmp_path / "out"))
    path = folder / "transforms_train.json"
    tree = json.loads(path.read_text())
    (tree if key in tree else tree["frames"][0])[key] = value
    path.write_text(json.dumps(tree))
    result = run(NAME, "--verify", centred.folder, folder)
    assert (result.code, result.said) == (
        2,
        [f"to_nerf.py: {path} is not what was written: {problem}; convert again"],
    )


def test_an_image_that_is_gone_is_named(centred: Dataset, synthetic: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(synthetic, folder)
    path = folder / "train" / "r_2.png"
    path.unlink()
    assert told(NAME, centred, folder) == "files: 10 of 11, without train/r_2.png\n"
