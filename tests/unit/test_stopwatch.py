"""Stages add up, on every thread, and become a trace where one is asked for."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from viewbatch import trace
from viewbatch.errors import RunError, UsageError
from viewbatch.stopwatch import Reading, Span, Stopwatch

MAIN = "MainThread"


def work(loops: int = 200_000) -> int:
    """What takes this thread's CPU some milliseconds."""
    return sum(range(loops))


def test_a_stage_is_counted_each_time_and_also_where_it_raises() -> None:
    watch = Stopwatch()
    with watch.stage("a"):
        work()
    first = watch.summary()["threads"][MAIN]["a"]
    assert first["count"] == 1
    assert first["wall_s"] > 0
    with pytest.raises(KeyError), watch.stage("a"):
        raise KeyError
    second = watch.summary()["threads"][MAIN]
    assert list(second) == ["a"]
    assert second["a"]["count"] == 2
    assert second["a"]["wall_s"] >= first["wall_s"]


def test_a_stage_within_another_is_named_after_both_and_counted_once() -> None:
    watch = Stopwatch(trace=True)
    with watch.stage("outer"):
        for _ in range(2):
            with watch.stage("inner"):
                work()
    stages = watch.summary()["threads"][MAIN]
    assert list(stages) == ["outer: inner", "outer"]
    assert watch.spans is not None
    whole = next(span for span in watch.spans if span.name == "outer")
    # The summary is rounded to microseconds.
    total = stages["outer"]["wall_s"] + stages["outer: inner"]["wall_s"]
    assert total == pytest.approx(whole.end_s - whole.begin_s, abs=5e-6)
    inner = sum(span.end_s - span.begin_s for span in watch.spans if span.name == "inner")
    assert stages["outer: inner"]["wall_s"] == pytest.approx(inner, abs=5e-6)


def test_threads_are_told_apart_and_stages_begun_on_one_enclose_nothing_on_another() -> None:
    watch = Stopwatch()

    def beside() -> None:
        with watch.stage("encoding"):
            work()

    with watch.stage("rendering"):
        thread = threading.Thread(target=beside, name="writer")
        thread.start()
        thread.join()
    threads = watch.summary()["threads"]
    assert list(threads[MAIN]) == ["rendering"]
    assert list(threads["writer"]) == ["encoding"]
    # What the other thread computed is the process's time here, and not this thread's.
    own, other = threads[MAIN]["rendering"], threads["writer"]["encoding"]
    assert own["process_s"] >= other["cpu_s"] > 0
    assert own["process_s"] >= own["cpu_s"]


def test_nothing_is_kept_for_a_trace_that_nobody_wants() -> None:
    watch = Stopwatch()
    with watch.stage("a"):
        pass
    watch.note_memory()
    assert (watch.spans, watch.readings) == (None, [])


def test_details_are_those_of_the_stage_and_of_those_around_it() -> None:
    watch = Stopwatch(trace=True)
    with watch.stage("colour", view=3), watch.stage("Cycles"):
        pass
    with watch.stage("encoding", view=4, file="004_depth.exr"):
        pass
    assert watch.spans is not None
    assert [(span.name, dict(span.details)) for span in watch.spans] == [
        ("Cycles", {"view": 3}),
        ("colour", {"view": 3}),
        ("encoding", {"view": 4, "file": "004_depth.exr"}),
    ]


def test_events_are_those_of_the_format() -> None:
    spans = [
        Span(thread="b", name="late", begin_s=2.0, end_s=2.5, details={}),
        Span(thread="a", name="inner", begin_s=1.0, end_s=1.25, details={"view": 0}),
        Span(thread="a", name="outer", begin_s=1.0, end_s=3.0, details={"view": 0}),
    ]
    found = trace.events(spans, [Reading(at_s=3.0, peak_bytes=7)])
    assert len({event.pop("pid") for event in found}) == 1
    assert found == [
        {"ph": "M", "name": "thread_name", "tid": 0, "args": {"name": "a"}},
        {"ph": "M", "name": "thread_name", "tid": 1, "args": {"name": "b"}},
        {"ph": "X", "name": "outer", "tid": 0, "ts": 1e6, "dur": 2e6, "args": {"view": 0}},
        {"ph": "X", "name": "inner", "tid": 0, "ts": 1e6, "dur": 25e4, "args": {"view": 0}},
        {"ph": "X", "name": "late", "tid": 1, "ts": 2e6, "dur": 5e5, "args": {}},
        {"ph": "C", "name": "peak memory", "ts": 3e6, "args": {"bytes": 7}},
    ]


def test_a_trace_is_one_json_object(tmp_path: Path) -> None:
    span = Span(thread="ä", name="a", begin_s=0.0, end_s=1.0, details={})
    trace.write(tmp_path / "t.json", [span], [])
    found = json.loads((tmp_path / "t.json").read_text(encoding="ascii"))
    assert [event["ph"] for event in found["traceEvents"]] == ["M", "X"]
    with pytest.raises(RunError) as caught:
        trace.write(tmp_path / "gone" / "t.json", [span], [])
    assert str(caught.value) == (
        f"the trace {tmp_path / 'gone' / 't.json'} cannot be written: No such file or directory"
    )


def test_a_trace_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "out" / "dataset.json")
    for path, message in {
        tmp_path / "model.glb": "the trace {} does not end in .json; name such a file",
        tmp_path / "none" / "t.json": f"the folder {tmp_path / 'none'} of the trace does not "
        "exist; make it first, or name another",
        tmp_path / "folder.json": "the trace {} is a folder; name a file",
        tmp_path / "out" / "dataset.json": "the trace {} would lie among the files of the "
        "dataset, which it could replace; name a file in another folder",
        tmp_path / "link.json": "the trace {} would lie among the files of the dataset, which it "
        "could replace; name a file in another folder",
    }.items():
        with pytest.raises(UsageError) as caught:
            trace.check(path, tmp_path / "out")
        assert str(caught.value) == message.format(path)
    trace.check(tmp_path / "new.json", tmp_path / "out")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    trace.check(tmp_path / "new.json", tmp_path / "circle")
