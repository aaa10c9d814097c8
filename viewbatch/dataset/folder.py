"""The output folder at the start of a run: new, continued, extended, replaced or refused.

Several processes may work in it at once, on several machines. One at a time begins; after
that each makes its views without asking the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from viewbatch.dataset import layout
from viewbatch.dataset.lock import locked
from viewbatch.dataset.reader import Dataset
from viewbatch.dataset.records import DatasetRecord
from viewbatch.dataset.writer import remove_left_files, write_text
from viewbatch.errors import DatasetError, RunError, UsageError

OF_MODEL = frozenset({
    "model.file", "model.sha256", "model.world_from_model", "model.offset_m", "bounds.minimum",
    "bounds.maximum", "bounds.center", "bounds.radius", "objects", "categories", "materials",
})  # fmt: skip
"""Keys of `dataset.json` that follow from the model."""

_OWN = {layout.DATASET, layout.CONFIG, layout.CAMERAS, layout.CERTIFICATE, layout.LOCK}
"""Files of a dataset that are of no view."""

_COMPANION = "model.companions."


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
    with os.scandir(folder) as found:
        paths = [Path(entry) for entry in found if _is_ordinary(folder, entry)]
    # After the rest: another process may just be beginning, with this file.
    if (folder / layout.DATASET).exists():
        return
    for path in paths:
        if path.name in (layout.CONFIG, layout.CAMERAS) or layout.is_view_file(path.name):
            raise UsageError(
                f"the output {folder} holds {path.name} but no {layout.DATASET}, so it is not a "
                "dataset, and writing one there would replace that file; name another folder"
            )


def _is_ordinary(folder: Path, entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a folder; refuses others that stand where a dataset has files."""
    ordinary = entry.is_file() or entry.is_dir()
    if not ordinary and (entry.name in _OWN or layout.is_view_file(entry.name)):
        raise UsageError(
            f"the output {folder} holds {entry.name}, which is no file but a pipe, a device or a "
            "link to nothing; remove it, or name another folder"
        )
    return ordinary


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
        with locked(folder):
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


def recorded_samples(folder: Path) -> int | None:
    """The samples of the dataset that is in a folder; None where there is none to be read."""
    record = _readable_record(folder) if folder.is_dir() else None
    return None if record is None else record.samples


def _write_new(folder: Path, name: str, text: str) -> None:
    """Write a text unless it is there already: other processes may read it."""
    with contextlib.suppress(OSError):
        if (folder / name).read_bytes() == text.encode("utf-8"):
            return
    write_text(folder, name, text)


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
    except (OSError, ValueError, RecursionError):
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
    # They follow from the configuration, which is compared as such.
    there = replace(there, samples=record.samples)
    # What the user sets comes first; the seed stands in both.
    differing = list(dict.fromkeys([
        *_differences("", config_there, tomllib.loads(config_text)),
        *_differences("", json.loads(there.to_json()), json.loads(record.to_json())),
    ]))  # fmt: skip
    what = "with other settings"
    others = [key for key in differing if key == "model.sha256" or key.startswith(_COMPANION)]
    if others:
        what = "of another model"
        # The rest follows from it.
        differing = [*others, *(key for key in differing if key not in {*others, *OF_MODEL})]
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
