"""The command line of the comparison."""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from compat.shared.progress import progress
from scripts.diff_datasets import text
from scripts.diff_datasets.comparison import compare
from scripts.diff_datasets.picture import draw
from scripts.diff_datasets.tolerances import Tolerances
from scripts.shared.command import Parser, answered, at_least
from scripts.shared.output import check_output, write_output
from scripts.shared.pictures import Rgb
from viewbatch.dataset import Dataset
from viewbatch.errors import EXIT_FAILED, EXIT_OK


def main(argv: Sequence[str]) -> int:
    """Compare two datasets, print what differs, return the exit code."""
    parser = _parser()
    equal = True

    def work() -> None:
        nonlocal equal
        options = parser.parse_args(argv)
        if options.json is not None:
            check_output(options.json, [".json"], overwrite=options.overwrite)
        if options.picture is not None:
            check_output(options.picture, [".png"], overwrite=options.overwrite)
        a, b = Dataset.open(options.a), Dataset.open(options.b)
        comparison = compare(
            a,
            b,
            Tolerances(
                camera=options.camera,
                depth=options.depth,
                normal_deg=options.normal,
                psnr_db=options.psnr,
                share=options.share,
            ),
            progress,
        )
        for line in text.lines(comparison, options.worst):
            print(line)
        if options.json is not None:
            write_output(options.json, comparison.to_json().encode("ascii"))
        if options.picture is not None:
            _write_picture(options.picture, draw(a, b, comparison))
        print(text.verdict(comparison))
        equal = comparison.first is None

    return answered(parser, work) or (EXIT_OK if equal else EXIT_FAILED)


def _write_picture(path: Path, picture: Rgb | None) -> None:
    if picture is None:
        print(f"{path} is not written: no image differs that both datasets have in one size")
        return
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="png")
    write_output(path, stream.getvalue())


def _parser() -> Parser:
    default = Tolerances()
    parser = Parser(prog="diff_datasets.py", description="Say what differs between two datasets.")
    parser.add_argument("a", type=Path, metavar="A", help="a folder with dataset.json")
    parser.add_argument("b", type=Path, metavar="B", help="another one")
    number = _number(math.inf)
    for name, value, words in (
        ("camera", default.camera, "of cameras: radians, over the scene's radius, over the width"),
        ("depth", default.depth, "of depths and positions, relative"),
        ("normal", default.normal_deg, "between normals, in degrees"),
        ("psnr", default.psnr_db, "of colour: the lowest PSNR, in dB"),
    ):
        parser.add_argument(
            f"--{name}",
            type=number,
            default=value,
            metavar="X",
            help=f"tolerance {words} (default: {value:g})",
        )
    parser.add_argument(
        "--share",
        type=_number(1.0),
        default=default.share,
        metavar="X",
        help="share of a map's pixels, 0 to 1, that may be beyond the tolerance, or have another "
        f"id (default: {default.share:g})",
    )
    parser.add_argument(
        "--worst", type=at_least(0), default=10, metavar="N", help="views to list (default: 10)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE.json", help="also write all figures of all views"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="also draw the images that differ most"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace these files")
    return parser


def _number(most: float) -> Callable[[str], float]:
    """A number from 0 to `most` among the arguments."""

    def parse(given: str) -> float:
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not (0 <= value <= most and value < math.inf):
            limit = "a number of at least 0" if most == math.inf else f"a number from 0 to {most:g}"
            raise argparse.ArgumentTypeError(f"expected {limit}, found {given!r}")
        return value

    return parse
