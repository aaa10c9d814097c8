"""The command line of depth pictures."""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scripts.depth.figure import DepthMap, Panels, fill, new_figure
from scripts.shared.command import Parser, answered, at_least
from scripts.shared.exr import Pixels, one_map, read_channels
from scripts.shared.output import check_output, write_output
from scripts.shared.pictures import is_surface, surface_range_m
from scripts.shared.views import chosen_views, selection
from scripts.shared.window import open_window
from viewbatch.dataset import Dataset
from viewbatch.dataset.selection import Selection
from viewbatch.errors import UsageError

MOST_MAPS = 100
"""More would be too small to be read, or too large a picture."""


def main(argv: Sequence[str]) -> int:
    """Show the depth maps, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        _check_numbers(options)
        paths = _paths(options)
        if options.output is not None:
            check_output(options.output, [".png"], overwrite=options.overwrite)
        maps = [DepthMap(name=path.name, depth_m=_read(path, options.channel)) for path in paths]
        panels = Panels(
            maps=maps,
            range_m=_range_m(options, maps),
            columns=options.columns or math.ceil(math.sqrt(len(maps))),
            quantity="distance along the ray" if options.kind == "distance" else "depth",
        )
        if options.output is None:
            open_window(partial(fill, panels=panels))
            return
        stream = io.BytesIO()
        new_figure(panels).savefig(stream, format="png", metadata={"Software": "viewbatch depth"})
        write_output(options.output, stream.getvalue())

    return answered(parser, work)


def _paths(options: argparse.Namespace) -> list[Path]:
    paths: list[Path] = []
    for path in options.inputs:
        if (path / "dataset.json").exists():
            views = chosen_views(Dataset.open(path), options.views)
            paths += [view.path(options.kind or "depth") for view in views]
        elif path.is_dir():
            raise UsageError(
                f"{path} is a folder without dataset.json; name a dataset, or EXR files"
            )
        elif options.kind is not None or options.views != Selection():
            raise UsageError(
                f"{path} is not a dataset, and --kind and --views choose files of a dataset; "
                "name one, or leave them out"
            )
        else:
            paths.append(path)
    if len(paths) > MOST_MAPS:
        raise UsageError(
            f"{len(paths)} depth maps are too many for one picture, which shows at most "
            f"{MOST_MAPS}; choose fewer, those of a dataset with --views"
        )
    return paths


def _read(path: Path, channel: str | None) -> Pixels:
    channels = read_channels(path)
    # Z among X and Y is one of three coordinates.
    names = ("Depth",) if "X" in channels else ("Depth", "Z")
    return one_map(path, channels, channel, what="depth", names=names)


def _range_m(options: argparse.Namespace, maps: Sequence[DepthMap]) -> tuple[float, float]:
    if options.range is not None:
        near, far = options.range
        return near, far
    if not any(is_surface(depth.depth_m).any() for depth in maps):
        return 0.0, 1.0  # of nothing
    low, high = options.percentiles
    near, far = surface_range_m([depth.depth_m for depth in maps], (low, high))
    # A wall that the camera faces has one depth; colours need some room about it.
    room = max(0.0, 0.005 * near - (far - near))
    return near - room, far + room


def _check_numbers(options: argparse.Namespace) -> None:
    if options.range is not None:
        near, far = options.range
        if not 0 <= near < far < math.inf:
            raise UsageError(
                f"--range takes two depths in metres, the nearer one first, not {near:g} {far:g}"
            )
    low, high = options.percentiles
    if not 0 <= low < high <= 100:
        raise UsageError(
            f"--percentiles takes two shares in percent, the smaller one first, not {low:g} "
            f"{high:g}"
        )


def _parser() -> Parser:
    parser = Parser(
        prog="depth.py", description="Show depth maps in metres, in a window or as PNG."
    )
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="EXR files, or datasets"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE.png", help="write this file (default: a window)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output")
    parser.add_argument(
        "--channel", metavar="NAME", help="of an EXR file with several channels (default: Depth)"
    )
    parser.add_argument(
        "--kind",
        choices=["depth", "distance"],
        help="kind of file of a dataset's views (default: depth)",
    )
    parser.add_argument(
        "--views",
        type=selection,
        default=Selection(),
        help="views of a dataset, such as 0,3,5:9; 5:9 is 5, 6, 7, 8 (default: all)",
    )
    parser.add_argument("--columns", type=at_least(1), help="depth maps side by side")
    parser.add_argument(
        "--range",
        nargs=2,
        type=float,
        metavar=("NEAR", "FAR"),
        help="depths of the first and last colour, in metres",
    )
    parser.add_argument(
        "--percentiles",
        nargs=2,
        type=float,
        default=(1.0, 99.0),
        metavar=("LOW", "HIGH"),
        help="without --range: shares of the surface that is nearer than these depths "
        "(default: 1 99)",
    )
    return parser
