"""What all converters refuse, in which words; shown with the quickest of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.quickest import NAME, files
from tests.verify.damage import edit_pose
from viewbatch.dataset import Dataset


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in", "file"], "the output file is a file; name a folder"),
        (["in", "in"], "the output in is a dataset; name another folder"),
        (["in", ".", "--overwrite"], "the dataset in lies in the output .; name another"),
        (
            ["nowhere", "out"],
            "nowhere is not a dataset: dataset.json cannot be read from it (No such file or "
            "directory)",
        ),
        (["in", "out", "--views", "7,8"], "--views asks for view 8; in has the views 0 to 7"),
        (["in", "out", "--views", "4:4"], "--views chooses no view; in has the views 0 to 7"),
        (
            ["in", "out", "--views", "a"],
            "argument --views: expected indices and ranges such as 0,3,5:9, found 'a'; --help "
            "lists the arguments",
        ),
        (
            ["in", "out", "--voxel-size", "0"],
            "argument --voxel-size: expected a positive number, found '0'; --help lists the "
            "arguments",
        ),
        (
            ["in"],
            "the following arguments are required: OUTPUT; --help lists the arguments",
        ),
        (
            ["--verify", "in", "out"],
            "out is not a finished conversion: conversion.json cannot be read from it (No such "
            "file or directory)",
        ),
    ],
)
def test_bad_arguments_get_one_sentence(
    dataset: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "file").write_text("")
    before = files(tmp_path)
    result = run(NAME, *arguments, cwd=dataset.parent)
    assert (result.code, result.said) == (2, [f"{NAME}.py: {message}"])
    assert files(tmp_path) == before


def test_a_view_that_is_asked_for_and_does_not_exist_yet_is_refused(
    dataset: Path, tmp_path: Path
) -> None:
    (dataset / "003_view.json").unlink()
    result = run(NAME, "in", "out", "--views", "2:5", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: --views asks for view 3, which in does not have yet; render it first, or "
            "choose others"
        ],
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("003_view.json", '"cx": ', '"cx": NaN, "x": ', "a principal point must be finite, not "),
        ("003_view.json", '"fy": ', '"fy": Infinity, "y": ', "focal lengths must be positive, not"),
        (
            "003_view.json",
            '"cam_from_world": [',
            '"cam_from_world": [[0, 0, 0, 0],',
            "a matrix of shape (5, 4) where 4x4 is expected",
        ),
        (
            "003_view.json",
            '"cam_from_world": ',
            '"cam_from_world": [[2,0,0,0],[0,2,0,0],[0,0,2,0],[0,0,0,1]], "c": ',
            "cam_from_world is not a rotation and a shift",
        ),
        (
            "dataset.json",
            '"number_of_views": 8',
            '"number_of_views": 1000000000000',
            "number_of_views is 1000000000000",
        ),
        (
            "dataset.json",
            '"number_of_views": 8',
            '"number_of_views": Infinity',
            "cannot convert float infinity to integer",
        ),
        ("dataset.json", '"radius": ', '"radius": 0, "r": ', "the radius of its bounds is 0.0"),
        (
            "dataset.json",
            '"id": 2,',
            '"id": 1,',
            "the ids of its objects are not different numbers from 1",
        ),
    ],
)
def test_records_that_no_dataset_has_are_refused(
    dataset: Path, tmp_path: Path, file: str, old: str, new: str, what: str
) -> None:
    text = (dataset / file).read_text()
    assert old in text
    (dataset / file).write_text(text.replace(old, new, 1))
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert result.code == 2
    said = f"{NAME}.py: {Path('in') / file} is not a record of schema 1: {what}"
    assert result.said[0].startswith(said)


def test_a_mirrored_pose_is_refused(dataset: Path, tmp_path: Path) -> None:
    edit_pose(Dataset.open(dataset).view(3), lambda pose: np.diag([1.0, -1.0, 1.0, 1.0]) @ pose)
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {Path('in') / '003_view.json'} has a mirrored pose, whose rotation has "
            "the determinant -1; remove it, and the command that made the dataset makes it again"
        ],
    )


def test_a_size_that_differs_from_the_record_is_refused(dataset: Path, tmp_path: Path) -> None:
    for path in dataset.glob("*_view.json"):
        path.write_text(path.read_text().replace('"width": 120', '"width": 100'))
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {Path('in') / '000_render.png'} has 120x90 pixels, and the record of view "
            "0 says 100x90; remove that record, and the command that made the dataset makes it "
            "again"
        ],
    )


def test_a_dataset_without_views_is_refused(dataset: Path, tmp_path: Path) -> None:
    for path in dataset.glob("*_view.json"):
        path.unlink()
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [f"{NAME}.py: in has no view yet; render some first"],
    )


def test_a_missing_kind_of_file_is_refused_with_the_plugin_s_name(
    dataset: Path, tmp_path: Path
) -> None:
    path = dataset / "005_view.json"
    record = json.loads(path.read_text())
    del record["files"]["depth"]
    path.write_text(json.dumps(record))
    result = run(NAME, "in", "out", "--depth", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f'{NAME}.py: view 5 of in has no depth, which this format needs; add "depth" to '
            "[plugins] enabled and render again"
        ],
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["to_coco", "to_idr_dataset"])
def test_formats_of_masks_name_the_plugin_that_makes_them(tmp_path: Path, name: str) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.enabled=["depth"]')
    result = run(name, dataset.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{name}.py: view 0 of {dataset.folder} has no mask, which this format needs; add "
            '"mask" to [plugins] enabled and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_a_damaged_image_is_refused_and_nothing_is_left(dataset: Path, tmp_path: Path) -> None:
    path = dataset / "006_render.png"
    path.write_bytes(path.read_bytes()[:-20])
    result = run(NAME, "in", "a/b/out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {Path('in') / '006_render.png'} differs from what was written; remove the "
            "record of view 6, and the command that made the dataset makes it again"
        ],
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("kind", ["render", "depth"])
def test_what_is_read_or_linked_is_checked_too(dataset: Path, tmp_path: Path, kind: str) -> None:
    name = {"render": "006_render.png", "depth": "006_depth.exr"}[kind]
    (dataset / name).write_bytes((dataset / name.replace("006", "005")).read_bytes())
    result = run(NAME, "in", "out", "--link", "--depth", cwd=tmp_path)
    assert result.code == 2
    assert result.said[-1].startswith(f"{NAME}.py: {Path('in') / name} differs from what was")
    assert not (tmp_path / "out").exists()


def test_verifying_with_another_converter_is_refused(dataset: Path, tmp_path: Path) -> None:
    converted(NAME, dataset, tmp_path / "out")
    path = tmp_path / "out" / "conversion.json"
    path.write_text(path.read_text().replace(NAME, "to_other"))
    result = run(NAME, "--verify", "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: out was made by to_other, not by {NAME}; verify it with the converter "
            "that made it"
        ],
    )


@pytest.mark.usefixtures("dataset")
@pytest.mark.parametrize("text", ["[]", '{"converter": "to_nsvf_dataset", "entries": ["../x"]}'])
def test_a_record_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "conversion.json").write_text(text)
    path = Path("out") / "conversion.json"
    for arguments in (["--verify"], ["--overwrite"]):
        result = run(NAME, "in", "out", *arguments, cwd=tmp_path)
        assert (result.code, result.said) == (
            2,
            [f"{NAME}.py: {path} is not the record of a conversion; convert again"],
        )


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.usefixtures("dataset")
def test_an_output_that_is_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "gone")
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2, [f"{NAME}.py: the output out is a link to nowhere; name a folder"],
    )  # fmt: skip


@pytest.mark.usefixtures("dataset")
def test_an_output_in_a_file_is_refused(tmp_path: Path) -> None:
    result = run(NAME, "in", "in/dataset.json/out", cwd=tmp_path)
    assert (result.code, result.said) == (
        1,
        [
            f"{NAME}.py: {Path('in/dataset.json/out/.conversion-unfinished')} cannot be used: Not "
            "a directory; nothing was converted"
        ],
    )


@pytest.mark.usefixtures("dataset")
def test_a_file_that_holds_no_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"train": "all"}')
    result = run(NAME, "in", "out", "--split", "split.json", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: split.json holds no split; expected lists of view indices under train, "
            'val and test, such as {"train": [1, 2, 3], "test": [0]}'
        ],
    )


def without(dataset: Path, kind: str) -> None:
    """Take a kind of file out of the record of view 2."""
    path = dataset / "002_view.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    del tree["files"][kind]
    path.write_text(json.dumps(tree), encoding="utf-8")


def test_a_view_without_colours_is_refused(dataset: Path, tmp_path: Path) -> None:
    without(dataset, "render")
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2, [f"{NAME}.py: view 2 of in has no colour image"],
    )  # fmt: skip


def test_a_view_without_depth_cannot_be_verified(dataset: Path, tmp_path: Path) -> None:
    converted(NAME, dataset, tmp_path / "out")
    without(dataset, "depth")
    result = run(NAME, "--verify", "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: view 2 of in has no depth, by which conversions are checked; add "
            '"depth" to [plugins] enabled and render again'
        ],
    )
