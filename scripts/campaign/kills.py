"""A run that is killed again and again ends equal to one that is left alone."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.campaign.judge import wrong_of
from scripts.campaign.results import Result
from scripts.shared.equality import differing
from scripts.shared.errors import InputError
from scripts.shared.hosts import ROOT, Host, overrides
from viewbatch.dataset import Dataset, layout
from viewbatch.errors import EXIT_OK

VIEWS = 20
MODEL = ROOT / "references" / "models" / "suzanne.glb"
SETTINGS = (
    "render.resolution_x=160",
    "render.resolution_y=120",
    "render.samples=16",
    "render.cycles.use_denoising=false",
    'plugins.enabled=["depth", "mask", "normal", "point_cloud"]',
)
"""A view that takes longer than its files, so that a kill hits either."""

LIMIT_S = 600.0


def command(host: Host, out: str, *more: str) -> list[str]:
    """The run of this part."""
    return host.generate(MODEL, out, str(VIEWS), *overrides(SETTINGS), *more)


@dataclass(frozen=True)
class Undisturbed:
    """What a run makes that is left alone."""

    out: Path
    start_s: float
    """From the start of the process to its first view."""
    view_s: float
    """Of each further view."""

    def longest_s(self, views: float) -> float:
        """The moment up to which kills are spread so that they leave so many views on average.

        A kill at a moment t, spread evenly up to L, leaves (t - start) / view views, or none; so
        on average (L - start)^2 / (2 L view), of which this is the solution for L.
        """
        return self.start_s + self.view_s * (
            views + math.sqrt(views**2 + 2 * views * self.start_s / self.view_s)
        )


def undisturbed(host: Host, folder: Path) -> Undisturbed:
    """Run without a kill; raises `InputError` where that fails."""
    folder.mkdir(parents=True)
    out, begin = folder / "undisturbed", time.monotonic()
    moments = []
    with subprocess.Popen(
        command(host, out.name), cwd=folder, text=True, encoding="utf-8",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said = line.strip()
            if line.startswith("view "):
                moments.append(time.monotonic() - begin)
    if process.returncode != EXIT_OK or len(moments) < 2:
        raise InputError(f"{host.program} fails where nothing disturbs it: {said}", 1)
    view_s = (moments[-1] - moments[0]) / (len(moments) - 1)
    return Undisturbed(out, moments[0] - view_s, view_s)


def state(out: Path, reference: Path) -> tuple[int, str | None]:
    """How many views there are after a kill, and what is wrong with what is claimed."""
    if not (out / layout.DATASET).exists():
        claimed = [p.name for p in out.glob("*") if layout.index_of_record(p.name) is not None]
        return 0, f"{claimed[0]} without {layout.DATASET}" if claimed else None
    wrong = wrong_of(out)
    if wrong is not None:
        return 0, wrong
    indices = Dataset.open(out).indices
    for index in indices:
        name = layout.view_record(index)
        if (out / name).read_bytes() != (reference / name).read_bytes():
            return 0, f"{name} differs from that of the undisturbed run"
    return len(indices), None


class Killer:
    """Starts a process and kills it at a random moment.

    Moments are spread over the start and the first views, so that a run of twenty views lives
    through many. What the process has started may outlive it until the end of the campaign, as
    where the system kills it for its memory.
    """

    def __init__(self, rng: np.random.Generator, longest_s: float) -> None:
        self.rng, self.longest_s = rng, longest_s
        self.groups: list[int] = []

    def start(self, command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, cwd=folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.groups.append(process.pid)
        return process

    def moment_s(self) -> float:
        return float(self.rng.uniform(0.0, self.longest_s))

    def kill(self, process: subprocess.Popen[bytes]) -> int | None:
        """Kill it at a random moment; its exit code where it ended by itself before."""
        try:
            return process.wait(self.moment_s())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def clear(self) -> None:
        """End what killed processes left running."""
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.groups.clear()


def kills(host: Host, folder: Path, number: int, seed: int) -> Result:
    """Kill a run so many times, and continue it each time.

    Where it is finished before the last kill, the others hit a second one.
    """
    alone = undisturbed(host, folder)
    killer = Killer(np.random.default_rng(seed), alone.longest_s(0.8 * VIEWS / number))
    failures: list[str] = []
    left: list[int] = []
    finished, unfinished = 0, True
    try:
        while len(left) < number or unfinished:
            out = folder / f"killed-{finished}"
            process = killer.start(command(host, out.name), folder)
            code = process.wait(LIMIT_S) if len(left) == number else killer.kill(process)
            unfinished = code is None
            if code is None:
                views, wrong = state(out, alone.out)
                left.append(views)
                if wrong is not None:
                    failures.append(f"after kill {len(left)}: {wrong}")
                continue
            if code != EXIT_OK:
                failures.append(f"after kill {len(left)} the command ends with exit code {code}")
                break
            names = differing(out, alone.out)
            if names:
                failures.append(f"after kill {len(left)}: {', '.join(names)} differ in the end")
            finished += 1
    finally:
        killer.clear()
    return Result(
        part="SIGKILL",
        tried=f"{len(left)} kills of {VIEWS} views, finished {finished} times",
        found=f"{min(left, default=0)} to {max(left, default=0)} views there after a kill; "
        + (f"{len(failures)} failures" if failures else "equal in the end, byte for byte"),
        failures=failures,
    )
