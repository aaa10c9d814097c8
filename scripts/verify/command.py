"""The command line of the certificate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from compat.shared.images import read_levels
from compat.shared.progress import progress
from scripts.shared.command import Parser, answered
from scripts.shared.output import check_output, refuse_own_files, write_output
from viewbatch.dataset import Dataset
from viewbatch.errors import EXIT_FAILED, EXIT_OK
from viewbatch.verify import certify, text


def main(argv: Sequence[str]) -> int:
    """Check a dataset, print what was found, return the exit code."""
    parser = Parser(
        prog="verify.py", description="Prove a dataset from its own files, or say what is wrong."
    )
    parser.add_argument("dataset", type=Path, help="a folder with dataset.json")
    parser.add_argument(
        "--json", type=Path, metavar="FILE.json", help="also write the whole certificate, as JSON"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file")
    good = True

    def work() -> None:
        nonlocal good
        options = parser.parse_args(argv)
        if options.json is not None:
            refuse_own_files(options.json)
            check_output(options.json, [".json"], overwrite=options.overwrite)
        certificate = certify(
            Dataset.open(options.dataset), read_levels=read_levels, progress=progress
        )
        for line in text.lines(certificate):
            print(line)
        if options.json is not None:
            write_output(options.json, certificate.to_json().encode("ascii"))
        good = certificate.good

    return answered(parser, work) or (EXIT_OK if good else EXIT_FAILED)
