"""The command lines of the benchmark."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from scripts.benchmark import frontier, frontier_picture, measuring, trace_picture, trials
from scripts.benchmark.hosts import Host
from scripts.benchmark.jobs import JOBS, JobName
from scripts.benchmark.scenes import SceneName
from scripts.benchmark.tables import Table
from scripts.benchmark.trials import TrialName
from scripts.shared.command import Parser, answered, at_least

Choice = TypeVar("Choice", bound=StrEnum)


def main(argv: Sequence[str]) -> int:
    """Measure what is asked for, print tables, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)

    return answered(parser, work)


def _jobs(options: argparse.Namespace) -> None:
    found: list[measuring.Goal] = []
    for name in options.job:
        job = JOBS[name].changed(options.views, options.resolution, options.samples)
        with _folder(options.keep, name) as folder:
            measured = measuring.measure(job, Host(options.host), options.set, folder)
            trace_picture.write(measured.run.trace, folder / "trace.png")
        for table in measuring.tables(measured):
            _print(table, options)
        found += measuring.goals(measured)
    _print(measuring.goals_table(found), options)


def _trials(options: argparse.Namespace) -> None:
    for name in options.names:
        with _folder(options.keep, name) as folder:
            size = trials.Size(
                views=options.views or 8,
                resolution_px=options.resolution or 512,
                samples=options.samples or 16,
            )
            for table in trials.run(name, Host(options.host), options.set, size, folder):
                _print(table, options)


def _frontier(options: argparse.Namespace) -> None:
    plan = frontier.Plan(
        folder=options.folder,
        views=options.views or 3,
        resolution_px=options.resolution or 256,
        reference_samples=options.reference_samples,
        variants=frontier.chosen(options.only),
        settings=tuple(options.set),
    )
    results = {}
    for scene in options.scene:
        results[scene] = frontier.measure(scene, Host(options.host), plan)
        _print(frontier.table(scene, results[scene]), options)
    _print(frontier.summary(results), options)
    picture = options.folder / "frontier.png"
    frontier_picture.write(results, picture)
    print(picture)


def _parser() -> Parser:
    parser = Parser(prog="benchmark.py", description="Measure the generator.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    jobs = commands.add_parser("jobs", help="where the time of five kinds of batches goes")
    jobs.set_defaults(run=_jobs)
    jobs.add_argument(
        "--job", type=_choices(JobName), default=list(JobName), metavar="NAMES",
        help=f"some of {','.join(JobName)} (default: all)",
    )  # fmt: skip
    _add_common(jobs)
    _add_keep(jobs)
    frontiers = commands.add_parser("frontier", help="which settings give what, at what cost")
    frontiers.set_defaults(run=_frontier)
    frontiers.add_argument(
        "folder", type=Path,
        help="for scenes, datasets and results; what is there already is not made again",
    )  # fmt: skip
    frontiers.add_argument(
        "--scene", type=_choices(SceneName), default=list(SceneName), metavar="NAMES",
        help=f"some of {','.join(SceneName)} (default: all)",
    )  # fmt: skip
    frontiers.add_argument(
        "--only", default="", metavar="WORDS",
        help="settings whose names begin with one of these words, separated by commas",
    )  # fmt: skip
    frontiers.add_argument(
        "--reference-samples", type=at_least(1), default=2048, metavar="N",
        help="of each of the two references (default: 2048)",
    )  # fmt: skip
    _add_common(frontiers, samples=False)
    tried = commands.add_parser("trials", help="what could be cheaper")
    tried.set_defaults(run=_trials)
    tried.add_argument(
        "names", type=_choices(TrialName), nargs="?", default=list(TrialName), metavar="NAMES",
        help=f"some of {','.join(TrialName)} (default: all)",
    )  # fmt: skip
    _add_common(tried)
    _add_keep(tried)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, samples: bool = True) -> None:
    parser.add_argument(
        "--host", default="uv", help='"uv", a Python that has bpy, or a Blender program'
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="passed to the generator"
    )
    parser.add_argument("--views", type=at_least(1), metavar="N", help="instead of the default")
    parser.add_argument("--resolution", type=at_least(4), metavar="PX", help="side of the images")
    if samples:
        parser.add_argument("--samples", type=at_least(1), metavar="N")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")


def _add_keep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep datasets and traces there"
    )


def _choices(kind: type[Choice]) -> Callable[[str], list[Choice]]:
    """Names separated by commas among the arguments."""

    def parse(text: str) -> list[Choice]:
        wrong = [name for name in text.split(",") if name not in set(kind)]
        if wrong:
            raise argparse.ArgumentTypeError(
                f"expected some of {', '.join(kind)}, separated by commas, found {wrong[0]!r}"
            )
        return [kind(name) for name in text.split(",")]

    return parse


@contextmanager
def _folder(kept: Path | None, name: str) -> Iterator[Path]:
    if kept is not None:
        yield kept / name
        return
    with tempfile.TemporaryDirectory(prefix="viewbatch-") as folder:
        yield Path(folder)


def _print(table: Table, options: argparse.Namespace) -> None:
    print(table.markdown() if options.markdown else table.text(), end="\n\n", flush=True)
