"""COLMAP projects that several tests look at, and copies that a test may damage."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trimesh

from tests.compat.converters import converted, run
from tests.compat.datasets import ROOT
from tests.compat.to_colmap.models import NAME
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("colmap") / "blocks"
    converted(NAME, shifted.folder, path, "--split", "every:4", "--dense", "--points", "3000")
    return path


@pytest.fixture(scope="session")
def mesh(shifted: Dataset) -> trimesh.Trimesh:
    return trimesh.load_mesh(shifted.folder / "mesh.ply", process=False)


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Images with enough pixels to match features in."""
    path = tmp_path_factory.mktemp("toys") / "out"
    script, config = ROOT / "generate-batch.py", ROOT / "compat" / NAME / "known_pose_way.toml"
    model = ROOT / "references" / "models" / "blocks.glb"
    settings = [
        "render.samples=8", "camera.location.mode=orbit",
        "camera.location.orbit.turns=0.3", "camera.location.orbit.radius=0.7",
    ]  # fmt: skip
    words = [word for setting in settings for word in ("--set", setting)]
    subprocess.run(
        [sys.executable, script, model, path, "10", "--config", config, *words],
        check=True, capture_output=True,
    )  # fmt: skip
    return Dataset.open(path)


@pytest.fixture(scope="session")
def project(toys: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("project") / "toys"
    converted(NAME, toys.folder, path, "--dense")
    return path


@pytest.fixture(scope="session")
def small(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "out"
    converted(NAME, shifted.folder, path, "--points", "500", "--dense", "--views", "0:3")
    assert run(NAME, "--verify", shifted.folder, path).code == 0
    return path


@pytest.fixture
def fresh(small: Path, tmp_path: Path) -> Path:
    """A conversion to damage."""
    return Path(shutil.copytree(small, tmp_path / "out"))
