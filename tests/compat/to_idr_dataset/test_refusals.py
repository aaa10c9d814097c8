"""compat/to_idr_dataset: what counts as the object, and what cannot be converted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_idr_dataset.scans import BLACK, NAME, ONE, SCAN
from viewbatch.dataset import Dataset


def test_the_ground_is_no_part_of_the_object(tmp_path: Path) -> None:
    ground = ('ground.mode="plane"', "ground.in_masks=true")
    dataset = make(tmp_path / "in", 2, *CENTRED, *ground)
    assert dataset.record.objects[-1].name == "ground"
    folder = tmp_path / "out"
    result = converted(NAME, dataset.folder, folder)
    assert result.said == [f"warning: {BLACK}; {ONE}; the ground is left out of the masks; {SCAN}"]
    for number, view in enumerate(dataset.views):
        with Image.open(folder / "mask" / f"{number:03d}.png") as image:
            share = np.mean(np.asarray(image) == 255)
        # Coverage does not count the ground.
        assert share == pytest.approx(view.record.coverage)
        assert share < np.mean(view.read("mask") > 0)
    assert run(NAME, "--verify", dataset.folder, folder).code == 0

    binary = make(tmp_path / "binary", 1, *CENTRED, *ground, 'plugins.mask.mode="binary"')
    refused = run(NAME, binary.folder, tmp_path / "none")
    assert refused.code == 2
    assert refused.said == [
        f"{NAME}.py: the masks of {binary.folder} are binary and show the ground, so that it "
        "cannot be told from the object; set ground.in_masks = false, or plugins.mask.mode = "
        '"instance", and render again'
    ]
    assert not (tmp_path / "none").exists()


def test_binary_masks_do(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.mask.mode="binary"')
    converted(NAME, dataset.folder, tmp_path / "scan1")
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0


def test_cameras_inside_the_sphere_are_warned_of(centred: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, centred.folder, tmp_path / "out", "--margin", "20")
    assert result.said == [
        f"warning: {BLACK}; {ONE}; 8 of 8 cameras stand inside the unit sphere, and IDR and NeuS "
        f"expect them outside; {SCAN}"
    ]


def test_images_of_two_sizes_are_refused(two_sizes: Dataset, tmp_path: Path) -> None:
    result = run(NAME, two_sizes.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: view 0 of {two_sizes.folder} has 120x90 pixels and view 1 60x45, but IDR "
            "takes images of one size; choose views of one size with --views"
        ],
    )
    converted(NAME, two_sizes.folder, tmp_path / "out", "--views", "1")


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--background", "2", "expected a grey from 0 to 1, found '2'"),
        ("--background", "white", "expected a grey from 0 to 1, found 'white'"),
        ("--margin", "-0.1", "expected a number of at least 0, found '-0.1'"),
        ("--margin", "inf", "expected a number of at least 0, found 'inf'"),
    ],
)
def test_bad_numbers_are_refused(
    shifted: Dataset, tmp_path: Path, option: str, value: str, problem: str
) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", f"{option}={value}")
    assert result.code == 2
    assert [line.split(": ", 2)[2] for line in result.said] == [
        f"{problem}; --help lists the arguments"
    ]
