"""A scan that several tests look at and never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted
from tests.compat.to_idr_dataset.scans import NAME, ONE
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("idr") / "scan7"
    result = converted(NAME, shifted.folder, path, "--background", "0.5")
    assert result.said == [
        f"warning: the format has no alpha, so images are put on grey of 0.5; {ONE}"
    ]
    return path
