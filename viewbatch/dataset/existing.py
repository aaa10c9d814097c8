"""Which views of a dataset exist, and whose dataset it is."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from viewbatch.dataset import layout
from viewbatch.dataset.processes import process_name
from viewbatch.dataset.reader import Dataset, View
from viewbatch.dataset.records import CameraRecord, DatasetRecord, ViewRecord
from viewbatch.dataset.writer import making_files, replace_file
from viewbatch.errors import DatasetError, RunError
from viewbatch.geometry import Camera

log = logging.getLogger(__name__)


class Claim:
    """That a folder is the dataset which this process began or continued."""

    def __init__(self, folder: Path, record: DatasetRecord, config_text: str) -> None:
        """Of what `begin` was given and returned: what lies there may be another's by now."""
        self.record = record
        self._folder = folder
        self._signature: object = None
        self.sha256 = _identity(record, config_text.encode("utf-8"))
        """Of `dataset.json` and `config.toml`, but for the number of views, to which others
        may add. Every view's record has it."""

    def check(self) -> None:
        """Raise `RunError` where another process has replaced the dataset, or removed it."""
        signature = self._sign()
        if signature == self._signature and None not in signature:
            return
        if self._found() != self.sha256:
            raise RunError(
                f"the dataset in {self._folder} was removed or replaced while this process made "
                "views of it; run the command again in a folder of its own"
            )
        self._signature = signature

    def _sign(self) -> Sequence[tuple[int, int, int] | None]:
        """What changes whenever one of the files does."""
        return [_signature(self._folder / name) for name in (layout.DATASET, layout.CONFIG)]

    def _found(self) -> str | None:
        try:
            record = Dataset.open(self._folder).record
            return _identity(record, (self._folder / layout.CONFIG).read_bytes())
        except (OSError, DatasetError):
            return None


def _identity(record: DatasetRecord, config: bytes) -> str:
    text = replace(record, number_of_views=1).to_json()
    return hashlib.sha256(text.encode("utf-8") + config).hexdigest()


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
        if not view.record.as_written:
            return f"{name} differs from what was written"
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
