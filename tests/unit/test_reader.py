"""Reading a dataset: complete views only, and every error in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, layout
from viewbatch.dataset.writer import ViewFiles, ViewWriter, write_text
from viewbatch.errors import DatasetError

DEPTH = np.arange(35, dtype=np.float32).reshape(5, 7)
NORMAL = np.stack([DEPTH, -DEPTH, DEPTH + 0.5], axis=-1).astype(np.float16)


def ignore(record: ViewRecord) -> None:
    """A writer's `on_written` that is not looked at."""


@pytest.fixture
def folder(
    tmp_path: Path,
    dataset_record: Callable[..., DatasetRecord],
    view_record: Callable[..., ViewRecord],
    files_of: Callable[[Path, int], ViewFiles],
) -> Path:
    """A dataset of four planned views, of which 0 and 2 exist."""
    write_text(tmp_path, layout.DATASET, dataset_record().to_json())
    with ViewWriter(ignore) as to:
        for index in (2, 0):
            files = files_of(tmp_path, index)
            files.add_exr("depth", {"Y": DEPTH + index}, quantity="planar depth", unit="m")
            rgb = {name: NORMAL[..., i] for i, name in enumerate("RGB")}
            files.add_exr("normal", rgb, quantity="normal", unit="1")
            xyz = {name: NORMAL[..., i] for i, name in enumerate("XYZ")}
            files.add_exr("position", {"W": NORMAL[..., 0], **xyz}, quantity="any", unit="m")
            files.add_bytes("note", ".txt", b"hello")
            to.submit(files, view_record(index))
    return tmp_path


def message(call: Callable[[], object]) -> str:
    with pytest.raises(DatasetError) as caught:
        call()
    return str(caught.value)


def test_views_that_exist_come_by_index(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert [view.index for view in dataset.views] == [0, 2]
    assert dataset.missing == [1, 3]


def test_maps_are_read_as_arrays_with_row_0_on_top(folder: Path) -> None:
    view = Dataset.open(str(folder)).view(2)
    depth, normal = view.read("depth"), view.read("normal")
    np.testing.assert_array_equal(depth, DEPTH + 2)
    np.testing.assert_array_equal(normal, NORMAL)
    np.testing.assert_array_equal(
        view.read("position"), np.concatenate([NORMAL, NORMAL[..., :1]], axis=-1)
    )
    assert (depth.dtype, normal.dtype) == (np.float32, np.float16)
    assert view.camera.intrinsics.width == 7


def test_a_folder_without_a_dataset_in_words(tmp_path: Path) -> None:
    assert message(lambda: Dataset.open(tmp_path)) == (
        f"{tmp_path} is not a dataset: dataset.json cannot be read from it "
        "(No such file or directory)"
    )


def test_a_dataset_in_bytes_that_are_no_text_in_words(folder: Path) -> None:
    (folder / "dataset.json").write_bytes(b"\xff")
    assert message(lambda: Dataset.open(folder)) == (
        f"{folder} is not a dataset: dataset.json cannot be read from it "
        "('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)"
    )


def test_a_view_that_does_not_exist_in_words(folder: Path) -> None:
    assert message(lambda: Dataset.open(folder).view(1)) == f"view 1 of {folder} does not exist"


def test_a_record_under_another_view_s_name_in_words(folder: Path) -> None:
    (folder / "001_view.json").write_bytes((folder / "002_view.json").read_bytes())
    path = folder / "001_view.json"
    assert message(lambda: Dataset.open(folder).view(1)) == f"{path} is the record of view 2"


def test_a_kind_that_a_view_lacks_in_words(folder: Path) -> None:
    assert message(lambda: Dataset.open(folder).view(0).read("mask")) == (
        f"view 0 of {folder} has no mask, only depth, normal, position, note; enable the plugin "
        "that writes it"
    )


def test_a_file_that_is_no_exr_in_words(folder: Path) -> None:
    assert message(lambda: Dataset.open(folder).view(0).read("note")) == (
        f"{folder / '000_note.txt'} is no EXR file; read it with an image library"
    )


def test_damage_is_found_by_the_hash(folder: Path) -> None:
    view = Dataset.open(folder).view(0)
    assert view.damage() is None
    path = folder / "000_depth.exr"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert view.damage() == "000_depth.exr differs from what was written"
    path.unlink()
    assert view.damage() == "000_depth.exr cannot be read (No such file or directory)"
