"""Write a dataset: every file under a temporary name first, a view's record last.

Encoding and hashing run on one thread beside the renderer, which leaves Python's lock
alone while it renders. The queue is bounded in bytes: a slow disk slows the run down
and never fills memory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import layout
from viewbatch.dataset.png import check_levels, encode_png
from viewbatch.dataset.processes import has_ended, process_name
from viewbatch.dataset.reader import hash_file
from viewbatch.dataset.records import FileRecord, ViewRecord
from viewbatch.errors import PluginError, RunError
from viewbatch.geometry.transforms import Array
from viewbatch.stopwatch import Stopwatch

QUEUE_BYTES = 512 << 20

OLD_SECONDS = 24 * 3600.0
"""After which a temporary file that nobody touches is none that somebody still writes."""

_TURN_S = 0.0005
"""How long one thread keeps Python from another that waits for it."""

_PRIVATE = "viewbatch-"

_changed = threading.Condition()
_makers: set[int] = set()
_ending = False
_folders: set[Path] = set()


@contextmanager
def making_files() -> Iterator[None]:
    """Every temporary file is made inside of this, so that a process can end between two.

    Several threads may be inside at once, and one thread several times.
    """
    thread = threading.get_ident()
    with _changed:
        nested = thread in _makers
        if not nested:
            _changed.wait_for(lambda: not _ending)
            _makers.add(thread)
    try:
        yield
    finally:
        if not nested:
            with _changed:
                _makers.discard(thread)
                _changed.notify_all()


def make_no_more_files() -> None:
    """Wait until what is being made is whole, and let no more begin: the process ends."""
    global _ending
    with _changed:
        _ending = True
        _changed.wait_for(lambda: not _makers, timeout=0.5)  # an interrupt must not take longer


def failed(path: Path, error: OSError) -> RunError:
    """What to raise where a file of a dataset cannot be written."""
    return RunError(
        f"writing {path} failed: {error.strerror or error}; the views with a record are complete, "
        "and the same command continues"
    )


def write_bytes(folder: Path, name: str, data: bytes) -> None:
    """Write a whole file or nothing, replacing one that is there."""
    temporary = folder / layout.temporary(name, process_name())
    with making_files():
        try:
            temporary.write_bytes(data)
            replace_file(temporary, folder / name)
        except OSError as error:
            raise failed(folder / name, error) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def replace_file(source: Path, target: Path) -> None:
    """Rename a file, replacing another; Windows refuses that while somebody reads the other."""
    for wait in (0.01, 0.1, 0.5, 2.0):
        try:
            source.replace(target)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(wait)
        else:
            return
    source.replace(target)


def write_text(folder: Path, name: str, text: str) -> None:
    """`write_bytes` of text in UTF-8 with LF at the end of lines, on Windows too."""
    write_bytes(folder, name, text.encode("utf-8"))


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder in the system's place for temporary files, for what is read back at once."""
    try:
        made = tempfile.TemporaryDirectory(
            prefix=f"{_PRIVATE}{process_name()}-", ignore_cleanup_errors=True
        )
    except OSError as error:
        raise RunError(
            f"there is no room for temporary files ({error.strerror or error}); make some, or name "
            "a folder that has some by the environment variable TMPDIR"
        ) from error
    with made as name:
        folder = Path(name)
        _folders.add(folder)
        try:
            yield folder
        finally:
            _folders.discard(folder)


def remove_temporary_files(folder: Path) -> None:
    """Remove what this process has not finished writing, as it ends.

    What cannot be removed now is recognised by a later process; why this one ends matters more.
    """
    for private in tuple(_folders):
        shutil.rmtree(private, ignore_errors=True)
    with contextlib.suppress(OSError):  # such as a folder that is not there
        for path in tuple(folder.iterdir()):
            if layout.process_of_temporary(path.name) == process_name():
                with contextlib.suppress(OSError):
                    path.unlink()


def remove_left_files(folder: Path) -> None:
    """Remove what processes that were killed left half-written, and nothing of living ones."""
    for path in folder.iterdir():
        if is_left(path):
            with contextlib.suppress(OSError):
                path.unlink()
    for path in Path(tempfile.gettempdir()).glob(f"{_PRIVATE}*"):
        if has_ended(path.name.removeprefix(_PRIVATE).rpartition("-")[0]):
            shutil.rmtree(path, ignore_errors=True)


def is_left(path: Path) -> bool:
    """Whether a process that ended left a file half-written, as far as that can be known.

    Those are known to have ended that ran on this machine; what another machine left is
    recognised by its age.
    """
    process = layout.process_of_temporary(path.name)
    return process is not None and (has_ended(process) or _is_old(path))


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > OLD_SECONDS
    except OSError:  # its process has just finished it
        return False


@dataclass(kw_only=True)
class ViewFiles:
    """The files of one view, collected on the render thread and written on another."""

    folder: Path
    index: int
    cam_from_world: Array
    nbytes: int = 0
    _encoders: dict[str, tuple[str, Callable[[Path], None]]] = field(default_factory=dict)

    def add_exr(
        self,
        kind: str,
        channels: Mapping[str, npt.NDArray[np.generic]],
        *,
        quantity: str,
        unit: str,
    ) -> None:
        """Write `NNN_<kind>.exr` from (H, W) arrays by channel name.

        `quantity` and `unit` say in the file's header what it holds. The arrays must
        not be changed afterwards.
        """
        from viewbatch.dataset.exr import check_channels, write_exr

        check_channels(channels)
        attributes = {"viewbatch/quantity": quantity, "viewbatch/unit": unit}
        # Not through self, which holds `encode`: in a cycle the arrays of many views
        # would wait for the garbage collector.
        cam_from_world = self.cam_from_world

        def encode(path: Path) -> None:
            write_exr(path, channels, cam_from_world=cam_from_world, attributes=attributes)

        self._add(kind, ".exr", encode, sum(values.nbytes for values in channels.values()))

    def add_png(
        self,
        kind: str,
        levels: npt.NDArray[np.generic],
        *,
        key: str | None = None,
    ) -> None:
        """Write `NNN_<kind>.png` from (H, W[, C]) uint8 or uint16; not to be changed afterwards.

        The record names it by its kind, or by `key`, where another file is of that kind.
        """
        check_levels(levels)
        self.add_made(kind, ".png", partial(encode_png, levels), levels.nbytes, key=key)

    def add_made(
        self,
        kind: str,
        extension: str,
        make: Callable[[], bytes],
        nbytes: int,
        *,
        key: str | None = None,
    ) -> None:
        """Write `NNN_<kind><extension>` with what `make` returns when the file is written.

        It is called on the writer's thread; until then it keeps so many bytes of memory.
        """

        def encode(path: Path) -> None:
            path.write_bytes(make())

        self._add(kind, extension, encode, nbytes, key)

    def add_bytes(self, kind: str, extension: str, data: bytes) -> None:
        """Write `NNN_<kind><extension>` with this content."""

        self.add_made(kind, extension, lambda: data, len(data))

    def reserve(self, kind: str, extension: str) -> Path:
        """A temporary path that the caller writes himself, before the view is submitted."""
        self._add(kind, extension, _already_written, 0)
        return self.temporary(kind)

    def temporary(self, key: str) -> Path:
        """Where the file is written before it is renamed."""
        return self.folder / layout.temporary(self.name(key), process_name())

    def name(self, key: str) -> str:
        """The final name of the file that the record has under this key."""
        return self._encoders[key][0]

    def _add(
        self,
        kind: str,
        extension: str,
        encode: Callable[[Path], None],
        nbytes: int,
        key: str | None = None,
    ) -> None:
        if kind == layout.VIEW:
            raise PluginError(f'the kind "{kind}" is that of the view\'s record; choose another')
        name = layout.view_file(self.index, kind, extension)
        key = key or kind
        names = {other: made for other, (made, _) in self._encoders.items()}
        if key in names or name in names.values():
            raise PluginError(
                f"{names.get(key, name)} is written already; each kind of file has one"
            )
        self._encoders[key] = (name, encode)
        self.nbytes += nbytes

    def write(
        self, stopwatch: Stopwatch, check: Callable[[], None] = lambda: None
    ) -> dict[str, FileRecord]:
        """Encode and hash every file, then rename them all, unless `check` raises in between.

        So files of another dataset, which took this one's place meanwhile, stay as they are.
        """
        records = {}
        for key, (name, encode) in self._encoders.items():
            temporary = self.temporary(key)
            try:
                with stopwatch.stage("encoding", view=self.index, file=name):
                    encode(temporary)
                with stopwatch.stage("hashing", view=self.index, file=name):
                    digest = hash_file(temporary)
            except OSError as error:
                raise failed(self.folder / name, error) from error
            records[key] = FileRecord(name=name, sha256=digest)
        check()
        for key, (name, _) in self._encoders.items():
            try:
                with stopwatch.stage("renaming", view=self.index, file=name):
                    replace_file(self.temporary(key), self.folder / name)
            except OSError as error:
                raise failed(self.folder / name, error) from error
        return records

    def discard(self) -> None:
        """Remove temporary files of a view that will not be finished."""
        for key in self._encoders:
            with contextlib.suppress(OSError):
                self.temporary(key).unlink(missing_ok=True)


def _already_written(_: Path) -> None:
    """For a file that the caller has written."""


class ViewWriter:
    """Finishes views on a thread of its own; a context manager that waits for them all."""

    def __init__(
        self,
        on_written: Callable[[ViewRecord], None],
        stopwatch: Stopwatch | None = None,
        check: Callable[[], None] = lambda: None,
        dataset_sha256: str = "",
    ) -> None:
        """`on_written` is called on the writer's thread after each view's record exists.

        A view that another process has made in the meantime stays as it is. `check` raises
        where the folder is no longer this process's to write into; a record that was written
        just before is taken back. Every record gets `dataset_sha256`.
        """
        self._on_written = on_written
        self._check = check
        self._dataset_sha256 = dataset_sha256
        self._stopwatch = stopwatch or Stopwatch()
        self._changed = threading.Condition()
        self._queue: deque[tuple[ViewFiles, ViewRecord]] = deque()
        self._pending_bytes = 0
        self._closing = False
        self._error: BaseException | None = None
        # The thread that renders gets its turn soon; Python's own 5 ms are a tenth of a small view.
        sys.setswitchinterval(_TURN_S)
        self._thread = threading.Thread(target=self._work, name="viewbatch-writer", daemon=True)
        self._thread.start()

    def submit(self, files: ViewFiles, record: ViewRecord) -> None:
        """Queue a view; waits while too many bytes are queued, raises what went wrong before."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._error is not None
                    or self._pending_bytes == 0
                    or self._pending_bytes + files.nbytes <= QUEUE_BYTES
                )
            )
            if self._error is None:
                self._queue.append((files, record))
                self._pending_bytes += files.nbytes
                self._changed.notify_all()
                return
        files.discard()
        self._raise()

    def drain(self) -> None:
        """Wait until every queued view is written; raises what went wrong."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue)
        self._raise()

    def __enter__(self) -> ViewWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what is queued, then raise what went wrong, unless something else did."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if error is None:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _write_record(self, path: Path, text: str) -> None:
        write_text(path.parent, path.name, text)
        try:
            self._check()
        except RunError:
            with contextlib.suppress(OSError):
                if path.read_text(encoding="utf-8") == text:
                    path.unlink()
            raise

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue) or self._closing)
                if not self._queue:
                    return
                files, record = self._queue[0]
            try:
                if self._error is None:
                    name = layout.view_record(record.index)
                    with making_files():
                        if (files.folder / name).exists():
                            files.discard()
                        else:
                            self._check()
                            record = replace(
                                record,
                                files=files.write(self._stopwatch, self._check),
                                dataset_sha256=self._dataset_sha256,
                            )
                            with self._stopwatch.stage("record", view=record.index, file=name):
                                self._write_record(files.folder / name, record.to_json())
                        self._on_written(record)
                else:
                    files.discard()
            except BaseException as error:  # noqa: BLE001 - raised again by the render thread
                files.discard()
                self._error = error
            with self._changed:
                self._queue.popleft()
                self._pending_bytes -= files.nbytes
                self._changed.notify_all()
