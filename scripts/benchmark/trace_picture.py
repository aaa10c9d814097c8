"""A few views of a trace as a picture: what runs beside what."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scripts.benchmark.spans import CYCLES, RENDER_THREAD, Span, Trace
from scripts.shared.output import write_output

_VIEWS = 3
_COLORS = {
    # stage -> colour; of stages within others, the inner one is drawn above
    "Cycles": "#0072b2",
    "colour": "#d55e00",
    "ground truth": "#d55e00",
    "colour file": "#d55e00",
    "reading passes": "#d55e00",
    "encoding": "#009e73",
    "hashing": "#e69f00",
    "renaming": "#cc79a7",
    "record": "#cc79a7",
    "waiting for the writer": "#000000",
}
_LEGEND = {
    "Cycles": "Cycles",
    "colour": "Blender around it, and passes",
    "encoding": "encoding",
    "hashing": "hashing",
    "record": "renaming, record",
    "waiting for the writer": "waiting for the writer",
}
_LANES = ("thread that renders", "writer's thread")


def write(trace: Trace, path: Path) -> None:
    """Write a picture of some views in the middle of a trace, as PNG."""
    colors = [s for s in trace.spans if s.name == "colour" and s.view is not None]
    middle = max(0, (len(colors) - _VIEWS) // 2)
    shown = colors[middle : middle + _VIEWS]
    after = colors[middle + _VIEWS :]
    begin_s = shown[0].begin_s
    end_s = after[0].begin_s if after else trace.end_s
    figure = Figure(figsize=(11, 2.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    inside = [s for s in trace.spans if s.end_s > begin_s and s.begin_s < end_s]
    for span in sorted(inside, key=_depth):
        axes.barh(
            0 if span.thread == RENDER_THREAD else 1,
            1e3 * span.seconds,
            left=1e3 * (span.begin_s - begin_s),
            height=0.7,
            color=_COLORS.get(span.name, "#bbbbbb"),
            linewidth=0,
        )
    for span in shown:
        axes.text(
            1e3 * (span.begin_s - begin_s), -0.42, f" view {span.view}", fontsize=8, va="bottom"
        )
        axes.axvline(1e3 * (span.begin_s - begin_s), color="#999999", linewidth=0.8)
    axes.set_xlim(0, 1e3 * (end_s - begin_s))
    axes.set_ylim(1.45, -0.62)
    axes.set_yticks(range(2), _LANES, fontsize=9)
    axes.set_xlabel("milliseconds", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    handles = [Patch(color=_COLORS[name], label=label) for name, label in _LEGEND.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_output(path, stream.getvalue())


def _depth(span: Span) -> int:
    """What is drawn later is drawn above: Cycles within what surrounds it."""
    return 2 if span.name == CYCLES else 1 if span.name == "reading passes" else 0
