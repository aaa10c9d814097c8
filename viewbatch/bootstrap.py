"""Packages for a Blender program that lacks them.

They are installed once, without their dependencies, into a folder beside the script
that belongs to it alone, one for each version of Python. Blender's own packages come
first, and nothing of Blender or of the system changes.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import platform
import re
import shlex
import sys
import sysconfig
import tempfile
from pathlib import Path

from viewbatch import children
from viewbatch.errors import UsageError

log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = REPOSITORY / "generate-batch.py"
MODULES = {"numpy": "numpy", "openexr": "OpenEXR", "tomli-w": "tomli_w"}
"""The module that each package gives."""


def requirements() -> dict[str, str]:
    """The script's own pinned requirements by package name, without `bpy`."""
    header = SCRIPT.read_text(encoding="utf-8").partition("# ///\n")[0]
    pins = re.findall(r'"(([\w-]+)==[\w.]+)"', header.partition("dependencies")[2])
    return {name.lower(): pin for pin, name in pins if name != "bpy"}


def missing() -> list[str]:
    """Names of the packages whose modules cannot be imported."""
    return [name for name, module in MODULES.items() if importlib.util.find_spec(module) is None]


def ensure_packages(*, in_blender: bool, install: bool) -> None:
    """Make every package importable, or raise `UsageError` with the command that does."""
    folder = package_folder()
    if in_blender:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    names = missing()
    if not names:
        return
    if not in_blender:
        raise UsageError(
            f"this Python lacks {', '.join(names)}; run 'uv run {SCRIPT.name} ...', which brings "
            f"what is needed, or install: {sys.executable} -m pip install {_pins(names)}"
        )
    by_hand = shlex.join([sys.executable, "-m", "pip", *_pip_arguments(names, folder)])
    if not install:
        raise UsageError(f"this Blender lacks {', '.join(names)}; install with: {by_hand}")
    log.info("this Blender lacks %s: installing into %s, once", ", ".join(names), folder)
    error = _install(names, folder)
    importlib.invalidate_caches()
    if error or missing():
        raise UsageError(
            f"this Blender lacks {', '.join(names)}, and installing failed "
            f"({error or 'the packages do not import'}); install with: {by_hand}"
        )


def package_folder() -> Path:
    """Where packages for this Python, on this kind of machine, are installed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return REPOSITORY / ".packages" / f"{version}-{sysconfig.get_platform()}"


def _pins(names: list[str]) -> str:
    """Requirements as arguments of pip.

    The pinned numpy is the one that the `bpy` package asks for; a Blender program with
    none gets one that its newer Python has.
    """
    pins = requirements()
    if tuple(map(int, platform.python_version_tuple()[:2])) > (3, 12):
        pins["numpy"] = "numpy"
    return " ".join(pins[name] for name in names)


def _pip_arguments(names: list[str], folder: Path) -> list[str]:
    options = ["--quiet", "--no-deps", "--upgrade", "--disable-pip-version-check"]
    pins = _pins(names).split()
    return ["install", *options, "--target", str(folder), *pins]


def _install(names: list[str], folder: Path) -> str | None:
    """Install into a folder; several processes may do so at once. What went wrong, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            if error := _pip(_pip_arguments(names, Path(temporary))):
                return error
            # A package's libraries come first: it must not be found without them.
            for entry in sorted(Path(temporary).iterdir(), key=lambda p: p.suffix != ".libs"):
                if not (folder / entry.name).exists():
                    entry.replace(folder / entry.name)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _pip(arguments: list[str]) -> str | None:
    """Run pip; the last line of what went wrong, or None."""
    # A Blender program may set these for its own Python, and the new process is without it.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    python = sys.executable
    launcher = [python, "-m", "pip"]
    try:
        probe = [*launcher, "--version"]
        if children.run(probe, environment).returncode:
            # pip runs from the wheel that Python brings to install it, and stays uninstalled.
            wheel = _bundled_pip()
            if wheel is None:
                return f"{python} has no pip"
            launcher = [python, str(wheel / "pip")]
        done = children.run([*launcher, *arguments], environment)
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"pip ended with exit code {done.returncode}"


def _bundled_pip() -> Path | None:
    """The wheel of pip that comes with Python; some systems remove it."""
    spec = importlib.util.find_spec("ensurepip")
    if spec is None or spec.origin is None:
        return None
    return next((Path(spec.origin).parent / "_bundled").glob("pip-*.whl"), None)
