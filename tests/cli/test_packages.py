"""Packages that a host lacks: messages that name the command; nothing is fetched here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from viewbatch import bootstrap

ROOT = Path(__file__).resolve().parents[2]


def ensure(tmp_path: Path, *, in_blender: bool, install: bool) -> subprocess.CompletedProcess[str]:
    """`ensure_packages` in a real Python that has no package: -S leaves site-packages out."""
    code = (
        "import sys; from pathlib import Path; from viewbatch import bootstrap\n"
        f"bootstrap.REPOSITORY = Path({str(tmp_path)!r})\n"
        "try:\n"
        f"    bootstrap.ensure_packages(in_blender={in_blender}, install={install})\n"
        "except bootstrap.UsageError as error:\n"
        "    print(error)\n"
    )
    # No package index and a user folder of its own: nothing is fetched and nothing changes.
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PYTHONUSERBASE": str(tmp_path / "user")}
    return subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def pins() -> list[str]:
    """As arguments of pip: the pinned numpy is for the Python that the bpy package needs."""
    found = bootstrap.requirements()
    numpy = found["numpy"] if sys.version_info < (3, 13) else "numpy"
    return [numpy, found["openexr"], found["tomli-w"]]


def by_hand(tmp_path: Path) -> str:
    folder = tmp_path / ".packages" / bootstrap.package_folder().name
    return shlex.join(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade",
         "--disable-pip-version-check", "--target", str(folder), *pins()]
    )  # fmt: skip


def test_a_python_without_packages_is_told_what_to_run(tmp_path: Path) -> None:
    done = ensure(tmp_path, in_blender=False, install=True)
    assert (done.stdout, done.stderr) == (
        "this Python lacks numpy, openexr, tomli-w; run 'uv run generate-batch.py ...', which "
        f"brings what is needed, or install: {sys.executable} -m pip install "
        f"{' '.join(pins())}\n",
        "",
    )


def test_a_blender_without_packages_is_told_what_to_run_where_installing_is_forbidden(
    tmp_path: Path,
) -> None:
    done = ensure(tmp_path, in_blender=True, install=False)
    assert (done.stdout, done.stderr) == (
        f"this Blender lacks numpy, openexr, tomli-w; install with: {by_hand(tmp_path)}\n",
        "",
    )
    assert list(tmp_path.iterdir()) == []


def test_offline_the_error_names_the_command_and_nothing_is_left(tmp_path: Path) -> None:
    done = ensure(tmp_path, in_blender=True, install=True)
    assert re.fullmatch(
        r"this Blender lacks numpy, openexr, tomli-w, and installing failed \(ERROR: .+\); install "
        rf"with: {re.escape(by_hand(tmp_path))}\n",
        done.stdout,
    )
    assert [path for path in (tmp_path / ".packages").rglob("*") if path.is_file()] == []
