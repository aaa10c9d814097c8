"""The converters as programs: their help, their packages and a whole run of each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.compat.converters import run
from tests.compat.datasets import ROOT
from viewbatch.dataset import Dataset

SCRIPTS = sorted(ROOT.glob("compat/to_*/to_*.py"))


def metadata(script: Path) -> dict[str, object]:
    match = re.search(r"^# /// script\n((?:#.*\n)+?)# ///$", script.read_text(), re.MULTILINE)
    assert match is not None, script
    return tomllib.loads("\n".join(line[2:] for line in match[1].splitlines()))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_without_its_packages_a_converter_says_what_to_do(script: Path) -> None:
    needed = metadata(script)["dependencies"]
    assert isinstance(needed, list)
    done = subprocess.run(
        [sys.executable, "-S", str(script), "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        2,
        f"{script.name}: {', '.join(needed)} must be installed; use `uv run {script}`, or "
        f"`pip install {' '.join(needed)}`\n",
    )
    assert done.stdout.strip() == ast.get_docstring(ast.parse(script.read_text()))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_program_converts_and_verifies(shifted: Dataset, tmp_path: Path, script: Path) -> None:
    command = [sys.executable, str(script), str(shifted.folder), str(tmp_path / "out")]
    for arguments in ([], ["--verify"]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{tmp_path / 'out'} agrees with {shifted.folder}\n")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_says_what_a_converter_makes_and_needs(script: Path) -> None:
    result = run(script.stem, "--help")
    assert (result.code, result.stderr) == (0, "")
    needed = metadata(script)["dependencies"]
    assert isinstance(needed, list)
    assert " ".join(result.stdout.split()).endswith(
        f"Needs {', '.join(needed)}; `uv run` installs them. README.md beside the program says "
        "more."
    )
    for option in ("--views", "--split", "--link", "--overwrite", "--verify", "DATASET", "OUTPUT"):
        assert option in result.stdout


def test_converters_and_helpers_need_the_same_versions() -> None:
    found: dict[str, set[str]] = {}
    for script in [*SCRIPTS, *ROOT.glob("scripts/*/*.py")]:
        if "# /// script" in script.read_text():
            needed = metadata(script)["dependencies"]
            assert isinstance(needed, list)
            pairs = dict(requirement.split("==") for requirement in needed)
            if "bpy" in pairs:  # which takes older ones
                continue
            for name, version in pairs.items():
                found.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}
