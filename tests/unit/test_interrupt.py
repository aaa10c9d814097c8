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
from viewbatch.interrupt import ends_process
def cleanup():
    print("cleaned", flush=True)
    if {fail}:
        raise RuntimeError("in cleanup")
with ends_process(cleanup):
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
        assert process.stdout.read() == "cleaned\n"
        assert process.wait(60) == code


def test_afterwards_signals_do_what_they_did_before() -> None:
    code = (
        "import signal; from viewbatch.interrupt import ends_process\n"
        "signals = (signal.SIGINT, signal.SIGTERM)\n"
        # What runs in the background of a shell is started with the signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "before = [signal.getsignal(s) for s in signals]\n"
        "with ends_process(lambda: None):\n"
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
