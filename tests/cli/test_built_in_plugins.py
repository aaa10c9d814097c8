"""All built-in plugins together, in real runs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.cli.conftest import QUICK, ROOT, TETRAHEDRON, Host
from viewbatch.dataset import Dataset
from viewbatch.dataset.ply import read_vertices

pytestmark = pytest.mark.every_blender

PLUGINS = sorted(path.stem for path in (ROOT / "plugins").glob("*.py"))
CONFIG = f"""{QUICK}
[plugins]
enabled = {PLUGINS}
[plugins.mask]
png = true
[plugins.normal]
png = true
[plugins.albedo]
files = "BOTH"
[plugins.point_cloud]
max_points = 500
"""

OF_A_VIEW = {
    "albedo", "albedo_png", "camera_extrinsics", "camera_projection_matrix", "depth", "linear",
    "mask", "mask_png", "masked", "material", "normal", "normal_png", "points", "position",
    "render", "semantic", "uv",
}  # fmt: skip
OF_THE_DATASET = {
    "bounding_box.txt", "camera_intrinsics.txt", "mesh.ply", "normalization_matrix.json",
    "point_cloud.ply",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `at_once`, made by one run, and `continued`, which was first made shorter."""
    path = tmp_path_factory.mktemp("plugins")
    (path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (path / "model.obj").write_text(TETRAHEDRON, encoding="utf-8")
    for name, number in (("at_once", "3"), ("continued", "2"), ("continued", "3")):
        result = host.run("model.obj", name, number, cwd=path)
        assert result.code == 0, result.stderr
    return path


def test_every_plugin_writes_its_files(folder: Path) -> None:
    dataset = Dataset.open(folder / "at_once")
    assert set(dataset.record.files) == OF_THE_DATASET
    for view in dataset.views:
        assert set(view.kinds) == OF_A_VIEW
        assert view.damage() is None
        [box] = view.record.notes["boxes_px"]
        assert box["pixels"] == np.count_nonzero(view.read("mask"))
    assert {path.name for path in dataset.folder.iterdir()} >= OF_THE_DATASET


def test_a_dataset_that_grew_is_equal_in_every_byte(folder: Path) -> None:
    at_once, continued = (
        {
            path.name: path.read_bytes()
            for path in (folder / name).iterdir()
            if path.suffix != ".log"
        }
        for name in ("at_once", "continued")
    )
    assert at_once.keys() == continued.keys()
    assert [name for name in at_once if at_once[name] != continued[name]] == []


def test_points_lie_on_the_mesh(folder: Path) -> None:
    out = folder / "at_once"
    mesh = trimesh.load(io.BytesIO((out / "mesh.ply").read_bytes()), file_type="ply", process=False)
    assert mesh.faces.shape == (4, 3)
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).volume == pytest.approx(4 / 3)
    cloud = read_vertices(out / "point_cloud.ply")
    assert 400 < len(cloud) <= 500
    points, normals = (
        np.stack([cloud[name] for name in names], axis=-1)
        for names in (("x", "y", "z"), ("nx", "ny", "nz"))
    )
    heights = (points[:, None] - mesh.triangles_center) * mesh.face_normals
    nearest = np.abs(heights.sum(axis=-1)).argmin(axis=1)
    # Depths of about 10 m in float32, whose rays leave through the pixel's centre to 3e-5 px.
    assert np.abs(heights.sum(axis=-1)).min(axis=1).max() < 1e-4
    np.testing.assert_allclose(normals, mesh.face_normals[nearest], atol=1e-4)


def test_maps_of_a_view_agree(folder: Path) -> None:
    for view in Dataset.open(folder / "at_once").views:
        ids, depth = view.read("mask"), view.read("depth")
        seen = ids != 0
        assert seen.any()
        np.testing.assert_array_equal(view.read("semantic"), seen)
        np.testing.assert_array_equal((view.read("position") != 0).any(axis=-1), depth > 0)
        np.testing.assert_array_equal((view.read("normal") != 0).any(axis=-1), depth > 0)
        # The camera's files take rendered positions to the centres of their pixels.
        px_from_world = np.loadtxt(view.path("camera_projection_matrix"))
        homogeneous = np.concatenate([view.read("position"), np.ones((*depth.shape, 1))], axis=-1)
        u, v, z = np.moveaxis(homogeneous[seen] @ px_from_world.T, -1, 0)
        rows, columns = np.nonzero(seen)
        np.testing.assert_allclose(u / z, columns + 0.5, atol=1e-4)
        np.testing.assert_allclose(v / z, rows + 0.5, atol=1e-4)
        np.testing.assert_allclose(z, depth[seen], rtol=1e-6)


def test_overwrite_leaves_nothing_of_the_plugins(host: Host, folder: Path) -> None:
    options = ["--overwrite", "--set", "plugins.enabled=[]"]
    result = host.run("model.obj", "continued", "1", *options, cwd=folder)
    assert result.code == 0, result.stderr
    assert {p.name for p in (folder / "continued").iterdir() if p.suffix != ".log"} == {
        "000_render.png", "000_view.json", "config.toml", "dataset.json"
    }  # fmt: skip
