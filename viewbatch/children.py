"""Programs that are started and waited for, and that end with this process."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence

_lock = threading.Lock()
_running: set[subprocess.Popen[bytes]] = set()
_ending = False


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and keep what it prints; raises `OSError` where it cannot start.

    Its standard input stays open and empty as long as this process lives, however that ends.
    """
    with _lock:
        child = None if _ending else _start(command, environment)
    if child is not None:
        # `communicate` would close its input first.
        stdin, child.stdin = child.stdin, None
        try:
            out, err = child.communicate()
        finally:
            child.kill()
            child.wait()
            _running.discard(child)
            if stdin is not None:
                stdin.close()
    if child is None or _ending:
        threading.Event().wait()  # what was killed has nothing to tell, and this process ends
        raise AssertionError
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def end_all() -> None:
    """End what runs, and let nothing begin: this process ends. For any thread."""
    global _ending
    with _lock:
        _ending = True
        for child in tuple(_running):
            child.kill()


def _start(
    command: Sequence[str], environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _running.add(child)
    return child
