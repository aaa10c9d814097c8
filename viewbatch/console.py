"""What the user sees: messages and progress on standard error, data on standard output."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from viewbatch.errors import one_line
from viewbatch.quantities import duration


class ConsoleHandler(logging.Handler):
    """One line per message; on a terminal, progress is one line that updates itself."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._terminal = stream.isatty()
        self._line = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record; records that carry `progress` replace each other on a terminal.

        The items of a list that a record carries as `details` follow on lines of their own.
        """
        message = one_line(record.getMessage().strip())
        if record.levelno >= logging.WARNING:
            message = f"{record.levelname.lower()}: {message}"
        message = "\n  ".join([message, *map(one_line, getattr(record, "details", ()))])
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        progress = getattr(record, "progress", None)
        if progress is not None and self._terminal:
            self._draw(_progress_line(progress.done, progress.total, progress.average_seconds))
            return
        line = self._line
        self._draw("")
        self._write(f"{message}\n")
        self._draw(line)

    def _write(self, text: str) -> None:
        """Print; where that is no longer possible the work goes on, and the log has it all."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def _draw(self, line: str) -> None:
        """Put `line` in place of the one that stands at the bottom of the terminal."""
        if line != self._line:
            blanks = " " * max(0, len(self._line) - len(line))
            self._write(f"\r{line}{blanks}" + ("" if line else "\r"))
            self._line = line

    def close(self) -> None:
        """Leave the last progress line standing."""
        if self._line:
            self._write("\n")
            self._line = ""
        super().close()


class LogFormatter(logging.Formatter):
    """One line per message, with its time, for a log in UTF-8."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line of a record."""
        return one_line(super().formatMessage(record).strip())


def _progress_line(done: int, total: int, average_seconds: float) -> str:
    """What stands at the bottom of a terminal while views are left."""
    if done == total:
        return ""
    left = duration((total - done) * average_seconds)
    return f"view {done} of {total}, {average_seconds:.2f} s per view, {left} left"


@contextmanager
def messages(*, debug: bool) -> Iterator[TextIO]:
    """Send the package's log to standard error, and what Blender prints nowhere.

    Blender and its add-ons write to file descriptors 1 and 2, with Python's streams or
    behind their back. While this lasts those lead to the null device, and only what is
    written to the stream that this yields reaches standard output. With `debug` all of
    it is shown.
    """
    logger = logging.getLogger("viewbatch")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    with _own_streams(silence=not debug) as (out, err):
        handler = ConsoleHandler(err)
        handler.setLevel(logging.DEBUG if debug else logging.INFO)
        logger.addHandler(handler)
        try:
            yield out
        finally:
            logger.removeHandler(handler)
            handler.close()
            logger.setLevel(level)
            _flush(out)


@contextmanager
def _own_streams(*, silence: bool) -> Iterator[tuple[TextIO, TextIO]]:
    if not sys.stdout.isatty() and isinstance(sys.stdout, io.TextIOWrapper):
        # A dump of the configuration that is redirected to a file is TOML, which is UTF-8.
        sys.stdout.reconfigure(encoding="utf-8")
    if not silence:
        yield sys.stdout, sys.stderr
        return
    sys.stdout.flush()
    sys.stderr.flush()
    copies = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    out, err = (
        os.fdopen(copy, "w", encoding=stream.encoding, errors="backslashreplace", buffering=1)
        for copy, stream in zip(copies, (sys.stdout, sys.stderr), strict=True)
    )
    try:
        yield out, err
    finally:
        for stream in (sys.stdout, sys.stderr, out, err):
            _flush(stream)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        for stream in (out, err):
            with contextlib.suppress(OSError):
                stream.close()


def _flush(stream: TextIO) -> None:
    """Print what is left; a stream that nobody reads any more, or on a full disk, is no error."""
    with contextlib.suppress(OSError):
        stream.flush()
