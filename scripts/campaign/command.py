"""The command line of the campaign."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.campaign.fuzz import cases, fuzz
from scripts.campaign.kills import kills
from scripts.campaign.memory import memory
from scripts.campaign.results import Result
from scripts.campaign.shards import shards
from scripts.campaign.subjects import OWN, export, subjects
from scripts.shared.command import Parser, answered, at_least
from scripts.shared.errors import InputError
from scripts.shared.hosts import Host, blender_programs
from scripts.shared.table import markdown, table
from scripts.test_blenders import agreement
from scripts.test_blenders.environments import DRIVER, WHEELS, python
from viewbatch.errors import EXIT_FAILED, EXIT_OK

TITLES = ("part", "tried", "found", "seconds", "")


def main(argv: Sequence[str]) -> int:
    """Run the parts, print the table, return the exit code."""
    parser = _parser()
    good = True

    def work() -> None:
        nonlocal good
        options = parser.parse_args(argv)
        host = Host(options.host or python(DRIVER))
        version = host.version()
        with tempfile.TemporaryDirectory(
            prefix="viewbatch-campaign-", ignore_cleanup_errors=True
        ) as temporary:
            folder = _folder(options.keep, Path(temporary))
            rows = []
            for name in options.only:
                begin = time.monotonic()
                result = PARTS[name](host, folder, options)
                seconds = f"{time.monotonic() - begin:.0f}"
                verdict = "holds" if result.holds else "FAILS"
                rows.append([result.part, result.tried, result.found, seconds, verdict])
                for failure in result.failures:
                    print(f"FAILURE  {result.part}: {failure}", flush=True)
                good = good and result.holds
        print(f"\nBlender {version}, seed {options.seed}\n")
        show = markdown(TITLES, rows) if options.markdown else table(TITLES, rows, words=TITLES)
        print(*show, sep="\n")

    return answered(parser, work) or (EXIT_OK if good else EXIT_FAILED)


def _folder(keep: Path | None, temporary: Path) -> Path:
    if keep is None:
        return temporary
    if keep.exists() and any(keep.iterdir()):
        raise InputError(f"the folder {keep} is not empty; name a new one")
    return keep.resolve()


def _fuzz(host: Host, folder: Path, options: argparse.Namespace) -> Result:
    export(host, folder / "exports")
    found = subjects([folder / "exports", OWN, *options.models])
    made = cases(found, options.files, options.seed)
    return fuzz(
        host, made, folder / "files", jobs=options.jobs, limit_s=options.limit, say=print
    )  # fmt: skip


def _kills(host: Host, folder: Path, options: argparse.Namespace) -> Result:
    return kills(host, folder / "kills", options.kills, options.seed)


def _shards(host: Host, folder: Path, options: argparse.Namespace) -> Result:
    return shards(host, folder / "shards", options.kills // 10, options.seed)


def _memory(host: Host, folder: Path, _: argparse.Namespace) -> Result:
    return memory(host, folder / "memory")


def _blenders(_: Host, folder: Path, __: argparse.Namespace) -> Result:
    reference = Host(python(DRIVER))
    hosts = [Host(python(version)) for version in WHEELS] + blender_programs()
    others = [(host.version(), host) for host in hosts if host != reference]
    found = list(agreement.agreements(reference, others, folder / "blenders"))
    depth = max(one.depth for one in found)
    return Result(
        part="every Blender",
        tried=f"{', '.join(version for version, _ in others)} against {DRIVER}",
        found=f"{sum(one.ids for one in found)} pixels of other ids; depth within {depth:.1e}",
        failures=[f"{one.version}: {one.words or one.cells}" for one in found if not one.good],
    )


PARTS: dict[str, Callable[[Host, Path, argparse.Namespace], Result]] = {
    "fuzz": _fuzz,
    "kills": _kills,
    "shards": _shards,
    "memory": _memory,
    "blenders": _blenders,
}


def _parts(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"expected some of {','.join(PARTS)}, found {','.join(unknown)!r}"
        )
    return names


def _existing_folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder of models, found {text!r}")
    return path.resolve()


def _parser() -> Parser:
    parser = Parser(
        prog="campaign.py",
        description="Prove what a batch promises when it is killed, shared, fed damaged files, or "
        "long, with real processes.",
    )
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), metavar="PARTS",
        help=f"parts, separated by commas (default: {','.join(PARTS)})",
    )  # fmt: skip
    parser.add_argument(
        "--host", metavar="PROGRAM",
        help=f"a Python with bpy, or a Blender program (default: bpy {DRIVER})",
    )  # fmt: skip
    parser.add_argument(
        "--models", type=_existing_folder, action="append", default=[], metavar="FOLDER",
        help="damage the models in this folder as well; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--files", type=at_least(1), default=200, metavar="N", help="to damage (default: 200)"
    )
    parser.add_argument(
        "--kills", type=at_least(1), default=30, metavar="N",
        help="of the part kills; each of three shards gets a tenth (default: 30)",
    )  # fmt: skip
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="(default: 0)")
    parser.add_argument(
        "--jobs", type=at_least(1), default=max(1, (os.cpu_count() or 2) // 2), metavar="N",
        help="damaged files at once (default: half of the processors)",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=at_least(1), default=60, metavar="SECONDS",
        help="for one damaged file (default: 60)",
    )  # fmt: skip
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="a new folder for what fails, and what it said"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser
