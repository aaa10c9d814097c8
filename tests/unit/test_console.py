"""What the user sees: lines, one progress line on a terminal, nothing of Blender's."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from viewbatch.console import ConsoleHandler, LogFormatter

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    average_seconds: float


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and what stands on it after all control codes."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        lines = [""]
        column = 0
        for character in self.getvalue():
            if character == "\n":
                lines.append("")
                column = 0
            elif character == "\r":
                column = 0
            else:
                lines[-1] = lines[-1][:column].ljust(column) + character + lines[-1][column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        handler.close()


def view(log: logging.Logger, done: int, total: int, seconds: float) -> None:
    log.info("view %d: done", done, extra={"progress": Progress(done, total, seconds)})


def test_on_a_pipe_everything_is_a_line(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(ConsoleHandler(stream))
    log.info("configuration: %s", "x.toml")
    view(log, 1, 2, 0.5)
    log.warning("magenta")
    log.error("gone")
    assert stream.getvalue() == (
        "configuration: x.toml\nview 1: done\nwarning: magenta\nerror: gone\n"
    )


def test_on_a_terminal_progress_is_one_line_below_the_messages(log: logging.Logger) -> None:
    terminal = Terminal()
    log.addHandler(ConsoleHandler(terminal))
    log.info("configuration: x.toml")
    view(log, 1, 100, 60.0)
    assert terminal.screen == [
        "configuration: x.toml", "view 1 of 100, 60.00 s per view, 1 h 39 min left"
    ]  # fmt: skip
    view(log, 98, 100, 1.5)
    assert terminal.screen[1:] == ["view 98 of 100, 1.50 s per view, 3 s left"]
    log.warning("view 98 shows nothing of the target")
    assert terminal.screen == [
        "configuration: x.toml",
        "warning: view 98 shows nothing of the target",
        "view 98 of 100, 1.50 s per view, 3 s left",
    ]


def test_the_progress_line_goes_with_the_last_view(log: logging.Logger) -> None:
    terminal = Terminal()
    log.addHandler(ConsoleHandler(terminal))
    view(log, 1, 2, 1.0)
    view(log, 2, 2, 1.0)
    log.info("2 views in out")
    assert terminal.screen == ["2 views in out", ""]


def test_a_progress_line_stays_where_the_run_ends_in_between(log: logging.Logger) -> None:
    terminal = Terminal()
    handler = ConsoleHandler(terminal)
    log.addHandler(handler)
    view(log, 1, 3, 0.25)
    handler.close()
    assert terminal.screen == ["view 1 of 3, 0.25 s per view, 0 s left", ""]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7325, "2 h 2 min")],
)
def test_durations_in_words(log: logging.Logger, seconds: float, words: str) -> None:
    terminal = Terminal()
    log.addHandler(ConsoleHandler(terminal))
    view(log, 1, 2, seconds)
    assert terminal.screen[0].endswith(f"per view, {words} left")


NOISE = """
import logging, os, sys
from viewbatch.console import messages
os.write(1, b"before\\n")
with messages(debug={debug}) as output:
    log = logging.getLogger("viewbatch.test")
    os.write(1, b"C on 1\\n")
    os.write(2, b"C on 2\\n")
    print("Python on 1")
    print("Python on 2", file=sys.stderr)
    log.info("told \\u00e9\\n\\x1b[31m")
    log.debug("whispered")
    output.write("data \\u00e9 \\u2192\\n")
os.write(1, b"after on 1\\n")
os.write(2, b"after on 2\\n")
print("Python after", flush=True)
"""


def noise(*, debug: bool, encoding: str = "utf-8") -> tuple[list[str], list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", NOISE.format(debug=debug)],
        cwd=ROOT, capture_output=True, check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    # Data are a file's content, which is UTF-8, whatever the streams are for.
    return done.stdout.decode().splitlines(), done.stderr.decode(encoding).splitlines()


def test_what_is_written_behind_our_back_is_silenced_and_the_streams_come_back() -> None:
    out, err = noise(debug=False)
    assert out == ["before", "data \u00e9 \u2192", "after on 1", "Python after"]
    assert err == ["told \u00e9\\n\\x1b[31m", "after on 2"]


def test_debug_shows_all() -> None:
    out, err = noise(debug=True)
    assert {"C on 1", "Python on 1", "data \u00e9 \u2192"} <= set(out)
    assert {"C on 2", "Python on 2", "told \u00e9\\n\\x1b[31m", "whispered"} <= set(err)


def test_a_stream_that_lacks_a_letter_gets_its_code() -> None:
    out, err = noise(debug=False, encoding="ascii")
    assert "data \u00e9 \u2192" in out
    assert err[0] == "told \\xe9\\n\\x1b[31m"


def test_nothing_acts_on_a_terminal_or_breaks_a_line(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(ConsoleHandler(stream))
    log.error("a\nb\r\x1b[2J\x7f \u202e \u2028 \udcff \u200d\U0001f600\n")
    log.error("all of it:", extra={"details": ("one\ntwo", "three")})
    assert stream.getvalue() == (
        "error: a\\nb\\r\\x1b[2J\\x7f \\u202e \\u2028 \\udcff \u200d\U0001f600\n"
        "error: all of it:\n  one\\ntwo\n  three\n"
    )


def test_a_log_holds_a_line_for_each_message() -> None:
    record = logging.LogRecord("viewbatch", logging.INFO, "", 0, "a\n\x1b%s\n", ("\udcff",), None)
    text = LogFormatter().format(record)
    assert text.endswith(" INFO a\\n\\x1b\\udcff")
    assert "\n" not in text
