"""compat/to_nerf: what the layout of nerfstudio cannot hold is refused or told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_nerf.shots import NAME, SEVEN_OBJECTS
from viewbatch.dataset import Dataset


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--depths", "none", "--no-points"],
            'has no mask, which this format needs; add "mask" to [plugins] enabled and render '
            "again, or do without masks with --no-masks",
        ),
        (
            ["--no-masks", "--depths", "none"],
            'has no depth, which this format needs; add "depth" to [plugins] enabled and render '
            "again, or do without it with --depths none --no-points",
        ),
        (
            ["--no-masks", "--no-points"],
            'has no depth, which this format needs; add "depth" to [plugins] enabled and render '
            "again, or do without it with --depths none --no-points",
        ),
    ],
)
def test_a_dataset_that_lacks_something_is_told_what_to_do(
    bare: Dataset, tmp_path: Path, options: list[str], message: str
) -> None:
    result = run(NAME, bare.folder, tmp_path / "out", *options)
    assert (result.code, result.said) == (2, [f"to_nerf.py: view 0 of {bare.folder} {message}"])
    assert not (tmp_path / "out").exists()


def test_depths_that_16_bits_cannot_hold_are_refused(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, "model.scale=20")
    result = run(NAME, dataset.folder, tmp_path / "out", "--depths", "png")
    farthest = np.asarray(dataset.view(0).read("depth")).max()
    assert result.code == 2
    assert result.said == [
        f"to_nerf.py: view 0 of {dataset.folder} has a surface {farthest:.4g} m away, and 16 bits "
        "of millimetres end at 65.535 m; choose --depths npy, or set model.normalize and render "
        "again"
    ]


@pytest.mark.parametrize("scale", [1e-5, 1e-1])
def test_depths_of_whole_millimetres_that_are_coarse_give_a_warning(
    tmp_path: Path, scale: float
) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, f"model.scale={scale}")
    size_m = 2 * dataset.record.bounds.radius
    result = converted(NAME, dataset.folder, tmp_path / "out", "--depths", "png")
    assert result.said == [
        f"{SEVEN_OBJECTS}; depths of whole millimetres are coarse for objects {size_m:.3g} m wide; "
        "choose --depths npy, or set model.normalize and render again"
    ]
    assert converted(NAME, dataset.folder, tmp_path / "npy").said == [SEVEN_OBJECTS]
