"""How long the views took, from the logs beside a dataset."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from viewbatch.dataset import layout

RENDER_THREAD = "MainThread"

_VIEW = re.compile(r"^\S+ \S+ INFO view (\d+): (\d+(?:\.\d+)?) s, ", re.MULTILINE)
_STAGES = re.compile(r"^\S+ \S+ DEBUG timings (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Times:
    """Wall seconds."""

    views: Mapping[int, float]
    """By view index; of a view that was made again, the last time."""
    stages: Mapping[str, float]
    """By stage of the thread that renders, of all processes that came to their end."""
    processes: int
    """How many made views: one that finds them all there has a log too."""


def read_times(folder: Path) -> Times:
    """What all logs of a dataset say; nothing where there are none."""
    # Their names start with the time at which they begin.
    logs = sorted(path for path in folder.iterdir() if layout.is_log(path.name))
    views: dict[int, float] = {}
    stages: dict[str, float] = {}
    processes = 0
    for path in logs:
        text = path.read_text(encoding="utf-8", errors="replace")
        own = {int(index): float(seconds) for index, seconds in _VIEW.findall(text)}
        processes += bool(own)
        views |= own
        for found in _STAGES.findall(text):
            for stage, times in json.loads(found)["threads"].get(RENDER_THREAD, {}).items():
                # What is within a stage counts to it: "colour: Cycles" to "colour".
                outer = stage.partition(": ")[0]
                stages[outer] = stages.get(outer, 0.0) + times["wall_s"]
    return Times(views=views, stages=stages, processes=processes)
