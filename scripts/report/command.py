"""The command line of the report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from scripts.report.content import gather
from scripts.report.page import MARK, render
from scripts.shared.command import Parser, answered
from viewbatch.dataset import Dataset, layout
from viewbatch.dataset.writer import write_bytes
from viewbatch.errors import DatasetError, UsageError

NAME = "report.html"


def main(argv: Sequence[str]) -> int:
    """Write the page of a dataset, return the exit code."""
    parser = Parser(prog="report.py", description="Show a dataset on one HTML page.")
    parser.add_argument("dataset", type=Path, help="a folder with dataset.json")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"the page to write (default: {NAME} in the dataset)",
    )

    def work() -> None:
        options = parser.parse_args(argv)
        dataset = Dataset.open(options.dataset)
        output: Path = options.output or options.dataset / NAME
        check_output(output, dataset)
        if not dataset.views:
            raise DatasetError(
                f"{dataset.folder} has no view yet, so there is nothing to show; "
                "the command that began it makes them"
            )
        page = render(gather(dataset), files_at=address(dataset.folder, output))
        write_bytes(output.parent, output.name, page)
        print(f"{output}: {len(dataset.views)} views, {len(page) / 1e6:.1f} MB")

    return answered(parser, work)


def check_output(output: Path, dataset: Dataset) -> None:
    """Refuse to replace what is no report, and names that belong to the dataset's own files."""
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the output {output} does not end in .html; name an HTML file")
    if not output.parent.is_dir():
        raise UsageError(
            f"the folder {output.parent} of the output does not exist; make it first, "
            "or name another"
        )
    inside = output.parent.resolve() == dataset.folder.resolve()
    own = output.name in dataset.record.files or not layout.is_plain(output.name)
    if inside and own:
        raise UsageError(
            f"the name {output.name} is one that the dataset's own files may have; "
            "name another with --output"
        )
    if output.exists() and not _is_report(output):
        raise UsageError(
            f"the output {output} exists and is not a report; name another file with --output, "
            "or remove this one"
        )


def address(folder: Path, page: Path) -> str:
    """What stands before the names of the dataset's files in the page's links, as a URL."""
    folder = folder.resolve()
    try:
        way = Path(os.path.relpath(folder, page.parent.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return folder.as_uri() + "/"
    return "" if way == "." else quote(way) + "/"


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(1000)
    except OSError:
        return False
