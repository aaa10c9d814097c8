"""compat/to_colmap: COLMAP's own programs find the true surface with the project's files."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pycolmap
import pytest
from PIL import Image

from compat.to_colmap.reconstruction import triangulated, undistorted
from tests.compat.converters import converted
from tests.compat.datasets import ROOT, surface
from tests.compat.to_colmap.models import NAME, by_text, names, toys_distances
from viewbatch.dataset import Dataset


def test_features_are_triangulated_from_the_known_poses(toys: Dataset, project: Path) -> None:
    model = triangulated(project)
    assert model.num_reg_images() == 10
    assert model.num_points3D() > 50
    assert model.compute_mean_reprojection_error() < 0.6
    known = pycolmap.Reconstruction(project / "sparse" / "0")
    for number, image in known.images.items():
        np.testing.assert_allclose(
            model.image(number).cam_from_world().matrix(), image.cam_from_world().matrix(),
            rtol=0, atol=1e-12,
        )  # fmt: skip
    assert model.camera(1).params.tolist() == known.camera(1).params.tolist()
    points = np.array([point.xyz for point in model.points3D.values()])
    # Features are found to a third of a pixel, and neighbours stand 11 degrees apart.
    assert np.median(toys_distances(toys, points)) < 5e-3
    # Features lie on the toys alone, which the masks keep.
    with closing(sqlite3.connect(project / "database.db")) as database:
        rows = database.execute(
            "SELECT images.name, rows, cols, data FROM keypoints JOIN images "
            "ON images.image_id = keypoints.image_id"
        ).fetchall()
    assert len(rows) == 10
    for name, count, columns, data in rows:
        with Image.open(project / "masks" / f"{name}.png") as image:
            mask = np.asarray(image)
        x, y = np.frombuffer(data, np.float32).reshape(count, columns)[:, :2].astype(int).T
        assert mask[y, x].all()


def test_undistorting_changes_nothing(project: Path) -> None:
    folder = undistorted(project)
    for name in names(project):
        image = (folder / "images" / name).read_bytes()
        assert image == (project / "images" / name).read_bytes()
    camera = pycolmap.Reconstruction(folder / "sparse").camera(1)
    known = pycolmap.Reconstruction(project / "sparse" / "0").camera(1)
    assert camera.params.tolist() == known.params.tolist()


def whole_way(dataset: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """From a dataset to fused points."""
    script = ROOT / "compat" / NAME / "known_pose_way.py"
    return subprocess.run(
        [sys.executable, script, dataset, out], capture_output=True, text=True, check=False
    )


def test_the_whole_way_is_one_command(toys: Dataset, tmp_path: Path) -> None:
    done = whole_way(toys.folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    numbers = r"[0-9.e-]+"
    for name in ("points3D of sparse/0", "triangulated", "fused"):
        line = rf"^{name:22} \d+ points; from the surface: median {numbers} mm, 95 % within"
        assert re.search(rf"{line} {numbers} mm$", done.stdout, re.MULTILINE), done.stdout


def test_the_whole_way_can_end_without_a_point(shifted: Dataset, tmp_path: Path) -> None:
    """Of so few pixels no features match."""
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    for path in dataset.glob("00[2-7]_view.json"):
        path.unlink()
    done = whole_way(dataset, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    *_, triangulated_line, fused_line = done.stdout.splitlines()
    assert triangulated_line == f"{'triangulated':22} 0 points"
    assert fused_line.startswith(f"{'fused':22} 2 points; ")


def test_the_whole_way_needs_the_mesh(centred: Dataset, tmp_path: Path) -> None:
    done = whole_way(centred.folder, tmp_path / "out")
    assert (done.returncode, done.stderr) == (
        2,
        f'known_pose_way.py: {centred.folder} has no mesh.ply; add "mesh" to [plugins] enabled '
        "and render again\n",
    )


def test_a_colmap_program_of_any_version_opens_database_and_model(
    shifted: Dataset, tmp_path: Path
) -> None:
    program = shutil.which("colmap")
    if program is None:
        pytest.skip("no colmap program here")
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder)
    (tmp_path / "text").mkdir()
    sparse = folder / "sparse" / "0"
    for words in (
        ["database_cleaner", "--type", "features", "--database_path", folder / "database.db"],
        ["model_converter", "--input_path", sparse, "--output_path", tmp_path / "text",
         "--output_type", "TXT"],
    ):  # fmt: skip
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    again = dict(by_text(tmp_path / "text"))
    for name, index in names(folder).items():
        points, pixels = surface(shifted.view(index))
        assert np.abs(again[name](points) - pixels).max() < 0.01


def test_the_check_leaves_the_database_as_it_is(shifted: Dataset, tmp_path: Path) -> None:
    """COLMAP adds tables to what it opens, which older versions cannot read."""
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder)
    before = (folder / "database.db").read_bytes()
    assert converted(NAME, "--verify", shifted.folder, folder).code == 0
    assert (folder / "database.db").read_bytes() == before
    assert not list(folder.glob("database.db-*"))
