"""Conversions to the layouts of NeRF, and datasets with and without what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make
from tests.compat.to_nerf.shots import NAME, OUT_OF_REACH, SEVEN_OBJECTS
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def studio(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nerfstudio") / "blocks"
    assert converted(NAME, shifted.folder, path, "--split", "every:4").said == [SEVEN_OBJECTS]
    return path


@pytest.fixture(scope="session")
def synthetic(centred: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "blocks"
    result = converted(NAME, centred.folder, path, "--layout", "blender", "--split", "every:4")
    assert result.said == [OUT_OF_REACH]
    return path


@pytest.fixture(scope="session")
def zoomed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views with different focal lengths."""
    folder = tmp_path_factory.mktemp("zoomed") / "out"
    return make(folder, 2, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Images alone, and those JPEG."""
    return make(
        tmp_path_factory.mktemp("bare") / "out", 2, "render.resolution_x=60",
        "render.resolution_y=40", "plugins.enabled=[]",
        'render.image_settings.file_format="JPEG"',
    )  # fmt: skip
