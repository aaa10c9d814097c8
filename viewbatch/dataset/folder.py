"""The output folder at the start of a run: new, continued, extended, replaced or refused."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from viewbatch.dataset import layout
from viewbatch.dataset.reader import Dataset
from viewbatch.dataset.records import DatasetRecord
from viewbatch.dataset.writer import write_text
from viewbatch.errors import DatasetError, RunError, UsageError

log = logging.getLogger(__name__)


def check(folder: Path) -> None:
    """Refuse, before any work, an output path that cannot become a dataset."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the output {folder} is a file; name a folder")
    if not folder.is_dir() or (folder / layout.DATASET).exists():
        return
    for path in folder.iterdir():
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
    _refuse_foreign(folder, record.files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / layout.DATASET).exists():
            if overwrite:
                clear(folder)
            elif (folder / layout.CONFIG).exists() or Dataset.open(folder).views:
                record = _continued(folder, record, config_text, extensible=extensible)
            # else the process that began it ended right after its first file
        write_text(folder, layout.DATASET, record.to_json())
        write_text(folder, layout.CONFIG, config_text)
    except OSError as error:
        raise RunError(
            f"the output {folder} cannot be written: {error.strerror or error}; "
            "name a folder that can, or make room"
        ) from error
    return record


def complete_views(folder: Path, number: int) -> set[int]:
    """Indices below `number` of the views whose files are all there with the right hash.

    A damaged view's record is removed: the view no longer exists and is made again.
    """
    dataset = Dataset.open(folder)
    done = set()
    for index in range(number):
        path = folder / layout.view_record(index)
        if not path.exists():
            continue
        try:
            damage = dataset.view(index).damage()
        except DatasetError as error:
            damage = str(error)
        if damage is None:
            done.add(index)
        else:
            log.warning("view %d is made again: %s", index, damage)
            path.unlink(missing_ok=True)
    return done


def clear(folder: Path) -> None:
    """Remove a dataset's files, and nothing else that lies in the folder.

    Records go first, and what makes the folder a dataset last, so that a process that is
    killed in between leaves a dataset.
    """
    record = _readable_record(folder)
    planned = None if record is None else record.number_of_views
    of_plugins = () if record is None else record.files
    names = [path.name for path in folder.iterdir()]
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


def _readable_record(folder: Path) -> DatasetRecord | None:
    """What the folder says of itself; None where it says nothing that can be read."""
    try:
        return Dataset.open(folder).record
    except DatasetError:
        return None


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
    there = Dataset.open(folder).record
    try:
        config_there = tomllib.loads((folder / layout.CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"the dataset in {folder} has no readable {layout.CONFIG}; "
            "name another folder, or replace it with --overwrite"
        ) from error
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
    if differing:
        shown = ", ".join(differing[:8]) + (", …" if len(differing) > 8 else "")
        raise UsageError(
            f"the dataset in {folder} was made with other settings ({shown}); "
            "name another folder, or replace it with --overwrite"
        )
    return record


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Dotted keys at which two trees differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, old.get(key), new.get(key))
    elif old != new:
        yield path
