"""A dataset and its page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.report.command import main
from tests.compat.datasets import SHIFTED, make
from tests.scripts.report.page import Page
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(tmp_path_factory.mktemp("report") / "toys", 8, *SHIFTED)


@pytest.fixture(scope="session")
def page(dataset: Dataset) -> Page:
    assert main([str(dataset.folder)]) == 0
    return Page(dataset.folder / "report.html")


@pytest.fixture
def copy(dataset: Dataset, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(dataset.folder, folder, ignore=shutil.ignore_patterns("report.html"))
    return folder
