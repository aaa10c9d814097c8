"""OpenEXR files of ground truth, through the format's own library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenEXR

from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

DTYPES = (np.float16, np.float32, np.uint32)


def write_exr(
    path: Path,
    channels: Mapping[str, npt.NDArray[np.generic]],
    *,
    cam_from_world: Array,
    attributes: Mapping[str, str],
) -> None:
    """Write (H, W) arrays of float16, float32 or uint32 as one scanline EXR with ZIP.

    The header has the standard attribute `worldToCamera`; OpenEXR's matrices act on
    row vectors, so it holds the transpose, and only float32 becomes an M44f.
    """
    for name, values in channels.items():
        if values.ndim != 2 or values.dtype not in DTYPES:
            raise ValueError(
                f"an EXR channel is a (height, width) array of float16, float32 or uint32; "
                f"{name} is {values.dtype} of shape {values.shape}"
            )
    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "worldToCamera": np.ascontiguousarray(cam_from_world.T, dtype=np.float32),
        **attributes,
    }
    data = {name: np.ascontiguousarray(values) for name, values in channels.items()}
    with OpenEXR.File(header, data) as file:
        file.write(str(path))


def read_exr(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """The channels of a single-part EXR as (H, W) arrays of their own type."""
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            return {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    except (RuntimeError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as OpenEXR: {error}") from error
