"""compat/to_nsvf_dataset: what NSVF's rules make of the files lies on the true surface."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make, surface
from tests.compat.to_nsvf_dataset.scenes import NAME, largest_error_px, read
from viewbatch.dataset import Dataset
from viewbatch.dataset.exr import read_exr


def test_the_surface_lands_on_its_pixels(shifted: Dataset, folder: Path) -> None:
    assert largest_error_px(shifted, folder) < 0.01


def test_pixels_with_their_distance_lie_on_the_surface(shifted: Dataset, folder: Path) -> None:
    """As NSVF lifts them: along the unit ray of each pixel, by depth/."""
    for name, index in json.loads((folder / "conversion.json").read_text())["views"].items():
        stem = Path(name).stem
        points, pixels = surface(shifted.view(index))
        _, k, world_from_cam = read(folder, stem)
        (distance,) = read_exr(folder / "depth" / f"{stem}.exr").values()
        columns, rows = (pixels - 0.5).astype(int).T
        rays = np.c_[pixels, np.ones(len(pixels))] @ np.linalg.inv(k).T
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        lifted = (rays * distance[rows, columns][:, None]) @ world_from_cam[:3, :3].T
        lifted += world_from_cam[:3, 3]
        # Float32, whose errors grow where a surface is seen at a grazing angle.
        errors = np.linalg.norm(lifted - points, axis=-1) / shifted.record.bounds.radius
        assert np.median(errors) < 2e-6
        assert errors.max() < 1e-3


def test_its_own_loader_can_have_integer_pixel_centres(shifted: Dataset, tmp_path: Path) -> None:
    converted(NAME, shifted.folder, tmp_path / "out", "--pixel-centers", "integer")
    assert largest_error_px(shifted, tmp_path / "out", 0.0) < 0.01
    assert converted(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_without_a_shift_the_principal_point_is_half_the_width(
    centred: Dataset, tmp_path: Path
) -> None:
    converted(NAME, centred.folder, tmp_path / "out")
    assert np.loadtxt(tmp_path / "out" / "intrinsics.txt")[:2, 2].tolist() == [60.0, 45.0]


def test_images_are_the_dataset_s_own_bytes(shifted: Dataset, folder: Path) -> None:
    for name, index in json.loads((folder / "conversion.json").read_text())["views"].items():
        assert (folder / name).read_bytes() == shifted.view(index).path("render").read_bytes()


def test_parts_have_prefixes_by_which_files_are_sorted(folder: Path) -> None:
    names = sorted(path.stem for path in (folder / "rgb").iterdir())
    train = ["0_001", "0_002", "0_003", "0_005", "0_006", "0_007"]
    assert names == [*train, "1_000", "1_004"]
    for kind in ("pose", "depth"):
        assert sorted(path.stem for path in (folder / kind).iterdir()) == names


def test_with_val_the_test_views_come_third(shifted: Dataset, tmp_path: Path) -> None:
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 5], "val": [2], "test": [0, 3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    names = sorted(path.stem for path in (tmp_path / "out" / "rgb").iterdir())
    assert names == ["0_001", "0_005", "1_002", "2_000", "2_003"]


def test_the_box_holds_the_objects_in_voxels_of_which_512_fill_it(
    shifted: Dataset, folder: Path
) -> None:
    *box, size = (float(word) for word in (folder / "bbox.txt").read_text().split())
    bounds = shifted.record.bounds
    assert box == [*bounds.minimum, *bounds.maximum]
    assert np.prod(np.subtract(box[3:], box[:3])) / size**3 == pytest.approx(512)


def test_different_intrinsics_have_files_of_their_own_and_a_warning(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 2, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")
    result = converted(NAME, dataset.folder, tmp_path / "out")
    assert result.said == [
        "warning: the views have different intrinsics: they are in intrinsic/, which NSVF's own "
        "loader reads, and others take those of the first view from intrinsics.txt for all"
    ]
    assert largest_error_px(dataset, tmp_path / "out") < 0.01
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, far.folder, tmp_path / "out")
    assert result.said == [
        "warning: the model lies far from its origin: pose/ and bbox.txt are exact, but NSVF and "
        "its kin compute in float32, whose numbers are coarse there; set model.normalize and "
        "render again"
    ]
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0
