"""The command line of the checkerboard model."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path

from scripts.checkerboard.board import Board, to_glb
from scripts.shared.command import Parser, answered
from scripts.shared.output import check_output, write_output

MOST_SQUARES = 1000
"""Along a side; a million squares are a file of 60 MB."""
LENGTHS_M = (1e-6, 1e6)

Color = tuple[float, float, float]


def main(argv: Sequence[str]) -> int:
    """Write the model, say what it is, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        check_output(options.output, [".glb"], overwrite=options.overwrite)
        board = Board(
            columns=options.columns,
            rows=options.rows,
            square_m=options.square,
            border_m=options.square if options.border is None else options.border,
            dark=options.dark,
            light=options.light,
        )
        write_output(options.output, to_glb(board))
        print(f"{options.output}: {_words(board)}")

    return answered(parser, work)


def _words(board: Board) -> str:
    first, last = (f"({x:.6g}, {y:.6g}, 0)" for x, y, _ in board.inner_corners[[0, -1]].tolist())
    return (
        f"{board.columns} x {board.rows} squares of {board.square_m:g} m; "
        f"{board.columns - 1} x {board.rows - 1} inner corners from {first} to {last}"
    )


def _parser() -> Parser:
    parser = Parser(
        prog="checkerboard.py", description="Make a checkerboard of exactly known size, as GLB."
    )
    parser.add_argument("output", type=Path, metavar="OUTPUT.glb", help="the file to write")
    parser.add_argument(
        "--columns", type=_squares, default=10, help="squares along x (default: 10)"
    )
    parser.add_argument("--rows", type=_squares, default=7, help="squares along y (default: 7)")
    parser.add_argument(
        "--square", type=_length, default=0.03, help="side of a square in metres (default: 0.03)"
    )
    parser.add_argument(
        "--border",
        type=_width,
        help="width of the light border in metres, 0 for none (default: a square's side)",
    )
    for name, default in (("dark", "#101010"), ("light", "#e0e0e0")):
        parser.add_argument(
            f"--{name}",
            type=_color,
            default=default,
            metavar="#rrggbb",
            help=f"sRGB colour of the {name} squares (default: {default})",
        )
    parser.add_argument("--overwrite", action="store_true", help="replace the output")
    return parser


def _squares(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_SQUARES:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 2 to {MOST_SQUARES}, found {text!r}"
        )
    return int(text)


def _length(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low, high = LENGTHS_M
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"expected a length in metres from {low:g} to {high:g}, found {text!r}"
        )
    return value


def _width(text: str) -> float:
    return 0.0 if text == "0" else _length(text)


def _color(text: str) -> Color:
    match = re.fullmatch("#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a colour such as #1a2b3c, found {text!r}")
    r, g, b = (_linear(int(level, 16) / 255) for level in match.groups())
    return (r, g, b)


def _linear(value: float) -> float:
    """The inverse of the sRGB curve (IEC 61966-2-1), to the six digits that 8 bits have."""
    curved = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return round(curved, 6)
