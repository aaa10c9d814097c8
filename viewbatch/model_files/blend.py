"""Blender's own files: whether one is whole, and which Blender wrote it.

A header, then blocks: each tells its length, and the last one is named ENDB (in Blender's
sources: blenloader_core/BLO_core_bhead.hh and BLO_core_blend_header.hh). All of it may be
compressed by gzip (up to 2.9) or Zstandard.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

from viewbatch.errors import ModelError
from viewbatch.model_files.findings import Findings

_GZIP = b"\x1f\x8b"
_ZSTANDARD = 0xFD2FB528
# Sixteen numbers mark frames that hold none of the data, such as the table to seek by.
_SKIPPED = range(0x184D2A50, 0x184D2A60)

# Pointers of 4 or 8 bytes, v or V for the order of bytes, and the version; from 5.0 the
# size of the header and the version of the format stand before those.
_OLD_HEADER = re.compile(rb"BLENDER([_-])([vV])(\d)(\d\d)")
_NEW_HEADER = re.compile(rb"BLENDER(\d\d)-(\d\d)([vV])(\d\d)(\d\d)")
_NEW_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the first bytes tell."""

    version: tuple[int, int]
    """Of the Blender that wrote the file."""
    big_endian: bool
    size: int
    """In bytes."""
    block: struct.Struct
    """The header of a block: its name and the length of what follows."""


def read(path: Path) -> Findings:
    """Refuse a file that is cut or is not Blender's."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if struct.unpack("<I", start.ljust(4, b"\0"))[0] == _ZSTANDARD:
            _check_frames(path, file)
        elif start.startswith(_GZIP):
            try:
                with gzip.open(file) as unpacked:
                    _check_blocks(path, unpacked)
                    while unpacked.read(1 << 20):
                        pass  # the checksum comes last
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise ModelError(
                    f"the model {path} is damaged: what it holds is compressed, and cannot be "
                    "unpacked whole; copy or save it again"
                ) from error
        else:
            _check_blocks(path, file)
    return Findings()


def header(path: Path) -> Header | None:
    """The header of a file; None where it is compressed by Zstandard, or is no Blender file."""
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start != _GZIP:
            return _header(file)
        with gzip.open(file) as unpacked:
            return _header(unpacked)


def _header(file: BufferedIOBase) -> Header | None:
    start = file.read(17)
    if found := _NEW_HEADER.match(start):
        size, file_format, order, major, minor = found.groups()
        layout, length = "4s12xq8x", int(size)
        known = int(file_format) == _NEW_FORMAT
    elif found := _OLD_HEADER.match(start):
        pointers, order, major, minor = found.groups()
        layout, length = "4si12x" if pointers == b"_" else "4si16x", 12
        known = True
    else:
        return None
    if not known:
        layout = ""
    return Header(
        version=(int(major), int(minor)),
        big_endian=order == b"V",
        size=length,
        block=struct.Struct((">" if order == b"V" else "<") + layout),
    )


def _check_blocks(path: Path, file: BufferedIOBase) -> None:
    found = _header(file)
    if found is None:
        raise ModelError(
            f"the model {path} is no Blender file: one starts with BLENDER and a version, or is "
            "compressed by gzip or Zstandard; check that it was downloaded whole, or name it by "
            "its real kind"
        )
    if not found.block.size:
        return  # of a format that only newer Blenders know
    file.seek(found.size)
    while True:
        start = file.read(found.block.size)
        if start.startswith(b"ENDB"):
            return
        length = -1
        if len(start) == found.block.size:
            _, length = found.block.unpack(start)
        if length < 0:
            raise _cut(path, "the block ENDB")
        file.seek(length, 1)


class _Frame(NamedTuple):
    """The sizes of a Zstandard frame's header (RFC 8878, section 3.1.1.1)."""

    header: int
    checksum: int

    @staticmethod
    def of(descriptor: int) -> _Frame:
        single = bool(descriptor & 0x20)
        content = (int(single), 2, 4, 8)[descriptor >> 6]
        dictionary = (0, 1, 2, 4)[descriptor & 3]
        return _Frame(5 + (not single) + dictionary + content, 4 if descriptor & 4 else 0)


def _check_frames(path: Path, file: BufferedIOBase) -> None:
    """Walk the frames and their blocks, without unpacking them, to the file's very end."""
    size = path.stat().st_size
    at = 0

    def number(length: int) -> int:
        file.seek(at)
        data = file.read(length)
        if len(data) < length:
            raise _cut(path, "its last frame's end")
        return int.from_bytes(data, "little")

    while at < size:
        magic = number(4)
        at += 4
        if magic in _SKIPPED:
            at += 4 + number(4)
            continue
        if magic != _ZSTANDARD:
            raise ModelError(
                f"the model {path} is damaged: what it holds is compressed, and no compressed "
                "frame begins where one must; copy or save it again"
            )
        frame = _Frame.of(number(1))
        at += frame.header - 4
        last = False
        while not last:
            block = number(3)
            last = bool(block & 1)
            # A block of one repeated byte holds that byte alone.
            at += 3 + (1 if (block >> 1) & 3 == 1 else block >> 3)
        at += frame.checksum
    if at > size:
        raise _cut(path, "its last frame's end")


def _cut(path: Path, missing: str) -> ModelError:
    return ModelError(
        f"the model {path} is cut off or damaged: it ends before {missing}, which ends every "
        "whole Blender file; copy or save it again"
    )
