"""The output folder: new, continued, extended, replaced or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, folder, layout
from viewbatch.dataset.writer import ViewFiles, ViewWriter
from viewbatch.errors import DatasetError, RunError, UsageError, ViewbatchError

MakeDataset = Callable[..., DatasetRecord]
CONFIG = "seed = 5\n[render]\nsamples = 4\nresolution_x = 7\n"


def message(call: Callable[[], object], kind: type[ViewbatchError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def begin(
    out: Path, record: DatasetRecord, config: str = CONFIG, *,
    overwrite: bool = False, extensible: bool = True,
) -> DatasetRecord:  # fmt: skip
    return folder.begin(out, record, config, overwrite=overwrite, extensible=extensible)


def ignore(record: ViewRecord) -> None:
    """A writer's `on_written` that is not looked at."""


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


@pytest.fixture
def add_view(
    view_record: Callable[..., ViewRecord], files_of: Callable[[Path, int], ViewFiles]
) -> Callable[[Path, int], None]:
    def add(out: Path, index: int) -> None:
        files = files_of(out, index)
        files.add_bytes("depth", ".exr", f"depth {index}".encode())
        with ViewWriter(ignore) as to:
            to.submit(files, view_record(index))

    return add


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


def test_many_differing_keys_are_cut(tmp_path: Path, dataset_record: MakeDataset) -> None:
    begin(tmp_path, dataset_record(), "".join(f"k{i} = 1\n" for i in range(9)))
    text = "".join(f"k{i} = 2\n" for i in range(9))
    assert message(lambda: begin(tmp_path, dataset_record(), text)) == (
        f"the dataset in {tmp_path} was made with other settings (k0, k1, k2, k3, k4, k5, k6, "
        "k7, \u2026); name another folder, or replace it with --overwrite"
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


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    assert message(lambda: folder.check(path)) == f"the output {path} is a file; name a folder"


def test_a_folder_that_cannot_be_made_in_words(tmp_path: Path, dataset_record: MakeDataset) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "out"
    assert message(lambda: begin(out, dataset_record()), RunError) == (
        f"the output {out} cannot be written: Not a directory; name a folder that can, or make room"
    )


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


def test_complete_views_are_kept_and_damaged_ones_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(tmp_path, dataset_record(number_of_views=6))
    for index in range(5):
        add_view(tmp_path, index)
    (tmp_path / "001_depth.exr").unlink()
    (tmp_path / "002_depth.exr").write_text("other")
    (tmp_path / "003_view.json").write_text("{")
    assert folder.complete_views(tmp_path, 6) == {0, 4}
    record = tmp_path / "003_view.json"
    assert caplog.messages == [
        "view 1 is made again: 001_depth.exr cannot be read (No such file or directory)",
        "view 2 is made again: 002_depth.exr differs from what was written",
        f"view 3 is made again: {record} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)",
    ]
    # A damaged view's record goes, so that the view does not exist.
    assert [layout.index_of_record(n) for n in names(tmp_path) if "_view" in n] == [0, 4]
    assert folder.complete_views(tmp_path, 3) == {0}
