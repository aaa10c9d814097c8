"""The packages of a converter or helper, as its inline metadata (PEP 723) names them.

Python's own library only: this runs where the packages are missing.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from viewbatch.errors import EXIT_USAGE

_BLOCK = re.compile(r"^# /// script\n(?P<lines>(#.*\n)+?)# ///$", re.MULTILINE)


def requirements(script: Path) -> list[str]:
    """The requirements of a script, such as `numpy==2.3.4`."""
    match = _BLOCK.search(script.read_text(encoding="utf-8"))
    assert match is not None, f"{script} has no inline metadata"
    lines = (line.removeprefix("#").removeprefix(" ") for line in match["lines"].splitlines())
    found: list[str] = tomllib.loads("\n".join(lines))["dependencies"]
    return found


def require_packages(script: Path, description: str, argv: Sequence[str]) -> None:
    """End the process with a sentence where this Python lacks a package of the script.

    What `--help` would say needs the packages, so that without them the description is shown.
    """
    missing = [needed for needed in requirements(script) if not _is_installed(needed)]
    if not missing:
        return
    if {"-h", "--help"} & set(argv):
        print(description)
    print(
        f"{script.name}: {', '.join(missing)} must be installed; use `uv run {script}`, or "
        f"`pip install {' '.join(missing)}`",
        file=sys.stderr,
    )
    sys.exit(EXIT_USAGE)


def _is_installed(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    try:
        importlib.metadata.version(name[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
