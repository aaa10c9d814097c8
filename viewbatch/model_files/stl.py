"""STL: Blender takes a binary file of another size than its header states for text.

What it does was measured (4.2 to 5.0): such a file, and text without line breaks or in
capital letters, becomes a mesh without faces; a triangle cut off in a text is left out; a
corner that is NaN or infinite is moved to the origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from viewbatch.errors import ModelError
from viewbatch.model_files import damage, numbers
from viewbatch.model_files.damage import CutShortError, DamageError, Defect
from viewbatch.model_files.findings import Findings

HEADER, TRIANGLE = 84, 50
BLOCK = 1 << 22

_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
# What is left of a text's lines without digits, signs and white space, "e" being a digit.
_DIGITS = b"0123456789+-.eE \t\r"
_SKELETON = b"factnormal\noutrloop\nvrtx\nvrtx\nvrtx\nndloop\nndfact\n"
_TRIANGLE = re.compile(
    rb"(?m)^[ \t]*facet[ \t]+normal\b[^\n]*\n[ \t]*outer[ \t]+loop[ \t\r]*\n"
    rb"((?:[ \t]*vertex[ \t][^\n]*\n){3})"
    rb"[ \t]*endloop[ \t\r]*\n[ \t]*endfacet[ \t\r]*$"
)
_LINES = 64
_TEXT = re.compile(rb"[\t-\r\x20-\x7e]*")


def read(path: Path) -> Findings:
    """Check the size of a binary file, or the lines of a text, and all coordinates."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEADER)
        count = int.from_bytes(head[80:], "little")
        if len(head) == HEADER and size == HEADER + TRIANGLE * count:
            return _read_binary(path, file, count)
        if re.match(rb"\s*solid\b", head):
            file.seek(0)
            return _read_text(path, file, whole=size <= BLOCK)
    if len(head) < HEADER or _TEXT.fullmatch(head):
        raise DamageError("it is neither binary STL nor a text that begins with solid")
    expected = HEADER + TRIANGLE * count
    wanted = (
        f"its header states {damage.plural(count, 'triangle')}, which take {expected} bytes, and "
        f"it has {size}"
    )
    raise (CutShortError if size < expected else DamageError)(wanted)


def _read_binary(path: Path, file: BinaryIO, count: int) -> Findings:
    if count == 0:
        raise ModelError(f"the model {path} has no triangle; name one that has a surface")
    bad, done = _unplaced("triangle"), 0
    while block := file.read(TRIANGLE << 16):
        corners = np.frombuffer(block, _RECORD)["corners"]
        bad.add(np.flatnonzero(numbers.unusable(corners).any(axis=-1)) + done + 1)
        done += len(corners)
    return Findings(warnings=damage.warnings(path, [bad]))


def _unplaced(place: str) -> Defect:
    what = "without finite coordinates"
    return Defect(f"triangle {what}", f"triangles {what}", "whose corners Blender moves", place)


def _is_triangle(corners: bytes) -> bool:
    xyz = [line.split()[1:4] for line in corners.split(b"\n") if line.strip()]
    try:
        return not numbers.unusable(np.array([[float(x) for x in p] for p in xyz])).any()
    except ValueError:  # a word, or too few of them
        return False


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Blocks that begin and end between triangles, where triangles have lines of their own.

    The first line and what follows the last triangle are blocks of their own, so that the
    others are all alike.
    """
    yield file.readline()
    while block := file.read(BLOCK):
        # A triangle has no more lines than these, and text without triangles no end of them.
        lines = [block, file.readline()]
        while b"endfacet" not in lines[-1] and len(lines) <= _LINES and (line := file.readline()):
            lines.append(line)
        block = b"".join(lines)
        triangles, last, end = block.rpartition(b"endfacet")
        if not last:
            yield block
            continue
        line, newline, end = end.partition(b"\n")
        yield triangles + last + line + newline
        if end:
            yield end


def _read_text(path: Path, file: BinaryIO, *, whole: bool) -> Findings:
    """Read `whole` texts number by number, and of long ones what has no regular form.

    Numbers that are too large or too few in a line are so missed in long texts; words such
    as NaN are not.
    """
    lines = triangles = 0
    ended = False
    broken = _unplaced("line")
    loose = Defect(
        "line that belongs to no triangle",
        "lines that belong to no triangle",
        "of which Blender makes what it can",
    )
    for block in _blocks(file):
        rest = block.translate(None, _DIGITS)
        if not whole and rest.replace(_SKELETON, b"") == b"":
            triangles += len(rest) // len(_SKELETON)
            ended = False
        else:
            place, counted = lines + 1, 0
            for facet in _TRIANGLE.finditer(block):
                triangles += 1
                place += block.count(b"\n", counted, facet.start())
                counted = facet.start()
                if not _is_triangle(facet[1]):
                    broken.add([place])
            outside = _TRIANGLE.sub(lambda facet: b"\n" * facet[0].count(b"\n"), block)
            for number, line in enumerate(outside.split(b"\n"), lines + 1):
                ended = line.split()[:1] == [b"endsolid"] if line.strip() else ended
                if not re.match(rb"\s*(solid\b|endsolid\b|$)", line):
                    loose.add([number])
        lines += block.count(b"\n")
    if not ended:
        raise CutShortError("its text does not end with endsolid")
    if triangles == 0:
        raise ModelError(f"the model {path} has no triangle; name one that has a surface")
    return Findings(warnings=damage.warnings(path, [broken, loose]))
