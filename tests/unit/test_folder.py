"""The output folder: new, continued, extended, replaced or refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, folder, layout, writer
from viewbatch.dataset.processes import process_name
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
        with ViewWriter(ignore, dataset_sha256=folder.Claim(out).sha256) as to:
            to.submit(files, view_record(index))

    return add


@pytest.fixture
def complete(view_record: Callable[..., ViewRecord]) -> Callable[[Path, Iterable[int]], set[int]]:
    """`complete_views` of a dataset whose cameras are planned as the views of `add_view` have."""
    return lambda out, indices: folder.complete_views(
        out, indices, lambda index: view_record(index).camera, folder.Claim(out)
    )


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
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(tmp_path, dataset_record(number_of_views=6))
    for index in range(5):
        add_view(tmp_path, index)
    (tmp_path / "001_depth.exr").unlink()
    (tmp_path / "002_depth.exr").write_text("other")
    (tmp_path / "003_view.json").write_text("{")
    assert complete(tmp_path, range(6)) == {0, 4}
    record = tmp_path / "003_view.json"
    assert caplog.messages == [
        "view 1 is made again: 001_depth.exr cannot be read (No such file or directory)",
        "view 2 is made again: 002_depth.exr differs from what was written",
        f"view 3 is made again: {record} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)",
    ]
    # A damaged view's record goes, so that the view does not exist.
    assert [layout.index_of_record(n) for n in names(tmp_path) if "_view" in n] == [0, 4]
    assert complete(tmp_path, range(3)) == {0}


def test_a_view_of_another_dataset_is_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Copied into the folder; or written by a process that had not noticed `--overwrite`."""
    for name, seed in (("a", 1), ("b", 2)):
        begin(tmp_path / name, dataset_record(seed=seed))
        add_view(tmp_path / name, 0)
        add_view(tmp_path / name, 1)
    for path in (tmp_path / "b").glob("001_*"):
        shutil.copy(path, tmp_path / "a")
    out = tmp_path / "a"
    assert folder.state(out, folder.Claim(out)).problems == {
        1: "001_view.json was made for another dataset"
    }
    assert complete(out, range(2)) == {0}
    assert caplog.messages == ["view 1 is made again: 001_view.json was made for another dataset"]


def test_a_view_whose_camera_was_changed_is_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(3):
        add_view(tmp_path, index)
    for index, key in ((1, "fx"), (2, "width")):
        path = tmp_path / f"00{index}_view.json"
        tree = json.loads(path.read_text(encoding="utf-8"))
        tree[key] += 1
        path.write_text(json.dumps(tree), encoding="utf-8")
    assert complete(tmp_path, range(3)) == {0}
    assert caplog.messages == [
        f"view {i} is made again: 00{i}_view.json has another camera than the one that is planned"
        for i in (1, 2)
    ]


def test_a_process_notices_that_its_dataset_was_replaced(
    tmp_path: Path,
    dataset_record: MakeDataset,
    view_record: Callable[..., ViewRecord],
    files_of: Callable[[Path, int], ViewFiles],
) -> None:
    """Before it writes a view; and where that happened while it wrote, it takes it back."""
    sentence = (
        f"the dataset in {tmp_path} was removed or replaced while this process made views of it; "
        "run the command again in a folder of its own"
    )
    begin(tmp_path, dataset_record())
    claim = folder.Claim(tmp_path)
    # Another process extends it, or writes the same again: it is the same dataset.
    begin(tmp_path, dataset_record(number_of_views=9))
    begin(tmp_path, dataset_record(number_of_views=9), overwrite=True)
    claim.check()

    def replaced_meanwhile(path: Path) -> None:
        begin(tmp_path, dataset_record(seed=8), overwrite=True)
        path.write_bytes(b"depth")

    files = files_of(tmp_path, 0)
    files._add("depth", ".exr", replaced_meanwhile, 5)

    def write(files: ViewFiles) -> None:
        with ViewWriter(ignore, check=claim.check, dataset_sha256=claim.sha256) as to:
            to.submit(files, view_record(files.index))

    with pytest.raises(RunError) as caught:
        write(files)
    assert str(caught.value) == sentence
    assert not (tmp_path / "000_view.json").exists()
    files = files_of(tmp_path, 1)
    files.add_bytes("depth", ".exr", b"depth")
    with pytest.raises(RunError) as caught:
        write(files)
    assert str(caught.value) == sentence
    assert not list(tmp_path.glob("*001*"))
    shutil.rmtree(tmp_path)
    with pytest.raises(RunError) as caught:
        claim.check()
    assert str(caught.value) == sentence


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


BEGINS = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from viewbatch.dataset import DatasetRecord, folder
from viewbatch.errors import UsageError

out, text = Path(sys.argv[1]), sys.argv[3]
record = DatasetRecord.from_json(Path(sys.argv[2]).read_text(encoding="utf-8"), "")
print("ready", flush=True)
sys.stdin.readline()
try:
    folder.begin(out, record, text, overwrite=False, extensible=True)
except UsageError:
    print("refused")
else:
    print("begun")
"""


def begin_at_once(
    folder: Path, records: list[DatasetRecord], configs: list[str], out: Path
) -> list[str]:
    """What processes say that all begin the same folder at the same moment."""
    root = str(Path(__file__).resolve().parents[2])
    processes = []
    for i, (record, config) in enumerate(zip(records, configs, strict=True)):
        path = folder / f"record{i}.json"
        path.write_text(record.to_json(), encoding="utf-8")
        command = [sys.executable, "-c", BEGINS.format(root=root), out, path, config]
        processes.append(
            subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].strip() for process in processes]


def test_of_two_that_begin_at_once_with_other_settings_one_is_refused(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    """The settings differ in the configuration alone, which is the second file."""
    record = dataset_record()
    for attempt in range(5):
        out = tmp_path / f"out{attempt}"
        configs = [CONFIG, CONFIG.replace("4", "9")]
        said = begin_at_once(tmp_path, [record, record], configs, out)
        assert sorted(said) == ["begun", "refused"]
        assert (out / "config.toml").read_text() == configs[said.index("begun")]
        assert names(out) == ["config.toml", "dataset.json"]


def test_of_several_that_extend_at_once_the_largest_number_stays(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    out = tmp_path / "out"
    begin(out, dataset_record())
    numbers = [9, 30, 12, 20]
    records = [dataset_record(number_of_views=number) for number in numbers]
    assert begin_at_once(tmp_path, records, [CONFIG] * 4, out) == ["begun"] * 4
    assert Dataset.open(out).record.number_of_views == 30


def left_behind() -> str:
    """The name of a process of this machine that has ended."""
    root = str(Path(__file__).resolve().parents[2])
    code = "from viewbatch.dataset.processes import process_name; print(process_name())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is known of processes there")
def test_a_lock_of_a_killed_process_is_taken_away(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    (tmp_path / layout.LOCK).write_text(left_behind())
    begin(tmp_path, dataset_record())
    assert names(tmp_path) == ["config.toml", "dataset.json"]


def test_a_lock_that_stays_is_taken_away_after_a_while(
    tmp_path: Path, dataset_record: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a machine of which nothing is known; or empty, of a process killed in between."""
    monkeypatch.setattr(folder, "LOCK_SECONDS", 0.05)
    for owner in ("elsewhere-1-abcdef", ""):
        (tmp_path / layout.LOCK).write_text(owner)
        begin(tmp_path, dataset_record())
        assert names(tmp_path) == ["config.toml", "dataset.json"]


@pytest.mark.skipif(os.name != "posix", reason="tells who lives as on POSIX")
def test_a_lock_of_a_living_process_is_never_taken(
    tmp_path: Path, dataset_record: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "LOCK_SECONDS", 0.05)
    owner = process_name().replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    (tmp_path / layout.LOCK).write_text(owner)
    assert message(lambda: begin(tmp_path, dataset_record()), RunError) == (
        f"another process, {owner}, has been beginning the dataset in {tmp_path} for 0.05 s; end "
        "it, or run the command again after it"
    )
    assert names(tmp_path) == [layout.LOCK]


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe\x80")])
def test_a_lock_that_is_none_does_not_stay(
    tmp_path: Path,
    dataset_record: MakeDataset,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], object],
) -> None:
    monkeypatch.setattr(folder, "LOCK_SECONDS", 0.05)
    make(tmp_path / layout.LOCK)
    if (tmp_path / layout.LOCK).is_dir():
        assert message(lambda: begin(tmp_path, dataset_record()), RunError) == (
            f"the lock {tmp_path / layout.LOCK} was left by a process that ended, and cannot be "
            "removed: Is a directory; remove it"
        )
        assert names(tmp_path) == [layout.LOCK]
    else:
        begin(tmp_path, dataset_record())
        assert names(tmp_path) == ["config.toml", "dataset.json"]


def test_what_killed_processes_left_goes_and_what_living_ones_write_stays(
    tmp_path: Path, dataset_record: MakeDataset
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    machine = process_name().rpartition("-")[0].rpartition("-")[0]
    kept = [
        layout.temporary("000_depth.exr", "elsewhere-1-abcdef"),
        layout.temporary("001_depth.exr", process_name()),
        layout.temporary("002_depth.exr", f"{machine}-{os.getppid()}-abcdef"),
        layout.temporary("003_depth.exr", "of another form"),
    ]
    old = layout.temporary("004_depth.exr", "elsewhere-2-abcdef")
    gone = [old, layout.temporary("a-b.exr", left_behind())] if os.name == "posix" else [old]
    earlier = layout.temporary("005_depth.exr", f"{machine}-{os.getpid()}-ffffff")
    for name in [*kept, *gone, earlier]:
        (out / name).write_text("half")
    day_ago = time.time() - writer.OLD_SECONDS - 60
    os.utime(out / old, (day_ago, day_ago))
    begin(out, dataset_record())
    assert names(out) == sorted(["config.toml", "dataset.json", *kept])


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is known of processes there")
def test_private_folders_of_killed_processes_go(
    tmp_path: Path, dataset_record: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for process in (left_behind(), process_name(), "elsewhere-1-abcdef"):
        (tmp_path / f"viewbatch-{process}-x1y2").mkdir()
    begin(tmp_path / "out", dataset_record())
    left = sorted(path.name for path in tmp_path.glob("viewbatch-*"))
    assert left == sorted([f"viewbatch-{process_name()}-x1y2", "viewbatch-elsewhere-1-abcdef-x1y2"])


def test_a_view_that_is_being_made_again_elsewhere_keeps_its_record(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The other process puts the file back between the first look and the second."""
    begin(tmp_path, dataset_record())
    add_view(tmp_path, 0)
    depth = tmp_path / "000_depth.exr"
    content = depth.read_bytes()
    depth.unlink()
    look = folder._damage

    def look_and_mend(dataset: Dataset, index: int, expected: Any) -> str | None:
        damage = look(dataset, index, expected)
        depth.write_bytes(content)
        return damage

    monkeypatch.setattr(folder, "_damage", look_and_mend)
    assert complete(tmp_path, [0]) == {0}
    assert caplog.messages == []
    assert names(tmp_path) == ["000_depth.exr", "000_view.json", "config.toml", "dataset.json"]


def test_the_state_counts_what_is_whole(
    tmp_path: Path, dataset_record: MakeDataset, add_view: Callable[[Path, int], None]
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(4):
        add_view(tmp_path, index)
    claim = folder.Claim(tmp_path)
    assert folder.state(tmp_path, claim).complete
    (tmp_path / "001_depth.exr").unlink()
    (tmp_path / "002_view.json").write_text("{")
    (tmp_path / "003_view.json").unlink()
    found = folder.state(tmp_path, claim)
    assert (found.planned, found.existing, found.complete) == (4, {0}, False)
    assert found.problems == {
        1: "001_depth.exr is gone",
        2: f"{tmp_path / '002_view.json'} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)",
    }
