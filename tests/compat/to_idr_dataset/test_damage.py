"""compat/to_idr_dataset: damage to a scan, however small, is noticed by --verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.compat.converters import run, told
from tests.compat.damage import no_views
from tests.compat.to_idr_dataset.damage import rewritten
from tests.compat.to_idr_dataset.scans import NAME, Array, largest_error_px
from viewbatch.dataset import Dataset


def half_a_pixel(key: str, matrix: Array) -> Array:
    return np.array([[1, 0, 0.5, 0], *np.eye(4)[1:]]) @ matrix if "world" in key else matrix


def flipped(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([1.0, -1, 1, 1]) if "world" in key else matrix


def transposed(key: str, matrix: Array) -> Array:
    if "world" in key:
        k, rotation, center, *_ = cv2.decomposeProjectionMatrix(matrix[:3])
        turned = rotation.T
        matrix = np.vstack([k @ np.c_[turned, -turned @ (center[:3] / center[3])], [0, 0, 0, 1]])
    return matrix


@pytest.mark.parametrize("change", [half_a_pixel, flipped, transposed])
def test_a_small_fault_of_the_cameras_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, change: Callable[[str, Array], Array]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, change)
    assert not largest_error_px(shifted, broken) < 0.01
    assert told(NAME, shifted, broken).startswith("surface points: ")


def inverted(key: str, matrix: Array) -> Array:
    return np.linalg.inv(matrix) if "scale" in key else matrix


def without_centre(key: str, matrix: Array) -> Array:
    return np.diag(np.diag(matrix)) if "scale" in key else matrix


def too_small(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([0.9, 0.9, 0.9, 1]) if "scale" in key else matrix


def twice(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([2.0, 2, 2, 1]) if "scale" in key else matrix


def homogeneous(key: str, matrix: Array) -> Array:
    return matrix * 2 if "scale" in key else matrix


@pytest.mark.parametrize("change", [inverted, without_centre, too_small, twice, homogeneous])
def test_another_unit_sphere_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, change: Callable[[str, Array], Array]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, change)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    bounds = shifted.record.bounds
    centre = ", ".join(f"{value:.6g}" for value in bounds.center)
    assert (
        f"unit sphere in world: radius {1.1 * bounds.radius:.6g} m, centre ({centre}): 0 of 8 views"
    ) in result.stderr


def different_scales(folder: Path) -> None:
    """Each is good alone, but the views then have no unit sphere in common."""
    rewritten(folder, lambda key, m: m @ np.diag([1.1, 1.1, 1.1, 1]) if key[-6:] == "_mat_3" else m)


def named_by_view(folder: Path) -> None:
    """The number of a view that was left out is missing."""
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            np.savez(folder / file, **{key.replace("_0", "_8"): matrices[key] for key in matrices})


def one_file_only(folder: Path) -> None:
    np.savez(folder / "cameras_sphere.npz", world_mat_0=np.eye(4), scale_mat_0=np.eye(4))


def masks_of_ones(folder: Path) -> None:
    for path in (folder / "mask").iterdir():
        with Image.open(path) as image:
            levels = np.asarray(image)
        Image.fromarray(levels // 255).save(path)


def shifted_mask(folder: Path) -> None:
    path = folder / "mask" / "002.png"
    with Image.open(path) as image:
        levels = np.asarray(image)
    Image.fromarray(np.roll(levels, 1, axis=1)).save(path)


def no_mask(folder: Path) -> None:
    (folder / "mask" / "007.png").unlink()


def last_view_removed(folder: Path) -> None:
    no_mask(folder)
    (folder / "image" / "007.png").unlink()


def stale_jpeg(folder: Path) -> None:
    """IDR's loader takes JPEG as well."""
    with Image.open(folder / "image" / "007.png") as image:
        image.save(folder / "image" / "008.jpg")


def cameras_removed(folder: Path) -> None:
    (folder / "cameras_sphere.npz").unlink()


def one_matrix_more(folder: Path) -> None:
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            np.savez(folder / file, world_mat_8=np.eye(4), **matrices)


def four_channels(folder: Path) -> None:
    path = folder / "image" / "002.png"
    with Image.open(path) as image:
        clear = image.convert("RGBA")
    clear.save(path)


def swapped_images(folder: Path) -> None:
    first, second = (folder / "image" / f"{number:03d}.png" for number in (0, 1))
    data = first.read_bytes(), second.read_bytes()
    first.write_bytes(data[1])
    second.write_bytes(data[0])


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (different_scales, "surface points: "),
        (named_by_view, "matrices: 16 of 16, without scale_mat_0\n"),
        (one_matrix_more, "matrices: 17 of 16\n"),
        (one_file_only, "cameras_sphere.npz: differs from cameras.npz"),
        (masks_of_ones, "masks: "),
        (shifted_mask, "masks: "),
        (no_mask, "files: 17 of 18, without mask/007.png\n"),
        (last_view_removed, "files: 16 of 18, without image/007.png\n"),
        (stale_jpeg, "files: 18 of 18, and image/008.jpg, which is not of this conversion\n"),
        (no_views, "files: no view in conversion.json\n"),
        (cameras_removed, "files: 17 of 18, without cameras_sphere.npz\n"),
        (four_channels, "colours: "),
        (swapped_images, "colours: "),
    ],
)
def test_other_damage_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    damage(broken)
    assert told(NAME, shifted, broken).startswith(answer)
