"""Datasets that several tests of converters look at and never change, and one to damage."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.compat.datasets import CENTRED, SHIFTED, make
from viewbatch.dataset import Dataset


@pytest.fixture(scope="session")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Eight views with everything that a symmetric camera would hide."""
    return make(tmp_path_factory.mktemp("shifted") / "out", 8, *SHIFTED)


@pytest.fixture(scope="session")
def centred(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Eight views with square pixels and the principal point in the middle."""
    return make(tmp_path_factory.mktemp("centred") / "out", 8, *CENTRED)


@pytest.fixture(scope="session")
def two_sizes(centred: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views, of which the second has half the pixels along each side."""
    folder = tmp_path_factory.mktemp("two_sizes")
    gl_from_cam = np.diag([1.0, -1.0, -1.0, 1.0])
    frames = []
    for view, scale in zip(centred.views, (1.0, 0.5), strict=False):
        k = view.camera.intrinsics
        frames.append(
            {
                "transform_matrix": (view.camera.world_from_cam @ gl_from_cam).tolist(),
                "fl_x": k.fx * scale, "fl_y": k.fy * scale, "cx": k.cx * scale, "cy": k.cy * scale,
                "w": k.width * scale, "h": k.height * scale,
            }
        )  # fmt: skip
    poses = folder / "transforms.json"
    poses.write_text(json.dumps({"frames": frames}))
    settings = ('camera.location.mode="file"', f'camera.location.file.path="{poses}"')
    return make(folder / "out", 2, *CENTRED, *settings)


@pytest.fixture(scope="session")
def far(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four views of a tetrahedron millions of metres from its origin."""
    folder = tmp_path_factory.mktemp("far")
    corners = [
        (3e6 + x, 1 + y, -2 + z) for x, y, z in ((0, 0, 0), (2, 0, 0), (1, 0, -2), (1, 2, -1))
    ]
    model = folder / "far.obj"
    model.write_text(
        "".join(f"v {x!r} {y!r} {z!r}\n" for x, y, z in corners)
        + "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n"
    )
    return make(folder / "out", 4, *CENTRED, model=model)


@pytest.fixture
def dataset(shifted: Dataset, tmp_path: Path) -> Path:
    """A copy of a dataset that a test may damage, called in."""
    shutil.copytree(shifted.folder, tmp_path / "in")
    return tmp_path / "in"
