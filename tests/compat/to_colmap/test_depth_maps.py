"""compat/to_colmap: COLMAP reads depth and normal maps, and fuses them to the true surface."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pycolmap

from compat.to_colmap.dense import read_map, write_map
from compat.to_colmap.reconstruction import fused
from tests.compat.converters import converted
from tests.compat.datasets import make
from tests.compat.to_colmap.models import NAME, names, toys_distances
from viewbatch.dataset import Dataset


def test_depth_and_normal_maps_are_fused_to_the_true_surface(
    toys: Dataset, project: Path, tmp_path: Path
) -> None:
    points = fused(project)
    assert len(points) > 5000
    median = np.median(toys_distances(toys, points))
    assert median < 5e-5
    # The same with cameras whose first pixel has its centre at (0.5, 0.5), as in sparse/0.
    shutil.copytree(project / "dense", tmp_path / "dense")
    shutil.rmtree(tmp_path / "dense" / "sparse")
    shutil.copytree(project / "sparse" / "0", tmp_path / "dense" / "sparse")
    assert np.median(toys_distances(toys, fused(tmp_path))) > 10 * median


def test_maps_without_a_surface_are_fused_to_no_points(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "dense", tmp_path / "dense")
    for path in (tmp_path / "dense" / "stereo" / "depth_maps").iterdir():
        write_map(path, np.zeros_like(read_map(path)))
    assert fused(tmp_path).shape == (0, 3)


def test_normals_that_face_elsewhere_are_not_fused(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "dense", tmp_path / "dense")
    for path in (tmp_path / "dense" / "stereo" / "normal_maps").iterdir():
        write_map(path, read_map(path)[..., [1, 2, 0]])
    assert len(fused(tmp_path)) < 0.5 * len(fused(project))


def test_depth_maps_are_read_by_colmap(shifted: Dataset, folder: Path) -> None:
    for name, index in names(folder).items():
        depth = pycolmap.DepthMap()
        depth.read(folder / "dense" / "stereo" / "depth_maps" / f"{name}.geometric.bin")
        np.testing.assert_array_equal(depth.to_array(), shifted.view(index).read("depth"))


def test_normals_in_world_and_in_cam_give_the_same_maps(folder: Path, tmp_path: Path) -> None:
    """`shifted` has them in world."""
    from tests.compat.datasets import SHIFTED

    dataset = make(tmp_path / "in", 1, *SHIFTED, "plugins.normal.frame=cam")
    converted(NAME, dataset.folder, tmp_path / "out", "--dense")
    name = Path("dense") / "stereo" / "normal_maps" / "000.png.geometric.bin"
    found, wanted = read_map(tmp_path / "out" / name), read_map(folder / name)
    assert found.any()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1.5e-3)  # two roundings to half
