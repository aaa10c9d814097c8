"""The log that a run keeps in the output folder; times stand there and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from viewbatch.console import LogFormatter
from viewbatch.dataset import layout
from viewbatch.dataset.processes import process_name
from viewbatch.dataset.writer import failed
from viewbatch.errors import ViewbatchError

log = logging.getLogger(__name__)


class _LogFile(logging.FileHandler):
    """Says once where it cannot be written any more, and then is silent: views matter more."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8")
        self._path = path
        self._lost = False
        self.setFormatter(LogFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        if self._lost:
            return
        try:
            print(self.format(record), file=self.stream, flush=True)
        except OSError as error:
            self._lost = True
            log.warning(
                "the log %s ends here, it cannot be written: %s",
                self._path,
                error.strerror or error,
            )

    def flush(self) -> None:
        """Nothing: every line is flushed when it is written."""

    def close(self) -> None:
        try:
            super().close()
        except OSError:  # what is left of the line that found no room
            self._lost = True


@contextmanager
def log_file(folder: Path) -> Iterator[None]:
    """Keep what the package logs in a file of this process, in a dataset's folder.

    Also the error that ends the run, which the user is told when the file is closed.
    """
    start = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / layout.log(start, process_name())
    try:
        handler = _LogFile(path)
    except OSError as error:
        raise failed(path, error) from error
    logger = logging.getLogger("viewbatch")
    logger.addHandler(handler)
    try:
        yield
    except Exception as error:
        text = str(error) if isinstance(error, ViewbatchError) else repr(error)
        handler.handle(log.makeRecord(log.name, logging.ERROR, __file__, 0, text, (), None))
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
