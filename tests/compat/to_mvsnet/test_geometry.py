"""compat/to_mvsnet: what the readers make of cameras and depth is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compat.to_mvsnet.depth import bracket
from tests.compat.converters import converted
from tests.compat.to_mvsnet.scenes import (
    LAYOUTS,
    NAME,
    NAMES,
    largest_error_px,
    lifted_errors,
    numbered,
    read_camera,
    read_pfm,
)
from viewbatch.dataset import Dataset


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_surface_lands_on_its_pixels(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    assert largest_error_px(near, folders[layout]) < 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
def test_depth_lifts_its_pixels_to_the_surface(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    errors = lifted_errors(near, folders[layout])
    # Float32, whose errors grow where a surface is seen at a grazing angle.
    assert np.median(errors) < 2e-6
    assert errors.max() < 1e-3


@pytest.mark.parametrize(
    ("layout", "centers", "center"),
    [("mvsnet", "integer", 0.0), ("blendedmvs", "integer", 0.0), ("dtu", "half", 0.5)],
)
def test_pixel_centres_can_be_those_of_other_readers(
    near: Dataset, tmp_path: Path, layout: str, centers: str, center: float
) -> None:
    folder = tmp_path / "out"
    converted(NAME, near.folder, folder, "--layout", layout, "--pixel-centers", centers)
    assert largest_error_px(near, folder, center) < 0.01
    assert converted(NAME, "--verify", near.folder, folder).code == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_depth_is_the_dataset_s_and_0_where_there_is_none(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    names = NAMES[layout]
    for number, view in enumerate(numbered(near, folders[layout])):
        depth = read_pfm(folders[layout] / names.depth(number))
        assert np.array_equal(depth, view.read("depth")[:: names.step, :: names.step])
        assert (depth == 0).any()


@pytest.mark.parametrize(
    ("layout", "planes"), [("mvsnet", 192), ("dtu", 192), ("blendedmvs", 192), ("mvsnet", 32)]
)
def test_planes_bracket_what_is_seen_tightly(
    near: Dataset, folders: dict[str, Path], tmp_path: Path, layout: str, planes: int
) -> None:
    folder = folders[layout]
    if planes != 192:
        folder = tmp_path / "out"
        converted(NAME, near.folder, folder, "--layout", layout, "--depth-planes", str(planes))
    for number, view in enumerate(numbered(near, folder)):
        _, _, line = read_camera(folder / NAMES[layout].camera(number))
        minimum, interval, count, maximum = line
        assert count == planes
        assert maximum == pytest.approx(minimum + interval * (planes - 1), rel=1e-12)
        depth = view.read("depth")
        # Two planes at either end, but for what changes with the margin itself.
        assert (depth[depth > 0].min() - minimum) / interval == pytest.approx(2, abs=0.1)
        assert (maximum - depth.max()) / interval == pytest.approx(2, abs=0.1)


def test_readers_in_pytorch_count_no_plane_more(folders: dict[str, Path]) -> None:
    """Of arbitrary numbers, a range of floats has one plane too many in a fifth of the cases."""
    for path in (folders["dtu"] / "Cameras" / "train").iterdir():
        _, _, (minimum, interval, _, _) = read_camera(path)
        for scale in (1.0, 1.06):
            step = interval * scale
            values = np.arange(minimum, step * 192 + minimum, step, dtype=np.float32)
            assert len(values) == 192


@pytest.mark.parametrize("planes", [8, 192])
@pytest.mark.parametrize(("near_m", "far_m"), [(3.0, 3.0), (0.01, 900.0), (5.0, 6.0)])
def test_planes_start_in_front_of_the_camera(near_m: float, far_m: float, planes: int) -> None:
    found = bracket(np.array([[near_m, 0.0, far_m]], dtype=np.float32), planes)
    assert 0 < found.minimum < np.float32(near_m)
    assert np.float32(far_m) < found.maximum
    assert found.interval > 0
