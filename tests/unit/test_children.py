"""Programs that are waited for give what they print, and do not outlive this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from viewbatch import children

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import os, sys
os.write(int(sys.argv[1]), b"child\\n")
sys.stdin.read()
"""
# Ends in one of two ways while its child runs, which says so through a pipe.
PARENT = """
import os, subprocess, sys, threading
from viewbatch import children
told = int(sys.argv[1])
popen = subprocess.Popen
subprocess.Popen = lambda *args, **more: popen(*args, pass_fds=[told], **more)
def end():
    sys.stdin.readline()
    children.end_all()
    os._exit(3)
threading.Thread(target=end, daemon=True).start()
children.run([sys.executable, "-c", sys.argv[2], str(told)])
"""


def test_what_a_program_prints_and_its_code() -> None:
    code = "import sys; print('out'); print(sys.argv[1], file=sys.stderr); sys.exit(5)"
    done = children.run([sys.executable, "-c", code, "err"])
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (5, b"out", b"err")


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        children.run(["/nonexistent/program"])


@pytest.mark.skipif(sys.platform == "win32", reason="hands a pipe down as POSIX does")
@pytest.mark.parametrize("killed", [False, True])
def test_a_child_ends_with_its_parent(killed: bool) -> None:
    """Also of a parent that is killed, where the child waits for the end of its input."""
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(writer), CHILD],
        cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[writer], text=True,
    ) as parent:  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as told:
            assert told.readline() == "child\n"
            if killed:
                parent.kill()
            else:
                assert parent.stdin is not None
                parent.stdin.write("\n")
                parent.stdin.flush()
            # The end of the pipe: no process holds its other side any more.
            assert told.read() == ""
        assert parent.wait(60) == (-signal.SIGKILL if killed else 3)
