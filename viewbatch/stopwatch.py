"""Where the time of a run goes, by thread and stage."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Times:
    """What a stage took in all."""

    count: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    """Of the thread itself."""
    process_s: float = 0.0
    """Of the whole process meanwhile: of Cycles' threads, and of what else ran beside them."""

    def add(self, clocks: tuple[float, float, float]) -> None:
        """Add clocks that have run on."""
        self.wall_s += clocks[0]
        self.cpu_s += clocks[1]
        self.process_s += clocks[2]


@dataclass(frozen=True, kw_only=True)
class Span:
    """One time that a stage ran, for a trace; seconds of `time.perf_counter`."""

    thread: str
    name: str
    begin_s: float
    end_s: float
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The most memory that the process had used by a moment, for a trace."""

    at_s: float
    peak_bytes: int


@dataclass
class _Running:
    """A stage that has begun."""

    name: str
    details: Mapping[str, Any]
    within: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Clocks that ran in stages inside of it."""


@dataclass
class _Thread:
    """What one thread has done and is doing."""

    stages: dict[str, Times] = field(default_factory=dict)
    running: list[_Running] = field(default_factory=list)


class Stopwatch:
    """Sums the time of stages, on any thread.

    A stage inside of another is named after both, "colour: Cycles", and its time is not
    counted to the outer one: the stages of a thread add up to what it did in all.
    """

    def __init__(self, *, trace: bool = False) -> None:
        """With `trace`, also keep every single span."""
        self.spans: list[Span] | None = [] if trace else None
        self.readings: list[Reading] = []
        self._threads: dict[str, _Thread] = {}
        self._own = threading.local()

    @contextmanager
    def stage(self, name: str, **details: Any) -> Iterator[None]:
        """Count the block's time to a stage; `details` of a span are also those within it."""
        thread = self._thread()
        outer = thread.running[-1] if thread.running else None
        stage = _Running(
            name if outer is None else f"{outer.name}: {name}",
            details if outer is None else {**outer.details, **details},
        )
        thread.running.append(stage)
        begin = _clocks()
        try:
            yield
        finally:
            end = _clocks()
            thread.running.pop()
            passed = _difference(end, begin)
            if outer is not None:
                outer.within = _sum(outer.within, passed)
            times = thread.stages.setdefault(stage.name, Times())
            times.count += 1
            times.add(_difference(passed, stage.within))
            self._keep(stage, begin[0], end[0])

    def add(self, name: str, begin_s: float) -> None:
        """Count the time from a moment of `time.perf_counter` until now to a stage."""
        stages = self._thread().stages
        now = time.perf_counter()
        times = stages.setdefault(name, Times())
        times.count += 1
        # Nothing was running when the clocks of the processor were at 0 but this process.
        times.add((now - begin_s, time.thread_time(), time.process_time()))
        self._keep(_Running(name, {}), begin_s, now)

    def note_memory(self) -> None:
        """Keep the memory in use for a trace, if there is one."""
        if self.spans is not None and (peak := peak_bytes()) is not None:
            self.readings.append(Reading(at_s=time.perf_counter(), peak_bytes=peak))

    def summary(self) -> dict[str, Any]:
        """All that was measured, for JSON: stages by thread, and the process's peak memory."""
        threads = {
            name: {
                stage: {key: round(value, 6) for key, value in vars(times).items()}
                for stage, times in tuple(thread.stages.items())
            }
            for name, thread in tuple(self._threads.items())
        }
        return {"threads": threads, "peak_bytes": peak_bytes()}

    def _thread(self) -> _Thread:
        found: _Thread | None = getattr(self._own, "thread", None)
        if found is None:
            name = threading.current_thread().name
            found = self._own.thread = self._threads.setdefault(name, _Thread())
        return found

    def _keep(self, stage: _Running, begin_s: float, end_s: float) -> None:
        if self.spans is not None:
            self.spans.append(
                Span(
                    thread=threading.current_thread().name,
                    name=stage.name.rpartition(": ")[2],
                    begin_s=begin_s,
                    end_s=end_s,
                    details=stage.details,
                )
            )


def peak_bytes() -> int | None:
    """The most memory that this process has had; None where Python cannot tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _clocks() -> tuple[float, float, float]:
    return time.perf_counter(), time.thread_time(), time.process_time()


def _sum(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _difference(
    end: tuple[float, float, float], begin: tuple[float, float, float]
) -> tuple[float, float, float]:
    return end[0] - begin[0], end[1] - begin[1], end[2] - begin[2]
