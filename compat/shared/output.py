"""The output folder: refused, or filled at once when all of it is made."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from viewbatch.dataset import Dataset
from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError, RunError, UsageError

RECORD = "conversion.json"
"""What was converted, and how; put in its place last."""

_STAGING = ".conversion-unfinished"
_REPLACED = ".replaced"
_PROCESS = ".process"
"""In the staging folder: whose it is."""


def check_output(folder: Path, *, overwrite: bool) -> None:
    """Refuse, before any work, a path that cannot become a conversion."""
    if folder.is_symlink() and not folder.exists():
        raise UsageError(f"the output {folder} is a link to nowhere; name a folder")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the output {folder} is a file; name a folder")
    if not folder.is_dir():
        return
    if _is_at_work(folder / _STAGING):
        raise UsageError(
            f"another process converts to {folder} now; wait for it, or name another folder"
        )
    content = sorted(path.name for path in folder.iterdir() if path.name != _STAGING)
    if "dataset.json" in content:
        raise UsageError(f"the output {folder} is a dataset; name another folder")
    if content and not overwrite:
        raise UsageError(
            f"the output {folder} holds {content[0]}; name another folder, or replace what is "
            "converted there with --overwrite"
        )


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder to fill, whose content becomes that of `folder` when the block ends well.

    Where it does not, `folder` is left as it was. What an earlier conversion made there goes,
    and what none made stays; raises `UsageError` where that is in the way.
    """
    staging = folder / _STAGING
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        # A process that was killed may have left one.
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir(parents=True)
        (staging / _PROCESS).write_text(_process_name(), encoding="utf-8")
        yield staging
        (staging / _PROCESS).unlink()
        _replace(folder, staging)
    except OSError as error:
        raise RunError(
            f"{error.filename or folder} cannot be used: {error.strerror or error}; "
            "nothing was converted"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for path in made:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def _replace(folder: Path, staging: Path) -> None:
    new = {path.name for path in staging.iterdir()}
    there = {path.name for path in folder.iterdir()} - {_STAGING}
    old = {RECORD, *read_record(folder)["entries"]} & there if RECORD in there else set()
    if foreign := sorted(new & there - old):
        raise UsageError(
            f"the output {folder} holds {foreign[0]}, which no converter made and which would be "
            "replaced; move it away, or name another folder"
        )
    # Renaming takes no time, so that hardly anything can come in between; without its record,
    # nothing looks finished.
    (staging / _REPLACED).mkdir()
    for name in sorted(old, key=lambda name: name != RECORD):
        (folder / name).rename(staging / _REPLACED / name)
    for name in sorted(new, key=lambda name: name == RECORD):
        (staging / name).rename(folder / name)


def _process_name() -> str:
    return f"{platform.node()} {os.getpid()}"


def _is_at_work(staging: Path) -> bool:
    """Whether the process that fills a staging folder runs; of another machine it may."""
    try:
        node, _, number = (staging / _PROCESS).read_text(encoding="utf-8").rpartition(" ")
        if node != platform.node():
            return True
        if os.name != "posix":  # where there is no harmless way to ask
            return False
        os.kill(int(number), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def write_record(staging: Path, **values: Any) -> None:
    """Write the record of what lies in the staging folder."""
    entries = sorted(path.name for path in staging.iterdir() if path.name != _PROCESS)
    text = json_text({**values, "entries": entries})
    (staging / RECORD).write_text(text, encoding="utf-8", newline="\n")


def read_record(folder: Path) -> Mapping[str, Any]:
    """What `write_record` wrote; raises `DatasetError`."""
    path = folder / RECORD
    try:
        record: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{folder} is not a finished conversion: {RECORD} cannot be read from it "
            f"({getattr(error, 'strerror', None) or error})"
        ) from error
    if not (
        isinstance(record, dict)
        and isinstance(record.get("converter"), str)
        and isinstance(record.get("settings"), dict)
        and isinstance(record.get("views"), dict)
        and all(type(index) is int for index in record["views"].values())
        and isinstance(record.get("entries"), list)
        # Entries are removed before a conversion takes their place.
        and all(isinstance(name, str) and name == Path(name).name for name in record["entries"])
    ):
        raise DatasetError(f"{path} is not the record of a conversion; convert again")
    return record


def check_apart(dataset: Dataset, folder: Path) -> None:
    """Refuse an output folder in which the dataset itself lies."""
    if folder.resolve() in dataset.folder.resolve().parents:
        raise UsageError(f"the dataset {dataset.folder} lies in the output {folder}; name another")
