"""compat/to_idr_dataset: files of a scan that cannot be read are named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import assert_settings_refused, run
from tests.compat.to_idr_dataset.damage import rewritten
from tests.compat.to_idr_dataset.scans import NAME, Array
from viewbatch.dataset import Dataset


def no_archive(folder: Path) -> Path:
    (folder / "cameras.npz").write_bytes(b"PK")
    return folder / "cameras.npz"


def cut_archive(folder: Path) -> Path:
    path = folder / "cameras.npz"
    path.write_bytes(path.read_bytes()[:500])
    return path


def one_array(folder: Path) -> Path:
    path = folder / "cameras_sphere.npz"
    with path.open("wb") as file:
        np.save(file, np.eye(4))
    return path


def text(folder: Path) -> Path:
    np.savez(folder / "cameras.npz", world_mat_0="K")
    return folder / "cameras.npz"


def objects(folder: Path) -> Path:
    np.savez(folder / "cameras.npz", world_mat_0=np.array([{}]))
    return folder / "cameras.npz"


@pytest.mark.parametrize("damage", [no_archive, cut_archive, one_array, text, objects])
def test_cameras_that_cannot_be_read_are_named(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Path], Path]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    path = damage(broken)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 2
    assert result.said[0].startswith(f"{NAME}.py: {path} cannot be read as matrices: ")


@pytest.mark.parametrize(
    ("matrix", "answer"),
    [
        (np.eye(3), "{path} has a scale_mat_0 that is no 4x4 matrix of numbers; convert again"),
        (np.full((4, 4), np.nan), "{path} has a scale_mat_0 that is no 4x4 matrix of numbers; "
         "convert again"),
        (np.zeros((4, 4)), "{path} has a scale_mat_0 without an inverse; convert again"),
    ],
)  # fmt: skip
def test_matrices_of_another_form_are_named(
    shifted: Dataset, folder: Path, tmp_path: Path, matrix: Array, answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, lambda key, old: matrix if key == "scale_mat_0" else old)
    result = run(NAME, "--verify", shifted.folder, broken)
    message = answer.format(path=broken / "cameras.npz")
    assert (result.code, result.said) == (2, [f"{NAME}.py: {message}"])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting background; convert again"),
        (
            {"background": 2, "margin": 0.1},
            "has 2 for the setting background, which no conversion has; convert again",
        ),
        (
            {"background": 0, "margin": "x"},
            "has 'x' for the setting margin, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset, folder: Path, tmp_path: Path, settings: dict[str, object], problem: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    assert_settings_refused(NAME, shifted, broken, settings, problem)


def test_a_mask_that_is_no_image_is_named(shifted: Dataset, folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    (broken / "mask" / "003.png").write_bytes(b"none")
    result = run(NAME, "--verify", shifted.folder, broken)
    path = broken / "mask" / "003.png"
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {path} cannot be read as an image: cannot identify image file '{path}'; "
            "convert again"
        ],
    )
