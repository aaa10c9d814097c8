"""Ways to break a dataset so that its files still fit their records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import Dataset, View
from viewbatch.dataset.exr import read_exr, read_header, write_exr
from viewbatch.dataset.reader import hash_file

Array = npt.NDArray[Any]


def edit_record(view: View, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the record of a view."""
    path = view.folder / f"{view.index:03d}_view.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(json.dumps(tree), encoding="utf-8")


def refresh_hashes(view: View) -> None:
    """Make the record's hashes those of the files as they are."""

    def change(tree: dict[str, Any]) -> None:
        for file in tree["files"].values():
            file["sha256"] = hash_file(view.folder / file["name"])

    edit_record(view, change)


def edit_pose(view: View, change: Callable[[Array], Array]) -> None:
    """Change `cam_from_world` in the record and in the headers of the maps."""
    pose = change(view.camera.cam_from_world)
    edit_record(view, lambda tree: tree.update(cam_from_world=pose.tolist()))
    for kind in view.kinds:
        if view.path(kind).suffix == ".exr":
            rewrite(view, kind, pose=pose)
    refresh_hashes(view)


def rewrite(
    view: View,
    kind: str,
    change: Callable[[Array], Array] = lambda values: values,
    pose: Array | None = None,
) -> None:
    """Write the channels of a map again."""
    path = view.path(kind)
    channels = {name: np.ascontiguousarray(change(v)) for name, v in read_exr(path).items()}
    header = read_header(path)
    write_exr(
        path,
        channels,
        cam_from_world=header.cam_from_world if pose is None else pose,
        attributes={"viewbatch/quantity": header.quantity},
    )
    refresh_hashes(view)


def swap(first: View, second: View) -> None:
    """Exchange all files of two views but their records."""
    for kind in first.kinds:
        a, b = first.path(kind), second.path(kind)
        spare = a.with_name("spare")
        a.rename(spare)
        b.rename(a)
        spare.rename(b)


def every(change: Callable[[View], None]) -> Callable[[Path], None]:
    """The change, made to every view of the dataset in a folder."""

    def broken(folder: Path) -> None:
        for view in Dataset.open(folder).views:
            change(view)

    return broken


def one(change: Callable[[View], None], index: int = 3) -> Callable[[Path], None]:
    """The change, made to one view of the dataset in a folder."""
    return lambda folder: change(Dataset.open(folder).view(index))
