"""OpenEXR files of ground truth, through the format's own library.

The library's Python package cannot be loaded into a Blender program: Blender's own
OpenEXR, of another version, takes the calls between the package's parts, and the process
crashes. There a helper process reads and writes (`isolate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset.exr_process import ExrProcess
from viewbatch.dataset.whole import why_not
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

DTYPES = (np.float16, np.float32, np.uint32)

_process: ExrProcess | None = None


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands in the header of every EXR of a dataset."""

    quantity: str
    """What the file holds, such as "surface normal in cam"."""
    cam_from_world: Array
    """(4, 4), as exact as float32."""


def isolate() -> None:
    """Read and write in a helper process from now on; for a Blender program."""
    global _process
    if _process is None:
        _process = ExrProcess()


def check_channels(channels: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Raise `ValueError` for what an EXR file cannot hold."""
    for name, values in channels.items():
        if values.ndim != 2 or values.dtype not in DTYPES:
            raise ValueError(
                f"an EXR channel is a (height, width) array of float16, float32 or uint32; "
                f"{name} is {values.dtype} of shape {values.shape}"
            )
    shapes = {values.shape for values in channels.values()}
    if len(shapes) != 1 or 0 in next(iter(shapes)):
        raise ValueError(f"the channels of an EXR have one shape with pixels, not {sorted(shapes)}")


def to_half(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float16]:
    """The same values as float16, with those beyond its range (65504) at its ends."""
    limit = float(np.finfo(np.float16).max)
    half: npt.NDArray[np.float16] = np.clip(values, -limit, limit).astype(np.float16)
    return half


def write_exr(
    path: Path,
    channels: Mapping[str, npt.NDArray[np.generic]],
    *,
    cam_from_world: Array,
    attributes: Mapping[str, str],
) -> None:
    """Write (H, W) arrays of float16, float32 or uint32 as one scanline EXR with ZIP.

    The header has the standard attribute `worldToCamera`; OpenEXR's matrices act on
    row vectors, so it holds the transpose, and only float32 becomes an M44f. Raises
    `OSError` where the file cannot be written whole.
    """
    check_channels(channels)
    header = {
        **attributes,
        "worldToCamera": np.ascontiguousarray(cam_from_world.T, dtype=np.float32),
    }
    data = {name: np.ascontiguousarray(values) for name, values in channels.items()}
    try:
        if _process is not None:
            _process.write(str(path), data, header)
        else:
            from viewbatch.dataset import exr_codec

            exr_codec.write(str(path), data, header)
        # The library is silent where the end of a small file finds no room on the disk.
        read_exr(path)
    except (RuntimeError, DatasetError) as error:
        raise why_not(path) from error


def read_exr(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """The channels of a single-part EXR as (H, W) arrays of their own type."""
    try:
        if _process is not None:
            return _process.read(str(path))
        from viewbatch.dataset import exr_codec

        return exr_codec.read(str(path))
    except (RuntimeError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as OpenEXR: {error}") from error


def channel_order(names: Iterable[str]) -> list[str]:
    """Names of channels as arrays have them: R G B A, X Y Z, others by name."""
    given = set(names)
    known = [name for name in "RGBAXYZ" if name in given]
    return [*known, *sorted(given - set(known))]


def read_header(path: Path) -> Header:
    """What an EXR of ours says of itself; raises `DatasetError` for another file."""
    try:
        if _process is not None:
            quantity, world_to_camera = _process.header(str(path))
        else:
            from viewbatch.dataset import exr_codec

            quantity, world_to_camera = exr_codec.header(str(path))
    except KeyError as error:
        raise DatasetError(f"{path} does not say what it holds: {error} is missing") from error
    except (RuntimeError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as OpenEXR: {error}") from error
    return Header(quantity=quantity, cam_from_world=world_to_camera.astype(np.float64).T)
