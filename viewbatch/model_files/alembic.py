"""Alembic: a tree of groups and data in an Ogawa container, of which every place is told.

The container: 16 bytes of header, in which a byte tells that the file was finished, and
the place of the root group. A group is a count and the places of its children, of which
the highest bit tells data from groups; data is a size and bytes. Place 0 is nothing.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from viewbatch.errors import ModelError
from viewbatch.model_files.findings import Findings

_HEADER = struct.Struct("<5sB2sQ")
_MAGIC, _FINISHED, _VERSION = b"Ogawa", 0xFF, b"\x00\x01"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_IS_DATA = np.uint64(1 << 63)


def read(path: Path) -> Findings:
    """Refuse a file that was not finished, or whose tree leads out of it."""
    with path.open("rb") as file:
        start = file.read(_HEADER.size)
    if start.startswith(_HDF5):
        raise ModelError(
            f"the model {path} is Alembic in the old HDF5 container, which Blender does not read; "
            "convert it with: abcconvert -toOgawa"
        )
    magic, finished, version, root = _HEADER.unpack(start.ljust(_HEADER.size, b"\0"))
    if magic != _MAGIC:
        raise ModelError(
            f"the model {path} is no Alembic file: one starts with Ogawa; check that it was "
            "downloaded whole, or name it by its real kind"
        )
    if version != _VERSION:
        raise ModelError(
            f"the model {path} is Alembic in an Ogawa container of version "
            f"{int.from_bytes(version, 'big')}, and that which Blender reads is 1"
        )
    if finished != _FINISHED:
        raise ModelError(
            f"the model {path} was never finished: the program that wrote it ended before; "
            "export it again"
        )
    _check_tree(path, root)
    return Findings()


def _check_tree(path: Path, root: int) -> None:
    data = np.memmap(path, np.uint8, mode="r")
    seen: set[int] = set()
    todo = [root]
    while todo:
        place = todo.pop()
        if place in seen or place == 0:
            continue
        seen.add(place)
        if place + 8 > data.size:
            raise _cut(path, place, data.size)
        count = int.from_bytes(data[place : place + 8].tobytes(), "little")
        if place + 8 + 8 * count > data.size:
            raise _cut(path, place, data.size)
        children = data[place + 8 : place + 8 + 8 * count].view("<u8")
        is_data = (children & _IS_DATA) != 0
        _check_data(path, data, children[is_data] & ~_IS_DATA)
        todo += children[~is_data].tolist()


def _check_data(path: Path, data: npt.NDArray[np.uint8], places: npt.NDArray[np.uint64]) -> None:
    places = places[places != 0]
    outside = places > data.size - 8
    if outside.any():
        raise _cut(path, int(places[outside][0]), data.size)
    sizes = data[places.astype(np.int64)[:, None] + np.arange(8)].view("<u8")[:, 0]
    outside = sizes > data.size - 8 - places
    if outside.any():
        raise _cut(path, int(places[outside][0]), data.size)


def _cut(path: Path, place: int, size: int) -> ModelError:
    return ModelError(
        f"the model {path} is cut off or damaged: what its tree places at byte {place} is not "
        f"within its {size} bytes; copy or export it again"
    )
