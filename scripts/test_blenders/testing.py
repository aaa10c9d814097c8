"""Run pytest for one Blender, and count."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.shared.hosts import ROOT, Host

MARKER = "every_blender"
"""Marks the tests whose outcome hangs on the version of Blender most."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many tests of a Blender ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    broken: bool = False
    """Whether pytest itself did not come to its end."""

    @property
    def good(self) -> bool:
        return not self.failed and not self.broken and self.passed > 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
            seconds=self.seconds + other.seconds,
            broken=self.broken or other.broken,
        )


def run_tests(host: Host, pytest_python: str, *, quick: bool) -> Counts:
    """The tests of one Blender; what pytest prints is seen.

    tests/cli start the generator on it as a process. tests/blender import `bpy`, so that they
    are for packages alone. With `quick`, those that are marked.
    """
    chosen = ["-m", MARKER] if quick else []
    counts = _pytest(pytest_python, ["tests/cli", *chosen], host)
    if not host.in_blender:
        counts += _pytest(pytest_python, ["tests/blender", *chosen], host)
    return counts


def _pytest(python: str, arguments: Sequence[str], host: Host) -> Counts:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
            *arguments,
        ]  # fmt: skip
        environment = {**os.environ, "VIEWBATCH_HOSTS": host.program}
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        seconds = time.monotonic() - begin
        if not report.exists():
            return Counts(broken=True, seconds=seconds)
        counts = counts_of(report.read_text(encoding="utf-8"))
    # 1: tests failed, which the counts say; all else but 0 is pytest's own failure.
    return counts + Counts(seconds=seconds, broken=code not in (0, 1))


def counts_of(report: str) -> Counts:
    """What a report in JUnit's format says."""
    passed = failed = skipped = 0
    for suite in ET.fromstring(report).iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        left_out = int(suite.get("skipped", 0))
        failed += bad
        skipped += left_out
        passed += int(suite.get("tests", 0)) - bad - left_out
    return Counts(passed=passed, failed=failed, skipped=skipped)
