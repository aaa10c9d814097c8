"""An environment for every `bpy` package, outside of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from scripts.shared.errors import InputError
from scripts.shared.hosts import ROOT

WHEELS = ("4.2.23", "4.5.15", "5.0.1")
"""Versions of the `bpy` package that are tested; all of them are for Python 3.11."""

DRIVER = "4.5.15"
"""Whose environment runs the tests of a Blender program, which has no pytest of its own."""

_NEEDED = frozenset(
    {"numpy", "OpenEXR", "tomli-w", "pytest", "pytest-xdist", "trimesh", "embreex", "pillow"}
)


def requirements(version: str) -> list[str]:
    """What an environment gets; all versions but that of `bpy` are those of pyproject.toml."""
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = [*tree["project"]["dependencies"], *tree["dependency-groups"]["dev"]]
    names = {re.split(r"[=<>]", line)[0]: line for line in pinned}
    return [f"bpy=={version}", *(names[name] for name in sorted(_NEEDED))]


def cache() -> Path:
    """Where the environments are kept."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "viewbatch-tests"


def python(version: str) -> str:
    """The Python of an environment, which is made where there is none; raises `InputError`."""
    folder = cache() / f"bpy-{version}"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = shutil.which("uv")
    if uv is None:
        raise InputError("uv is not on PATH, and makes the environments; `pip install uv`")
    commands = [[uv, "pip", "install", "-q", "--python", str(program), *requirements(version)]]
    if not program.exists():
        commands.insert(0, [uv, "venv", "-q", "--python", "3.11", str(folder)])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1].strip()
            raise InputError(
                f"uv cannot make an environment with bpy {version} in {folder} ({last}); remove "
                "that folder, or see whether the package index can be reached",
                1,
            )
    return str(program)
