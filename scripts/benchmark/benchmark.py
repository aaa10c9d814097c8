# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Time one job of the generator and print where the time goes.

uv run scripts/benchmark/benchmark.py
uv run scripts/benchmark/benchmark.py --views 64 --samples 16 --host blender
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "generate-batch.py"
MODEL = REPOSITORY / "references" / "models" / "suzanne.glb"

START_UP = "start-up"
CYCLES = ("colour", "ground truth")
"""The stages that are Cycles' own render calls, and reading what they made."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run: wall seconds in all and by stage, and the process's peak memory."""

    wall_s: float
    stages_s: dict[str, float]
    peak_bytes: int

    @property
    def after_start_up_s(self) -> float:
        """Wall seconds from the end of start-up to the end of the process."""
        return sum(self.stages_s.values()) - self.stages_s[START_UP] + self.rest_s

    @property
    def rest_s(self) -> float:
        """Wall seconds that no stage counts: launching Python, and what lies between stages."""
        return self.wall_s - sum(self.stages_s.values())

    @property
    def cycles_s(self) -> float:
        """Wall seconds of Cycles rendering."""
        return sum(self.stages_s.get(name, 0.0) for name in CYCLES)


def command_of(host: str) -> list[str]:
    """The command that starts the generator: uv, a Python, or a Blender program."""
    if host == "uv":
        return ["uv", "run", "--quiet", str(SCRIPT)]
    if "blender" in Path(host).name:
        return [host, "--background", "--python", str(SCRIPT), "--"]
    return [host, str(SCRIPT)]


def measure(
    command: Sequence[str], views: int, model: Path, settings: Sequence[str]
) -> Measurement:
    """Run the generator once into a temporary folder; raises `CalledProcessError` if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out"
        overrides = [word for setting in settings for word in ("--set", setting)]
        arguments = [*command, str(model), str(output), str(views), *overrides]
        start = time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if code := os.waitstatus_to_exitcode(status):
            raise subprocess.CalledProcessError(code, arguments)
        [log] = output.glob("batch-*.log")
        found = re.search(r"timings (\{.*\})", log.read_text(encoding="utf-8"))
        if found is None:
            raise RuntimeError(f"{log} holds no timings")
        unit = 1 if sys.platform == "darwin" else 1024
        return Measurement(
            wall_s=wall, stages_s=json.loads(found[1]), peak_bytes=usage.ru_maxrss * unit
        )


def table(result: Measurement, views: int) -> str:
    """The stages as text, with shares of the time after start-up."""
    total = result.after_start_up_s
    lines = [f"{'stage':26}{'seconds':>10}{'per view':>10}{'share':>9}"]
    rows = [(name, s) for name, s in result.stages_s.items() if name != START_UP]
    for name, seconds in [*rows, ("the rest", result.rest_s)]:
        lines.append(f"{name:26}{seconds:10.3f}{seconds / views:10.3f}{seconds / total:9.1%}")
    other = total - result.cycles_s
    lines += [
        f"{'after start-up':26}{total:10.3f}{total / views:10.3f}{1:9.1%}",
        f"{'start-up':26}{result.stages_s[START_UP]:10.3f}",
        "",
        f"not Cycles rendering: {other / total:.1%} of the run after start-up",
        f"peak memory: {result.peak_bytes / 2**20:.0f} MiB",
    ]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--resolution", type=int, default=512)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument(
        "--host", default="uv", help='"uv", a Python with bpy, or a Blender program'
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="passed to the generator"
    )
    parser.add_argument(
        "--growth", action="store_true", help="also run four times the views, to compare memory"
    )
    options = parser.parse_args(argv)
    settings = [
        f"render.resolution_x={options.resolution}",
        f"render.resolution_y={options.resolution}",
        f"render.samples={options.samples}",
        *options.set,
    ]
    command = command_of(options.host)
    model = options.model.resolve()
    try:
        result = measure(command, options.views, model, settings)
        print(f"{options.views} views, {', '.join(settings)}\n\n{table(result, options.views)}")
        if options.growth:
            more = measure(command, 4 * options.views, model, settings)
            growth = more.peak_bytes / result.peak_bytes - 1
            print(f"peak memory at {4 * options.views} views: {growth:+.1%}")
    except subprocess.CalledProcessError as error:
        print(
            f"error: the run failed with exit code {error.returncode}: {' '.join(error.cmd)}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
