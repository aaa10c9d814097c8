"""Id maps of datasets and of Blender."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.datasets import make
from tests.scripts.foreign_exr import blender_multilayer
from viewbatch.dataset import Dataset

SMALL = ("render.resolution_x=90", "render.resolution_y=60")


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(
        tmp_path_factory.mktemp("boxes") / "out", 4, *SMALL,
        'plugins.enabled=["depth", "mask", "semantic", "bounding_box"]',
        'objects.categories={ball="ball", block="block"}', "plugins.mask.png=true",
    )  # fmt: skip


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(
        tmp_path_factory.mktemp("binary") / "out", 1, *SMALL,
        'plugins.enabled=["mask"]', 'plugins.mask.mode="binary"',
    )  # fmt: skip


@pytest.fixture(scope="session")
def multilayer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blender_multilayer(tmp_path_factory.mktemp("blender") / "multi.exr")
