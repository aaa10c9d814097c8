"""The command line of the tests on every Blender."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.shared.command import Parser, answered
from scripts.shared.errors import InputError
from scripts.shared.hosts import Host, blender_programs
from scripts.shared.table import markdown, table
from scripts.test_blenders import agreement
from scripts.test_blenders.environments import DRIVER, WHEELS, python
from scripts.test_blenders.testing import Counts, run_tests
from viewbatch.errors import EXIT_FAILED, EXIT_OK

TITLES = ("Blender", "as", "passed", "failed", "skipped", "seconds")


def main(argv: Sequence[str]) -> int:
    """Test every Blender, print what came out, return the exit code."""
    parser = _parser()
    good = True

    def work() -> None:
        nonlocal good
        options = parser.parse_args(argv)
        unknown = [version for version in options.wheels if version not in WHEELS]
        if unknown:
            raise InputError(
                f"bpy {', '.join(unknown)} is not among those that are tested; name some of "
                f"{' '.join(WHEELS)}"
            )
        hosts = [Host(python(version)) for version in options.wheels] + blender_programs()
        if not hosts:
            raise InputError("there is no Blender to test; name one with BLENDER or --wheels")
        versions = [(host.version(), host) for host in hosts]
        show = markdown if options.markdown else _plain
        tested = [] if options.compare else _test(versions, quick=options.quick)
        reference = Host(python(DRIVER))
        others = [(version, host) for version, host in versions if host != reference]
        with tempfile.TemporaryDirectory(prefix="viewbatch-blenders-") as folder:
            compared = list(agreement.agreements(reference, others, Path(folder)))
        if tested:
            print(*show(TITLES, [_cells(*one) for one in tested]), sep="\n")
            print()
        print(f"One dataset of every Blender, compared with that of bpy {DRIVER}:\n")
        print(*show(agreement.TITLES, [one.cells for one in compared]), sep="\n")
        for one in compared:
            if not one.good:
                print(f"FAILURE  Blender {one.version}: first in {one.words or one.cells}")
        good = all(c.good for *_, c in tested) and all(one.good for one in compared)

    return answered(parser, work) or (EXIT_OK if good else EXIT_FAILED)


def _parser() -> Parser:
    parser = Parser(
        prog="test_blenders.py",
        description="Run the tests that need Blender on every Blender: the bpy packages, and the "
        "programs that the variable BLENDER names or PATH has.",
    )
    parser.add_argument(
        "--wheels", nargs="*", default=list(WHEELS), metavar="VERSION",
        help=f"versions of the bpy package (default: {' '.join(WHEELS)})",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="only the tests that are marked every_blender"
    )
    parser.add_argument(
        "--compare", action="store_true", help="no tests: only compare one dataset of all Blenders"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    return parser


def _test(versions: Sequence[tuple[str, Host]], *, quick: bool) -> list[tuple[str, Host, Counts]]:
    found = []
    for version, host in versions:
        print(f"Blender {version}: {host.program}", flush=True)
        runs_pytest = python(DRIVER) if host.in_blender else host.program
        found.append((version, host, run_tests(host, runs_pytest, quick=quick)))
    return found


def _cells(version: str, host: Host, counts: Counts) -> list[str]:
    ended = [str(n) for n in (counts.passed, counts.failed, counts.skipped)]
    if counts.broken:
        ended[1] += " and pytest itself"
    return [version, host.name, *ended, f"{counts.seconds:.0f}"]


def _plain(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return table(titles, rows, words=titles[:2])
