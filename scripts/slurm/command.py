"""The command line of the proof on a real Slurm."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.shared.command import Parser, answered, at_least
from scripts.shared.equality import differing
from scripts.shared.errors import InputError
from scripts.shared.hosts import ROOT, Host, overrides
from scripts.slurm.cluster import check, cluster
from scripts.test_blenders.environments import DRIVER, python
from viewbatch.errors import EXIT_FAILED, EXIT_OK

ARRAY = Path(__file__).with_name("array.sbatch")
MODEL = ROOT / "references" / "models" / "suzanne.glb"
SETTINGS = (
    "render.resolution_x=160",
    "render.resolution_y=120",
    "render.samples=8",
    "render.cycles.use_denoising=false",
    'plugins.enabled=["depth", "mask", "normal", "point_cloud"]',
)


def main(argv: Sequence[str]) -> int:
    """Run the array on a Slurm of one node, compare with one process, return the exit code."""
    parser = _parser()
    good = True

    def work() -> None:
        nonlocal good
        options = parser.parse_args(argv)
        check()
        host = Host(options.host or python(DRIVER))
        with tempfile.TemporaryDirectory(prefix="viewbatch-slurm-") as name:
            folder = Path(name)
            job = _array(host, folder, options.tasks, options.views)
            single = folder / "single"
            run(host.generate(*_arguments(single, options.views)), "a single run")
            shared = folder / "shared"
            wrong = differing(shared, single)
            logs = len(list(shared.glob("batch-*.log")))
        made = f"{options.tasks} tasks of the array {job} made {options.views} views, {logs} logs"
        if wrong:
            print(f"{made}; these differ from those of a single run: {', '.join(wrong)}")
        else:
            print(f"{made}; they are equal to those of a single run, byte for byte")
        good = not wrong

    return answered(parser, work) or (EXIT_OK if good else EXIT_FAILED)


def _parser() -> Parser:
    parser = Parser(
        prog="slurm.py",
        description="Run array.sbatch on a Slurm of one node that is started for it, and compare "
        "what it makes with a single run.",
    )
    parser.add_argument(
        "--tasks", type=at_least(1), default=3, metavar="N", help="of the array (default: 3)"
    )
    parser.add_argument(
        "--views", type=at_least(1), default=12, metavar="N", help="of the dataset (default: 12)"
    )
    parser.add_argument(
        "--host", metavar="PYTHON", help=f"a Python with bpy (default: bpy {DRIVER})"
    )
    return parser


def _arguments(out: Path, views: int) -> list[str | Path]:
    return [MODEL, out, str(views), *overrides(SETTINGS)]


def _array(host: Host, folder: Path, tasks: int, views: int) -> str:
    """Submit the array and wait for its end; returns its number."""
    arguments = map(str, _arguments(folder / "shared", views))
    with tempfile.TemporaryDirectory(prefix="viewbatch-slurmd-") as name:
        home = Path(name)
        with cluster(home, processors=max(tasks, 2)) as environment:
            done = run(
                [
                    "sbatch", "--parsable", "--wait", f"--array=0-{tasks - 1}",
                    "--cpus-per-task=1", f"--output={home}/task-%a.out", str(ARRAY), *arguments,
                ],
                "the array",
                {**environment, "PYTHON": host.program},
                home,
            )  # fmt: skip
    return done.strip()


def run(
    command: Sequence[str],
    what: str,
    environment: Mapping[str, str] | None = None,
    logs: Path | None = None,
) -> str:
    """What a command prints; raises `InputError` with its last words where it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tasks = sorted(logs.glob("task-*.out")) if logs is not None else []
        said = [done.stderr, *(path.read_text() for path in tasks)]
        lines = [line for text in said for line in text.splitlines() if line.strip()]
        last = lines[-1] if lines else "it said nothing"
        raise InputError(f"{what} ends with exit code {done.returncode}: {last}", EXIT_FAILED)
    return done.stdout
