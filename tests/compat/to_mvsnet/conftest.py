"""Conversions in all layouts of MVSNet, which several tests look at and never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted
from tests.compat.datasets import SHIFTED, make
from tests.compat.to_mvsnet.scenes import LAYOUTS, NAME, VIEWS
from viewbatch.dataset import Dataset

NEAR = (
    *SHIFTED,
    "camera.location.quasi_random.inc_min='pi/4'",
    "camera.location.quasi_random.azi_max='pi/2'",
)


@pytest.fixture(scope="session")
def near(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Views near enough to each other to be matched."""
    return make(tmp_path_factory.mktemp("near") / "out", VIEWS, *NEAR)


@pytest.fixture(scope="session")
def folders(near: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A conversion to each layout."""
    path = tmp_path_factory.mktemp("mvsnet")
    for layout in LAYOUTS:
        converted(NAME, near.folder, path / layout, "--layout", layout)
    return {layout: path / layout for layout in LAYOUTS}
