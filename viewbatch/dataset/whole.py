"""Is an image file whole? Blender says nothing where the disk was full for its end."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import zlib
from pathlib import Path

_TIFF_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)
"""Bytes of a value by the type of its field (TIFF 6.0, section 2)."""


def check_whole(path: Path) -> None:
    """Raise `OSError` where an image that was just written is not there, or not to its end."""
    try:
        data = path.read_bytes()
        if is_whole(data, path.suffix):
            return
    except FileNotFoundError:
        pass
    raise why_not(path)


def why_not(path: Path) -> OSError:
    """Why a file could not be written: what writing more of it says now. It is removed."""
    try:
        # What is there of it keeps its place on a full disk; random bytes cannot be packed.
        with path.open("ab") as file:
            file.write(os.urandom(1 << 20))
    except OSError as error:
        return OSError(error.errno, error.strerror, str(path))
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return OSError(errno.EIO, "it was left incomplete", str(path))


def is_whole(data: bytes, extension: str) -> bool:
    """Whether a file's bytes reach to where its format says that it ends."""
    match extension:
        case ".png":
            return _is_whole_png(data)
        case ".jpg":
            return data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
        case ".webp":
            return data[:4] == b"RIFF" and len(data) >= 8 + int.from_bytes(data[4:8], "little")
        case ".tif":
            return _is_whole_tiff(data)
        case ".tga":
            return _is_whole_tga(data)
        case _:
            # Of EXR Blender itself reports it.
            return bool(data)


def _is_whole_png(data: bytes) -> bool:
    """Every chunk with its checksum, up to the last (PNG, section 5)."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 12 + length
        if zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return False
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place = end
    return False


def _is_whole_tga(data: bytes) -> bool:
    """All rows of an image without compression (TGA 2.0, field 5)."""
    if len(data) < 18:
        return False
    width, height, bits = struct.unpack_from("<HHB", data, 12)
    size: int = 18 + data[0] + width * height * (bits // 8)
    return len(data) >= size


def _is_whole_tiff(data: bytes) -> bool:
    """The directory of the first image, and all that it points to (TIFF 6.0, section 2)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return False
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    try:
        (count,) = struct.unpack_from(f"{order}H", data, directory)
        fields = list(struct.iter_unpack(f"{order}HHII", data[directory + 2 :][: 12 * count]))
        if len(fields) < count:
            return False
        values = {tag: _tiff_values(data, order, *rest) for tag, *rest in fields}
    except struct.error:
        return False
    ends = zip(values.get(273, ()), values.get(279, ()), strict=False)  # of strips
    return 273 in values and all(offset + size <= len(data) for offset, size in ends)


def _tiff_values(data: bytes, order: str, kind: int, count: int, place: int) -> tuple[int, ...]:
    """The values of a field where they are integers; raises `struct.error` beyond the end."""
    size = _TIFF_SIZES[kind] * count if kind < len(_TIFF_SIZES) else 0
    if size > 4 and place + size > len(data):
        raise struct.error
    letter = {3: "H", 4: "I"}.get(kind)
    if letter is None:
        return ()
    if size <= 4:  # the field holds them itself
        return struct.unpack_from(f"{order}{count}{letter}", struct.pack(f"{order}I", place))
    return struct.unpack_from(f"{order}{count}{letter}", data, place)
