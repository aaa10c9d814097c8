"""The command line that all converters have."""

from __future__ import annotations

import argparse
import io
import math
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from compat.shared.job import Conversion, Job
from compat.shared.output import check_apart, check_output, read_record, staged, write_record
from compat.shared.progress import say
from compat.shared.report import Report
from compat.shared.split import FORMS, parse_split
from viewbatch.dataset import Dataset, View
from viewbatch.dataset.selection import Selection
from viewbatch.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    DatasetError,
    UsageError,
    ViewbatchError,
)
from viewbatch.standalone import requirements


def _no_options(parser: argparse.ArgumentParser) -> None:
    del parser


@dataclass(frozen=True, kw_only=True)
class Converter:
    """A program that converts datasets to one format."""

    script: Path
    """Its inline metadata names the packages."""
    makes: str
    """What comes out, for --help."""
    convert: Callable[[Job], None]
    """Fill the job's folder, its `names` and `settings`."""
    verify: Callable[[Conversion], Report]
    """Compare a conversion with its dataset, by the format's own rules."""
    add_options: Callable[[argparse.ArgumentParser], None] = _no_options


class _Parser(argparse.ArgumentParser):
    """Answers bad arguments in one sentence, as all bad input is."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; --help lists the arguments")


def main(converter: Converter, argv: Sequence[str]) -> int:
    """Convert or verify as the arguments say; return the exit code."""
    name = converter.script.name
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end a conversion that is done.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    previous = signal.signal(signal.SIGTERM, _terminated)
    try:
        options = _parser(converter).parse_args(argv)
        if options.verify:
            return _verify(converter, options)
        return _convert(converter, options)
    except ViewbatchError as error:
        say(f"{name}: {error}")
        return error.exit_code
    except OSError as error:
        say(f"{name}: {error.filename} cannot be used: {error.strerror or error}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        say(f"{name}: interrupted; nothing was converted")
        return EXIT_INTERRUPTED
    except SystemExit as stop:  # after --help, and on SIGTERM
        return int(stop.code or 0)
    finally:
        signal.signal(signal.SIGTERM, previous)


def positive(text: str) -> float:
    """A positive number among the arguments."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, found {text!r}")
    return value


def grey(text: str) -> float:
    """A grey among the arguments: 0, black, to 1, white."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a grey from 0 to 1, found {text!r}")
    return value


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    sys.exit(128 + number)


def _convert(converter: Converter, options: argparse.Namespace) -> int:
    check_output(options.output, overwrite=options.overwrite)
    dataset = Dataset.open(options.dataset, checked=True)
    check_apart(dataset, options.output)
    split = parse_split(options.split)(_chosen(dataset, options.views))
    views = [dataset.view(index) for index in split.indices]
    _require_colors(dataset, views)
    with staged(options.output) as folder:
        job = Job(
            dataset=dataset,
            views=views,
            split=split,
            folder=folder,
            output=options.output,
            link=options.link,
            options=options,
        )
        converter.convert(job)
        write_record(
            folder,
            converter=converter.script.stem,
            split={part: list(indices) for part, indices in split.parts.items()},
            views=job.names,
            settings=job.settings,
        )
    converted = set(job.names.values())
    counts = ", ".join(
        f"{len(part)} {name}" for name, part in split.parts.items() if converted & set(part)
    )
    print(f"{options.output}: {len(converted)} views ({counts})")
    if all("depth" in view.kinds for view in views):
        words = shlex.join(["--verify", str(options.dataset), str(options.output)])
        print(f"check it with {converter.script.name} {words}")
    return EXIT_OK


def _verify(converter: Converter, options: argparse.Namespace) -> int:
    dataset = Dataset.open(options.dataset, checked=True)
    record = read_record(options.output)
    made_by = record.get("converter")
    if made_by != converter.script.stem:
        raise DatasetError(
            f"{options.output} was made by {made_by}, not by {converter.script.stem}; "
            "verify it with the converter that made it"
        )
    conversion = Conversion(
        folder=options.output,
        dataset=dataset,
        names=record["views"],
        settings=record["settings"],
    )
    for _, view in conversion.views:
        if "depth" not in view.kinds:
            raise DatasetError(
                f"view {view.index} of {options.dataset} has no depth, by which conversions are "
                'checked; add "depth" to [plugins] enabled and render again'
            )
    report = converter.verify(conversion)
    print("\n".join(report.lines))
    if report.good:
        print(f"{options.output} agrees with {options.dataset}")
        return EXIT_OK
    problems = "; ".join(report.failures) or "there is nothing to check"
    say(
        f"{converter.script.name}: {options.output} does not agree with {options.dataset}: "
        f"{problems}"
    )
    return EXIT_FAILED


def _chosen(dataset: Dataset, selection: Selection) -> list[int]:
    """Indices of the views to convert, rising."""
    planned = dataset.record.number_of_views
    present = [view.index for view in dataset.views]
    if not present:
        raise DatasetError(f"{dataset.folder} has no view yet; render some first")
    if selection == Selection():
        if missing := planned - len(present):
            say(
                f"warning: {missing} of {planned} planned views of {dataset.folder} "
                f"{'does' if missing == 1 else 'do'} not exist yet; the others are converted"
            )
        return present
    try:
        asked = sorted(set(selection.indices(planned)))
    except ValueError as error:
        raise UsageError(
            f"--views {error}; {dataset.folder} has the views 0 to {planned - 1}"
        ) from error
    if missing_ones := sorted(set(asked) - set(present)):
        raise DatasetError(
            f"--views asks for view {missing_ones[0]}, which {dataset.folder} does not have yet; "
            "render it first, or choose others"
        )
    return asked


def _require_colors(dataset: Dataset, views: Sequence[View]) -> None:
    for view in views:
        if "render" not in view.kinds:
            raise DatasetError(f"view {view.index} of {dataset.folder} has no colour image")


def _selection(text: str) -> Selection:
    try:
        return Selection.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser(converter: Converter) -> _Parser:
    parser = _Parser(
        prog=converter.script.name,
        description=converter.makes,
        epilog=f"Needs {', '.join(requirements(converter.script))}; `uv run` installs them. "
        "README.md beside the program says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="a folder with dataset.json")
    parser.add_argument("output", metavar="OUTPUT", type=Path, help="the folder to make")
    parser.add_argument(
        "--views",
        type=_selection,
        default=Selection(),
        help="convert only these, such as 0,3,5:9; 5:9 is 5, 6, 7, 8 (default: all)",
    )
    parser.add_argument(
        "--split",
        default="all",
        help=f"which views are held out: {FORMS} (default: all, every view trains)",
    )
    parser.add_argument(
        "--link", action="store_true", help="hard-link images instead of copying them"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what was converted to OUTPUT before"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="convert nothing: compare the conversion that OUTPUT holds with the dataset",
    )
    converter.add_options(parser)
    return parser
