"""A conversion to NSVF that several tests look at and never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted
from tests.compat.to_nsvf_dataset.scenes import NAME
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nsvf") / "blocks"
    converted(NAME, shifted.folder, path, "--split", "every:4", "--depth")
    return path
