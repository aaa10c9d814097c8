"""What a run did when, as Chrome trace events, which https://ui.perfetto.dev shows.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from viewbatch.errors import RunError, UsageError
from viewbatch.stopwatch import Reading, Span


def check(path: Path, output: Path) -> None:
    """Raise `UsageError` for a file that cannot be written, or could be one of the dataset's."""
    if path.suffix.lower() != ".json":
        raise UsageError(f"the trace {path} does not end in .json; name such a file")
    if not path.parent.is_dir():
        raise UsageError(
            f"the folder {path.parent} of the trace does not exist; make it first, or name another"
        )
    if path.is_dir():
        raise UsageError(f"the trace {path} is a folder; name a file")
    # As `resolve` would, which raises where links lead in a circle.
    if os.path.dirname(os.path.realpath(path)) == os.path.realpath(output):  # noqa: PTH120
        raise UsageError(
            f"the trace {path} would lie among the files of the dataset, which it could replace; "
            "name a file in another folder"
        )


def write(path: Path, spans: Sequence[Span], readings: Sequence[Reading]) -> None:
    """Write what a stopwatch has kept; raises `RunError`."""
    text = json.dumps({"traceEvents": events(spans, readings), "displayTimeUnit": "ms"})
    try:
        path.write_text(text + "\n", encoding="ascii")
    except OSError as error:
        raise RunError(f"the trace {path} cannot be written: {error.strerror}") from error


def events(spans: Sequence[Span], readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """The names of threads, all spans by their beginning, and memory; times in microseconds."""
    process = os.getpid()
    ordered = sorted(spans, key=lambda span: (span.begin_s, -span.end_s))
    numbers = {name: i for i, name in enumerate(dict.fromkeys(span.thread for span in ordered))}
    names = [
        {"ph": "M", "name": "thread_name", "pid": process, "tid": number, "args": {"name": name}}
        for name, number in numbers.items()
    ]
    complete = [
        {
            "ph": "X",
            "name": span.name,
            "pid": process,
            "tid": numbers[span.thread],
            "ts": round(span.begin_s * 1e6, 3),
            "dur": round((span.end_s - span.begin_s) * 1e6, 3),
            "args": dict(span.details),
        }
        for span in ordered
    ]
    memory = [
        {
            "ph": "C",
            "name": "peak memory",
            "pid": process,
            "ts": round(reading.at_s * 1e6, 3),
            "args": {"bytes": reading.peak_bytes},
        }
        for reading in readings
    ]
    return [*names, *complete, *memory]
