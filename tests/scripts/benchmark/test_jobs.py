"""Jobs: what a trace tells of them, and their goals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmark import measuring
from scripts.benchmark.hosts import Run
from scripts.benchmark.jobs import JOBS, JobName
from scripts.benchmark.measuring import Measurement
from scripts.benchmark.spans import Trace


def test_jobs_are_those_that_figures_are_given_for() -> None:
    sizes = {job.name: (job.views, job.resolution_px, job.samples) for job in JOBS.values()}
    assert sizes == {
        "small": (16, 512, 64),
        "overhead": (64, 512, 1),
        "heavy": (16, 512, 1),
        "large": (4, 2048, 16),
        "many": (1000, 64, 1),
    }


def event(name: str, thread: int, begin: float, end: float, view: int | None) -> dict[str, object]:
    args = {} if view is None else {"view": view}
    times = {"ts": 1e6 * begin, "dur": 1e6 * (end - begin)}
    return {"ph": "X", "name": name, "tid": thread, "args": args, **times}


@pytest.fixture
def traced(tmp_path: Path) -> Trace:
    """Two views of one second each; the first one's files while the second is rendered."""
    names = [
        {"ph": "M", "name": "thread_name", "tid": tid, "args": {"name": name}}
        for tid, name in enumerate(["MainThread", "viewbatch-writer"])
    ]
    events = [
        event("start-up", 0, 0.0, 1.0, None),
        event("import", 0, 1.0, 1.5, None),
        event("Cycles", 0, 1.1, 1.2, None),
        event("colour", 0, 2.0, 2.8, 0),
        event("Cycles", 0, 2.1, 2.7, 0),
        event("colour", 0, 3.0, 3.9, 1),
        event("Cycles", 0, 3.1, 3.9, 1),
        event("encoding", 1, 2.9, 3.5, 0),
        event("waiting for the writer", 0, 3.9, 4.0, 1),
        event("encoding", 1, 4.0, 4.2, 1),
    ]
    memory = [
        {"ph": "C", "name": "peak memory", "ts": 0, "args": {"bytes": size}} for size in (5, 6)
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [*names, *events, *memory]}), encoding="utf-8")
    return Trace.read(path)


def test_a_trace_tells_what_views_took(traced: Trace) -> None:
    assert [view.wall_s for view in traced.views] == pytest.approx([1.0, 1.0])
    assert [view.cycles_s for view in traced.views] == pytest.approx([0.6, 0.8])
    assert [view.outside_s for view in traced.views] == pytest.approx([0.4, 0.2])
    assert (traced.first_pixel_s, traced.end_s) == pytest.approx((2.1, 4.2))
    assert traced.peaks == (5, 6)
    # 0.4 of the writer's 0.8 seconds.
    assert traced.beside_rendering == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (JobName.SMALL, 1 - 1.4 / 3.2),
        (JobName.OVERHEAD, 0.2),
        (JobName.HEAVY, 1.0 / 0.8),
        (JobName.LARGE, None),
        (JobName.MANY, None),  # too few views to tell
    ],
)
def test_goals_are_of_the_job(
    name: JobName, found: float | None, traced: Trace, tmp_path: Path
) -> None:
    done = Run(folder=tmp_path, wall_s=4.5, launched_s=-0.1, trace=traced, timings={})
    measured = Measurement(job=JOBS[name], run=done, bare_import_s=2.0, first_pixel_s=2.2)
    first, *others = measuring.goals(measured)
    assert first.found == pytest.approx(2.2 / 2.0)
    assert first.met
    assert [goal.found for goal in others] == ([] if found is None else [pytest.approx(found)])
    assert not any(goal.met for goal in others)


def test_growth_is_told_after_the_tenth_view(tmp_path: Path) -> None:
    begins = np.cumsum([0.0, *[1.0] * 20, *[2.0] * 20])
    spans = [event("Cycles", 0, begins[i], begins[i] + 0.5, i) for i in range(40)]
    names = {"ph": "M", "name": "thread_name", "tid": 0, "args": {"name": "MainThread"}}
    memory = [
        {"ph": "C", "name": "peak memory", "ts": 0, "args": {"bytes": size}}
        for size in [*range(1, 11), *[20] * 30]
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [names, *spans, *memory]}), encoding="utf-8")
    done = Run(folder=tmp_path, wall_s=1, launched_s=0, trace=Trace.read(path), timings={})
    measured = Measurement(job=JOBS[JobName.MANY], run=done, bare_import_s=1.0, first_pixel_s=1.0)
    _, time, memory_goal = measuring.goals(measured)
    assert (time.found, memory_goal.found) == pytest.approx((2.0, 20 / 10))
