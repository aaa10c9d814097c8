"""What the helpers that make pictures have in common as commands."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from pictures import InputError


class Parser(argparse.ArgumentParser):
    """Answers bad arguments in one sentence, as all bad input is."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; --help lists the arguments")


def answered(parser: Parser, work: Callable[[], None]) -> int:
    """Do the work of a command; what goes wrong becomes a sentence and an exit code."""
    try:
        work()
    except InputError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"{parser.prog}: {error.filename} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    except SystemExit as stop:  # argparse exits by itself after --help
        return int(stop.code or 0)
    return 0
