"""The output folder: new, continued, extended or refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.folders import CONFIG, MakeDataset, begin, message, names
from viewbatch.dataset import Dataset, ViewRecord, folder
from viewbatch.errors import DatasetError, RunError


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path, dataset_record: MakeDataset) -> None:
    out = tmp_path / "a" / "b"
    begin(out, dataset_record())
    assert names(out) == ["config.toml", "dataset.json"]
    assert Dataset.open(out).record.to_json() == dataset_record().to_json()
    assert (out / "config.toml").read_text(encoding="utf-8") == CONFIG


def test_files_of_others_stay_where_they_are(tmp_path: Path, dataset_record: MakeDataset) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    begin(tmp_path, dataset_record())
    assert names(tmp_path) == ["config.toml", "dataset.json", "notes.txt"]


def test_the_same_settings_continue_and_change_no_byte(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    begin(tmp_path, dataset_record())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("first", "second", "planned"), [(4, 10, 10), (10, 4, 10)])
def test_an_extensible_dataset_grows_and_never_shrinks(
    tmp_path: Path, dataset_record: MakeDataset, first: int, second: int, planned: int
) -> None:
    begin(tmp_path, dataset_record(number_of_views=first))
    assert begin(tmp_path, dataset_record(number_of_views=second)).number_of_views == planned
    assert Dataset.open(tmp_path).record.number_of_views == planned


@pytest.mark.parametrize("number", [3, 5])
def test_another_number_of_views_is_refused_where_views_depend_on_it(
    tmp_path: Path, dataset_record: MakeDataset, number: int
) -> None:
    begin(tmp_path, dataset_record(), extensible=False)
    again = dataset_record(number_of_views=number)
    assert message(lambda: begin(tmp_path, again, extensible=False)) == (
        f"the dataset in {tmp_path} was planned for 4 views, and with this "
        f"camera.location.mode the views of {number} are others; ask for 4, name another "
        "folder, or replace it with --overwrite"
    )
    begin(tmp_path, dataset_record(), extensible=False)


def test_other_settings_are_refused_with_each_key_that_differs_once(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    other = dataset_record(seed=6, blender="5.0.1")
    config = "seed = 6\n[render]\nsamples = 9\n[model]\nscale = 2\n"
    assert message(lambda: begin(tmp_path, other, config)) == (
        f"the dataset in {tmp_path} was made with other settings (seed, render.samples, "
        "render.resolution_x, model, blender); name another folder, or replace it with "
        "--overwrite"
    )
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == CONFIG


def test_every_differing_key_is_named(tmp_path: Path, dataset_record: MakeDataset) -> None:
    begin(tmp_path, dataset_record(), "".join(f"k{i} = 1\n" for i in range(9)))
    text = "".join(f"k{i} = 2\n" for i in range(9))
    assert message(lambda: begin(tmp_path, dataset_record(), text)) == (
        f"the dataset in {tmp_path} was made with other settings (k0, k1, k2, k3, k4, k5, k6, "
        "k7, k8); name another folder, or replace it with --overwrite"
    )


def test_a_dataset_whose_process_ended_after_its_first_file_is_begun_again(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    (tmp_path / "config.toml").unlink()
    begin(tmp_path, dataset_record())
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == CONFIG


@pytest.mark.parametrize("damage", ["missing", "no TOML", "no text"])
def test_a_dataset_without_its_configuration_is_refused(
    tmp_path: Path,
    dataset_record: MakeDataset,
    view_record: Callable[..., ViewRecord],
    damage: str,
) -> None:
    begin(tmp_path, dataset_record())
    (tmp_path / "000_view.json").write_text(view_record(0).to_json(), encoding="utf-8")
    config = tmp_path / "config.toml"
    match damage:
        case "missing":
            config.unlink()
        case "no TOML":
            config.write_text("seed =")
        case _:
            config.write_bytes(b"\xff")
    assert message(lambda: begin(tmp_path, dataset_record()), DatasetError) == (
        f"the dataset in {tmp_path} has no readable config.toml; name another folder, or "
        "replace it with --overwrite"
    )
    begin(tmp_path, dataset_record(), overwrite=True)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    assert message(lambda: folder.check(path)) == f"the output {path} is a file; name a folder"


def test_a_folder_below_a_file_in_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    out = file / "a" / "out"
    assert message(lambda: folder.check(out)) == (
        f"the output {out} lies below {file}, which is a file; name a folder"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="by the limit of POSIX")
def test_a_folder_that_cannot_be_made_in_words(tmp_path: Path) -> None:
    out = tmp_path / ("x" * 300)
    assert message(lambda: folder.check(out), RunError) == (
        f"the output {out} cannot be written: File name too long; name a folder that can, or make "
        "room"
    )


def test_a_dataset_is_continued_beside_the_files_of_its_plugins(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record(files=("cloud.ply",)))
    (tmp_path / "cloud.ply").write_text("x")
    begin(tmp_path, dataset_record(files=("cloud.ply",)))
    assert (tmp_path / "cloud.ply").read_text() == "x"
    # What other plugins would write is another dataset.
    assert "made with other settings (files)" in message(
        lambda: begin(tmp_path, dataset_record(files=("cloud.ply", "more.txt")))
    )


def test_another_model_is_refused_as_such_and_another_name_of_it_is_not(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    first = dataset_record()
    begin(tmp_path, first)
    begin(tmp_path, replace(first, model=replace(first.model, file="moved.glb")))
    other = replace(
        first, model=replace(first.model, sha256="12" * 32), materials=("other",), device="GPU"
    )
    assert message(lambda: begin(tmp_path, other)) == (
        f"the dataset in {tmp_path} was made of another model (model.sha256, device); name another "
        "folder, or replace it with --overwrite"
    )
    assert Dataset.open(tmp_path).record.model.file == first.model.file


def test_a_dataset_that_cannot_be_read_in_words(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    (tmp_path / "dataset.json").write_text("{")
    assert message(lambda: begin(tmp_path, dataset_record()), DatasetError) == (
        f"{tmp_path / 'dataset.json'} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1); name another folder, or replace it with --overwrite"
    )


def test_who_finds_the_first_file_of_another_process_alone_compares_it(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    """It was killed before its configuration was there."""
    begin(tmp_path, dataset_record())
    (tmp_path / "config.toml").unlink()
    assert message(lambda: begin(tmp_path, dataset_record(seed=6))) == (
        f"the dataset in {tmp_path} was made with other settings (seed); name another folder, or "
        "replace it with --overwrite"
    )


def test_a_continued_dataset_is_not_written_again(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    before = [(tmp_path / name).stat() for name in ("dataset.json", "config.toml")]
    begin(tmp_path, dataset_record())
    after = [(tmp_path / name).stat() for name in ("dataset.json", "config.toml")]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


def test_what_spans_all_views_goes_when_there_are_to_be_more(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    begin(tmp_path, dataset_record())
    for name in ("point_cloud.ply", "mine.ply"):
        (tmp_path / name).write_text("of 4 views")
    begin(tmp_path, dataset_record())
    assert (tmp_path / "point_cloud.ply").exists()
    begin(tmp_path, dataset_record(number_of_views=5))
    assert names(tmp_path) == ["config.toml", "dataset.json", "mine.ply"]
