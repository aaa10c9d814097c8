"""Measures a job: its stages, its views, and whether it meets its goals."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.hosts import Host, Run, Work
from scripts.benchmark.jobs import Job, JobName
from scripts.benchmark.spans import RENDER_THREAD, ViewTime
from scripts.benchmark.tables import Table

BARE_IMPORT = Path(__file__).with_name("bare_import.py")
START_UP = "start-up"

FIRST_PIXEL_RATIO = 1.3
OTHER_SHARE = 0.03
OUTSIDE_S = 0.03
HEAVY_RATIO = 1.2
FLAT = 1.05
"""What is flat grows by less than a twentieth: of times the noise of a quiet machine."""
STARTS = 3
"""Times that a start is measured."""
WARM = 10
"""Views after which nothing may grow any more."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One job, run once."""

    job: Job
    run: Run
    bare_import_s: float
    """From the launch of a process that only imports the model to where it has done so."""
    first_pixel_s: float
    """From the launch to where Cycles begins with the first image."""

    @property
    def after_start_up_s(self) -> float:
        """From a loaded Blender to the end of the last stage."""
        [start_up] = self.run.trace.of(START_UP)
        return self.run.trace.end_s - start_up.end_s

    @property
    def cycles_s(self) -> float:
        """In Cycles' own render calls of views."""
        return sum(view.cycles_s for view in self.run.trace.views)

    @property
    def later_views(self) -> list[ViewTime]:
        """All but the first, for which Cycles builds the scene; the first where it is alone."""
        return self.run.trace.views[1:] or self.run.trace.views


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure and what it should be."""

    job: JobName
    words: str
    found: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.found <= self.limit


def measure(job: Job, host: Host, settings: Sequence[str], folder: Path) -> Measurement:
    """Run a job in a process of its own, and its start, and an import alone, in several others.

    Of what starts, the least counts: what comes on top is the machine's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = job.model(folder).resolve()

    def run(views: int, place: Path) -> Run:
        work = Work(model=model, views=views, settings=[*job.settings, *settings])
        return host.generate(work, place)

    bare, first = [], []
    for _ in range(STARTS):
        bare.append(_bare_import_s(host, model))
        first.append(_first_pixel_s(run(1, folder / "start")))
    done = run(job.views, folder)
    return Measurement(
        job=job,
        run=done,
        bare_import_s=min(bare),
        first_pixel_s=min(*first, _first_pixel_s(done)),
    )


def _bare_import_s(host: Host, model: Path) -> float:
    launched = time.perf_counter()
    printed = host.run_script(BARE_IMPORT, str(model))
    found = re.search(r"^imported at ([\d.]+)$", printed, re.MULTILINE)
    assert found is not None, printed
    # The clock is the machine's, so that two processes can compare what it shows.
    return float(found[1]) - launched


def _first_pixel_s(run: Run) -> float:
    return run.trace.first_pixel_s - run.launched_s


def goals(measured: Measurement) -> list[Goal]:
    """What a job is measured for."""
    name, later = measured.job.name, measured.later_views
    found = [
        (
            "start to first image, over launching Blender and importing alone",
            measured.first_pixel_s / measured.bare_import_s,
            FIRST_PIXEL_RATIO,
        )
    ]
    match name:
        case JobName.SMALL:
            other = 1 - measured.cycles_s / measured.after_start_up_s
            found.append(("share of the run that is not Cycles' render", other, OTHER_SHARE))
        case JobName.OVERHEAD:
            outside = _median([view.outside_s for view in later])
            found.append(("seconds per view outside of Cycles, median", outside, OUTSIDE_S))
        case JobName.HEAVY:
            ratio = _median([v.wall_s / v.cycles_s for v in later])
            found.append(("later views over their Cycles calls, median", ratio, HEAVY_RATIO))
        case JobName.MANY if len(measured.run.trace.views) > 2 * WARM:
            found += _growth(measured)
        case _:
            pass
    return [Goal(job=name, words=words, found=value, limit=limit) for words, value, limit in found]


def _growth(measured: Measurement) -> list[tuple[str, float, float]]:
    """Of the views after the tenth: the last tenth of them over the first, and of memory."""
    warm = measured.run.trace.views[WARM:]
    size = max(1, len(warm) // 10)
    first, last = (_median([v.wall_s for v in part]) for part in (warm[:size], warm[-size:]))
    found = [("time per view, the last tenth over the first", last / first, FLAT)]
    if peaks := measured.run.trace.peaks:
        found.append(("peak memory, last view over the tenth", peaks[-1] / peaks[WARM - 1], FLAT))
    return found


def tables(measured: Measurement) -> list[Table]:
    """Stages, and what is told of the views."""
    return [_stages(measured), _views(measured)]


def goals_table(found: Sequence[Goal]) -> Table:
    """All goals of all jobs."""
    return Table(
        title="Goals",
        columns=["goal", "job", "found", "at most", "met"],
        rows=[
            [
                goal.words,
                goal.job,
                f"{goal.found:.3g}",
                f"{goal.limit:g}",
                "yes" if goal.met else "no",
            ]
            for goal in found
        ],
    )


def _stages(measured: Measurement) -> Table:
    views, total = measured.job.views, measured.after_start_up_s
    threads = measured.run.timings["threads"]
    rows, rendering_s = [], 0.0
    for thread in sorted(threads, key=lambda name: name != RENDER_THREAD):
        for stage, times in threads[thread].items():
            own, wall_s = thread == RENDER_THREAD, times["wall_s"]
            share = f"{wall_s / total:.1%}" if own and stage != START_UP else ""
            if own and stage != START_UP:
                rendering_s += wall_s
            rows.append(
                [
                    stage if own else f"beside: {stage}",
                    str(times["count"]),
                    f"{wall_s:.3f}",
                    f"{1e3 * wall_s / views:.2f}",
                    f"{times['cpu_s']:.3f}",
                    f"{times['process_s']:.3f}",
                    share,
                ]
            )
    rest_s = total - rendering_s
    rows.append(["between the stages", "", f"{rest_s:.3f}", f"{1e3 * rest_s / views:.2f}", "", "",
                 f"{rest_s / total:.1%}"])  # fmt: skip
    job = measured.job
    return Table(
        title=f"{job.name}: {views} views, {job.resolution_px}x{job.resolution_px}, "
        f"{job.samples} samples",
        columns=["stage", "times", "wall s", "ms per view", "CPU s", "CPU s of process", "share"],
        rows=rows,
    )


def _views(measured: Measurement) -> Table:
    trace, job = measured.run.trace, measured.job
    first, later = trace.views[0], measured.later_views
    wall_s, cycles_s = (_mean([getattr(v, key) for v in later]) for key in ("wall_s", "cycles_s"))
    peak = measured.run.timings["peak_bytes"]
    beside = trace.beside_rendering
    rows = [
        ("launch to a loaded Blender with the model, alone (s)", f"{measured.bare_import_s:.3f}"),
        ("launch to the first image's render (s)", f"{measured.first_pixel_s:.3f}"),
        ("first view (s)", f"{first.wall_s:.3f}"),
        ("  of it Cycles", f"{first.cycles_s:.3f}"),
        ("later views, mean (s)", f"{wall_s:.4f}"),
        ("  of it Cycles", f"{cycles_s:.4f}"),
        ("  outside of Cycles", f"{wall_s - cycles_s:.4f}"),
        ("  outside of Cycles, median", f"{_median([v.outside_s for v in later]):.4f}"),
        ("Cycles' calls of later views over the first's", f"{cycles_s / first.cycles_s:.3f}"),
        ("Cycles' share of the run after start-up",
         f"{measured.cycles_s / measured.after_start_up_s:.1%}"),
        ("writer's work done while Cycles renders", "" if beside is None else f"{beside:.0%}"),
        ("peak memory (MiB)", "unknown" if peak is None else f"{peak / 2**20:.0f}"),
    ]  # fmt: skip
    return Table(title=f"{job.name}: views", columns=["", "found"], rows=[list(r) for r in rows])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
