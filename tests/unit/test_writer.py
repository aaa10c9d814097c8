"""Files of a view appear whole or not at all, its record last, and errors reach the renderer."""

from __future__ import annotations

import errno
import gc
import hashlib
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, layout, writer
from viewbatch.dataset.writer import ViewFiles, ViewWriter, write_text
from viewbatch.errors import PluginError, RunError

MakeView = Callable[..., ViewRecord]
MakeFiles = Callable[[Path, int], ViewFiles]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ignore(record: ViewRecord) -> None:
    """A writer's `on_written` that is not looked at."""


class Gate:
    """An encoder that says when it is reached and waits until it is let through."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.error = error

    def __call__(self, path: Path) -> None:
        path.write_bytes(b"half")
        self.reached.set()
        assert self.opened.wait(60)
        if self.error is not None:
            raise self.error


def test_a_view_is_written_with_names_and_hashes_and_its_record_last(
    tmp_path: Path,
    view_record: MakeView,
    files_of: MakeFiles,
    dataset_record: Callable[..., DatasetRecord],
) -> None:
    there_at_the_end = []

    def look(record: ViewRecord) -> None:
        there_at_the_end.append((record.index, names(tmp_path)))

    files = files_of(tmp_path, 3)
    depth = np.arange(35, dtype=np.float32).reshape(5, 7)
    files.add_exr("depth", {"Y": depth}, quantity="planar depth", unit="m")
    files.add_bytes("note", ".txt", b"hello\n")
    files.reserve("render", ".png").write_bytes(b"png")
    with ViewWriter(look) as to:
        to.submit(files, view_record(3))
    everything = ["003_depth.exr", "003_note.txt", "003_render.png", "003_view.json"]
    assert there_at_the_end == [(3, everything)]
    write_text(tmp_path, layout.DATASET, dataset_record().to_json())
    view = Dataset.open(tmp_path).view(3)
    assert list(view.kinds) == ["depth", "note", "render"]
    assert view.record.files["note"].sha256 == hashlib.sha256(b"hello\n").hexdigest()
    np.testing.assert_array_equal(view.read("depth"), depth)
    assert view.damage() is None


def test_while_a_file_is_made_only_its_temporary_name_exists(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles
) -> None:
    gate, files = Gate(), files_of(tmp_path, 0)
    files._add("slow", ".txt", gate, 1)
    with ViewWriter(ignore) as to:
        to.submit(files, view_record(0))
        assert gate.reached.wait(60)
        assert [layout.is_temporary(name) for name in names(tmp_path)] == [True]
        gate.opened.set()
        to.drain()
        assert names(tmp_path) == ["000_slow.txt", "000_view.json"]


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (ZeroDivisionError("x"), ZeroDivisionError, "^x$"),
        (PluginError("one sentence"), PluginError, "^one sentence$"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/a/b.exr"),
            RunError,
            r"^writing .*/001_slow\.txt failed: No space left on device; the views with a record "
            "are complete, and the same command continues$",
        ),
        (
            OSError("gone"),
            RunError,
            r"^writing .*/001_slow\.txt failed: gone; the views with a record are complete, and "
            "the same command continues$",
        ),
    ],
)
def test_after_an_error_nothing_is_half_made_and_the_renderer_hears_of_it(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles,
    error: Exception, expected: type[Exception], message: str,
) -> None:  # fmt: skip
    written: list[int] = []
    gate = Gate(error)
    bad, queued, late = (files_of(tmp_path, index) for index in (1, 2, 3))
    bad._add("slow", ".txt", gate, 1)
    queued.reserve("render", ".png").write_bytes(b"png")
    late.reserve("render", ".png").write_bytes(b"png")
    good = files_of(tmp_path, 0)
    good.add_bytes("note", ".txt", b"")
    with ViewWriter(lambda record: written.append(record.index)) as to:
        to.submit(good, view_record(0))
        to.submit(bad, view_record(1))
        to.submit(queued, view_record(2))
        gate.opened.set()
        with pytest.raises(expected, match=message):
            to.drain()
        with pytest.raises(expected, match=message):
            to.submit(late, view_record(3))
        with pytest.raises(expected, match=message):
            to.__exit__(None, None, None)
        to._error = None  # told three times; leaving the block would raise it a fourth time
    assert written == [0]
    assert names(tmp_path) == ["000_note.txt", "000_view.json"]


def test_an_error_is_raised_at_the_latest_when_the_writer_closes(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles
) -> None:
    files = files_of(tmp_path / "none", 0)
    files.add_bytes("note", ".txt", b"")
    with pytest.raises(RunError, match="No such file or directory"), ViewWriter(ignore) as to:
        to.submit(files, view_record(0))


def test_another_error_in_the_block_wins_and_what_is_queued_is_finished(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles
) -> None:
    files = files_of(tmp_path, 0)
    files.add_bytes("note", ".txt", b"")
    with pytest.raises(KeyError, match="render"), ViewWriter(ignore) as to:  # noqa: PT012
        to.submit(files, view_record(0))
        raise KeyError("render")
    assert names(tmp_path) == ["000_note.txt", "000_view.json"]


def test_a_slow_disk_holds_the_renderer_back(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles
) -> None:
    """With the queue full of bytes, `submit` returns only once the first view is written."""
    gate, events = Gate(), queue.SimpleQueue[str]()
    first = files_of(tmp_path, 0)
    first._add("slow", ".txt", gate, writer.QUEUE_BYTES)
    second = files_of(tmp_path, 1)
    second.add_bytes("note", ".txt", b"x")
    with ViewWriter(lambda record: events.put(f"written {record.index}")) as to:
        to.submit(first, view_record(0))
        assert gate.reached.wait(60)

        def submit() -> None:
            to.submit(second, view_record(1))
            events.put("submitted 1")

        renderer = threading.Thread(target=submit)
        wait_for = to._changed.wait_for

        def observed(predicate: Callable[[], bool]) -> bool:
            if threading.current_thread() is renderer and not predicate():
                events.put("held back")
            return wait_for(predicate)

        to._changed.wait_for = observed  # type: ignore[method-assign,assignment]
        renderer.start()
        assert events.get(timeout=60) == "held back"
        gate.opened.set()
        assert events.get(timeout=60) == "written 0"
        renderer.join(60)
    assert {events.get(timeout=60), events.get(timeout=60)} == {"submitted 1", "written 1"}


def test_one_view_larger_than_the_queue_is_written(
    tmp_path: Path, view_record: MakeView, files_of: MakeFiles
) -> None:
    files = files_of(tmp_path, 0)
    files._add("huge", ".txt", Path.touch, 2 * writer.QUEUE_BYTES)
    with ViewWriter(ignore) as to:
        to.submit(files, view_record(0))
    assert names(tmp_path) == ["000_huge.txt", "000_view.json"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("depth", "012_depth.txt is written already; each kind of file has one"),
        ("view", 'the kind "view" is that of the view\'s record; choose another'),
    ],
)
def test_two_files_of_one_kind_are_refused(
    tmp_path: Path, files_of: MakeFiles, kind: str, expected: str
) -> None:
    files = files_of(tmp_path, 12)
    files.add_bytes("depth", ".txt", b"")
    with pytest.raises(PluginError) as caught:
        files.add_bytes(kind, ".json", b"")
    assert str(caught.value) == expected


def test_a_malformed_kind_is_refused_where_it_is_given(tmp_path: Path, files_of: MakeFiles) -> None:
    with pytest.raises(
        ValueError, match=r"^a kind of file is made of a-z, 0-9 and _, not '\.\./a'$"
    ):
        files_of(tmp_path, 0).add_bytes("../a", ".txt", b"")


def test_arrays_that_no_exr_holds_are_refused_where_they_are_given(
    tmp_path: Path, files_of: MakeFiles
) -> None:
    """On the render thread, so that the message names the plugin."""
    with pytest.raises(ValueError, match="Y is float64"):
        files_of(tmp_path, 0).add_exr("a", {"Y": np.zeros((2, 3))}, quantity="", unit="")


def test_text_replaces_what_was_there_and_has_unix_line_ends(tmp_path: Path) -> None:
    for text in ("first, and longer", "\u00e9\n"):
        write_text(tmp_path, "dataset.json", text)
    assert (tmp_path / "dataset.json").read_bytes() == b"\xc3\xa9\n"
    assert names(tmp_path) == ["dataset.json"]


def test_only_this_process_s_temporary_files_are_removed(tmp_path: Path) -> None:
    own = layout.temporary("000_depth.exr", writer.process_name())
    kept = [
        layout.temporary("000_depth.exr", f"{writer.process_name()}0"),
        layout.temporary("001_depth.exr", "other-1"),
        "000_view.json",
    ]
    for name in [own, *kept]:
        (tmp_path / name).touch()
    writer.remove_temporary_files(tmp_path)
    assert names(tmp_path) == sorted(kept)
    writer.remove_temporary_files(tmp_path / "none")


def test_what_cannot_be_removed_stands_in_the_way_of_nothing(tmp_path: Path) -> None:
    """Folders are in place of files that the system does not let go."""
    stubborn = [layout.temporary(f"{kind}.exr", writer.process_name()) for kind in "acd"]
    for name in stubborn:
        (tmp_path / name).mkdir()
    (tmp_path / layout.temporary("b.exr", writer.process_name())).touch()
    writer.remove_temporary_files(tmp_path)
    assert names(tmp_path) == sorted(stubborn)


def test_arrays_are_freed_without_the_garbage_collector(
    tmp_path: Path, files_of: MakeFiles
) -> None:
    """Else the arrays of many views pile up between two collections."""
    files = files_of(tmp_path, 0)
    depth = np.ones((4, 5), dtype=np.float32)
    files.add_exr("depth", {"Y": depth}, quantity="planar depth", unit="m")
    gone = weakref.ref(depth)
    gc.disable()
    try:
        del files, depth
        assert gone() is None
    finally:
        gc.enable()


# A process that ends while one thread encodes a view and another is about to begin one.
ENDS = """
import sys, threading
from pathlib import Path
from viewbatch.dataset import writer

out, reached, opened = Path(sys.argv[1]), threading.Event(), threading.Event()

def first():
    with writer.making_files():
        writer.write_text(out, "begun", "")
        reached.set()
        assert opened.wait(60)
        writer.write_text(out, "first", "")

def second():
    writer.write_text(out, "second", "")

one, two = threading.Thread(target=first), threading.Thread(target=second, daemon=True)
one.start()
assert reached.wait(60)
ended = threading.Thread(target=writer.make_no_more_files)
ended.start()
while not writer._ending:
    pass
two.start()
opened.set()
ended.join()
one.join()
print(sorted(path.name for path in out.iterdir()))
"""


def test_a_process_ends_between_two_files(tmp_path: Path) -> None:
    """What was begun becomes whole, and nothing begins any more."""
    done = subprocess.run(
        [sys.executable, "-c", ENDS, tmp_path],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("['begun', 'first']\n", "")


def test_a_private_folder_lasts_until_its_block_or_the_process_ends(tmp_path: Path) -> None:
    with writer.private_folder() as folder:
        (folder / "file").write_bytes(b"data")
    assert not folder.exists()
    with writer.private_folder() as folder:
        (folder / "file").write_bytes(b"data")
        writer.remove_temporary_files(tmp_path)
        assert not folder.exists()
