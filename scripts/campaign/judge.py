"""Run the generator on a file, and judge what became of it.

A file is refused in words, or becomes a dataset that is whole. There is no third outcome.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.shared.hosts import Host, overrides
from viewbatch.dataset import Dataset
from viewbatch.errors import EXIT_OK, EXIT_USAGE, DatasetError

TINY = (
    "render.resolution_x=16",
    "render.resolution_y=12",
    "render.samples=1",
    "render.cycles.use_denoising=false",
)
"""Settings with which a view takes no time."""

REFUSED, RENDERED = "refused", "rendered"

_SAID = re.compile(
    r"configuration: |warning: |error: |view \d+: |\d+ views? in |\d+ of \d+ views? exist"
)
"""How the generator's own lines begin."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file."""

    kind: str
    """`REFUSED`, `RENDERED`, or what a third outcome is, in words."""
    said: str
    """Standard error."""

    @property
    def allowed(self) -> bool:
        return self.kind in (REFUSED, RENDERED)


def run(command: list[str], cwd: Path, limit_s: float) -> tuple[int | None, str]:
    """Exit code, None after the time limit, and standard error; nothing is left running."""
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        try:
            _, said = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
            return None, said
        return process.returncode, said


def try_file(host: Host, model: Path, named: Path, folder: Path, limit_s: float) -> Outcome:
    """Make two views of a model into `out` in a folder.

    `named` is the file that is damaged: the model, or one that it refers to.
    """
    command = host.generate(model, "out", "2", *overrides(TINY))
    code, said = run(command, folder, limit_s)
    out = folder / "out"
    if code is None:
        return Outcome(kind=f"no end after {limit_s:g} s", said=said)
    return Outcome(kind=_judge(host, code, said, out, (model, named)), said=said)


def _judge(host: Host, code: int, said: str, out: Path, files: tuple[Path, ...]) -> str:
    lines = said.splitlines()
    if "Traceback" in said:
        return "a traceback"
    foreign = [line for line in lines if not _SAID.match(line)]
    if foreign and not host.in_blender:  # a Blender program prints before the script silences it
        return f"a line that is not ours: {foreign[0]}"
    if code == EXIT_USAGE:
        return _refusal(lines, out, files)
    if code == EXIT_OK:
        wrong = wrong_of(out, 2)
        return RENDERED if wrong is None else f"exit code 0, but {wrong}"
    return f"exit code {code}"


def _refusal(lines: list[str], out: Path, files: tuple[Path, ...]) -> str:
    errors = [line for line in lines if line.startswith("error: ")]
    if len(errors) != 1 or lines[-1] != errors[0]:
        return f"exit code 2 with {len(errors)} sentences that say why"
    if not any(file.name in errors[0] for file in files):
        return "exit code 2 with a sentence that does not name the file"
    if out.exists():
        return "exit code 2, but a dataset is there"
    return REFUSED


def wrong_of(out: Path, number_of_views: int | None = None) -> str | None:
    """What is wrong with a dataset as it claims to be; None where nothing is.

    Every view that has a record is whole, by its hashes. With a number, these views are there.
    """
    try:
        dataset = Dataset.open(out)
        for view in dataset.views:
            damage = view.damage()
            if damage is not None:
                return f"view {view.index} is damaged: {damage}"
    except DatasetError as error:
        return str(error)
    if not np.isfinite([*dataset.record.bounds.center, dataset.record.bounds.radius]).all():
        return "the bounds are no finite numbers"
    if number_of_views is not None and dataset.indices != list(range(number_of_views)):
        return f"of {number_of_views} views there are {dataset.indices}"
    return None
