"""Our own plugins on frames whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewbatch import plugin
from viewbatch.dataset import CameraRecord
from viewbatch.dataset.exr import read_exr
from viewbatch.dataset.writer import ViewFiles
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import ViewContext

MakeFiles = Callable[[Path, int], ViewFiles]


@pytest.fixture
def written(
    tmp_path: Path, camera_record: CameraRecord, files_of: MakeFiles
) -> Callable[..., dict[str, np.ndarray]]:
    """Run a plugin on a frame and read what it wrote, by kind."""

    def run(name: str, frame: Frame, **options: object) -> dict[str, np.ndarray]:
        kind = plugin.find([name], [], None)[0][name]
        files = files_of(tmp_path, 0)
        view = ViewContext(index=0, camera=camera_record, files=files)
        kind(kind.Config(**options)).on_view_rendered(view, frame)
        return {k: read_exr(tmp_path / file.name)["Y"] for k, file in files.write().items()}

    return run


def depth_map() -> np.ndarray:
    depth = np.random.default_rng(0).uniform(1, 9, (5, 7)).astype(np.float32)
    depth[2, 3] = 0
    return depth


def test_depth_is_written_as_it_was_rendered(written: Callable[..., dict]) -> None:
    maps = written("depth", {Pass.DEPTH: depth_map()}, ray_distance=False)
    assert list(maps) == ["depth"]
    np.testing.assert_array_equal(maps["depth"], depth_map())


def test_ray_distance_is_the_distance_to_the_point_that_the_pixel_shows(
    written: Callable[..., dict], camera_record: CameraRecord
) -> None:
    maps = written("depth", {Pass.DEPTH: depth_map()}, ray_distance=True)
    assert list(maps) == ["depth", "distance"]
    assert maps["distance"].dtype == np.float32
    k = camera_record.camera.intrinsics
    for row, column in [(0, 0), (4, 6), (1, 5)]:
        z = float(depth_map()[row, column])
        x = (column + 0.5 - k.cx) / k.fx * z
        y = (row + 0.5 - k.cy) / k.fy * z
        # float32 rounds at 6e-8.
        assert maps["distance"][row, column] == pytest.approx(math.hypot(x, y, z), rel=1e-7)
    assert maps["distance"][2, 3] == 0


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("instance", [[0, 1, 7], [32767, 0, 2]]), ("binary", [[0, 1, 1], [1, 0, 1]])],
)
def test_masks_hold_ids_or_ones(
    written: Callable[..., dict], mode: str, expected: list[list[int]]
) -> None:
    ids = np.array([[0, 1, 7], [32767, 0, 2]], dtype=np.uint32)
    mask = written("mask", {Pass.OBJECT_ID: ids}, mode=mode)["mask"]
    assert mask.dtype == np.uint32
    assert mask.tolist() == expected
