"""compat/to_mvsnet: damage to cameras and depth, however small, is noticed by --verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.converters import run, told
from tests.compat.to_mvsnet.scenes import (
    LAYOUTS,
    NAME,
    NAMES,
    Array,
    largest_error_px,
    layout_of,
    lifted_errors,
    read_camera,
    read_pfm,
)
from viewbatch.dataset import Dataset


def edit_cameras(folder: Path, change: Callable[[Array, Array], None]) -> None:
    """Write each camera again, with what a function makes of its matrices in place."""
    names = NAMES[layout_of(folder)]
    for path in (folder / names.camera(0)).parent.glob("*_cam.txt"):
        extrinsics, k, line = read_camera(path)
        change(extrinsics, k)
        path.write_text(
            "\n".join([
                "extrinsic", *(" ".join(map(repr, row)) for row in extrinsics.tolist()), "",
                "intrinsic", *(" ".join(map(repr, row)) for row in k.tolist()), "",
                " ".join(map(repr, line[:2])) + f" {int(line[2])} {line[3]!r}", "",
            ])
        )  # fmt: skip


def half_a_pixel(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del extrinsics
        k[0, 2] -= 0.5

    edit_cameras(folder, change)


def flipped(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del k
        extrinsics[1:3] *= -1

    edit_cameras(folder, change)


def transposed(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del k
        extrinsics[:3, :3] = extrinsics[:3, :3].T.copy()

    edit_cameras(folder, change)


def full_size(folder: Path) -> None:
    """DTU's cameras as if its loaders scaled them."""

    def change(extrinsics: Array, k: Array) -> None:
        del extrinsics
        k[:2] *= 4

    edit_cameras(folder, change)


@pytest.mark.parametrize(
    ("layout", "damage"),
    [
        *[(layout, half_a_pixel) for layout in LAYOUTS],
        ("mvsnet", flipped),
        ("blendedmvs", transposed),
        ("dtu", full_size),
    ],
)
def test_a_small_fault_of_a_camera_is_noticed(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    layout: str,
    damage: Callable[[Path], None],
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders[layout], folder)
    assert run(NAME, "--verify", near.folder, folder).code == 0
    damage(folder)
    assert not largest_error_px(near, folder) < 0.01
    assert not lifted_errors(near, folder).max() < 1e-3
    assert told(NAME, near, folder).startswith("surface points:")


def upside_down(folder: Path) -> None:
    for path in (folder / "depths").iterdir():
        values = read_pfm(path)
        path.write_bytes(b"Pf\n120 90\n-1.0\n" + values.astype("<f4").tobytes())


def test_depth_upside_down_is_noticed(
    near: Dataset, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders["mvsnet"], folder)
    upside_down(folder)
    assert not lifted_errors(near, folder).max() < 1e-3
    assert told(NAME, near, folder).startswith("depth:")
