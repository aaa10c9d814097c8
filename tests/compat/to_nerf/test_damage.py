"""compat/to_nerf: damage to a conversion, however small, is noticed by --verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compat.converters import converted, run, told
from tests.compat.damage import BEYOND, no_views
from tests.compat.to_nerf.damage import distorted, edit
from tests.compat.to_nerf.shots import NAME, PARTS, Array, largest_error_px
from viewbatch.dataset import Dataset


def edit_poses(folder: Path, change: Callable[[Array], Array]) -> None:
    def of_frames(tree: dict[str, Any]) -> None:
        for frame in tree["frames"]:
            frame["transform_matrix"] = change(np.array(frame["transform_matrix"])).tolist()

    edit(folder, of_frames)


def half_a_pixel(folder: Path) -> None:
    def shift(tree: dict[str, Any]) -> None:
        if "cx" in tree:
            tree["cx"] += 0.5
        else:  # at the side of the frame, 60 px from its middle
            tree["camera_angle_x"] = 2 * np.arctan(60.5 / 60 * np.tan(tree["camera_angle_x"] / 2))

    edit(folder, shift)


def flipped(folder: Path) -> None:
    """As if cameras looked along +z with y down."""
    edit_poses(folder, lambda pose: pose @ np.diag([1.0, -1.0, -1.0, 1.0]))


def transposed(folder: Path) -> None:
    def change(pose: Array) -> Array:
        pose[:3, :3] = pose[:3, :3].T
        return pose

    edit_poses(folder, change)


def world_to_camera(folder: Path) -> None:
    edit_poses(folder, np.linalg.inv)


def looking_away(folder: Path) -> None:
    """What is in front of such a camera is seen at the same pixels from behind."""
    edit_poses(folder, lambda pose: pose @ np.diag([-1.0, -1.0, -1.0, 1.0]))


@pytest.mark.parametrize(
    "damage", [half_a_pixel, flipped, transposed, world_to_camera, looking_away]
)
@pytest.mark.parametrize("layout", ["nerfstudio", "blender"])
def test_a_small_fault_is_noticed(
    centred: Dataset, tmp_path: Path, layout: str, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "out"
    converted(NAME, centred.folder, folder, "--layout", layout)
    assert run(NAME, "--verify", centred.folder, folder).code == 0
    damage(folder)
    assert not largest_error_px(centred, folder) < 0.01
    assert told(NAME, centred, folder).startswith("surface points:")


def another_image(folder: Path) -> None:
    (folder / "images" / "000.png").write_bytes((folder / "images" / "001.png").read_bytes())


def another_mask(folder: Path) -> None:
    (folder / "masks" / "000.png").write_bytes((folder / "masks" / "001.png").read_bytes())


def depth_in_metres(folder: Path) -> None:
    path = folder / "depths" / "003.npy"
    np.save(path, np.load(path) / 1000)


def points_moved(folder: Path) -> None:
    path = folder / "points.ply"
    data = bytearray(path.read_bytes())
    start = data.index(b"end_header\n") + len(b"end_header\n")
    data[start : start + 4] = np.float32(0.3).tobytes()  # the first point's x
    path.write_bytes(data)


def frame_removed(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"].pop())


def part_emptied(folder: Path) -> None:
    edit(folder, lambda tree: tree["val_filenames"].clear())


def frame_twice(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"].append(tree["frames"][0]))


def parts_swapped(folder: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        train, test = tree["train_filenames"], tree["test_filenames"]
        tree.update(train_filenames=test, test_filenames=train)

    edit(folder, change)


def lists_removed(folder: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        for part in PARTS:
            del tree[f"{part}_filenames"]

    edit(folder, change)


def fisheye(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(camera_model="OPENCV_FISHEYE"))


def moved_again(folder: Path) -> None:
    """As if the frames were those of another world."""
    rows = np.eye(4, dtype=int)[:3].tolist()
    edit(folder, lambda tree: tree.update(applied_transform=rows))


def scaled_again(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(applied_scale=2.0))


def points_not_named(folder: Path) -> None:
    edit(folder, lambda tree: tree.pop("ply_file_path"))


def points_of_a_number(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(ply_file_path=1))


def other_cube(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(scale=tree["scale"] * 2))


def other_corner(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(offset=[0, 0, 0]))


def smaller_box(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(aabb_scale=0.5))


def without(folder: Path, *keys: str, frames: int) -> None:
    """Remove keys from the first frames."""

    def change(tree: dict[str, Any]) -> None:
        for frame in tree["frames"][:frames]:
            for key in keys:
                del frame[key]

    edit(folder, change)


def one_mask_not_named(folder: Path) -> None:
    """nerfstudio wants masks of all frames, or of none."""
    without(folder, "mask_path", frames=1)


def masks_not_named(folder: Path) -> None:
    without(folder, "mask_path", frames=8)


def depths_not_named(folder: Path) -> None:
    without(folder, "depth_file_path", frames=8)


def one_frame_distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"][3].update(k2=0.1))


def last_image_removed(folder: Path) -> None:
    (folder / "images" / "007.png").unlink()


def last_view_removed(folder: Path) -> None:
    frame_removed(folder)
    for path in folder.glob("*/007.*"):
        path.unlink()


def one_image_more(folder: Path) -> None:
    shutil.copy(folder / "images" / "007.png", folder / "images" / "008.jpg")


def masks_removed(folder: Path) -> None:
    shutil.rmtree(folder / "masks")
    masks_not_named(folder)


def points_removed(folder: Path) -> None:
    (folder / "points.ply").unlink()
    points_not_named(folder)


def scaled_poses(folder: Path) -> None:
    """Pixels stay where they are, depth does not."""
    edit_poses(folder, lambda pose: pose @ np.diag([2.0, 2.0, 2.0, 1.0]))


def other_last_rows(folder: Path) -> None:
    edit_poses(folder, lambda pose: np.vstack([pose[:3], [0, 0, 0, 2]]))


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (another_image, "colours: "),
        (another_mask, "masks: "),
        (depth_in_metres, "depths in npy: "),
        (points_moved, "file: aabb_scale is 1; points.ply: "),
        (frame_removed, "images: 7 of 8 have a frame\n"),
        (frame_twice, "images: 8 of 8 have a frame, images/000.png has several\n"),
        (part_emptied, "split: 6 train, 0 val, 2 test\n"),
        (parts_swapped, "split: 2 train, 2 val, 6 test\n"),
        (lists_removed, "split: none\n"),
        (distorted, "file: k1 is 0.5\n"),
        (fisheye, "file: camera_model is 'OPENCV_FISHEYE'\n"),
        (moved_again, "file: applied_transform is [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]\n"),
        (scaled_again, "file: applied_scale is 2.0\n"),
        (points_not_named, "file: ply_file_path is None\n"),
        (points_of_a_number, "file: ply_file_path is 1\n"),
        (other_cube, "file: scale is "),
        (other_corner, "file: offset is [0, 0, 0]\n"),
        (smaller_box, "file: aabb_scale is 0.5\n"),
        (one_mask_not_named, "frames: 7 of 8 have the keys that were written\n"),
        (masks_not_named, "frames: 0 of 8 have the keys that were written\n"),
        (depths_not_named, "frames: 0 of 8 have the keys that were written\n"),
        (one_frame_distorted, "frames: 7 of 8 have the keys that were written\n"),
        (last_image_removed, "files: 25 of 26, without images/007.png\n"),
        (last_view_removed, "files: 23 of 26, without depths/007.npy\n"),
        (one_image_more, f"files: 26 of 26, and images/008.jpg{BEYOND}\n"),
        (masks_removed, "files: 18 of 26, without masks/000.png\n"),
        (points_removed, "files: 25 of 26, without points.ply\n"),
        (no_views, "files: no view in conversion.json\n"),
        (scaled_poses, "poses: 0 of 8 rigid; points.ply: "),
        (other_last_rows, "poses: 0 of 8 rigid\n"),
    ],
)
def test_what_lies_beside_the_cameras_is_checked_too(
    shifted: Dataset, tmp_path: Path, damage: Callable[[Path], None], what: str
) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--split", "every:4")
    damage(folder)
    assert told(NAME, shifted, folder).startswith(what)


def test_depths_that_instant_ngp_reads_otherwise_are_noticed(
    shifted: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--depths", "png")
    kept = (folder / "transforms.json").read_text()
    edit(folder, lambda tree: tree.update(integer_depth_scale=0.0011))
    assert told(NAME, shifted, folder) == "file: integer_depth_scale is 0.0011\n"
    (folder / "transforms.json").write_text(kept)
    edit(folder, lambda tree: tree["frames"][0].update(depth_path="depths/001.png"))
    assert told(NAME, shifted, folder).startswith("depths in png: ")
