"""Every file name of a dataset.

dataset.json  config.toml  cameras.json  certificate.json  batch-<start>-<process>.log
000_render.png  000_depth.exr  000_mask.exr  000_view.json  ...
"""

from __future__ import annotations

import re
from pathlib import Path

DATASET = "dataset.json"
CONFIG = "config.toml"
CAMERAS = "cameras.json"
CERTIFICATE = "certificate.json"
RENDER = "render"
"""Kind of the colour file."""
VIEW = "view"
LOCK = ".viewbatch-lock"
"""There while a process begins the dataset."""

_VIEW_FILE = re.compile(r"(?P<index>[0-9]{3,})_(?P<kind>[a-z][a-z0-9_]*)\.[a-z0-9]+")
_KIND = re.compile(r"[a-z][a-z0-9_]*")
_EXTENSION = re.compile(r"\.[a-z0-9]+")
_TEMPORARY = re.compile(r"\.viewbatch-(?P<process>.*)-[^-]*\.tmp(\.[a-z0-9]+)?")
_LOG = re.compile(r"batch-.*\.log")


def view_file(index: int, kind: str, extension: str) -> str:
    """Name of a view's file, such as `000_depth.exr`; `extension` starts with a dot."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"a kind of file is made of a-z, 0-9 and _, not {kind!r}")
    if not _EXTENSION.fullmatch(extension):
        raise ValueError(f"an extension is a dot and a-z or 0-9, not {extension!r}")
    return f"{index:03d}_{kind}{extension}"


def view_record(index: int) -> str:
    """Name of a view's record; the view exists when this file does."""
    return view_file(index, VIEW, ".json")


def index_of_record(name: str) -> int | None:
    """The index of the view whose record has this name; None for other files."""
    match = _VIEW_FILE.fullmatch(name)
    if match is None:
        return None
    index = int(match["index"])
    return index if name == view_record(index) else None


def is_view_file(name: str, number_of_views: int | None = None) -> bool:
    """Whether a file of this name is or may become part of some view.

    With `number_of_views`, of one of the first that many: a user's own `2024_notes.txt`
    is no file of a dataset of 16 views.
    """
    match = _VIEW_FILE.fullmatch(name)
    if match is None or match["index"] != f"{int(match['index']):03d}":
        return False
    return number_of_views is None or int(match["index"]) < number_of_views


def is_plain(name: str) -> bool:
    """Whether a plugin may give this name to a file of the whole dataset.

    A name without folder that is not hidden and belongs to nothing else of a dataset.
    """
    own = name in (DATASET, CONFIG, CAMERAS) or is_view_file(name) or is_log(name)
    return not own and re.fullmatch(r"\w[\w.-]*", name) is not None


def temporary(name: str, process: str) -> str:
    """Name under which `name` is written before it is renamed; ends like `name`."""
    stem = Path(name).stem.replace("-", "_")  # the last hyphen ends the name of the process
    return f".viewbatch-{process}-{stem}.tmp{Path(name).suffix}"


def is_temporary(name: str) -> bool:
    """Whether a file of this name was left by a process that ended while writing."""
    return name == LOCK or _TEMPORARY.fullmatch(name) is not None


def process_of_temporary(name: str) -> str | None:
    """The process that wrote the temporary file of this name; None for other files."""
    match = _TEMPORARY.fullmatch(name)
    return None if match is None else match["process"]


def log(start: str, process: str) -> str:
    """Name of a process's log."""
    return f"batch-{start}-{process}.log"


def is_log(name: str) -> bool:
    """Whether a file of this name is a log."""
    return _LOG.fullmatch(name) is not None
