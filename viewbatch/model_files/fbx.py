"""FBX: a tree of nodes in binary, or the same tree as text.

What Blender does was measured (4.2 to 5.0): a vertex that is NaN or infinite is moved to the
origin, a face with fewer than three corners is left out, an array may claim any size and
takes that much memory, and a mesh whose faces have no end becomes one without faces.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.errors import ModelError
from viewbatch.model_files import damage, numbers
from viewbatch.model_files.damage import CutShortError, DamageError, Defect
from viewbatch.model_files.findings import Findings

MAGIC = b"Kaydara FBX Binary  \0"
START = 27
"""Where the first node stands: after the magic, two bytes, and the version."""
HEAD = 4096
VERSIONS = range(5000, 8000)
WIDE = 7500
"""From this version on, offsets have 64 bits."""
DEEPEST = 256
LARGEST_RATIO = 1032
"""Deflate cannot pack tighter than this."""
UNPACKED = 1 << 28, 100
"""Arrays may unpack to so many bytes, or to so many times the file's size."""

_SCALARS = {ord(c): size for c, size in zip("YCBIFDL", (2, 1, 1, 4, 4, 8, 8), strict=True)}
_ARRAYS = {
    ord(code): np.dtype(kind)
    for code, kind in {
        "f": "<f4", "d": "<f8", "l": "<i8", "i": "<i4", "b": "i1", "c": "i1"
    }.items()
}  # fmt: skip
_BYTES = b"SR"
_VERTICES, _CORNERS = b"Vertices", b"PolygonVertexIndex"

_Array = npt.NDArray[Any]


@dataclass
class _Meshes:
    """What the meshes of a file have wrong, all together."""

    unplaced: Defect = field(
        default_factory=lambda: damage.points("which Blender moves to the origin", "number")
    )
    small: Defect = field(default_factory=lambda: damage.small_faces("number"))

    def add(self, vertices: _Array, corners: _Array) -> None:
        """Check one mesh; the last corner of a face is stored as its complement."""
        if len(vertices) % 3:
            raise DamageError("a mesh has a vertex without three coordinates")
        count = len(vertices) // 3
        self.unplaced.add(np.flatnonzero(numbers.unusable(vertices.reshape(-1, 3))) + 1)
        if len(corners) == 0:
            return
        ends = np.flatnonzero(corners < 0)
        if len(ends) == 0 or ends[-1] != len(corners) - 1:
            raise DamageError("the last face of a mesh has no end")
        if (np.where(corners < 0, ~corners, corners) >= count).any():
            raise DamageError("a face refers to a vertex that its mesh does not have")
        self.small.add(np.flatnonzero(np.diff(ends, prepend=-1) < 3) + 1)


def read(path: Path) -> Findings:
    """Walk all nodes, unpack all arrays, and check what meshes refer to."""
    with path.open("rb") as file:  # a file of any size that is none is not read whole
        start = file.read(HEAD)
    is_binary = start.startswith(MAGIC[:8])
    if is_binary:
        _check_version(start)
    elif not re.match(rb"(\xef\xbb\xbf)?\s*(;|FBXHeaderExtension\s*:)", start):
        raise ModelError(
            f"the model {path} is no FBX file; check that it was downloaded whole, or name it by "
            "its real kind"
        )
    meshes = _Meshes()
    (_read_binary if is_binary else _read_text)(path.read_bytes(), meshes)
    return Findings(warnings=damage.warnings(path, [meshes.unplaced, meshes.small]))


def _check_version(start: bytes) -> int:
    if len(start) < START:
        raise CutShortError(f"it has {damage.plural(len(start), 'byte')}")
    version = int.from_bytes(start[START - 4 : START], "little")
    if version not in VERSIONS:
        raise DamageError(f"it states version {version}, which FBX does not have")
    return version


def _read_binary(data: bytes, meshes: _Meshes) -> None:
    reader = _Reader(data, wide=_check_version(data) >= WIDE)
    mesh: dict[bytes, _Array] = {}
    for name, array in reader.arrays():
        if name in mesh:  # of the mesh before, which had no faces
            mesh.clear()
        mesh[name] = array
        if mesh.keys() == {_VERTICES, _CORNERS}:
            meshes.add(mesh[_VERTICES], mesh[_CORNERS])
            mesh.clear()


class _Reader:
    """The nodes of a binary file, each checked to lie within its parent."""

    def __init__(self, data: bytes, *, wide: bool) -> None:
        self.data = data
        self.header = struct.Struct("<QQQB" if wide else "<IIIB")
        self.unpacked = 0

    def arrays(self) -> Iterator[tuple[bytes, _Array]]:
        """The arrays of meshes by name, in the order of the file."""
        at, parents = START, [len(self.data)]
        while True:
            if at == parents[-1] and len(parents) > 1:
                parents.pop()
                continue
            if at + self.header.size > parents[-1]:
                raise DamageError(f"it ends, or a node does, within the node at byte {at}")
            end, count, size, letters = self.header.unpack_from(self.data, at)
            begin = at + self.header.size + letters
            if end == 0:  # closes a list of nodes
                at += self.header.size
                if len(parents) == 1:
                    return
                if at != parents.pop():
                    raise DamageError(f"the list of nodes that ends at byte {at} is not all there")
                continue
            if not begin + size <= end <= parents[-1] or count > size:
                raise DamageError(f"the node at byte {at} leaves the file or its parent")
            name = self.data[begin - letters : begin]
            yield from ((name, a) for a in self._properties(name, begin, count, begin + size))
            at = begin + size
            if at < end:
                parents.append(end)
                if len(parents) > DEEPEST:
                    raise DamageError(f"its nodes are nested more than {DEEPEST} deep")

    def _properties(self, name: bytes, at: int, count: int, end: int) -> Iterator[_Array]:
        for _ in range(count):
            code = self.data[at] if at < end else 0
            at += 1
            if code in _SCALARS:
                at += _SCALARS[code]
            elif code in _BYTES and at + 4 <= end:
                at += 4 + int.from_bytes(self.data[at : at + 4], "little")
            elif code in _ARRAYS and at + 12 <= end:
                length, packed, size = struct.unpack_from("<III", self.data, at)
                at += 12 + size
                if at <= end:
                    array = self._array(name, _ARRAYS[code], length, packed, at - size, at)
                    if name in {_VERTICES, _CORNERS}:
                        yield array
            else:
                raise DamageError(f"the node {damage.shown(name)} has a property of no known type")
        if at != end:
            raise DamageError(f"the properties of the node {damage.shown(name)} do not fill it")

    def _array(
        self, name: bytes, kind: np.dtype[Any], length: int, packed: int, begin: int, end: int
    ) -> _Array:
        size = length * kind.itemsize
        wrong = DamageError(f"the array of the node {damage.shown(name)} is damaged")
        if packed not in (0, 1) or size > (end - begin) * (LARGEST_RATIO if packed else 1):
            raise wrong
        if not packed:
            return np.frombuffer(self.data, kind, length, begin)
        self.unpacked += size
        if self.unpacked > max(UNPACKED[0], UNPACKED[1] * len(self.data)):
            raise DamageError(
                f"its arrays unpack to more than {UNPACKED[1]} times its size, which no model needs"
            )
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(memoryview(self.data)[begin:end], size + 1)
        except zlib.error:
            raise wrong from None
        if len(unpacked) != size or not unpacker.eof:
            raise wrong
        return np.frombuffer(unpacked, kind)


_TEXT_ARRAY = re.compile(rb"\b(\w+)[ \t]*:[ \t]*\*(\d+)[ \t]*\{\s*a:([^{}]*)\}")
_QUOTED = re.compile(rb'"[^"]*"|;[^\n]*')


def _read_text(data: bytes, meshes: _Meshes) -> None:
    text = _QUOTED.sub(b"", data)
    if text.count(b"{") != text.count(b"}") or b'"' in text:
        raise CutShortError("not all of its braces and quotes are closed")
    if not re.search(rb"\bObjects[ \t]*:", text):
        raise DamageError("it has no node Objects")
    mesh: dict[bytes, _Array] = {}
    for name, length, values in _TEXT_ARRAY.findall(text):
        kind = np.int64 if name == _CORNERS else np.float64
        array = numbers.parse(values.replace(b",", b" "), kind)
        stated = length.lstrip(b"0") or b"0"
        if array is None or str(len(array)).encode() != stated:
            raise DamageError(
                f"the array of the node {damage.shown(name)} is not {damage.shown(stated)} numbers"
            )
        if name == _VERTICES:
            mesh = {name: array}
        elif name == _CORNERS and _VERTICES in mesh:
            meshes.add(mesh.pop(_VERTICES), array)
