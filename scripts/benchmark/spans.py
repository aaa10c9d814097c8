"""The trace of a run, read back: which stage ran when, for which view."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

RENDER_THREAD = "MainThread"
CYCLES = "Cycles"


@dataclass(frozen=True, kw_only=True)
class Span:
    """One time that a stage ran; seconds of the machine's clock."""

    name: str
    thread: str
    begin_s: float
    end_s: float
    view: int | None

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end_s - self.begin_s


@dataclass(frozen=True, kw_only=True)
class ViewTime:
    """One view on the thread that renders."""

    wall_s: float
    """From its beginning to that of the next, or of the last, to its end."""
    cycles_s: float
    """In Cycles' own render calls."""

    @property
    def outside_s(self) -> float:
        """What is not Cycles."""
        return self.wall_s - self.cycles_s


@dataclass(frozen=True)
class Trace:
    """All spans, by their beginning."""

    spans: tuple[Span, ...]
    peaks: tuple[int, ...]
    """Peak memory in bytes after each view; empty where the system does not tell."""

    @classmethod
    def read(cls, path: Path) -> Trace:
        """A file that `generate-batch.py --trace` wrote."""
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
        threads = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
        return cls(
            tuple(
                Span(
                    name=event["name"],
                    thread=threads[event["tid"]],
                    begin_s=event["ts"] * 1e-6,
                    end_s=(event["ts"] + event["dur"]) * 1e-6,
                    view=event["args"].get("view"),
                )
                for event in events
                if event["ph"] == "X"
            ),
            tuple(event["args"]["bytes"] for event in events if event["ph"] == "C"),
        )

    def of(self, name: str, *, view: int | None = None) -> list[Span]:
        """Spans of a stage, of one view if one is named."""
        return [s for s in self.spans if s.name == name and (view is None or s.view == view)]

    @cached_property
    def first_pixel_s(self) -> float:
        """When Cycles begins with the colour of the first view."""
        return min(s.begin_s for s in self.spans if s.name == CYCLES and s.view is not None)

    @cached_property
    def end_s(self) -> float:
        """When the last stage ended."""
        return max(span.end_s for span in self.spans)

    @cached_property
    def views(self) -> list[ViewTime]:
        """Every view in the order in which they were made."""
        own = [s for s in self.spans if s.thread == RENDER_THREAD and s.view is not None]
        # Those of the certificate, which come after, name no view.
        order = list(dict.fromkeys(span.view for span in own))
        by_view = {view: [s for s in own if s.view == view] for view in order}
        begins = [min(s.begin_s for s in by_view[view]) for view in order]
        ends = [*begins[1:], max(span.end_s for span in own)]
        return [
            ViewTime(
                wall_s=end - begin,
                cycles_s=sum(s.seconds for s in by_view[view] if s.name == CYCLES),
            )
            for view, begin, end in zip(order, begins, ends, strict=True)
        ]

    @cached_property
    def beside_rendering(self) -> float | None:
        """Share of the other threads' work that was done while Cycles rendered; None of none."""
        busy = [s for s in self.spans if s.thread != RENDER_THREAD]
        renders = [s for s in self.spans if s.thread == RENDER_THREAD and s.name == CYCLES]
        total = sum(span.seconds for span in busy)
        shared, first = 0.0, 0
        for span in sorted(busy, key=lambda span: span.begin_s):
            while first < len(renders) and renders[first].end_s <= span.begin_s:
                first += 1
            for render in renders[first:]:
                if render.begin_s >= span.end_s:
                    break
                shared += min(span.end_s, render.end_s) - max(span.begin_s, render.begin_s)
        return shared / total if total else None
