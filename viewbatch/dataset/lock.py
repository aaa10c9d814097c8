"""One process at a time begins a dataset."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewbatch.dataset import layout
from viewbatch.dataset.processes import has_ended, lives, process_name
from viewbatch.dataset.writer import making_files
from viewbatch.errors import RunError

LOCK_SECONDS = 10.0
"""How long one process may take to begin a dataset; it takes a moment."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from beginning the same folder, on this machine and on others.

    A file that only one can make is what every file system of every machine offers. Who is
    killed meanwhile leaves it; it is taken away where that is known, or after a while.
    """
    path = folder / layout.LOCK
    seen, since = None, time.monotonic()
    while True:
        # Within this, so that a signal ends the process before or after, and not in between.
        with making_files():
            if _make_lock(path):
                try:
                    yield
                finally:
                    if (own := _read_lock(path)) is not None and own[1] == process_name():
                        path.unlink(missing_ok=True)
                return
        found = _read_lock(path)
        if found != seen:
            seen, since = found, time.monotonic()
        elif found is not None:
            _, owner = found
            if has_ended(owner):
                _take_away(path, found)
            elif time.monotonic() - since > LOCK_SECONDS:
                if lives(owner):
                    raise RunError(
                        f"another process, {owner}, has been beginning the dataset in {folder} for "
                        f"{LOCK_SECONDS:g} s; end it, or run the command again after it, or "
                        f"remove {path} where that number is another program's"
                    )
                _take_away(path, found)
        time.sleep(0.02)


def _make_lock(path: Path) -> bool:
    """Whether this process made it; False where another one has."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(process_name())
    except FileExistsError:
        return False
    except PermissionError:
        # Windows says so of a file that another process is just removing.
        if os.name == "nt" and path.exists():
            return False
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _read_lock(path: Path) -> tuple[int, str] | None:
    """When it was made, and by whom; None where there is none any more."""
    try:
        made = path.lstat().st_mtime_ns
    except OSError:
        return None
    try:
        return made, path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # of another user, or no file at all
        return made, ""


def _take_away(path: Path, found: tuple[int, str]) -> None:
    """Remove a lock that was left, and no other that somebody has made since."""
    own = path.with_name(layout.temporary("lock", process_name()))
    try:
        path.rename(own)
        try:
            if _read_lock(own) != found:
                own.rename(path)
                return
            own.unlink()
        except OSError:
            own.rename(path)
            raise
    except FileNotFoundError:  # another process was first
        return
    except OSError as error:
        raise RunError(
            f"the lock {path} was left by a process that ended, and cannot be removed: "
            f"{error.strerror or error}; remove it"
        ) from error
