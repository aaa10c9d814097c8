"""compat/to_colmap: what cannot be converted whole is told or refused."""

from __future__ import annotations

from pathlib import Path

import pycolmap
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_colmap.models import NAME
from viewbatch.dataset import Dataset


@pytest.mark.parametrize(
    ("plugins", "options", "kind"),
    [
        ('["mask"]', [], "depth"),
        ('["depth"]', [], "mask"),
        ('["depth", "mask"]', ["--dense"], "normal"),
    ],
)
def test_a_plugin_that_is_needed_is_named(
    tmp_path: Path, plugins: str, options: list[str], kind: str
) -> None:
    folder = tmp_path / "in"
    make(folder, 1, *CENTRED, f"plugins.enabled={plugins}")
    result = run(NAME, folder, tmp_path / "out", *options)
    assert (result.code, result.said) == (
        2,
        [
            f"to_colmap.py: view 0 of {folder} has no {kind}, which this format needs; add "
            f'"{kind}" to [plugins] enabled and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_views_without_a_common_point_give_a_warning(shifted: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, shifted.folder, tmp_path / "out", "--views", "3")
    assert result.said == [
        "warning: two views see no point of the surface in common, so points3D is empty, which "
        "COLMAP takes and 3D Gaussian splatting and nerfstudio do not; choose views that overlap"
    ]
    assert pycolmap.Reconstruction(tmp_path / "out" / "sparse" / "0").num_points3D() == 0
    assert converted(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, far.folder, tmp_path / "out")
    assert result.said == [
        "warning: the model lies far from its origin: sparse/0 is exact, but stereo_fusion and 3D "
        "Gaussian splatting compute in float32, whose numbers are coarse there; set "
        "model.normalize and render again"
    ]
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


@pytest.mark.parametrize("text", ["0", "-5", "many", "1.5"])
def test_a_number_of_points_that_is_none(shifted: Dataset, tmp_path: Path, text: str) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", f"--points={text}")
    assert (result.code, result.said) == (
        2,
        [
            f"to_colmap.py: argument --points: expected a number of at least 1, found '{text}'; "
            "--help lists the arguments"
        ],
    )
