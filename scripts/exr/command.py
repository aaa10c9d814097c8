"""The command line: what an EXR file holds, as a table or as numpy's files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.shared.command import Parser, answered
from scripts.shared.exr import Channel, Pixels, exr2numpy, read_channels, select
from scripts.shared.output import check_output, write_output
from scripts.shared.table import table
from viewbatch.errors import UsageError

_TYPES = {"float16": "half", "float32": "float", "uint32": "uint"}
"""OpenEXR's names for the types, by numpy's."""


def main(argv: Sequence[str]) -> int:
    """List or write, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        paths: list[Path] = options.files
        if options.output is None:
            listings = ["\n".join(listing(path, options.channel)) for path in paths]
            print("\n\n".join(listings))
            return
        if len(paths) > 1:
            raise UsageError(
                f"--output takes one EXR file, and {len(paths)} are given; name one of them"
            )
        check_output(options.output, (".npy", ".npz"), overwrite=options.overwrite)
        print("\n".join(write(paths[0], options.channel, options.output)))

    return answered(parser, work)


def listing(path: Path, channel: str | None) -> list[str]:
    """The channels of a file, one in a line, with statistics of their finite values."""
    chosen = _chosen(path, channel)
    titles = ["channel", "type", "size", "minimum", "maximum", "mean", "not finite"]
    rows = [[c.name, *_form(c), *_statistics(c)] for c in chosen]
    if any(c.part for c in chosen):
        titles.insert(1, "part")
        for row, c in zip(rows, chosen, strict=True):
            row.insert(1, c.part or "-")
    return [str(path), *table(titles, rows, words=("channel", "part", "type"))]


def write(path: Path, channel: str | None, output: Path) -> list[str]:
    """Write .npy or .npz; returns what it holds, in lines."""
    stream = io.BytesIO()
    if output.suffix.lower() == ".npy":
        arrays = exr2numpy(path) if channel is None else exr2numpy(path, channel)
        if isinstance(arrays, dict):
            names = ", ".join(name or "one in no layer" for name in arrays)
            raise UsageError(
                f"{path} makes {len(arrays)} arrays ({names}), and .npy holds one; choose one "
                "with --channel, or write .npz"
            )
        stream.write(_npy(arrays))
        lines = [f"{output}: {arrays.dtype} {arrays.shape}"]
    else:
        chosen = _chosen(path, channel)
        # Not by numpy.savez, whose own arguments take the names of channels such as "file".
        with zipfile.ZipFile(stream, "w") as archive:
            for c in chosen:
                archive.writestr(
                    zipfile.ZipInfo(f"{c.name}.npy"), _npy(c.pixels), zipfile.ZIP_DEFLATED
                )
        lines = [f"{output}: {c.name} {c.pixels.dtype} {c.pixels.shape}" for c in chosen]
    write_output(output, stream.getvalue())
    return lines


def _chosen(path: Path, channel: str | None) -> list[Channel]:
    channels = read_channels(path)
    return list(channels.values()) if channel is None else select(path, channels, channel)


def _npy(array: Pixels) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _form(channel: Channel) -> tuple[str, str]:
    height, width = channel.pixels.shape
    return _TYPES[channel.pixels.dtype.name], f"{width} x {height}"


def _statistics(channel: Channel) -> tuple[str, str, str, str]:
    """Minimum, maximum and mean of what is finite, and the share of what is not."""
    values = channel.pixels.astype(np.float64)  # exact for all three types
    finite = values[np.isfinite(values)]
    share = f"{100 * (1 - finite.size / values.size):.4g} %"
    if not finite.size:
        return "-", "-", "-", share
    # Of ids every digit counts, of measurements these do.
    digits = ".10g" if channel.pixels.dtype.kind == "u" else ".6g"
    low, high = (format(float(x), digits) for x in (finite.min(), finite.max()))
    return low, high, f"{finite.mean():.6g}", share


def _parser() -> Parser:
    parser = Parser(prog="exr.py", description="List what EXR files hold, or write it for numpy.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="EXR files")
    parser.add_argument(
        "--channel",
        metavar="NAME",
        help="only this channel, or the channels of this layer; the end of a name is enough, such "
        "as Depth for ViewLayer.Depth (default: all)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write .npy, one array of a channel or layer, or .npz, an array for each channel by "
        "its name (default: list channels and statistics)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output")
    return parser
