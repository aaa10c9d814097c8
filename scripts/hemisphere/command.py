"""The command line of the pictures of cameras."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from scripts.hemisphere.figure import fill
from scripts.hemisphere.subject import read_subject
from scripts.shared.command import Parser, answered
from scripts.shared.output import check_output, write_output
from scripts.shared.window import open_window
from viewbatch.dataset import Dataset


def main(argv: Sequence[str]) -> int:
    """Show the cameras, return the exit code."""
    parser = Parser(
        prog="hemisphere.py",
        description="Show where the cameras of a dataset, or of a plan for one, stand and look; "
        "in a window or as PNG.",
    )
    parser.add_argument(
        "dataset",
        type=Path,
        metavar="DATASET",
        help="a folder with dataset.json, rendered or made with --skip-render",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE.png", help="write this file (default: a window)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output")

    def work() -> None:
        options = parser.parse_args(argv)
        if options.output is not None:
            check_output(options.output, [".png"], overwrite=options.overwrite)
        subject = read_subject(Dataset.open(options.dataset))
        if options.output is None:
            open_window(partial(fill, subject=subject))
            return
        figure, stream = Figure(), io.BytesIO()
        fill(figure, subject=subject)
        figure.savefig(stream, format="png", metadata={"Software": "viewbatch hemisphere"})
        write_output(options.output, stream.getvalue())

    return answered(parser, work)
