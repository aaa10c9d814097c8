"""The hosts that run the script, and runs that several tests look at.

VIEWBATCH_HOSTS lists programs, separated as in PATH: Python executables, and Blender
programs, whose names hold "blender". Without it, the Python that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "generate-batch.py"
SUZANNE = ROOT / "references" / "models" / "suzanne.glb"

HOSTS = [h for h in os.environ.get("VIEWBATCH_HOSTS", "").split(os.pathsep) if h]

# Few pixels and samples; a landscape frame with unequal focal lengths and a shifted lens.
QUICK = """
[render]
resolution_x = 64
resolution_y = 48
samples = 2
pixel_aspect_x = 1.25
[render.cycles]
use_denoising = false
[camera.lens]
shift_x = 0.05
"""
QUICK_SET = [
    "render.resolution_x=64", "render.resolution_y=48", "render.samples=2",
    "render.pixel_aspect_x=1.25", "render.cycles.use_denoising=false", "camera.lens.shift_x=0.05",
]  # fmt: skip

TETRAHEDRON = """
o tetrahedron
v 3 1 -2
v 5 1 -2
v 4 1 -4
v 4 3 -3
f 1 3 2
f 1 2 4
f 2 3 4
f 3 1 4
"""


@dataclass(frozen=True)
class Result:
    """What a finished process left: its exit code and what it printed."""

    code: int
    stdout: str
    stderr: str
    in_blender: bool

    def told(self, text: str) -> bool:
        """Whether `text` is all that standard error holds.

        A Blender program may print before the script has a chance to silence it.
        """
        return self.stderr.endswith(text) if self.in_blender else self.stderr == text

    @property
    def has_trace(self) -> bool:
        """Whether a traceback through our own files was shown; Blender has some of its own."""
        return f'File "{ROOT / "viewbatch"}' in self.stderr

    def printed(self, text: str) -> bool:
        """Whether `text` is all that standard output holds, with the same exception."""
        return self.stdout.endswith(text) if self.in_blender else self.stdout == text


@dataclass(frozen=True)
class Host:
    """A program that runs the script in a process of its own."""

    program: str

    @property
    def in_blender(self) -> bool:
        return "blender" in Path(self.program).name.lower()

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        """The whole command line."""
        before, after = (["--background", "--python"], ["--"]) if self.in_blender else ([], [])
        return [self.program, *before, str(SCRIPT), *after, *map(str, arguments)]

    def run(self, *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Result:
        """Run the script to its end in a folder."""
        done = subprocess.run(
            self.command(arguments), cwd=cwd, env={**os.environ, **(env or {})},
            capture_output=True, text=True, encoding="utf-8", check=False, timeout=600,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr, self.in_blender)

    @contextmanager
    def start(
        self, *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """A running process; killed where the block leaves it behind."""
        with subprocess.Popen(
            self.command(arguments), cwd=cwd, text=True, encoding="utf-8",
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})},
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(
    scope="session",
    params=[Host(program) for program in HOSTS or [sys.executable]],
    ids=lambda host: Path(host.program).name,
)
def host(request: pytest.FixtureRequest) -> Host:
    """Every host in turn."""
    found: Host = request.param
    return found


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder whose config.toml makes runs quick, with a small model."""
    (tmp_path / "config.toml").write_text(QUICK, encoding="utf-8")
    (tmp_path / "model.obj").write_text(TETRAHEDRON, encoding="utf-8")
    return tmp_path


@dataclass(frozen=True)
class Run:
    """A finished run that tests look at and never change."""

    folder: Path
    result: Result


@pytest.fixture(scope="session")
def first(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three views of Suzanne with the quick configuration."""
    here = tmp_path_factory.mktemp("first")
    (here / "config.toml").write_text(QUICK, encoding="utf-8")
    result = host.run(SUZANNE, "out", "3", cwd=here)
    assert result.code == 0, result.stderr
    return Run(here / "out", result)


def settings(overrides: Sequence[str]) -> list[str]:
    """The words of a command line that override keys, each KEY=VALUE."""
    return [word for override in overrides for word in ("--set", override)]


def copy(run: Run, to: Path) -> Path:
    """A copy of a run's dataset, to be changed."""
    shutil.copytree(run.folder, to)
    return to


def is_log(name: str) -> bool:
    return name.startswith("batch-") and name.endswith(".log")


@pytest.fixture(scope="session")
def bytes_of() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a folder but the logs, which hold times."""

    def read(folder: Path) -> dict[str, bytes]:
        paths = sorted(path for path in folder.iterdir() if not is_log(path.name))
        return {path.name: path.read_bytes() for path in paths}

    return read
