"""OBJ: Blender reads what it can of any text, and leaves out the rest without a word.

What it does was measured (4.2 to 5.0): a coordinate that is no finite 32-bit number
becomes 0, a face that refers to what no earlier line states is left out, and so is one with
fewer than three corners, and any line that it does not know. It ends at a curve that refers
to a point that does not exist.

The file is read in blocks of whole lines with numpy; a block whose lines are not what
almost all files hold is read again line by line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from viewbatch.errors import ModelError
from viewbatch.model_files import damage, mtl, numbers
from viewbatch.model_files.damage import DamageError, Defect
from viewbatch.model_files.findings import Findings

BLOCK = 1 << 22

_Ints = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
_Bytes = npt.NDArray[np.uint8]

_STATEMENTS = frozenset(
    b"vp l p o g s mg usemtl mtllib usemap maplib cstype deg curv curv2 surf parm trim hole scrv "
    b"sp end con bmat step bevel c_interp d_interp lod shadow_obj trace_obj ctech stech call csh "
    b"bsp bzp cdc cdp res".split()
)
_CURVES = frozenset([b"curv", b"surf", b"l"])
_POINTED = {b"curv": (b"v", 2), b"surf": (b"v", 4), b"curv2": (b"vp", 0)}
"""Free forms: what they refer to, and how many numbers stand before the references."""
_BLANKS = bytes.maketrans(bytes(range(1, 32)), b" " * 31)
"""All that Blender takes for white space, which is more than Python does."""
_CORNER = re.compile(rb"([+-]?\d+)(?:/([+-]?\d+)?(?:/([+-]?\d+)?)?)?")
_MOST_DIGITS = 19
"""Of an index: those of 2**63, with a sign."""
_NUL, _NEWLINE, _SPACE, _TAB, _HASH = b"\0\n \t#"


def _dangling() -> Defect:
    what = "with a corner that no line before states"
    return Defect(f"face {what}", f"faces {what}", "which Blender leaves out")


def _unknown() -> Defect:
    what = "that OBJ does not have"
    return Defect(f"line {what}", f"lines {what}", "which Blender leaves out")


@dataclass
class _Scan:
    """What the blocks so far hold; lines are counted from 1."""

    lines: int = 0
    stated: dict[bytes, int] = field(default_factory=lambda: {b"v": 0, b"vt": 0, b"vn": 0})
    faces: int = 0
    has_curves: bool = False
    libraries: list[bytes] = field(default_factory=list)
    materials: dict[bytes, None] = field(default_factory=dict)
    vertices: Defect = field(default_factory=lambda: damage.points("where Blender puts 0"))
    dangling: Defect = field(default_factory=_dangling)
    small: Defect = field(default_factory=damage.small_faces)
    unknown: Defect = field(default_factory=_unknown)
    points: int = 0
    """Lines of `vp`."""
    farthest: dict[bytes, tuple[int, int]] = field(
        default_factory=lambda: dict.fromkeys(_POINTED, (0, 0))
    )
    """The largest reference of a free form of each kind, and its line."""

    def add(self, block: bytes) -> None:
        text = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(text == _NEWLINE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        first, second = text[starts], text[np.minimum(starts + 1, ends)]
        blank = (second == _SPACE) | (second == _TAB)
        of_v = first == ord("v")
        kinds = {
            b"v": of_v & blank,
            b"vt": of_v & (second == ord("t")),
            b"vn": of_v & (second == ord("n")),
        }
        of_f = (first == ord("f")) & blank
        rows = _Rows(text, starts, ends, self.lines)
        self._vertices(rows, kinds[b"v"])
        before = {k: self.stated[k] + np.cumsum(lines) for k, lines in kinds.items()}
        self._faces(rows, of_f, before)
        for k, lines in kinds.items():
            self.stated[k] += int(lines.sum())
        rest = ~(kinds[b"v"] | kinds[b"vt"] | kinds[b"vn"] | of_f)
        self._statements(
            rows, np.flatnonzero(rest & (first != _HASH) & (ends > starts)), before[b"v"]
        )
        self.lines += len(ends)

    def _vertices(self, rows: _Rows, chosen: _Bools) -> None:
        at = np.flatnonzero(chosen)
        if len(at) == 0:
            return
        text, counts = rows.take(at)
        values = numbers.parse(text, np.float64)
        if values is None or len(values) != counts.sum() or counts.min() < 3:
            bad = np.array([not _is_position(line) for line in rows.split(at)])
        else:
            firsts = np.cumsum(counts) - counts
            bad = numbers.unusable(values[firsts[:, None] + np.arange(3)])
        self.vertices.add(rows.numbers(at[bad]))

    def _faces(self, rows: _Rows, chosen: _Bools, before: dict[bytes, _Ints]) -> None:
        at = np.flatnonzero(chosen)
        if len(at) == 0:
            return
        self.faces += len(at)
        text, counts = rows.take(at)
        corners = _corners(text, int(counts.sum()))
        limits = {k: stated[at] for k, stated in before.items()}
        if corners is None:
            dangles = np.array([
                _dangles(line, {k: int(limit[i]) for k, limit in limits.items()})
                for i, line in enumerate(rows.split(at))
            ])  # fmt: skip
        else:
            dangles = np.zeros(len(at), np.bool_)
            for k, index in corners.items():
                dangles |= _out_of_range(index, limits[k], counts, optional=k != b"v")
        self.dangling.add(rows.numbers(at[dangles]))
        self.small.add(rows.numbers(at[(counts < 3) & ~dangles]))

    def _statements(self, rows: _Rows, at: _Ints, vertices: _Ints) -> None:
        """Read other lines; `vertices` were stated before each of the block."""
        unknown = []
        for i, line in zip(at.tolist(), rows.split(at), strict=True):
            word, _, rest = line.translate(_BLANKS).strip().partition(b" ")
            if word == b"usemtl":
                self.materials[rest.strip()] = None
            elif word == b"mtllib":
                self.libraries.append(rest.strip())
            elif word == b"vp":
                self.points += 1
            elif (word or b"g") not in _STATEMENTS:
                unknown.append(i)
            if word in _CURVES:
                self.has_curves = True
            if word in _POINTED:
                self._free_form(word, rest.split(), int(vertices[i]), rows.lines_before + i + 1)
        self.unknown.add(rows.numbers(np.array(unknown, np.int64)))

    def _free_form(self, word: bytes, words: list[bytes], vertices: int, line: int) -> None:
        """Check what stands before it; `farthest` is checked when all is stated."""
        kind, numbers_before = _POINTED[word]
        stated = vertices if kind == b"v" else self.points
        for place, text in enumerate(words):
            if text.startswith(b"#"):
                return
            if place < numbers_before:
                if not _is_number(text):
                    raise _missing_point(word, line)
                continue
            found = _CORNER.fullmatch(text)
            index = int(found[1]) if found and len(found[1]) < _MOST_DIGITS else 0
            if index == 0 or index < -stated:
                raise _missing_point(word, line)
            self.farthest[word] = max(self.farthest[word], (index, line))

    def check_free_forms(self) -> None:
        """Raise an error where one refers to more than the file states."""
        for word, (index, line) in self.farthest.items():
            if index > (self.stated[b"v"] if _POINTED[word][0] == b"v" else self.points):
                raise _missing_point(word, line)


class _Rows:
    """The lines of a block, of which some are asked for."""

    def __init__(self, text: _Bytes, starts: _Ints, ends: _Ints, lines_before: int) -> None:
        self.text, self.starts, self.ends = text, starts, ends
        self.lines_before = lines_before

    def numbers(self, at: _Ints) -> _Ints:
        """Their line numbers."""
        return at + (self.lines_before + 1)

    def split(self, at: _Ints) -> Iterator[bytes]:
        """The lines one by one."""
        for start, end in zip(self.starts[at].tolist(), self.ends[at].tolist(), strict=True):
            yield self.text[start:end].tobytes()

    def take(self, at: _Ints) -> tuple[bytes, _Ints]:
        """The lines' text without its keyword of one letter, and how many words each has."""
        if at[-1] - at[0] + 1 == len(at):  # neighbours, as in almost all files
            text = self.text[self.starts[at[0]] : self.ends[at[-1]] + 1].copy()
        else:
            inside = np.zeros(len(self.text) + 1, np.int8)
            inside[self.starts[at]] = 1
            inside[self.ends[at] + 1] -= 1
            text = self.text[np.cumsum(inside[:-1], dtype=np.int8).view(np.bool_)]
        sizes = self.ends[at] + 1 - self.starts[at]
        ends = np.cumsum(sizes)
        text[ends - sizes] = _SPACE
        full = text > _SPACE
        full[1:] &= text[:-1] <= _SPACE
        words = np.searchsorted(np.flatnonzero(full), ends)
        return text.tobytes(), np.diff(words, prepend=0)


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _missing_point(word: bytes, line: int) -> DamageError:
    kind = "curve" if word.startswith(b"curv") else "surface"
    return DamageError(f"the free-form {kind} in line {line} refers to a missing point")


def _is_position(line: bytes) -> bool:
    words = line.split()[1:4]
    try:
        xyz = np.array([float(word) for word in words])
    except ValueError:
        return False
    return len(words) == 3 and not bool(numbers.unusable(xyz))


def _corners(text: bytes, words: int) -> dict[bytes, _Ints] | None:
    """The indices of all corners, in the order of the text; None where corners are not alike."""
    slashes, doubles = text.count(b"/"), text.count(b"//")
    if slashes == 0:
        kinds = [b"v"]
    elif doubles == 0 and slashes == words:
        kinds = [b"v", b"vt"]
    elif doubles == words and slashes == 2 * words:
        kinds = [b"v", b"vn"]
    elif doubles == 0 and slashes == 2 * words:
        kinds = [b"v", b"vt", b"vn"]
    else:
        return None
    indices = numbers.parse(text.replace(b"/", b" ") if slashes else text, np.int64)
    if indices is None or len(indices) != len(kinds) * words:
        return None
    return {k: indices[i :: len(kinds)] for i, k in enumerate(kinds)}


def _out_of_range(index: _Ints, stated: _Ints, counts: _Ints, *, optional: bool) -> _Bools:
    """Which faces have a corner that refers to nothing; `stated` lines stand before each.

    `optional` ones are not looked at where there is none at all.
    """
    none = np.zeros(len(counts), np.bool_)
    if len(index) == 0 or (index.min() > 0 and index.max() <= stated[0]):
        return none
    limit = np.repeat(stated, counts)
    bad = (index == 0) | (index > limit) | (index < -limit)
    if optional:
        bad &= limit > 0
    none[np.repeat(np.arange(len(counts)), counts)[bad]] = True
    return none


def _dangles(line: bytes, stated: dict[bytes, int]) -> bool:
    """`_out_of_range` of a single line, whatever its form; text counts as out of range."""
    for word in line.split()[1:]:
        corner = _CORNER.match(word)
        if corner is None:
            return True
        for kind, index in zip((b"v", b"vt", b"vn"), corner.groups(), strict=True):
            count = stated[kind]
            if index is None or (kind != b"v" and count == 0):
                continue
            if len(index) > _MOST_DIGITS or not 1 <= abs(int(index)) <= count:
                return True
    return False


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines, each with its newline, freed of comments and continuations."""
    while block := file.read(BLOCK):
        lines = [block, file.readline()]
        while (lines[-1] or block).endswith((b"\\\n", b"\\\r\n")) and (more := file.readline()):
            lines.append(more)
        block = b"".join(lines)
        if not block.endswith(b"\n"):
            block += b"\n"
        if b"\\\n" in block or b"\\\r\n" in block:
            block = re.sub(rb"(?m)^(?:[^\n]*\\\r?\n)+[^\n]*", _joined, block)
        if b"#" in block:
            block = re.sub(rb"(?m)^([ \t]*[vf][^\n#]*)#[^\n]*", rb"\1", block)
        if block[:1] in b" \t" or b"\n " in block or b"\n\t" in block:
            block = re.sub(rb"(?m)^[ \t]+", b"", block)
        yield block.replace(b"\r\n", b"\n") if b"\n\r\n" in block else block


def _joined(lines: re.Match[bytes]) -> bytes:
    """One line of several, with empty ones after it, so that the count of lines stays."""
    parts = re.split(rb"\\\r?\n", lines.group())
    return b" ".join(parts) + b"\n" * (len(parts) - 1)


def read(path: Path) -> Findings:
    """Count what Blender leaves out; refuse what is no OBJ."""
    scan = _Scan()
    with path.open("rb") as file:
        for block in _blocks(file):
            if _NUL in block:
                line = scan.lines + block[: block.index(_NUL)].count(b"\n") + 1
                raise DamageError(f"line {line} holds a zero byte, so it is no text")
            if scan.lines == 0:
                _check_begin(block)
                block = block.removeprefix(codecs.BOM_UTF8)
            scan.add(block)
    if scan.stated[b"v"] == 0:
        raise DamageError("it has no vertex", "name it by its real kind, or export it again")
    if scan.faces == 0 and not scan.has_curves:
        raise ModelError(
            f"the model {path} has {damage.plural(scan.stated[b'v'], 'vertex')} and no face; "
            "name one that has a surface"
        )
    _check_positions(scan)
    scan.check_free_forms()
    if scan.faces and scan.dangling.count + scan.small.count == scan.faces:
        raise DamageError(
            f"none of its {damage.plural(scan.faces, 'face')} has three corners that exist"
        )
    defects = [scan.vertices, scan.dangling, scan.small, scan.unknown]
    defects += mtl.defects(path, scan.libraries, scan.materials)
    return Findings(
        warnings=damage.warnings(path, defects), companions=mtl.files(path, scan.libraries)
    )


def _check_positions(scan: _Scan) -> None:
    stated = scan.stated[b"v"]
    usable = stated - scan.vertices.count
    if usable < min(3, stated):
        raise DamageError(
            f"only {usable} of its {damage.plural(stated, 'vertex')} have three finite coordinates "
            f"(the first without: line {scan.vertices.first})",
            "repair the mesh and export it again",
        )


def _check_begin(block: bytes) -> None:
    if b"\n" not in block[:-1] and b"\r" in block:
        raise DamageError(
            "its lines end with carriage returns alone, which Blender takes for one line",
            "save it with line feeds",
        )
    if re.match(rb"\xef\xbb\xbf[ \t]*[^\s#]", block):
        raise DamageError(
            "it begins with a byte order mark, for which Blender misses its first line",
            "save it as UTF-8 without one",
        )
