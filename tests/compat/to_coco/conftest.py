"""Conversions to COCO that several tests look at and never change, and a dataset for polygons."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make
from tests.compat.to_coco.annotations import NAME
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("coco") / "out"
    assert converted(NAME, shifted.folder, path).said == []
    return path


@pytest.fixture(scope="session")
def solid(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Objects none of which has a hole, in several connected parts now and then."""
    return make(
        tmp_path_factory.mktemp("solid") / "in", 6, *CENTRED,
        'objects.exclude_pattern="ring|arch|doll"',
    )  # fmt: skip
