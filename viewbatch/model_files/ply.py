"""PLY: Blender aborts at a file that claims more than it can hold, and reads beyond a short one.

What it does was measured (4.2 to 5.0): a vertex that is NaN or infinite is moved to the
origin, and a face that refers to no vertex or has fewer than three corners is left out, but
a strip of triangles that refers to none ends it.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.errors import ModelError
from viewbatch.model_files import damage, numbers
from viewbatch.model_files.damage import COPY_AGAIN, CutShortError, DamageError, Defect
from viewbatch.model_files.findings import Findings

HEADER = 1 << 20

_Ints = npt.NDArray[np.int64]

_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_FORMATS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}
_SURFACES = {"face", "tristrips"}
_AXES = ("x", "y", "z")
_RESTART = -1
"""In place of a corner: a new strip begins."""
_INTEGER = re.compile(rb"[+-]?[0-9]+")


@dataclass(frozen=True)
class _Property:
    """A number of each row of an element, or a list of them with a count of type `counted`."""

    name: str
    type: str
    counted: str = ""


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: list[_Property]

    @property
    def ends_early(self) -> DamageError:
        return CutShortError(f"it ends before the last of its {self.count} rows of {self.name}")


@dataclass(frozen=True)
class _Header:
    order: str
    """The byte order of a binary body; "" for a text."""
    elements: Sequence[_Element]
    size: int
    lines: int

    @property
    def has_texture_coordinates(self) -> bool:
        """Whether Blender makes a UV map, by the names that it looks for."""
        named = {p.name for e in self.elements if e.name == "vertex" for p in e.properties}
        return named >= {"s", "t"}


def read(path: Path) -> Findings:
    """Check that a file holds what its header promises, and that its faces have vertices."""
    size = path.stat().st_size
    header = _header(path)
    claimed = sum(element.count for element in header.elements)
    if claimed > size:
        raise DamageError(
            f"its header claims {claimed} elements, and the file has {size} bytes",
            COPY_AGAIN,
        )
    vertices = next((e.count for e in header.elements if e.name == "vertex"), 0)
    if not any(e.count for e in header.elements if e.name in _SURFACES):
        raise ModelError(
            f"the model {path} has {damage.plural(vertices, 'vertex')} and no face; name one "
            "that has a surface"
        )
    body = np.memmap(path, np.uint8, "r", header.size) if size > header.size else np.empty(0, "u1")
    unplaced = damage.points("which Blender moves to the origin", "number")
    what = "that refers to a missing vertex", "that refer to missing vertices"
    dangling = Defect(f"face {what[0]}", f"faces {what[1]}", "which Blender leaves out", "number")
    small = damage.small_faces("number")
    for element, columns in (_text if header.order == "" else _binary)(header, body):
        if element.name == "vertex":
            xyz = np.stack([columns.axes[axis] for axis in _AXES], axis=-1)
            unplaced.add(np.flatnonzero(numbers.unusable(xyz)) + 1)
            usable = element.count - unplaced.count
            if usable < min(3, element.count):
                raise DamageError(
                    f"only {usable} of its {damage.plural(element.count, 'vertex')} have three "
                    "finite coordinates",
                    "repair the mesh and export it again",
                )
        elif element.name == "face":
            corners, counts = columns.corners, columns.counts
            if counts.min(initial=1) < 1:
                raise DamageError(f"its face number {counts.argmin() + 1} has no corner")
            bad = _is_missing(corners, vertices)
            dangles = np.zeros(element.count, np.bool_)
            if bad.any():
                dangles[np.repeat(np.arange(element.count), counts)[bad]] = True
            dangling.add(np.flatnonzero(dangles) + 1)
            if dangling.count and header.has_texture_coordinates:
                raise DamageError(
                    f"its face number {dangles.argmax() + 1} refers to a missing vertex, of which "
                    "Blender dies where vertices have texture coordinates"
                )
            small.add(np.flatnonzero((counts < 3) & ~dangles) + 1)
            if dangling.count + small.count == element.count:
                raise DamageError("none of its faces has three corners that exist")
        elif element.name == "tristrips":
            bad = _is_missing(columns.corners, vertices) & (columns.corners != _RESTART)
            if bad.any():
                raise DamageError("its strips of triangles refer to missing vertices")
    return Findings(warnings=damage.warnings(path, [unplaced, dangling, small]))


def _is_missing(corners: npt.NDArray[Any], vertices: int) -> npt.NDArray[np.bool_]:
    missing: npt.NDArray[np.bool_] = ~((corners >= 0) & (corners < vertices))  # NaN too
    return missing


def _role(element: _Element, p: _Property) -> str:
    """What a property is here: an axis of vertices, the corners of faces, or nothing."""
    if not p.counted:
        return p.name if element.name == "vertex" and p.name in _AXES else ""
    is_corners = element.name == "face" and p.name in {"vertex_index", "vertex_indices"}
    return "corners" if is_corners or element.name == "tristrips" else ""


def _header(path: Path) -> _Header:
    with path.open("rb") as file:
        head = file.read(HEADER)
    end = re.search(rb"(?m)^end_header[ \t]*\r?\n?", head)
    if not head.startswith(b"ply"):
        raise ModelError(
            f"the model {path} is no PLY file; check that it was downloaded whole, or name it by "
            "its real kind"
        )
    if end is None:
        raise CutShortError("its header has no end_header")
    order: str | None = None
    elements: list[_Element] = []
    for line in head[: end.start()].decode("latin-1").splitlines()[1:]:
        match line.split():
            case ["format", name, *_] if name in _FORMATS:
                order = _FORMATS[name]
            case ["element", name, count] if re.fullmatch(r"\d{1,30}", count):
                elements.append(_Element(name, int(count), []))
            case ["property", "list", counted, kind, name] if (
                elements and kind in _TYPES and _TYPES.get(counted, "f")[0] != "f"
            ):
                elements[-1].properties.append(_Property(name, _TYPES[kind], _TYPES[counted]))
            case ["property", kind, name] if elements and kind in _TYPES:
                elements[-1].properties.append(_Property(name, _TYPES[kind]))
            case ["comment" | "obj_info", *_] | []:
                pass
            case _:
                raise DamageError(
                    f"its header has a line that PLY does not: {damage.shown(line.encode())}"
                )
    if order is None:
        raise DamageError("its header states no format")
    for element in elements:
        roles = Counter(filter(None, (_role(element, p) for p in element.properties)))
        if element.name == "vertex" and not roles.keys() >= set(_AXES):
            raise DamageError("its vertices have no x, y and z")
        if element.name in _SURFACES and not roles:
            raise DamageError("its faces have no list of vertices")
        for role, times in roles.items():
            if times > 1:
                raise DamageError(f"its {element.name} has more than one property for its {role}")
    return _Header(order, elements, end.end(), head[: end.end()].count(b"\n"))


@dataclass
class _Columns:
    """What is looked at of an element's rows, one after the other."""

    axes: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    """Of vertices, the coordinates by their axis."""
    corners: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0, np.int64))
    """Of all faces together; `counts` tells how many each has."""
    counts: _Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, role: str, values: npt.NDArray[Any]) -> None:
        """Take the values (N,) of an axis, or the corners (N, M) of faces that are alike."""
        if role == "corners":
            self.corners = values.reshape(-1)
            self.counts = np.full(values.shape[0], values.shape[1])
        elif role:
            self.axes[role] = values


def _binary(header: _Header, body: npt.NDArray[np.uint8]) -> Iterator[tuple[_Element, _Columns]]:
    """The numbers of every element."""
    at = 0
    for element in header.elements:
        columns, at = _alike(element, header.order, body, at) or _ragged(
            element, header.order, body, at
        )
        yield element, columns


def _alike(
    element: _Element, order: str, body: npt.NDArray[np.uint8], at: int
) -> tuple[_Columns, int] | None:
    """Rows whose lists are as long as those of the first, and where they end; else None."""
    if not element.properties:
        return _Columns(), at
    fields: list[Any] = []
    lengths: dict[str, int] = {}
    begin = at
    for i, p in enumerate(element.properties):
        length = 1
        if p.counted and element.count:
            counted = np.dtype(order + p.counted)
            if begin + counted.itemsize > len(body):
                raise element.ends_early
            length = lengths[f"n{i}"] = int(body[begin : begin + counted.itemsize].view(counted)[0])
            fields.append((f"n{i}", counted))
            begin += counted.itemsize
        begin += length * np.dtype(p.type).itemsize
        if length < 0 or begin > len(body):
            return None
        fields.append((str(i), order + p.type, (length,)))
    row = np.dtype(fields)
    end = at + row.itemsize * element.count
    if end > len(body):
        return None
    rows = body[at:end].view(row)
    if any((rows[n] != length).any() for n, length in lengths.items()):
        return None
    columns = _Columns()
    for i, p in enumerate(element.properties):
        values = rows[str(i)]
        columns.add(_role(element, p), values if p.counted else values[:, 0])
    return columns, end


def _ragged(
    element: _Element, order: str, body: npt.NDArray[np.uint8], at: int
) -> tuple[_Columns, int]:
    """Rows whose lists differ in length, one after the other."""
    data = memoryview(body)  # type: ignore[arg-type]
    layout = [
        (struct.Struct(order + _CODES[p.counted]) if p.counted else None, np.dtype(p.type).itemsize)
        for p in element.properties
    ]
    places: list[list[int]] = [[] for _ in layout]
    counts: list[list[int]] = [[] for _ in layout]
    columns = list(zip(layout, places, counts, strict=True))
    try:
        for row in range(element.count):
            for (counted, size), begins, lengths in columns:
                length = 1
                if counted:
                    (length,) = counted.unpack_from(data, at)
                    at += counted.size
                    lengths.append(length)
                    if length < 0:
                        raise DamageError(
                            f"its {element.name} number {row + 1} has a negative count"
                        )
                begins.append(at)
                at += size * length
    except struct.error:
        raise element.ends_early from None
    if at > len(body):
        raise element.ends_early
    found = _Columns()
    for p, begins, lengths in zip(element.properties, places, counts, strict=True):
        starts, per_row = np.array(begins, np.int64), np.array(lengths, np.int64)
        kind = np.dtype(order + p.type)
        role = _role(element, p)
        if not role:
            continue
        if role == "corners":
            before = np.cumsum(per_row) - per_row
            starts = np.repeat(starts - before * kind.itemsize, per_row)
            starts += np.arange(len(starts)) * kind.itemsize
        values = body[starts[:, None] + np.arange(kind.itemsize)].view(kind)[:, 0]
        if role == "corners":
            found.corners, found.counts = values, per_row
        else:
            found.add(role, values)
    return found, at


def _text(header: _Header, body: npt.NDArray[np.uint8]) -> Iterator[tuple[_Element, _Columns]]:
    """As `_binary`, of a text with one row in each line."""
    ends = np.flatnonzero(body == ord("\n"))
    if len(body) and body[-1] != ord("\n"):
        ends = np.append(ends, len(body))
    line = 0
    for element in header.elements:
        if element.count == 0:
            continue
        if line + element.count > len(ends):
            raise element.ends_early
        begin = ends[line - 1] + 1 if line else 0
        rows = body[begin : ends[line + element.count - 1]].tobytes()
        values = numbers.parse(rows, np.float64 if _has_fractions(element) else np.int64)
        columns = None if values is None else _table(element, values)
        if columns is None:
            columns = _lines(element, rows, header.lines + line)
        yield element, columns
        line += element.count


def _has_fractions(element: _Element) -> bool:
    return any(p.type[0] == "f" for p in element.properties)


def _table(element: _Element, values: npt.NDArray[Any]) -> _Columns | None:
    """The columns of rows that are all alike; None where they are not."""
    at = 0
    lengths: list[tuple[int, int]] = []
    begins: list[int] = []
    for p in element.properties:
        if at >= len(values):
            return None
        length = 1
        if p.counted:
            length = int(values[at])
            lengths.append((at, length))
            at += 1
        begins.append(at)
        at += length
    if at * element.count != len(values) or any(length < 0 for _, length in lengths):
        return None
    rows = values.reshape(element.count, at)
    if any((rows[:, i] != length).any() for i, length in lengths):
        return None
    columns = _Columns()
    for p, begin in zip(element.properties, begins, strict=True):
        length = int(rows[0, begin - 1]) if p.counted else 1
        values = rows[:, begin : begin + length]
        columns.add(_role(element, p), values if p.counted else values[:, 0])
    return columns


def _listed(word: bytes, kind: str) -> float:
    """A number of a list; NaN for a fraction where an integer is due, which Blender reads not."""
    number = float(word)
    return number if kind[0] == "f" or _INTEGER.fullmatch(word) else math.nan


def _lines(element: _Element, rows: bytes, lines_before: int) -> _Columns:
    """The columns of rows that are not alike, line by line."""
    found: dict[str, list[float]] = {role: [] for role in (*_AXES, "corners", "")}
    counts: list[int] = []
    roles = [(p, _role(element, p)) for p in element.properties]
    for number, line in enumerate(rows.split(b"\n"), lines_before + 1):
        words = line.split()
        at = 0
        try:
            for p, role in roles:
                if not p.counted:
                    found[role].append(float(words[at]))
                    at += 1
                    continue
                length = int(words[at])
                listed = [_listed(words[at + 1 + i], p.type) for i in range(length)]
                at += 1 + length
                if role:
                    found[role].extend(listed)
                    counts.append(length)
        except (ValueError, IndexError):  # no number, or too few
            raise DamageError(
                f"its line {number} is not the row of {element.name} that its header describes"
            ) from None
    return _Columns(
        {axis: np.array(found[axis], np.float64) for axis in _AXES},
        np.array(found["corners"], np.float64),
        np.array(counts, np.int64),
    )
