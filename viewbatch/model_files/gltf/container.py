"""The JSON of a glTF file and the binary chunk of a GLB, as Blender's importer takes them apart.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, section 4 (GLB).
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from viewbatch.model_files.damage import COPY_AGAIN, DamageError
from viewbatch.model_files.gltf.values import shown

Tree = dict[str, Any]

_MAGIC = b"glTF"
_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")

_DEEPEST = 100
"""Levels of JSON in JSON: a real file has about ten, and readers recurse."""
_MOST_DIGITS = 19
"""Of an integer: those of 2**63."""


START = 64
"""Bytes that tell which container a file is, and whether it can be whole."""


def check_start(start: bytes, size: int) -> None:
    """Raise `DamageError` where the first bytes of a file of `size` bytes are not those of one."""
    if start.startswith(_MAGIC):
        _check_header(start, size)
    elif start.startswith(b"\xef\xbb\xbf"):
        raise DamageError(
            "it starts with a byte order mark, which glTF forbids and Blender refuses",
            "save it as UTF-8 without one",
        )
    elif start.lstrip()[:1] != b"{":
        raise DamageError("it starts neither as GLB nor as JSON", "name a glTF file")


def take_apart(content: memoryview) -> tuple[Tree, memoryview | None]:
    """The JSON and the binary chunk, if there is one, of a file whose start is checked.

    Which of both containers it is, the first bytes say and not the file's name.
    """
    if content[:4] == _MAGIC:
        text, binary = _chunks(content)
        return _read_json(text), binary
    return _read_json(content), None


def _check_header(start: bytes, size: int) -> None:
    if size < _HEADER.size + _CHUNK.size:
        raise DamageError(f"it ends after {size} bytes, within its header", COPY_AGAIN)
    _, version, length = _HEADER.unpack_from(start)
    if version != 2:
        raise DamageError(f"it is GLB of version {version}, and Blender reads version 2")
    if length > size:
        raise DamageError(
            f"its header says {length} bytes, and the file ends after {size}", COPY_AGAIN
        )
    if length < size:
        raise DamageError(f"its header says {length} bytes, and the file has {size}", COPY_AGAIN)


def _chunks(content: memoryview) -> tuple[memoryview, memoryview | None]:
    kind, text, rest = _chunk(content[_HEADER.size :])
    if kind != b"JSON":
        raise DamageError(f"its first chunk is {kind.decode('latin-1')!a}, and must be 'JSON'")
    if not rest:
        return text, None
    kind, binary, _ = _chunk(rest)
    return text, binary if kind == b"BIN\0" else None


def _chunk(content: memoryview) -> tuple[bytes, memoryview, memoryview]:
    """Kind and data of the first chunk, and what follows it."""
    if len(content) < _CHUNK.size:
        raise DamageError(f"a chunk's header of {_CHUNK.size} bytes has {len(content)}")
    length, kind = _CHUNK.unpack_from(content)
    content = content[_CHUNK.size :]
    if length > len(content):
        raise DamageError(f"a chunk of {length} bytes has {len(content)} left in the file")
    return kind, content[:length], content[length:]


def _read_json(content: memoryview) -> Tree:
    try:
        tree = json.loads(
            str(content, "utf-8"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise DamageError(f"its JSON is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise DamageError(
            f"its JSON breaks off at line {error.lineno}, column {error.colno} ({error.msg})"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    if not isinstance(tree, dict):
        raise DamageError(f"its JSON is {shown(tree)}, and must be an object")
    _check_depth(tree)
    return tree


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise DamageError(f"its JSON has an integer of {len(text.lstrip('-'))} digits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise DamageError(f"its JSON has the number {shown(text)[1:-1]}, which is too large")
    return value


def _constant(text: str) -> float:
    raise DamageError(f"its JSON has {text}, which is no number of JSON")


def _check_depth(tree: Tree) -> None:
    level: list[Any] = [tree]
    for _ in range(_DEEPEST):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> DamageError:
    return DamageError(f"its JSON is nested more than {_DEEPEST} levels deep")
