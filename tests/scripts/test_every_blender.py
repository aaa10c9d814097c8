"""scripts/test_blenders: what it runs, counts and compares, without a further Blender."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.diff_datasets.comparison import compare
from scripts.shared.errors import InputError
from scripts.shared.hosts import Host, blender_programs
from scripts.test_blenders import agreement
from scripts.test_blenders.agreement import MOST, Agreement, summary
from scripts.test_blenders.command import main
from scripts.test_blenders.environments import DRIVER, WHEELS, requirements
from scripts.test_blenders.testing import MARKER, Counts, counts_of
from tests.compat.datasets import ROOT, make
from tests.verify.damage import one, rewrite
from viewbatch.dataset import Dataset

SCRIPT = ROOT / "scripts" / "test_blenders" / "test_blenders.py"
REPORT = """\
<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1"/>
</testsuites>
"""


def test_help_says_what_it_does() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"(default: {' '.join(WHEELS)})" in " ".join(done.stdout.split())


def test_a_wheel_that_is_not_tested_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--wheels", "2.79"]) == 2
    assert capsys.readouterr().err == (
        "test_blenders.py: bpy 2.79 is not among those that are tested; name some of "
        "4.2.23 4.5.15 5.0.1\n"
    )


def test_no_blender_at_all_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BLENDER", raising=False)
    assert main(["--wheels"]) == 2
    assert capsys.readouterr().err == (
        "test_blenders.py: there is no Blender to test; name one with BLENDER or --wheels\n"
    )


def test_without_uv_no_environment_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["--wheels", DRIVER]) == 2
    assert capsys.readouterr().err == (
        "test_blenders.py: uv is not on PATH, and makes the environments; `pip install uv`\n"
    )


def test_programs_are_those_of_the_variable_or_of_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BLENDER", "/one/blender:/two/blender-5")
    assert [host.program for host in blender_programs()] == ["/one/blender", "/two/blender-5"]
    monkeypatch.delenv("BLENDER")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert blender_programs() == []
    shutil.copy(shutil.which("true") or sys.executable, tmp_path / "blender")
    assert blender_programs() == [Host(str(tmp_path / "blender"))]


def test_a_host_without_blender_is_told() -> None:
    program = shutil.which("false") or "false"
    with pytest.raises(InputError) as refusal:
        Host(program).version()
    assert str(refusal.value) == (
        f"{program} did not tell the version of its Blender (exit code 1); name a Blender program "
        "or a Python with bpy"
    )


def test_a_host_that_makes_no_dataset_is_told(tmp_path: Path) -> None:
    program = shutil.which("false") or "false"
    with pytest.raises(InputError) as refusal:
        agreement.make(Host(program), tmp_path / "new")
    assert str(refusal.value) == f"{program} makes no dataset to compare: it said nothing"


@pytest.mark.skipif(sys.platform == "win32", reason="its uv is a shell script")
def test_an_environment_that_cannot_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho error: no network >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["--wheels", DRIVER]) == 1
    folder = tmp_path / "cache" / "viewbatch-tests" / f"bpy-{DRIVER}"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"test_blenders.py: uv cannot make an environment with bpy {DRIVER} in {folder} (error: "
        "no network); remove that folder, or see whether the package index can be reached"
    )


def test_the_pins_are_those_of_the_project() -> None:
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"bpy=={DRIVER}" in tree["project"]["dependencies"]
    pinned = {*tree["project"]["dependencies"], *tree["dependency-groups"]["dev"]}
    assert DRIVER in WHEELS
    for version in WHEELS:
        bpy, *others = requirements(version)
        assert bpy == f"bpy=={version}"
        assert set(others) < pinned


def test_marked_tests_are_known_to_pytest() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(rf'^markers = \["{MARKER}: ', text, re.MULTILINE)
    tests = (ROOT / "tests" / "blender").glob("test_*.py")
    marked = {path.name for path in tests if MARKER in path.read_text(encoding="utf-8")}
    assert {"test_capture.py", "test_ground_truth.py", "test_depth.py"} <= marked


def test_counts_are_those_of_the_report() -> None:
    counts = counts_of(REPORT)
    assert counts == Counts(passed=4, failed=3, skipped=3)
    assert not counts.good
    assert (counts + Counts(passed=1, seconds=2.0)) == Counts(
        passed=5, failed=3, skipped=3, seconds=2.0
    )
    assert Counts(passed=1).good
    assert not Counts(skipped=3).good
    assert not Counts(passed=1, broken=True).good


def summarized(folder: Path, other: Path) -> Agreement:
    found = compare(Dataset.open(folder), Dataset.open(other), MOST, lambda items, _: iter(items))
    return summary("1.0", found)


def test_depth_beyond_the_tolerance_is_no_agreement(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    make(folder, 2, "render.resolution_x=32", "render.resolution_y=24")
    shutil.copytree(folder, tmp_path / "other")
    same = summarized(folder, tmp_path / "other")
    assert same.good
    assert same.cells == ["1.0", "0", "0", "0", "0", "0", "equal", "0 of 255"]
    one(lambda view: rewrite(view, "depth", lambda depth: depth * 1.001), 1)(tmp_path / "other")
    apart = summarized(folder, tmp_path / "other")
    assert not apart.good
    assert 0.9e-3 < apart.depth < 1.1e-3
    assert (apart.words or "").startswith("depth of view 1, ")
