"""How the tests run converters, and what they expect them to say."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

from compat.shared.command import main
from viewbatch.dataset import Dataset


@dataclass(frozen=True)
class Result:
    """What a converter's process left."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> list[str]:
        """Standard error without the progress bars."""
        return [line for line in self.stderr.splitlines() if line.strip() and "%|" not in line]


def run(name: str, *arguments: str | Path, cwd: Path | None = None) -> Result:
    """Run a converter; in this process, since there are hundreds of runs.

    tests/compat/test_programs.py runs the programs as users do.
    """
    converter = importlib.import_module(f"compat.{name}.conversion").CONVERTER
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(converter, list(map(str, arguments)))
    return Result(code, out.getvalue(), err.getvalue())


def converted(name: str, *arguments: str | Path) -> Result:
    """Run a converter that must succeed."""
    result = run(name, *arguments)
    assert result.code == 0, result.stderr
    return result


def told(name: str, dataset: Dataset, folder: Path) -> str:
    """What the check of a conversion finds wrong, up to the end of its only line."""
    result = run(name, "--verify", dataset.folder, folder)
    assert result.code == 1
    start = f"{name}.py: {folder} does not agree with {dataset.folder}: "
    (line,) = result.said
    assert line.startswith(start)
    return line.removeprefix(start) + "\n"


def assert_settings_refused(
    name: str, dataset: Dataset, folder: Path, settings: dict[str, object], problem: str
) -> None:
    """A conversion is refused with a sentence whose record has these settings, or has none."""
    path = folder / "conversion.json"
    record = json.loads(path.read_text())
    record["settings"] = {**record["settings"], **settings} if settings else {}
    path.write_text(json.dumps(record))
    result = run(name, "--verify", dataset.folder, folder)
    assert (result.code, result.said) == (2, [f"{name}.py: {path} {problem}"])
