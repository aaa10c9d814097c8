"""Ctrl-C and SIGTERM end a process at once, even while the main thread sits in C code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The main thread waits for a lock that nobody releases, as it waits for a render.
STUCK = """
import sys, threading
from viewbatch.interrupt import before_end, ends_process
def cleanup():
    print("cleaned", flush=True)
    if {fail}:
        raise RuntimeError("in cleanup")
with ends_process(), before_end(lambda: print("last", flush=True)), before_end(cleanup):
    print("ready", flush=True)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cleans_up_and_ends_the_process(
    number: signal.Signals, code: int, fail: bool
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK.format(fail=fail)], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == ("cleaned\n" if fail else "cleaned\nlast\n")
        assert process.wait(60) == code


# What Blender does while it imports a model: a call into C that keeps Python's lock, and is not cut
# short by a signal: here a mutex that is locked already.
LOCKED = """
import ctypes, sys
from viewbatch.interrupt import before_end, ends_process
with ends_process(), before_end(lambda: print("cleaned", flush=True)):
    library, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(256)
    library.pthread_mutex_lock(mutex)
    sys.setswitchinterval(3600)  # nor is the lock given away between these two calls
    library.write(1, b"ready\\n", 6)
    library.pthread_mutex_lock(mutex)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="by the C library of Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_cannot_clean_up_is_ended_by_the_signal(number: signal.Signals) -> None:
    """A shell tells that as 128 and the signal's number, as it does an exit with that."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == ""
        assert process.wait(60) == -number


def test_the_guard_ends_with_the_process_that_it_watches() -> None:
    """Killed, which nobody can prepare for. The guard has the pipe's other end."""
    code = (
        "import os, signal, subprocess\n"
        "from viewbatch import interrupt\n"
        "started = subprocess.Popen\n"
        "def popen(*args, **kwargs):\n"
        "    kwargs['stdout'] = 1\n"
        "    return started(*args, **kwargs)\n"
        "subprocess.Popen = popen\n"
        "with interrupt.ends_process():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    # `run` returns when the last process that has this pipe has ended.
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


def test_afterwards_signals_do_what_they_did_before() -> None:
    code = (
        "import signal; from viewbatch.interrupt import ends_process\n"
        "signals = (signal.SIGINT, signal.SIGTERM)\n"
        # What runs in the background of a shell is started with the signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "before = [signal.getsignal(s) for s in signals]\n"
        "with ends_process():\n"
        "    assert [signal.getsignal(s) for s in signals] != before\n"
        "assert [signal.getsignal(s) for s in signals] == before\n"
        "assert signal.set_wakeup_fd(-1) == -1\n"
        "try:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        "    print('as ever')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("as ever\n", "")
