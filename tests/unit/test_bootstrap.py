"""One truth of versions: the script, the project, and what is installed into Blender."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from viewbatch import __version__, bootstrap

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def inline_metadata() -> dict[str, object]:
    """The script's own metadata, by the regular expression of PEP 723."""
    text = (ROOT / "generate-batch.py").read_text(encoding="utf-8")
    pattern = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
    [block] = [m for m in re.finditer(pattern, text) if m["type"] == "script"]
    lines = [line.removeprefix("#").removeprefix(" ") for line in block["content"].splitlines()]
    return tomllib.loads("\n".join(lines))


def test_the_script_and_the_project_ask_for_the_same() -> None:
    metadata = inline_metadata()
    assert metadata["dependencies"] == PROJECT["dependencies"]
    assert metadata["requires-python"] == PROJECT["requires-python"]
    assert __version__ == PROJECT["version"]


def test_what_is_installed_is_what_the_script_asks_for() -> None:
    pins = {pin.partition("==")[0].lower(): pin for pin in PROJECT["dependencies"]}
    assert bootstrap.requirements() == {k: v for k, v in pins.items() if k != "bpy"}
    assert set(bootstrap.MODULES) == set(bootstrap.requirements())


def test_packages_that_are_there_need_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    bootstrap.ensure_packages(in_blender=False, install=False)
    assert bootstrap.missing() == []
    assert capfd.readouterr() == ("", "")
