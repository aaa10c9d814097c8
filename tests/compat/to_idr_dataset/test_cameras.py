"""compat/to_idr_dataset: what IDR's and NeuS's loaders make of the files is our camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, SHIFTED, make
from tests.compat.to_idr_dataset.scans import BLACK, NAME, ONE, largest_error_px, loaded, views_of
from viewbatch.dataset import Dataset


def test_the_surface_lands_on_its_pixels(shifted: Dataset, folder: Path) -> None:
    assert run(NAME, "--verify", shifted.folder, folder).code == 0
    assert largest_error_px(shifted, folder) < 0.01
    assert largest_error_px(shifted, folder, np.float32) < 0.01


def test_opencv_decomposes_the_matrices_to_our_cameras(shifted: Dataset, folder: Path) -> None:
    assert views_of(folder) == [view.index for view in shifted.views]
    for number, view in enumerate(shifted.views):
        k, rotation, center, scale_mat = loaded(folder, number)
        ours = view.camera.intrinsics
        expected = [[ours.fx, 0, ours.cx - 0.5], [0, ours.fy, ours.cy - 0.5], [0, 0, 1]]
        # Float64 through a QR decomposition of numbers up to a few hundred.
        np.testing.assert_allclose(k, expected, atol=1e-9)
        np.testing.assert_allclose(rotation, view.camera.cam_from_world[:3, :3], atol=1e-9)
        in_world = (scale_mat @ [*center, 1.0])[:3]
        np.testing.assert_allclose(in_world, view.camera.center_in_world, atol=1e-9)


def test_the_object_lies_in_the_unit_sphere_and_fills_it(shifted: Dataset, folder: Path) -> None:
    reach = []
    for number, view in enumerate(shifted.views):
        points = view.read("position")[view.read("mask") > 0]
        *_, scale_mat = loaded(folder, number)
        in_unit = np.linalg.inv(scale_mat) @ np.c_[points, np.ones(len(points))].T
        reach.append(np.linalg.norm(in_unit[:3], axis=0).max())
    assert 0.8 < max(reach) < 1


@pytest.mark.parametrize(
    ("options", "factor"), [((), 1.1), (("--margin", "0.5"), 1.5), (("--margin", "0"), 1.0)]
)
def test_the_scale_brings_the_unit_sphere_to_world(
    shifted: Dataset, tmp_path: Path, options: tuple[str, ...], factor: float
) -> None:
    converted(NAME, shifted.folder, tmp_path / "out", *options)
    bounds = shifted.record.bounds
    for number in range(len(shifted.views)):
        *_, scale_mat = loaded(tmp_path / "out", number)
        assert scale_mat[3].tolist() == [0, 0, 0, 1]
        np.testing.assert_allclose(scale_mat[:3, :3], factor * bounds.radius * np.eye(3))
        assert scale_mat[:3, 3].tolist() == list(bounds.center)
    assert run(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_neus_finds_the_same_under_its_own_name(folder: Path) -> None:
    for number in range(len(views_of(folder))):
        for ours, theirs in zip(
            loaded(folder, number), loaded(folder, number, file="cameras_sphere.npz"), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_different_intrinsics_and_jpeg_are_carried(tmp_path: Path) -> None:
    settings = (
        "camera.lens.focal_length=[40.0, 60.0]", "render.film_transparent=false",
        'render.image_settings.file_format="JPEG"',
    )  # fmt: skip
    dataset = make(tmp_path / "in", 2, *SHIFTED, *settings)
    result = converted(NAME, dataset.folder, tmp_path / "scan1")
    assert result.said == [f"warning: {ONE}"]
    assert len({view.camera.intrinsics.fx for view in dataset.views}) == 2
    assert largest_error_px(dataset, tmp_path / "scan1") < 0.01
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0


def test_a_model_far_from_its_origin_is_brought_near(tmp_path: Path) -> None:
    """In float32, which both loaders have, numbers near a million are 0.06 apart."""
    cube = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    faces = ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4")
    lines = [f"v {1048576 + x} {z} {524288 - y}" for x, y, z in cube]
    model = tmp_path / "far.obj"
    model.write_text("\n".join([*lines, *(f"f {face}" for face in faces)]) + "\n")
    dataset = make(tmp_path / "in", 2, *CENTRED, model=model)
    result = converted(NAME, dataset.folder, tmp_path / "scan1")
    assert result.said == [
        f"warning: {BLACK}; the model stands far from the origin, where float32, in which IDR and "
        "NeuS compute, is too coarse: the cameras are in world minus model.offset_m of dataset.json"
    ]
    # Positions are float32 and minus the offset too.
    assert largest_error_px(dataset, tmp_path / "scan1", np.float32) < 0.01
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0
