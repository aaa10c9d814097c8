"""Records survive JSON bit for bit, and damaged ones are told in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from viewbatch.dataset import CameraRecord, DatasetRecord, FileRecord, ViewRecord
from viewbatch.dataset.records import cameras_to_json
from viewbatch.errors import DatasetError

MakeView = Callable[..., ViewRecord]
MakeDataset = Callable[..., DatasetRecord]


def test_a_view_survives_json_bit_for_bit(view_record: MakeView, file_record: FileRecord) -> None:
    notes = {"boxes_px": [{"id": 1, "box": [0, 1, 2, 3], "share": 1 / 3}]}
    record = view_record(files={"depth": file_record}, notes=notes)
    text = record.to_json()
    again = ViewRecord.from_json(text, "here")
    assert again.to_json() == text
    camera, camera_again = record.camera.camera, again.camera.camera
    assert camera.cam_from_world.tobytes() == camera_again.cam_from_world.tobytes()
    assert camera_again.intrinsics == camera.intrinsics
    assert again.camera.drawn == record.camera.drawn
    assert (again.camera.near_m, again.camera.far_m) == (record.camera.near_m, record.camera.far_m)
    assert (again.index, again.depth_range_m) == (3, record.depth_range_m)
    assert (again.coverage, again.files) == (record.coverage, record.files)
    assert again.notes == notes


def test_a_view_of_nothing_has_no_depth_range(view_record: MakeView) -> None:
    text = view_record(depth_range_m=None, coverage=0.0).to_json()
    assert json.loads(text)["depth_range_m"] is None
    assert ViewRecord.from_json(text, "here").depth_range_m is None


def test_a_dataset_survives_json_bit_for_bit(dataset_record: MakeDataset) -> None:
    record = dataset_record()
    text = record.to_json()
    again = DatasetRecord.from_json(text, "here")
    assert again.to_json() == text
    assert again.bounds == record.bounds
    assert again.model.world_from_model.tobytes() == record.model.world_from_model.tobytes()
    one, one_again = record.objects[0], again.objects[0]
    assert (one_again.id, one_again.name, one_again.category) == (one.id, one.name, one.category)
    assert one_again.world_from_object.tobytes() == one.world_from_object.tobytes()
    assert (again.engine, again.model.offset_m) == (record.engine, record.model.offset_m)
    assert (again.categories, again.materials) == (record.categories, record.materials)
    assert (again.inputs, again.files) == (record.inputs, record.files)


def test_json_is_ascii_has_vectors_on_one_line_and_leaves_strings_alone(
    dataset_record: MakeDataset,
) -> None:
    text = dataset_record().to_json()
    assert text.isascii()
    assert text.endswith("}\n")
    assert '    "maximum": [4.0, 5.5, 6.0],\n' in text
    assert "      [1.0, 0.0, 0.0, 1.0],\n" in text
    assert json.loads(text)["objects"][0]["name"] == 'a "b" [1, 2] [ 3 ]'


def test_planned_cameras_hold_what_a_view_holds(camera_record: CameraRecord) -> None:
    views = json.loads(cameras_to_json({2: camera_record}))["views"]
    assert views == [{"index": 2, **camera_record.to_tree()}]
    again = CameraRecord.from_tree(views[0])
    np.testing.assert_array_equal(again.camera.cam_from_world, camera_record.camera.cam_from_world)


def test_numbers_that_json_does_not_know_are_never_written(view_record: MakeView) -> None:
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        view_record(coverage=float("nan")).to_json()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"schema": 1', '"schema": 2', "x.json is of schema 2, and this program reads schema 1; "
         "use the version of the program that made it"),
        ('"schema": 1', '"shema": 1', "x.json is of schema None, and this program reads schema 1; "
         "use the version of the program that made it"),
        ('"seed": 5', '"sed": 5', "x.json is not a record of schema 1: the key 'seed' is missing"),
        ('"seed": 5', '"seed": "five"', "x.json is not a record of schema 1: invalid literal for "
         "int() with base 10: 'five'"),
        ('"offset_m": [0.0,', '"offset_m": [NaN,', "x.json is not a record of schema 1: a vector "
         "of nan, 0.0, 0.0 where finite numbers are expected"),
        ("[1.0, 0.0, 0.0, 1.0],\n", "", "x.json is not a record of schema 1: a matrix of shape "
         "(3, 4) where 4x4 is expected"),
    ],
)  # fmt: skip
def test_damaged_datasets_in_words(
    dataset_record: MakeDataset, old: str, new: str, message: str
) -> None:
    text = dataset_record().to_json()
    assert old in text
    with pytest.raises(DatasetError) as caught:
        DatasetRecord.from_json(text.replace(old, new), "x.json")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"width": 7', '"width": 0', "x.json is not a record of schema 1: an image of 0x5 pixels "
         "has no pixel"),
        ("[0.0, 0.0, 0.0, 1.0]", "[0.0, 0.0, 0.0, 2.0]", "x.json is not a record of schema 1: "
         "the last row of cam_from_world is not 0 0 0 1"),
        ('"fy"', '"fz"', "x.json is not a record of schema 1: the key 'fy' is missing"),
        ('"files": {}', '"files": {"mask": {"name": "../a", "sha256": ""}}', "x.json is not a "
         "record of schema 1: '../a' is no name of a file in the dataset's folder"),
        ('"files": {}', '"files": []', "x.json is not a record of schema 1: 'list' object has no "
         "attribute 'items'"),
        ('"depth_range_m": [', '"depth_range_m": [], "x": [', "x.json is not a record of schema "
         "1: list index out of range"),
    ],
)  # fmt: skip
def test_damaged_views_in_words(view_record: MakeView, old: str, new: str, message: str) -> None:
    text = view_record().to_json()
    assert old in text
    with pytest.raises(DatasetError) as caught:
        ViewRecord.from_json(text.replace(old, new), "x.json")
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", [DatasetRecord, ViewRecord])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x.json is not JSON: Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1)"),
        ("", "x.json is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[1]", "x.json holds no JSON object"),
    ],
)  # fmt: skip
def test_text_that_is_no_record_in_words(
    kind: type[DatasetRecord | ViewRecord], text: str, message: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        kind.from_json(text, "x.json")
    assert str(caught.value) == message
