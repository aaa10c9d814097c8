"""The calls to the OpenEXR library; see `exr` for what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenEXR


def write(
    path: str, channels: Mapping[str, npt.NDArray[np.generic]], attributes: Mapping[str, Any]
) -> None:
    """Write one scanline part with ZIP compression."""
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        **attributes,
    }
    with OpenEXR.File(header, dict(channels)) as file:
        file.write(path)


def read(path: str) -> dict[str, npt.NDArray[np.generic]]:
    """The channels of the first part."""
    with OpenEXR.File(path, separate_channels=True) as file:
        if not file.parts:
            # The library raises nothing where the header is good and the pixels are not.
            raise ValueError("its pixels are damaged or cut short")
        return {name: np.array(channel.pixels) for name, channel in file.channels().items()}


def header(path: str) -> tuple[str, npt.NDArray[np.float32]]:
    """`viewbatch/quantity` and the (4, 4) `worldToCamera`; raises KeyError where one is missing."""
    with OpenEXR.File(path, header_only=True) as file:
        found = file.header()
        return str(found["viewbatch/quantity"]), np.array(found["worldToCamera"], np.float32)
