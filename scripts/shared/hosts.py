"""What runs the generator: Pythons with `bpy`, and Blender programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.shared.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "generate-batch.py"

_VERSION = """
import bpy, sys
print("Blender has the version", ".".join(map(str, bpy.app.version)))
sys.stdout.flush()
"""


@dataclass(frozen=True)
class Host:
    """A program that runs scripts with Blender; a Blender program's name holds "blender"."""

    program: str

    @property
    def in_blender(self) -> bool:
        return "blender" in Path(self.program).name.lower()

    @property
    def name(self) -> str:
        """For tables."""
        return Path(self.program).name if self.in_blender else "bpy"

    def command(self, script: Path, arguments: Sequence[str | Path]) -> list[str]:
        """The command line that runs a script."""
        before, after = (["--background", "--python"], ["--"]) if self.in_blender else ([], [])
        return [self.program, *before, str(script), *after, *map(str, arguments)]

    def generate(self, *arguments: str | Path) -> list[str]:
        """The command line that runs the generator."""
        return self.command(SCRIPT, arguments)

    def version(self) -> str:
        """The version of its Blender; raises `InputError` where it does not start."""
        flag = "--python-expr" if self.in_blender else "-c"
        before = ["--background"] if self.in_blender else []
        try:
            done = subprocess.run(
                [self.program, *before, flag, _VERSION],
                capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(
                f"{self.program} does not start ({error}); name a Blender program or a Python "
                "with bpy"
            ) from error
        for line in done.stdout.splitlines():
            if line.startswith("Blender has the version "):
                return line.split()[-1]
        raise InputError(
            f"{self.program} did not tell the version of its Blender (exit code "
            f"{done.returncode}); name a Blender program or a Python with bpy"
        )


def overrides(settings: Sequence[str]) -> list[str]:
    """KEY=VALUE as arguments of the generator."""
    return [word for setting in settings for word in ("--set", setting)]


def blender_programs() -> list[Host]:
    """Those that the variable BLENDER names, separated as in PATH; else one that PATH has."""
    named = [name for name in os.environ.get("BLENDER", "").split(os.pathsep) if name]
    found = named or [path for path in [shutil.which("blender")] if path is not None]
    return [Host(program) for program in found]
