"""The output folder among several processes: living, killed, and replaced."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.folders import CONFIG, MakeDataset, begin, claim_of, ignore, message, names
from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, existing, layout, lock, writer
from viewbatch.dataset.processes import process_name
from viewbatch.dataset.writer import ViewFiles, ViewWriter
from viewbatch.errors import RunError


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
    record = begin(tmp_path, dataset_record())
    claim = claim_of(tmp_path)
    # Another process extends it, or writes the same again: it is the same dataset.
    begin(tmp_path, dataset_record(number_of_views=9))
    begin(tmp_path, dataset_record(number_of_views=9), overwrite=True)
    claim.check()

    def replaced_meanwhile(path: Path) -> None:
        begin(tmp_path, dataset_record(seed=8), overwrite=True)
        (tmp_path / "000_depth.exr").write_bytes(b"of the other dataset")
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
    assert (tmp_path / "000_depth.exr").read_bytes() == b"of the other dataset"
    files = files_of(tmp_path, 1)
    files.add_bytes("depth", ".exr", b"depth")
    with pytest.raises(RunError) as caught:
        write(files)
    assert str(caught.value) == sentence
    assert not list(tmp_path.glob("*001*"))
    # Also where that happened before it could look.
    with pytest.raises(RunError) as caught:
        existing.Claim(tmp_path, record, CONFIG).check()
    assert str(caught.value) == sentence
    shutil.rmtree(tmp_path)
    with pytest.raises(RunError) as caught:
        claim.check()
    assert str(caught.value) == sentence


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
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.05)
    for owner in ("elsewhere-1-abcdef", ""):
        (tmp_path / layout.LOCK).write_text(owner)
        begin(tmp_path, dataset_record())
        assert names(tmp_path) == ["config.toml", "dataset.json"]


@pytest.mark.skipif(os.name != "posix", reason="tells who lives as on POSIX")
def test_a_lock_of_a_living_process_is_never_taken(
    tmp_path: Path, dataset_record: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.05)
    owner = process_name().replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    (tmp_path / layout.LOCK).write_text(owner)
    assert message(lambda: begin(tmp_path, dataset_record()), RunError) == (
        f"another process, {owner}, has been beginning the dataset in {tmp_path} for 0.05 s; end "
        f"it, or run the command again after it, or remove {tmp_path / layout.LOCK} where that "
        "number is another program's"
    )
    assert names(tmp_path) == [layout.LOCK]


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe\x80")])
def test_a_lock_that_is_none_does_not_stay(
    tmp_path: Path,
    dataset_record: MakeDataset,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], object],
) -> None:
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.05)
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
