"""PNG files of levels: colours, ids, pictures of data.

Inside Blender there is no image library. Blender itself can save neither two-byte grey from
integers nor without its colour management, and compresses on the thread that renders. The
format's framing is a few lines over `zlib`, which lets other threads run.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's colour type by the number of channels (https://www.w3.org/TR/png-3/#6Colour-values)."""

_NONE, _SUB = 0, 1
"""Numbers of filters (https://www.w3.org/TR/png-3/#9Filter-types)."""


def check_levels(levels: npt.NDArray[np.generic]) -> None:
    """Raise `ValueError` for what a PNG file cannot hold."""
    channels = levels.shape[2] if levels.ndim == 3 else 1
    if (
        levels.dtype not in (np.uint8, np.uint16)
        or levels.ndim not in (2, 3)
        or channels not in _COLOR_TYPES
        or 0 in levels.shape
    ):
        raise ValueError(
            "a PNG holds a (height, width) or (height, width, 1 to 4) array of uint8 or uint16, "
            f"not {levels.dtype} of shape {levels.shape}"
        )


def encode_png(levels: npt.NDArray[np.generic], *, effort: int = 6, smooth: bool = False) -> bytes:
    """A PNG file of (H, W) or (H, W, 1 to 4) levels, uint8 or uint16, row 0 on top.

    One channel is grey, two are grey and alpha, three RGB, four RGBA with straight alpha.
    `effort` is zlib's, 0 to 9. Of `smooth` levels every pixel but the first of a row is
    compressed as what it differs by from the one before, which is less in photographs.
    """
    check_levels(levels)
    pixels = levels[..., None] if levels.ndim == 2 else levels
    height, width, channels = pixels.shape
    header = struct.pack(
        ">IIBBBBB", width, height, 8 * pixels.itemsize, _COLOR_TYPES[channels], 0, 0, 0
    )
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = big_endian.reshape(height, -1).view(np.uint8)
    # Every row is preceded by the number of its filter.
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _SUB if smooth else _NONE
    filtered[:, 1:] = rows
    if smooth:
        pixel_bytes = channels * pixels.itemsize
        filtered[:, 1 + pixel_bytes :] -= rows[:, :-pixel_bytes]
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(filtered.data, effort)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
