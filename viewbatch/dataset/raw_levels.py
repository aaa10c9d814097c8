"""Levels out of an uncompressed Truevision TGA file, the cheapest way to have them of Blender."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

EXTENSION = ".tga"
MOST_PX = 65535
"""Of a side: the header has 16 bits for it."""

_HEADER_BYTES = 18
_KINDS = {2, 3}
"""Colours and grey that are neither compressed nor numbers in a palette."""
_TOP_DOWN = 0x20


def read(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W, 1, 3 or 4) grey, RGB or RGBA with straight alpha, row 0 on top.

    Format: "Truevision TGA File Format Specification, Version 2.0", 1991, pages 6 to 10.
    """
    data = np.fromfile(path, dtype=np.uint8)
    id_bytes, _, kind, *_ = data[:_HEADER_BYTES]
    assert kind in _KINDS, f"{path} holds an image of kind {kind}"
    width, height = (int(n) for n in data[12:16].view("<u2"))
    channels, descriptor = int(data[16]) // 8, data[17]
    begin = _HEADER_BYTES + int(id_bytes)
    rows = data[begin : begin + height * width * channels].reshape(height, width, channels)
    if not descriptor & _TOP_DOWN:
        rows = rows[::-1]
    # Colours stand as blue, green, red.
    return rows[..., [2, 1, 0, 3]] if channels == 4 else rows[..., ::-1]
