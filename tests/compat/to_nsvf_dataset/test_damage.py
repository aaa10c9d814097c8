"""compat/to_nsvf_dataset: damage to a conversion, however small, is noticed by --verify."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import assert_settings_refused, converted, run, told
from tests.compat.damage import BEYOND, no_views
from tests.compat.datasets import CENTRED, make
from tests.compat.to_nsvf_dataset.scenes import NAME, Array, largest_error_px
from viewbatch.dataset import Dataset
from viewbatch.dataset.exr import read_exr, write_exr


@pytest.fixture
def fresh(folder: Path, tmp_path: Path) -> Path:
    """A conversion to damage."""
    return Path(shutil.copytree(folder, tmp_path / "out"))


def test_a_good_conversion_agrees(shifted: Dataset, fresh: Path) -> None:
    result = converted(NAME, "--verify", shifted.folder, fresh)
    assert result.stdout.endswith(f"{fresh} agrees with {shifted.folder}\n")
    assert "files                    26 of 26\n" in result.stdout
    assert re.search(r"^colours .* largest 0 levels of 8 images ", result.stdout, re.MULTILINE)


def half_a_pixel(folder: Path) -> None:
    matrix = np.loadtxt(folder / "intrinsics.txt")
    matrix[0, 2] += 0.5
    np.savetxt(folder / "intrinsics.txt", matrix)


def flipped(folder: Path) -> None:
    for path in (folder / "pose").iterdir():
        np.savetxt(path, np.loadtxt(path) @ np.diag([1.0, -1.0, -1.0, 1.0]))


def transposed(folder: Path) -> None:
    for path in (folder / "pose").iterdir():
        matrix = np.loadtxt(path)
        matrix[:3, :3] = matrix[:3, :3].T
        np.savetxt(path, matrix)


def world_to_camera(folder: Path) -> None:
    for path in (folder / "pose").iterdir():
        np.savetxt(path, np.linalg.inv(np.loadtxt(path)))


def looking_away(folder: Path) -> None:
    """What is in front of such a camera is seen at the same pixels from behind."""
    for path in (folder / "pose").iterdir():
        matrix = np.loadtxt(path)
        matrix[:3, :3] *= -1
        np.savetxt(path, matrix)


@pytest.mark.parametrize(
    "damage", [half_a_pixel, flipped, transposed, world_to_camera, looking_away]
)
def test_a_small_fault_is_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None]
) -> None:
    damage(fresh)
    assert not largest_error_px(shifted, fresh) < 0.01
    assert "surface points: " in told(NAME, shifted, fresh)


def last_view_removed(folder: Path) -> None:
    (folder / "rgb" / "1_004.png").unlink()
    (folder / "pose" / "1_004.txt").unlink()


def image_removed(folder: Path) -> None:
    (folder / "rgb" / "0_003.png").unlink()


def one_image_more(folder: Path) -> None:
    shutil.copy(folder / "rgb" / "0_003.png", folder / "rgb" / "0_003.jpg")


def one_depth_removed(folder: Path) -> None:
    (folder / "depth" / "0_003.exr").unlink()


def depth_removed(folder: Path) -> None:
    shutil.rmtree(folder / "depth")


def other_parts(folder: Path) -> None:
    """Of the record, whose views keep the prefix 0_ of those that train."""
    path = folder / "conversion.json"
    split = {"train": [1, 2, 3], "val": [5, 6, 7], "test": [0, 4]}
    path.write_text(json.dumps({**json.loads(path.read_text()), "split": split}))


def intrinsics_removed(folder: Path) -> None:
    (folder / "intrinsics.txt").unlink()


def box_removed(folder: Path) -> None:
    (folder / "bbox.txt").unlink()


def poses_the_other_way(folder: Path) -> None:
    """NSVF prefers extrinsic/ to pose/."""
    shutil.copytree(folder / "pose", folder / "extrinsic")


def images_of_other_views(folder: Path) -> None:
    swap(folder / "rgb" / "0_001.png", folder / "rgb" / "0_002.png")


def depth_of_other_views(folder: Path) -> None:
    swap(folder / "depth" / "0_001.exr", folder / "depth" / "0_002.exr")


def swap(one: Path, other: Path) -> None:
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def longer(folder: Path) -> None:
    path = folder / "depth" / "0_001.exr"
    (distance,) = read_exr(path).values()
    write_distance(path, distance * np.float32(1.2))


def smaller(folder: Path) -> None:
    path = folder / "depth" / "0_001.exr"
    (distance,) = read_exr(path).values()
    write_distance(path, distance[1:])


def write_distance(path: Path, distance: Array) -> None:
    write_exr(path, {"Y": distance}, cam_from_world=np.eye(4), attributes={})


def scaled_pose(folder: Path) -> None:
    edit(folder / "pose" / "0_001.txt", lambda m: m @ np.diag([2.0, 2, 2, 1]))


def other_last_row(folder: Path) -> None:
    edit(folder / "pose" / "0_001.txt", lambda m: np.vstack([m[:3], [0, 0, 0, 2]]))


def edit(path: Path, change: Callable[[Array], Array]) -> None:
    np.savetxt(path, change(np.loadtxt(path, ndmin=2)), fmt="%.17g")


def larger_box(folder: Path) -> None:
    edit(folder / "bbox.txt", lambda m: np.add(m, [[0, 0, 0, 0, 0, 0.01, 0]]))


def no_voxels(folder: Path) -> None:
    edit(folder / "bbox.txt", lambda m: m * [[1, 1, 1, 1, 1, 1, 0]])


def negative_voxels(folder: Path) -> None:
    edit(folder / "bbox.txt", lambda m: m * [[1, 1, 1, 1, 1, 1, -1]])


def other_voxels(folder: Path) -> None:
    edit(folder / "bbox.txt", lambda m: m * [[1, 1, 1, 1, 1, 1, 2]])


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (last_view_removed, "files: 24 of 26, without pose/1_004.txt\n"),
        (image_removed, "files: 25 of 26, without rgb/0_003.png\n"),
        (one_image_more, f"files: 26 of 26, and rgb/0_003.jpg{BEYOND}\n"),
        (one_depth_removed, "files: 25 of 26, without depth/0_003.exr\n"),
        (depth_removed, "files: 18 of 26, without depth/0_001.exr\n"),
        (
            other_parts,
            "split: 3 of 8 have the prefix of their part (3 train, 3 val, 2 test)\n",
        ),
        (no_views, "files: no view in conversion.json\n"),
        (intrinsics_removed, "files: 25 of 26, without intrinsics.txt\n"),
        (box_removed, "files: 25 of 26, without bbox.txt\n"),
        (poses_the_other_way, f"files: 26 of 26, and extrinsic/0_001.txt{BEYOND}\n"),
        (images_of_other_views, "colours: "),
        (depth_of_other_views, "depth: "),
        (longer, "depth: median "),
        (smaller, "depth: median "),
        (scaled_pose, "poses: 7 of 8 rigid\n"),
        (other_last_row, "poses: 7 of 8 rigid\n"),
        (larger_box, "box: "),
        (no_voxels, "voxel size: 0 m (recorded: "),
        (negative_voxels, "voxel size: -"),
        (other_voxels, "voxel size: "),
    ],
)
def test_other_faults_are_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None], answer: str
) -> None:
    damage(fresh)
    assert told(NAME, shifted, fresh).startswith(answer)


@pytest.fixture(scope="module")
def zoomed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views with different focal lengths."""
    folder = tmp_path_factory.mktemp("zoomed") / "in"
    return make(folder, 2, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")


def doubled(folder: Path) -> None:
    """Plenoxels and ngp_pl read this file alone."""
    edit(folder / "intrinsics.txt", lambda m: m * 2)


def own_removed(folder: Path) -> None:
    shutil.rmtree(folder / "intrinsic")


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (doubled, "intrinsics.txt: "),
        (intrinsics_removed, "files: 7 of 8, without intrinsics.txt\n"),
        (own_removed, "files: 6 of 8, without intrinsic/0_000.txt\n"),
    ],
)
def test_faults_of_different_intrinsics_are_noticed(
    zoomed: Dataset, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    converted(NAME, zoomed.folder, tmp_path / "out")
    assert run(NAME, "--verify", zoomed.folder, tmp_path / "out").code == 0
    damage(tmp_path / "out")
    assert told(NAME, zoomed, tmp_path / "out").startswith(answer)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("pose/0_001.txt", "1 0 0\n0 1 0\n0 0 1\n", "does not hold 4x4 numbers; convert again"),
        ("pose/0_001.txt", "1 0\n0 1\n", "does not hold 4x4 numbers; convert again"),
        ("pose/0_001.txt", "", "does not hold 4x4 numbers; convert again"),
        ("pose/0_001.txt", "1 0 0 0\n0 1 0 0\n0 0 1", "does not hold 4x4 numbers; convert again"),
        (
            "pose/0_001.txt",
            "nan 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n",
            "does not hold 4x4 numbers; convert again",
        ),
        (
            "pose/0_001.txt",
            "one",
            "cannot be read as numbers: could not convert string to float: 'one'; convert again",
        ),
        ("intrinsics.txt", "100 60 45 0\n", "does not hold 4x4 numbers; convert again"),
        ("bbox.txt", "0 1\n", "does not hold 1x7 numbers; convert again"),
        ("bbox.txt", "0 0 0 1 1 1\n", "does not hold 1x7 numbers; convert again"),
    ],
)
def test_numbers_of_another_form_are_named(
    shifted: Dataset, fresh: Path, name: str, text: str, problem: str
) -> None:
    (fresh / name).write_text(text)
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert result.said[-1].endswith(f"{NAME}.py: {fresh / name} {problem}")


def test_distances_that_were_cut_short_are_named(shifted: Dataset, fresh: Path) -> None:
    path = fresh / "depth" / "0_001.exr"
    path.write_bytes(path.read_bytes()[:100])
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert f"{NAME}.py: {path} cannot be read as OpenEXR: " in result.said[-1]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting own_intrinsics; convert again"),
        (
            {"first_pixel_center_px": "half"},
            "has 'half' for the setting first_pixel_center_px, which no conversion has; convert "
            "again",
        ),
        ({"depth": None}, "has None for the setting depth, which no conversion has; convert again"),
        (
            {"voxel_size_m": [1]},
            "has [1] for the setting voxel_size_m, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset, fresh: Path, settings: dict[str, object], problem: str
) -> None:
    assert_settings_refused(NAME, shifted, fresh, settings, problem)
