"""The output folder: what is replaced, and what of others never is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.folders import MakeDataset, begin, message, names
from viewbatch.dataset import Dataset, layout


@pytest.mark.parametrize("name", ["config.toml", "cameras.json", "000_render.png", "007_view.json"])
def test_a_folder_with_foreign_files_that_would_be_replaced_is_refused(
    tmp_path: Path, dataset_record: MakeDataset, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    for overwrite in (False, True):
        assert message(lambda: begin(tmp_path, dataset_record(), overwrite=overwrite)) == (  # noqa: B023
            f"the output {tmp_path} holds {name} but no dataset.json, so it is not a dataset, "
            "and writing one there would replace that file; name another folder"
        )
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_overwrite_removes_the_dataset_s_files_and_no_other(
    tmp_path: Path, dataset_record: MakeDataset, add_view: Callable[[Path, int], None]
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(3):
        add_view(tmp_path, index)
    own = ["003_render.png", "cameras.json", "batch-20240102T030405Z-host-1.log",
           layout.temporary("003_depth.exr", "dead-1")]  # fmt: skip
    kept = ["notes.txt", "2024_notes.txt", "0001_a.txt", "004_beyond.txt", "model.glb"]
    for name in [*own, *kept]:
        (tmp_path / name).write_text("x")
    (tmp_path / "folder").mkdir()
    begin(tmp_path, dataset_record(seed=9), overwrite=True)
    assert names(tmp_path) == sorted(["config.toml", "dataset.json", "folder", *kept])
    assert Dataset.open(tmp_path).record.seed == 9


def test_overwrite_removes_the_files_that_plugins_wrote_for_the_whole_dataset(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record(files=("cloud.ply", "never_written.txt", "../above.txt")))
    (tmp_path / "cloud.ply").write_text("x")
    (tmp_path / "other.ply").write_text("mine")
    above = tmp_path.parent / "above.txt"
    above.write_text("mine")
    begin(tmp_path, dataset_record(files=(), seed=9), overwrite=True)
    assert names(tmp_path) == ["config.toml", "dataset.json", "other.ply"]
    # Nor does a dataset.json that was tampered with remove anything outside.
    assert above.read_text() == "mine"


@pytest.mark.parametrize("dataset_there", [True, False])
def test_a_foreign_file_that_a_plugin_would_replace_is_refused(
    tmp_path: Path, dataset_record: MakeDataset, dataset_there: bool
) -> None:
    if dataset_there:
        begin(tmp_path, dataset_record(files=()))
    (tmp_path / "mesh.ply").write_text("mine")
    before = names(tmp_path)
    for overwrite in (False, True):
        assert message(
            lambda: begin(tmp_path, dataset_record(files=("mesh.ply",)), overwrite=overwrite)  # noqa: B023
        ) == (
            f"the output {tmp_path} holds mesh.ply, which is no file of the dataset there, and a "
            "plugin would replace it; move it away, or name another folder"
        )
        assert names(tmp_path) == before
    assert (tmp_path / "mesh.ply").read_text() == "mine"


def test_overwrite_replaces_a_damaged_dataset(
    tmp_path: Path, dataset_record: MakeDataset, add_view: Callable[[Path, int], None]
) -> None:
    begin(tmp_path, dataset_record())
    add_view(tmp_path, 0)
    (tmp_path / "dataset.json").write_text("{")
    begin(tmp_path, dataset_record(), overwrite=True)
    assert names(tmp_path) == ["config.toml", "dataset.json"]


def test_overwrite_removes_views_beyond_the_plan_that_it_finds(
    tmp_path: Path, dataset_record: MakeDataset, add_view: Callable[[Path, int], None]
) -> None:
    begin(tmp_path, dataset_record(number_of_views=1))
    add_view(tmp_path, 2)
    begin(tmp_path, dataset_record(seed=8), overwrite=True)
    assert names(tmp_path) == ["config.toml", "dataset.json"]


def test_a_dataset_json_of_another_program_is_never_replaced(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    (tmp_path / "dataset.json").write_text('{"name": "mine"}')
    sentence = (
        f"the output {tmp_path} holds a dataset.json that this program did not make; name another "
        "folder"
    )
    assert message(lambda: begin(tmp_path, dataset_record())) == sentence
    assert message(lambda: begin(tmp_path, dataset_record(), overwrite=True)) == sentence
    assert names(tmp_path) == ["dataset.json"]
