"""What the helpers have in common as commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from scripts.shared.errors import InputError
from viewbatch.errors import ViewbatchError, one_line


class Parser(argparse.ArgumentParser):
    """Answers bad arguments in one sentence, as all bad input is."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; --help lists the arguments")


def answered(parser: Parser, work: Callable[[], None]) -> int:
    """Do the work of a command; what goes wrong becomes a sentence and an exit code."""
    try:
        work()
    except (InputError, ViewbatchError) as error:
        _say(f"{parser.prog}: {error}")
        return error.exit_code
    except OSError as error:
        _say(f"{parser.prog}: {error.filename} cannot be used: {error.strerror}")
        return 1
    except SystemExit as stop:  # argparse exits by itself after --help
        return int(stop.code or 0)
    return 0


def _say(text: str) -> None:
    print(one_line(text), file=sys.stderr)


def at_least(lowest: int) -> Callable[[str], int]:
    """A whole number among the arguments."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {lowest}, found {text!r}"
            )
        return int(text)

    return parse
