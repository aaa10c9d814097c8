"""Datasets to compare."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.compat.datasets import make
from viewbatch.dataset import Dataset

SETTINGS = (
    "render.resolution_x=100",
    "render.resolution_y=80",
    'plugins.enabled=["depth", "mask", "normal", "position", "linear", "uv", "point_cloud", '
    '"camera_extrinsics", "bounding_box"]',
    "plugins.mask.png=true",
)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(tmp_path_factory.mktemp("diff") / "a", 4, *SETTINGS)


@pytest.fixture(scope="session")
def resampled(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Of other colour images, and in nothing else another one."""
    return make(tmp_path_factory.mktemp("diff") / "b", 4, *SETTINGS, "render.samples=6")


@pytest.fixture
def pair(good: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The current folder holds the dataset as `a`, and as `b`, which is to be changed."""
    shutil.copytree(good.folder, tmp_path / "a")
    shutil.copytree(good.folder, tmp_path / "b")
    monkeypatch.chdir(tmp_path)
    return Dataset.open("b")
