"""compat/to_nerf: what the layout of NeRF's synthetic scenes cannot hold is refused or told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_nerf.shots import NAME, largest_error_px
from viewbatch.dataset import Dataset


def test_blender_only_what_is_out_of_reach_is_named(tmp_path: Path) -> None:
    of_unit_size = (
        *CENTRED, 'model.normalize="unit_sphere"', 'camera.location.mode="random"',
        'camera.location.radius_unit="scene"', "render.resolution_x=60", "render.resolution_y=40",
    )  # fmt: skip
    end = (
        "; set model.normalize and the cameras as references/configs/nerf_synthetic.toml does, or "
        "tell the reader"
    )
    for name, radius, found in (("near", 2.1, "come as near as"), ("far", 9, "are up to")):
        path = "camera.location.random"
        radii = (f"{path}.r_min={radius}", f"{path}.r_max={radius}")
        dataset = make(tmp_path / name, 2, *of_unit_size, *radii)
        result = converted(
            NAME, dataset.folder, tmp_path / f"{name}_out", "--layout", "blender", "--split",
            "every:2",
        )  # fmt: skip
        (said,) = result.said
        assert said.startswith(
            "warning: readers of this layout look for objects 2 to 6 from the camera, and these "
            f"{found} "
        )
        assert said.endswith(end)


def test_blender_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(
        NAME, far.folder, tmp_path / "out", "--layout", "blender", "--split", "every:2"
    )
    (said,) = result.said
    assert said.endswith(
        "; the model lies far from its origin: the three files are exact, but their readers "
        "compute in float32, whose numbers are coarse there; set model.normalize and render again"
    )
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


def lens_refusal(dataset: Dataset, faults: str) -> str:
    return (
        f"to_nerf.py: {dataset.folder} does not fit --layout blender, which has one field of view "
        f"for all images and nothing else of a lens: {faults}; or use --layout nerfstudio, which "
        "has all of it"
    )


def test_blender_refuses_a_shifted_lens_and_pixels_that_are_not_square(
    shifted: Dataset, tmp_path: Path
) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", "--layout", "blender")
    assert result.code == 2
    assert result.said == [
        lens_refusal(
            shifted,
            "the principal point is (54, 40.5) px and the middle of the frame (60, 45) (set "
            "camera.lens.shift_x and shift_y to 0); fx is 166.667 px and fy 208.333 px (set "
            "render.pixel_aspect_x and pixel_aspect_y to 1)",
        )
    ]
    assert not (tmp_path / "out").exists()


def test_blender_refuses_different_intrinsics(zoomed: Dataset, tmp_path: Path) -> None:
    result = run(NAME, zoomed.folder, tmp_path / "out", "--layout", "blender")
    assert result.code == 2
    assert result.said == [
        lens_refusal(
            zoomed,
            "the intrinsics vary from view to view (set camera.lens.focal_length to one number)",
        )
    ]
    # One view has one lens.
    one = converted(NAME, zoomed.folder, tmp_path / "one", "--layout", "blender", "--views", "1")
    assert one.code == 0
    assert largest_error_px(zoomed, tmp_path / "one") < 0.01


@pytest.mark.parametrize("option", [["--depths", "npy"], ["--no-masks"], ["--no-points"]])
def test_blender_has_no_options_of_the_other_layout(
    centred: Dataset, tmp_path: Path, option: list[str]
) -> None:
    result = run(NAME, centred.folder, tmp_path / "out", "--layout", "blender", *option)
    assert result.code == 2
    assert result.said == [
        "to_nerf.py: --depths, --no-masks and --no-points are of --layout nerfstudio, and --layout "
        "blender has only images; leave them out"
    ]
