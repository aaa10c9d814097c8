"""How the helper programs refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Refusal = Callable[[Callable[[Sequence[str]], int], Sequence[str]], str]


@pytest.fixture
def refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Refusal:
    """What a program says, on standard error alone, that refuses its arguments.

    It runs in `tmp_path` and must leave every file there as it is. Captured by file
    descriptors, since OpenEXR writes past Python.
    """

    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    def refuse(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> str:
        monkeypatch.chdir(tmp_path)
        before = files()
        assert main(arguments) == 2
        out, err = capfd.readouterr()
        assert (out, files()) == ("", before)
        return err

    return refuse
