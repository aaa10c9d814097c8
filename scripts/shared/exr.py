"""OpenEXR files of any maker as numpy arrays.

A file has channels, each a plane of half, float or 32-bit unsigned numbers. The dots in a
channel's name set off its layer: `ViewLayer.Depth.Z` is the channel Z of the layer
`ViewLayer.Depth`. A file may have several parts, each with channels of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from viewbatch.dataset.exr import channel_order
from viewbatch.errors import UsageError

Pixels = npt.NDArray[Any]

MAGIC = b"\x76\x2f\x31\x01"
"""The first bytes of every OpenEXR file (https://openexr.com/en/latest/OpenEXRFileLayout.html)."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One plane of numbers."""

    name: str
    """As in the file; where several parts have channels of one name, the part's name and a dot
    stand before it. So it is unique in the file."""
    part: str
    """Name of its part; empty in most files of a single part."""
    pixels: Pixels
    """(H, W) float16, float32 or uint32: the data window, row 0 on top. Of a channel that is
    sampled in every second pixel, these samples."""

    @property
    def layer(self) -> str:
        """Name of its layer, "" where it is in none."""
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        """Its name in its layer, such as "R"."""
        return self.name.rpartition(".")[2]


Channels = Mapping[str, Channel]
"""By name, in the order of the file: parts, and in each part by name."""


@overload
def exr2numpy(path: str | Path, channel: str) -> Pixels: ...


@overload
def exr2numpy(path: str | Path, channel: None = None) -> Pixels | dict[str, Pixels]: ...


def exr2numpy(path: str | Path, channel: str | None = None) -> Pixels | dict[str, Pixels]:
    """The pixels of an EXR file, row 0 on top.

    `channel` names a channel, which is (H, W), or a layer, which is (H, W) if it has one
    channel, else (H, W, C) in the order of `stacked`. The end of a name is enough where only
    one ends so: "Depth" or "Depth.Z" for "ViewLayer.Depth.Z".

    Without it, all of the file: one array like that if the file has one layer, else a
    dictionary of such arrays by layer, "" for channels in none; channels of a layer that differ
    in size stand there by their own names.

    Types are those of the file: float16, float32 or uint32; of channels of several types, the
    smallest that holds them all. Raises `UsageError`.
    """
    path = Path(path)
    channels = read_channels(path)
    if channel is not None:
        chosen = select(path, channels, channel)
        if len({c.pixels.shape for c in chosen}) > 1:
            sizes = ", ".join(f"{c.name} {c.pixels.shape[1]} x {c.pixels.shape[0]}" for c in chosen)
            raise UsageError(
                f"the channels of {channel} in {path} differ in size ({sizes}) and make no one "
                "array; choose one of them"
            )
        return stacked(chosen)
    arrays: dict[str, Pixels] = {}
    for layer, members in layers(channels).items():
        if len({c.pixels.shape for c in members}) > 1:
            arrays |= {c.name: c.pixels for c in members}
        else:
            arrays[layer] = stacked(members)
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def first_bytes(path: Path, what: str) -> bytes:
    """The first 16 bytes, which tell the format; raises `UsageError` where `what` is not there."""
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; name an existing {what}"
        ) from error


def read_channels(path: Path) -> dict[str, Channel]:
    """All channels of a file that is whole; raises `UsageError` for any other."""
    start = first_bytes(path, "EXR file")
    if not start.startswith(MAGIC):
        raise UsageError(
            f"{path} is not an OpenEXR file: it starts with {excerpt(start)}; "
            "name another or write it again"
        )
    planes = _read_planes(path)
    deep = next((name for _, name, pixels in planes if pixels.dtype == object), None)
    if deep is not None:
        raise UsageError(
            f"{path} is a deep image: its channel {deep} has several values in a pixel; "
            "flatten it first"
        )
    shared = len({name for _, name, _ in planes}) < len(planes)
    found = [
        Channel(name=f"{part}.{name}" if shared and part else name, part=part, pixels=pixels)
        for part, name, pixels in planes
    ]
    return {channel.name: channel for channel in found}


def layers(channels: Channels) -> dict[str, list[Channel]]:
    """The channels of each layer."""
    found: dict[str, list[Channel]] = {}
    for channel in channels.values():
        found.setdefault(channel.layer, []).append(channel)
    return found


def stacked(channels: Sequence[Channel]) -> Pixels:
    """(H, W) of one channel, (H, W, C) of several of one size: R G B A, X Y Z, others by name."""
    if len(channels) == 1:
        return channels[0].pixels
    return np.stack([channel.pixels for channel in in_order(channels)], axis=-1)


def in_order(channels: Sequence[Channel]) -> list[Channel]:
    """The channels of a layer: R G B A, X Y Z, others by name."""
    by_name = {channel.short: channel for channel in channels}
    return [by_name[name] for name in channel_order(by_name)]


def select(path: Path, channels: Channels, name: str) -> list[Channel]:
    """The channel of that name, or the channels of the layer, in order; raises `UsageError`."""
    by_layer = layers(channels)
    if name in channels:
        return [channels[name]]
    if name in by_layer:
        return in_order(by_layer[name])
    ends = [known for known in [*channels, *by_layer] if known.endswith(f".{name}")]
    if not ends:
        raise UsageError(f"{path} has no channel and no layer {name}; it has {', '.join(channels)}")
    if len(ends) > 1:
        raise UsageError(
            f"{len(ends)} channels or layers of {path} end with .{name}: {', '.join(ends)}; "
            "give the whole name of one"
        )
    return select(path, channels, ends[0])


def one_map(
    path: Path, channels: Channels, channel: str | None, *, what: str, names: Sequence[str]
) -> Pixels:
    """(H, W): the single map of `what` that a file holds, or the channel that is asked for.

    Of a file with several channels it is that of the layer, or without layer, with one of the
    `names`, in any case. Channels with equal pixels count as one: some tools write a map three
    times, as R G B. Raises `UsageError`.
    """
    if channel is None:
        found = list(channels.values())
        wanted = {name.casefold() for name in names}
        named = [c for c in found if (c.layer.rpartition(".")[2] or c.name).casefold() in wanted]
        chosen = named or [c for c in found if c.short != "A" or len(found) == 1]
    else:
        chosen = select(path, channels, channel)
    if not chosen or not all(_equal(c, chosen[0]) for c in chosen):
        raise UsageError(
            f"which channel of {path} is the {what} is not clear: it has {', '.join(channels)}; "
            "choose one with --channel"
        )
    return chosen[0].pixels


def _equal(one: Channel, other: Channel) -> bool:
    return np.array_equal(one.pixels, other.pixels, equal_nan=True)


def excerpt(start: bytes) -> str:
    """The first bytes of a file, as a message shows them."""
    return repr(start.decode("latin-1")) if start else "nothing, being empty"


def _read_planes(path: Path) -> list[tuple[str, str, Pixels]]:
    """(part, name, pixels) of every channel."""
    import OpenEXR  # only where there is such a file: it need not be installed for others

    planes: list[tuple[str, str, Pixels]] = []
    expected = -1
    # A bad header raises; of bad pixels OpenEXR tells by leaving out the channels or the part.
    with contextlib.suppress(RuntimeError, ValueError, MemoryError), _quiet():
        with OpenEXR.File(str(path), header_only=True) as file:
            expected = sum(len(part.header["channels"]) for part in file.parts)
        with OpenEXR.File(str(path), separate_channels=True) as file:
            for part in file.parts:
                for name, channel in part.channels.items():
                    planes.append((part.header.get("name", ""), name, np.array(channel.pixels)))
    if not planes or len(planes) != expected:
        raise UsageError(
            f"{path} is damaged: it starts like an OpenEXR file, but OpenEXR cannot read it; "
            "leave it out or write it again"
        )
    return planes


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenEXR's own words, printed from C and from Python, off the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere, contextlib.redirect_stdout(io.StringIO()):
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
