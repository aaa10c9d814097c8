"""Programs that run the generator, and what a run of it tells about itself."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benchmark.spans import Trace
from scripts.shared.errors import InputError
from scripts.shared.hosts import overrides

REPOSITORY = Path(__file__).resolve().parents[2]
GENERATOR = REPOSITORY / "generate-batch.py"
MODELS = REPOSITORY / "references" / "models"
TRACE = "trace.json"
OUTPUT = "out"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One batch that is asked of the generator."""

    model: Path
    views: int
    settings: Sequence[str]
    """KEY=VALUE; of two values of one key, the last counts."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one process of the generator left."""

    folder: Path
    """Holds its dataset, `OUTPUT`, and its trace."""
    wall_s: float
    """From its launch to its end."""
    launched_s: float
    """`time.perf_counter`, which all processes of a machine share."""
    trace: Trace
    timings: dict[str, Any]
    """The line of its log: stages by thread, and the peak memory."""

    @property
    def dataset(self) -> Path:
        """The folder of the dataset."""
        return self.folder / OUTPUT


@dataclass(frozen=True)
class Host:
    """uv, a Python that has `bpy`, or a Blender program."""

    program: str

    def command(self, script: Path, arguments: Sequence[str]) -> list[str]:
        """The command line that runs a script."""
        if self.program == "uv":
            return ["uv", "run", "--quiet", str(script), *arguments]
        if "blender" in Path(self.program).name.lower():
            python = ["--background", "--python-exit-code", "1", "--python"]
            return [self.program, *python, str(script), "--", *arguments]
        return [self.program, str(script), *arguments]

    def run_script(self, script: Path, *arguments: str) -> str:
        """Run a script to its end and return what it printed; raises `InputError`."""
        return _completed(self.command(script, arguments), None).stdout

    def configuration(self, work: Work, folder: Path) -> str:
        """The whole configuration that a batch would have; raises `InputError`."""
        arguments = ["--dump-config", *overrides(work.settings)]
        return _completed(self.command(GENERATOR, arguments), folder).stdout

    def generate(self, work: Work, folder: Path) -> Run:
        """Run the generator once in a folder of its own, where no config.toml has a say.

        Raises `InputError`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        arguments = [str(work.model), OUTPUT, str(work.views), "--overwrite", "--trace", TRACE]
        arguments += overrides(work.settings)
        launched = time.perf_counter()
        _completed(self.command(GENERATOR, arguments), folder)
        wall_s = time.perf_counter() - launched
        return read_run(folder, wall_s=wall_s, launched_s=launched)


def read_run(folder: Path, *, wall_s: float, launched_s: float) -> Run:
    """What a finished process left in its folder."""
    [log] = (folder / OUTPUT).glob("batch-*.log")
    found = re.search(r" timings (\{.*\})", log.read_text(encoding="utf-8"))
    assert found is not None, f"{log} holds no timings"
    return Run(
        folder=folder,
        wall_s=wall_s,
        launched_s=launched_s,
        trace=Trace.read(folder / TRACE),
        timings=json.loads(found[1]),
    )


def _completed(command: Sequence[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
        )
    except OSError as error:
        raise InputError(
            f"{command[0]} cannot be run: {error.strerror}; name a program with --host"
        ) from error
    if done.returncode:
        raise InputError(f"a run ended with exit code {done.returncode}: {_said(done.stderr)}", 1)
    return done


def _said(stderr: str) -> str:
    """The generator's error message, which may have several lines, or the last line."""
    _, _, message = stderr.rpartition("error: ")
    lines = message.split("\n") if "error: " in stderr else stderr.strip().split("\n")[-1:]
    return " ".join(" ".join(lines).split()) or "nothing was said"
