"""compat/to_colmap: damage to a project, however small, is noticed by --verify."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
import pytest

from compat.to_colmap.dense import read_map, write_map
from tests.compat.converters import run, told
from tests.compat.damage import BEYOND, no_views
from tests.compat.to_colmap.models import NAME, Array, largest_error_px
from viewbatch.dataset import Dataset


def edited(folder: Path, change: Callable[[Any], None]) -> None:
    """Write the sparse model anew with a change."""
    sparse = folder / "sparse" / "0"
    model = pycolmap.Reconstruction(sparse)
    change(model)
    model.write_text(sparse)
    model.write_binary(sparse)


def half_a_pixel(folder: Path) -> None:
    def change(model: Any) -> None:
        model.camera(1).principal_point_x += 0.5

    edited(folder, change)


def turned(folder: Path, turn: Callable[[Array], Array]) -> None:
    """Change each `cam_from_world`, (3, 4)."""

    def change(model: Any) -> None:
        for frame in model.frames.values():
            frame.rig_from_world = pycolmap.Rigid3d(turn(frame.rig_from_world.matrix()))

    edited(folder, change)


def flipped(folder: Path) -> None:
    turned(folder, lambda matrix: np.diag([1.0, -1.0, -1.0]) @ matrix)


def transposed(folder: Path) -> None:
    turned(folder, lambda matrix: np.c_[matrix[:, :3].T, matrix[:, 3]])


def camera_to_world(folder: Path) -> None:
    turned(folder, lambda matrix: np.linalg.inv(np.r_[matrix, [[0, 0, 0, 1]]])[:3])


@pytest.mark.parametrize("damage", [half_a_pixel, flipped, transposed, camera_to_world])
def test_a_small_fault_of_the_cameras_is_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None]
) -> None:
    damage(fresh)
    assert not largest_error_px(shifted, fresh) < 0.01
    assert "surface points: " in told(NAME, shifted, fresh)


def moved_points(folder: Path) -> None:
    def change(model: Any) -> None:
        for point in model.points3D.values():
            point.xyz = point.xyz * 1.001

    edited(folder, change)


def text_alone(folder: Path) -> None:
    path = folder / "sparse" / "0" / "cameras.txt"
    path.write_text(path.read_text().replace(" 120 90 ", " 120 91 "))


def swapped_masks(folder: Path) -> None:
    one, other = folder / "masks" / "000.png.png", folder / "masks" / "001.png.png"
    one.rename(folder / "kept")
    other.rename(one)
    (folder / "kept").rename(other)


def swapped_images(folder: Path) -> None:
    shutil.copyfile(folder / "images" / "001.png", folder / "images" / "000.png")


def missing_mask(folder: Path) -> None:
    (folder / "masks" / "002.png.png").unlink()


def masks_removed(folder: Path) -> None:
    shutil.rmtree(folder / "masks")


def images_removed(folder: Path) -> None:
    shutil.rmtree(folder / "images")


def one_image_more(folder: Path) -> None:
    """COLMAP goes through folders in folders too."""
    (folder / "images" / "more").mkdir()
    shutil.copyfile(folder / "images" / "001.png", folder / "images" / "more" / "003.jpeg")


def last_view_removed(folder: Path) -> None:
    (folder / "images" / "002.png").unlink()
    (folder / "masks" / "002.png.png").unlink()
    image_in_sparse_removed(folder)


def image_in_sparse_removed(folder: Path) -> None:
    def change(model: Any) -> None:
        model.deregister_frame(model.image(3).frame_id)
        for number in [number for number in model.images if number == 3]:
            del model.images[number]

    edited(folder, change)


def swapped_dense_images(folder: Path) -> None:
    path = folder / "dense" / "images" / "000.png"
    path.unlink()  # it may be the file in images/ under a second name
    shutil.copyfile(folder / "images" / "001.png", path)


def dense_images_removed(folder: Path) -> None:
    shutil.rmtree(folder / "dense" / "images")


def dense_removed(folder: Path) -> None:
    shutil.rmtree(folder / "dense")


def second_poses(folder: Path) -> None:
    (folder / "dense" / "sparse" / "frames.bin").write_bytes(b"")


def nothing_to_fuse(folder: Path) -> None:
    (folder / "dense" / "stereo" / "fusion.cfg").write_text("")


def nothing_to_match(folder: Path) -> None:
    (folder / "dense" / "stereo" / "patch-match.cfg").write_text("")


def lists_without_a_split(folder: Path) -> None:
    (folder / "val_list.txt").write_text("000.png\n")


FILES = 3 * 5 + 5
"""Images, masks, images of dense/, two maps each; two configurations and three of the model."""


def renumbered(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "database.db")) as database, database:
        database.execute("UPDATE images SET image_id = 9 WHERE image_id = 3")


def nearer(folder: Path) -> None:
    for path in (folder / "dense" / "stereo" / "depth_maps").iterdir():
        write_map(path, read_map(path) * np.float32(0.999))


def interleaved(folder: Path) -> None:
    for path in (folder / "dense" / "stereo" / "normal_maps").iterdir():
        normals = read_map(path)
        write_map(path, normals.reshape(3, *normals.shape[:2]).transpose(1, 2, 0))


def with_corner_centres(folder: Path) -> None:
    for path in (folder / "dense" / "sparse").iterdir():
        shutil.copyfile(folder / "sparse" / "0" / path.name, path)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (moved_points, "points3D: "),
        (text_alone, "sparse/0: text and binary differ"),
        (swapped_masks, "masks: "),
        (swapped_images, "colours: "),
        (missing_mask, f"files: {FILES - 1} of {FILES}, without masks/002.png.png"),
        (masks_removed, f"files: {FILES - 3} of {FILES}, without masks/000.png.png"),
        (images_removed, f"files: {FILES - 3} of {FILES}, without images/000.png"),
        (one_image_more, f"files: {FILES} of {FILES}, and images/more/003.jpeg{BEYOND}"),
        (last_view_removed, f"files: {FILES - 2} of {FILES}, without images/002.png"),
        (no_views, "files: no view in conversion.json"),
        (
            image_in_sparse_removed,
            "images in sparse/0: 2 of 3",
        ),
        (swapped_dense_images, "dense: colours: "),
        (dense_images_removed, f"files: {FILES - 3} of {FILES}, without dense/images/000.png"),
        (dense_removed, f"files: 6 of {FILES}, without dense/images/000.png"),
        (second_poses, f"files: {FILES} of {FILES}, and dense/sparse/frames.bin{BEYOND}"),
        (nothing_to_fuse, "dense: fusion.cfg: not as it was written"),
        (nothing_to_match, "dense: patch-match.cfg: not as it was written"),
        (lists_without_a_split, "split: val_list.txt is not that of 3 train"),
        (renumbered, "database: 1 cameras, 3 images as sparse/0"),
        (nearer, "dense: depth: "),
        (interleaved, "dense: normals: "),
        (with_corner_centres, "dense: surface points: "),
    ],
)
def test_other_faults_are_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None], word: str
) -> None:
    damage(fresh)
    assert told(NAME, shifted, fresh).startswith(word)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("sparse/0/test.txt", None),
        ("sparse/0/test.txt", ["000.png"]),
        ("train_list.txt", None),
        ("train_list.txt", ["001.png", "002.png"]),
        ("val_list.txt", None),
        ("test_list.txt", ["004.png", "000.jpg"]),
    ],
)
def test_lists_of_another_split_are_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, name: str, lines: list[str] | None
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    assert run(NAME, "--verify", shifted.folder, broken).code == 0
    (broken / name).unlink()
    if lines is not None:
        (broken / name).write_text("".join(f"{line}\n" for line in lines))
    assert told(NAME, shifted, broken) == f"split: {name} is not that of 6 train, 2 test\n"
