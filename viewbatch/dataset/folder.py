"""The output folder at the start of a run: new, continued, extended, replaced or refused.

Several processes may work in it at once, on several machines. One at a time begins; after
that each makes its views without asking the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from viewbatch.dataset import layout
from viewbatch.dataset.processes import has_ended, lives, process_name
from viewbatch.dataset.reader import Dataset, View
from viewbatch.dataset.records import CameraRecord, DatasetRecord, ViewRecord
from viewbatch.dataset.writer import making_files, remove_left_files, replace_file, write_text
from viewbatch.errors import DatasetError, RunError, UsageError
from viewbatch.geometry import Camera

log = logging.getLogger(__name__)

LOCK_SECONDS = 10.0
"""How long one process may take to begin a dataset; it takes a moment."""

OF_MODEL = frozenset({
    "model.file", "model.sha256", "model.world_from_model", "model.offset_m", "bounds.minimum",
    "bounds.maximum", "bounds.center", "bounds.radius", "objects", "categories", "materials",
})  # fmt: skip
"""Keys of `dataset.json` that follow from the model."""


def check(folder: Path) -> None:
    """Refuse, before any work, an output path that cannot become a dataset."""
    try:
        _check(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"the output {folder} cannot be written: {error.strerror or error}; "
        "name a folder that can, or make room"
    )


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the output {folder} is a file; name a folder")
    above = next((path for path in folder.parents if path.exists()), folder)
    if not folder.exists() and not above.is_dir():
        raise UsageError(f"the output {folder} lies below {above}, which is a file; name a folder")
    if not folder.is_dir():
        return
    paths = list(folder.iterdir())
    # After the rest: another process may just be beginning, with this file.
    if (folder / layout.DATASET).exists():
        return
    for path in paths:
        if path.name in (layout.CONFIG, layout.CAMERAS) or layout.is_view_file(path.name):
            raise UsageError(
                f"the output {folder} holds {path.name} but no {layout.DATASET}, so it is not a "
                "dataset, and writing one there would replace that file; name another folder"
            )


def begin(
    folder: Path, record: DatasetRecord, config_text: str, *, overwrite: bool, extensible: bool
) -> DatasetRecord:
    """Make `folder` the dataset of `record`, and return the record that it has now.

    A dataset of the same settings is continued, and extended where its sampler allows
    that; another one is refused with what differs, or removed with `overwrite`.
    """
    check(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            check(folder)
            _refuse_foreign_dataset(folder)
            _refuse_foreign(folder, record.files)
            if (folder / layout.DATASET).exists():
                if overwrite:
                    clear(folder)
                else:
                    record = _continued(folder, record, config_text, extensible=extensible)
            _write_new(folder, layout.DATASET, record.to_json())
            _write_new(folder, layout.CONFIG, config_text)
            remove_left_files(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return record


def _write_new(folder: Path, name: str, text: str) -> None:
    """Write a text unless it is there already: other processes may read it."""
    with contextlib.suppress(OSError):
        if (folder / name).read_bytes() == text.encode("utf-8"):
            return
    write_text(folder, name, text)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from beginning the same folder, on this machine and on others.

    A file that only one can make is what every file system of every machine offers. Who is
    killed meanwhile leaves it; it is taken away where that is known, or after a while.
    """
    path = folder / layout.LOCK
    seen, since = None, time.monotonic()
    while True:
        # Within this, so that a signal ends the process before or after, and not in between.
        with making_files():
            if _make_lock(path):
                try:
                    yield
                finally:
                    if (own := _read_lock(path)) is not None and own[1] == process_name():
                        path.unlink(missing_ok=True)
                return
        found = _read_lock(path)
        if found != seen:
            seen, since = found, time.monotonic()
        elif found is not None:
            _, owner = found
            if has_ended(owner):
                _take_away(path, found)
            elif time.monotonic() - since > LOCK_SECONDS:
                if lives(owner):
                    raise RunError(
                        f"another process, {owner}, has been beginning the dataset in {folder} for "
                        f"{LOCK_SECONDS:g} s; end it, or run the command again after it"
                    )
                _take_away(path, found)
        time.sleep(0.02)


def _make_lock(path: Path) -> bool:
    """Whether this process made it; False where another one has."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(process_name())
    except FileExistsError:
        return False
    except PermissionError:
        # Windows says so of a file that another process is just removing.
        if os.name == "nt" and path.exists():
            return False
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _read_lock(path: Path) -> tuple[int, str] | None:
    """When it was made, and by whom; None where there is none any more."""
    try:
        made = path.lstat().st_mtime_ns
    except OSError:
        return None
    try:
        return made, path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # of another user, or no file at all
        return made, ""


def _take_away(path: Path, found: tuple[int, str]) -> None:
    """Remove a lock that was left, and no other that somebody has made since."""
    own = path.with_name(layout.temporary("lock", process_name()))
    try:
        path.rename(own)
        try:
            if _read_lock(own) != found:
                own.rename(path)
                return
            own.unlink()
        except OSError:
            own.rename(path)
            raise
    except FileNotFoundError:  # another process was first
        return
    except OSError as error:
        raise RunError(
            f"the lock {path} was left by a process that ended, and cannot be removed: "
            f"{error.strerror or error}; remove it"
        ) from error


class Claim:
    """That a folder is the dataset which this process began or continued."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signature = self._sign()
        self.sha256 = self._identify()
        """Of `dataset.json` and `config.toml`, but for the number of views, to which others
        may add. Every view's record has it."""

    def check(self) -> None:
        """Raise `RunError` where another process has replaced the dataset, or removed it."""
        signature = self._sign()
        if signature == self._signature and None not in signature:
            return
        if self._identify() != self.sha256:
            raise RunError(
                f"the dataset in {self._folder} was removed or replaced while this process made "
                "views of it; run the command again in a folder of its own"
            )
        self._signature = signature

    def _sign(self) -> Sequence[tuple[int, int, int] | None]:
        """What changes whenever one of the files does."""
        return [_signature(self._folder / name) for name in (layout.DATASET, layout.CONFIG)]

    def _identify(self) -> str:
        try:
            record = Dataset.open(self._folder).record
            config = (self._folder / layout.CONFIG).read_bytes()
        except (OSError, DatasetError):
            return ""
        text = replace(record, number_of_views=1).to_json()
        return hashlib.sha256(text.encode() + config).hexdigest()


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(frozen=True)
class _Expected:
    """What a view must be to be kept."""

    camera: Camera
    dataset_sha256: str

    def damage(self, view: View) -> str | None:
        """What is wrong with a view; None where nothing is."""
        name = layout.view_record(view.index)
        if view.record.dataset_sha256 != self.dataset_sha256:
            return f"{name} was made for another dataset"
        if not view.camera.is_close(self.camera):
            return f"{name} has another camera than the one that is planned"
        return view.damage()


def complete_views(
    folder: Path, indices: Iterable[int], planned: Callable[[int], CameraRecord], claim: Claim
) -> set[int]:
    """Those of the views that belong to the dataset, as planned, with files of the right hash.

    A damaged view's record is removed: the view no longer exists and is made again.
    """
    dataset = Dataset.open(folder)
    done = set()
    for index in indices:
        if not (folder / layout.view_record(index)).exists():
            continue
        expected = _Expected(planned(index).camera, claim.sha256)
        damage = _damage(dataset, index, expected)
        if damage is None:
            done.add(index)
        elif _remove_damaged(folder, index, expected):
            log.warning("view %d is made again: %s", index, damage)
        else:
            done.add(index)
    return done


def _damage(dataset: Dataset, index: int, expected: _Expected) -> str | None:
    try:
        return expected.damage(dataset.view(index))
    except DatasetError as error:
        return str(error)


def _remove_damaged(folder: Path, index: int, expected: _Expected) -> bool:
    """Remove the record of a view that is damaged, or keep it where it no longer is.

    Another process may just be making it again: the record is put aside, and what is judged
    is what lies there then.
    """
    path = folder / layout.view_record(index)
    aside = folder / layout.temporary(path.name, process_name())
    with making_files():
        try:
            replace_file(path, aside)
        except FileNotFoundError:
            return True  # another process has removed it
        try:
            record = ViewRecord.from_json(aside.read_text(encoding="utf-8"), str(path))
            view = View(folder=folder, record=record)
            whole = expected.damage(view) is None and record.index == index
        except (OSError, UnicodeDecodeError, DatasetError):
            whole = False
        if whole:
            replace_file(aside, path)
        else:
            aside.unlink(missing_ok=True)
    return not whole


@dataclass(frozen=True, kw_only=True)
class State:
    """What exists of a dataset's views: their records and, by name, all of their files."""

    planned: int
    existing: frozenset[int]
    problems: Mapping[int, str]
    """Of the views that have a record and do not exist all the same, what is wrong."""

    @property
    def complete(self) -> bool:
        """Whether every planned view exists."""
        return self.existing.issuperset(range(self.planned))


def state(folder: Path, claim: Claim) -> State:
    """Look which views exist now. Files are not read: their hashes are another matter."""
    dataset = Dataset.open(folder)
    names = {path.name for path in folder.iterdir()}
    existing, problems = set(), {}
    for index in dataset.indices:
        try:
            record = dataset.view(index).record
        except DatasetError as error:
            problems[index] = str(error)
            continue
        gone = [file.name for file in record.files.values() if file.name not in names]
        if gone:
            problems[index] = f"{gone[0]} is gone"
        elif record.dataset_sha256 != claim.sha256:
            problems[index] = f"{layout.view_record(index)} was made for another dataset"
        else:
            existing.add(index)
    return State(
        planned=dataset.record.number_of_views,
        existing=frozenset(existing),
        problems=problems,
    )


def clear(folder: Path) -> None:
    """Remove a dataset's files, and nothing else that lies in the folder.

    Records go first, and what makes the folder a dataset last, so that a process that is
    killed in between leaves a dataset.
    """
    record = _readable_record(folder)
    of_plugins = () if record is None else record.files
    names = [path.name for path in folder.iterdir()]
    # Also views beyond the plan, if their records say that they are views.
    recorded = [index for name in names if (index := layout.index_of_record(name)) is not None]
    planned = None if record is None else max([record.number_of_views, *(i + 1 for i in recorded)])
    view_files = [name for name in names if layout.is_view_file(name, planned)]
    records = [name for name in view_files if layout.index_of_record(name) is not None]
    others = [
        name
        for name in names
        if layout.is_temporary(name)
        or layout.is_log(name)
        or (name in of_plugins and layout.is_plain(name))
    ]
    last = (layout.CAMERAS, layout.CONFIG, layout.DATASET)
    for name in dict.fromkeys([*records, *view_files, *others, *last]):
        (folder / name).unlink(missing_ok=True)
    # Another process may have finished a view meanwhile; from now on it notices.
    for path in tuple(folder.iterdir()):
        if layout.is_view_file(path.name, planned):
            path.unlink(missing_ok=True)


def _readable_record(folder: Path) -> DatasetRecord | None:
    """What the folder says of itself; None where it says nothing that can be read."""
    try:
        return Dataset.open(folder).record
    except DatasetError:
        return None


def _refuse_foreign_dataset(folder: Path) -> None:
    """Refuse where `dataset.json` is somebody else's; one that is damaged may be ours."""
    try:
        found = json.loads((folder / layout.DATASET).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not (isinstance(found, dict) and str(found.get("generator", "")).startswith("viewbatch ")):
        raise UsageError(
            f"the output {folder} holds a {layout.DATASET} that this program did not make; name "
            "another folder"
        )


def _refuse_foreign(folder: Path, names: Sequence[str]) -> None:
    """Refuse where a file is in the way that no plugin of the dataset there wrote."""
    there = _readable_record(folder)
    for name in names:
        if (there is None or name not in there.files) and (folder / name).exists():
            raise UsageError(
                f"the output {folder} holds {name}, which is no file of the dataset there, and "
                "a plugin would replace it; move it away, or name another folder"
            )


def _continued(
    folder: Path, record: DatasetRecord, config_text: str, *, extensible: bool
) -> DatasetRecord:
    dataset = _opened(folder)
    there = dataset.record
    if there.model.sha256 == record.model.sha256:
        # The same file by another name.
        record = replace(record, model=replace(record.model, file=there.model.file))
    # Before the configuration is looked for: it is there before the first view.
    begun = bool(dataset.indices)
    config_there = _configuration(folder)
    if config_there is None:
        if begun:
            raise _no_configuration(folder)
        # The process that began it was killed after its first file.
        config_there = tomllib.loads(config_text)
    planned = there.number_of_views
    if extensible:
        record = replace(record, number_of_views=max(planned, record.number_of_views))
        there = replace(there, number_of_views=record.number_of_views)
    elif planned != record.number_of_views:
        raise UsageError(
            f"the dataset in {folder} was planned for {planned} views, and with this "
            f"camera.location.mode the views of {record.number_of_views} are others; ask for "
            f"{planned}, name another folder, or replace it with --overwrite"
        )
    # What the user sets comes first; the seed stands in both.
    differing = list(dict.fromkeys([
        *_differences("", config_there, tomllib.loads(config_text)),
        *_differences("", json.loads(there.to_json()), json.loads(record.to_json())),
    ]))  # fmt: skip
    what = "with other settings"
    if there.model.sha256 != record.model.sha256:
        what = "of another model"
        # The rest follows from it.
        differing = ["model.sha256", *(key for key in differing if key not in OF_MODEL)]
    if differing:
        raise UsageError(
            f"the dataset in {folder} was made {what} ({', '.join(differing)}); "
            "name another folder, or replace it with --overwrite"
        )
    if record.number_of_views > planned:
        # They are about the views that there were.
        for name in record.files:
            (folder / name).unlink(missing_ok=True)
    return record


def _opened(folder: Path) -> Dataset:
    try:
        return Dataset.open(folder)
    except DatasetError as error:
        raise DatasetError(
            f"{error}; name another folder, or replace it with --overwrite"
        ) from error


def _configuration(folder: Path) -> dict[str, Any] | None:
    """The configuration beside a dataset; None where there is none."""
    try:
        return tomllib.loads((folder / layout.CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _no_configuration(folder) from error


def _no_configuration(folder: Path) -> DatasetError:
    return DatasetError(
        f"the dataset in {folder} has no readable {layout.CONFIG}; "
        "name another folder, or replace it with --overwrite"
    )


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Dotted keys at which two trees differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, old.get(key), new.get(key))
    elif old != new:
        yield path
