"""compat/to_coco: datasets that have no annotations are refused, in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_coco.annotations import NAME, decoded, opened
from viewbatch.dataset import Dataset


def test_binary_masks_of_several_objects_are_refused(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.mask.mode="binary"')
    result = run(NAME, dataset.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: the masks of {dataset.folder} are binary and do not tell its 7 objects "
            'apart; set plugins.mask.mode = "instance" and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_binary_masks_of_one_object_do(tmp_path: Path) -> None:
    binary = ('objects.exclude_pattern="^(?!ball)"', 'plugins.mask.mode="binary"')
    dataset = make(tmp_path / "in", 1, *CENTRED, *binary)
    converted(NAME, dataset.folder, tmp_path / "out")
    coco = opened(tmp_path / "out" / "annotations.json")
    np.testing.assert_array_equal(decoded(coco, 0), dataset.view(0).read("mask"))
    assert [a["object_name"] for a in coco.dataset["annotations"]] == ["ball"]


def test_an_id_of_no_object_is_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    record = json.loads((dataset / "dataset.json").read_text())
    record["objects"] = record["objects"][:3]
    (dataset / "dataset.json").write_text(json.dumps(record))
    result = run(NAME, dataset, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {dataset / '000_mask.exr'} has an id of which dataset.json knows nothing; "
            "remove the record of view 0, and the command that made the dataset makes it again"
        ],
    )


def test_a_category_that_is_not_listed_is_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    record = json.loads((dataset / "dataset.json").read_text())
    for item in record["objects"]:
        item["category"] = "toy"
    (dataset / "dataset.json").write_text(json.dumps(record))
    result = run(NAME, dataset, tmp_path / "out")
    name = record["objects"][0]["name"]
    assert (result.code, result.said) == (
        2,
        [
            f'{NAME}.py: {dataset / "dataset.json"} says that "{name}" is of the category "toy", '
            "which is not among its categories; make the dataset again"
        ],
    )
