"""The one family of errors, and the exit codes they end a process with.

A message is one plain sentence (or a list of them) for the user: what was found,
what was expected, what to do. Only `cli.main` catches them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# Control characters, what ends a line, what turns the direction of writing, and halves of
# characters that stand for bytes of a file's name.
_ACTING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: str) -> str:
    """Text for a terminal or a log: what would end the line or act on it is an escape."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class ViewbatchError(Exception):
    """Base of every error that is reported to the user without a traceback."""

    exit_code: ClassVar[int] = EXIT_FAILED


class RunError(ViewbatchError):
    """The run failed; what exists is complete and the run can be continued."""


class PluginError(RunError):
    """A plugin raised in one of its hooks."""


class UsageError(ViewbatchError):
    """The command is at fault: an argument, a path, an output folder."""

    exit_code = EXIT_USAGE


class ModelError(UsageError):
    """The model cannot be imported, or holds nothing to render."""


class DatasetError(UsageError):
    """A dataset on disk is missing, damaged, or of another schema."""


class ConfigError(UsageError):
    """The configuration is at fault; carries all of its problems at once."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        self.headline = f"the configuration ({source}) has {count}:"
        super().__init__("\n  ".join([self.headline, *problems]))
