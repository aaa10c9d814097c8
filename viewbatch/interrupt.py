"""End the process within a second on Ctrl-C and SIGTERM, whatever it is doing.

Python's signal handlers run only after a render returns, but the interpreter writes the
signal's number to a wake-up socket at once, and a thread that reads it runs beside the
render. That thread waits for Python's lock, which Blender keeps while it imports a model or
encodes an image. So a second process, which does nothing else, listens to the same socket and
ends this one where it is still there after most of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_MS = 850

# Ends with the process that it watches: the socket's other side closes then.
_GUARD = """
import os, select, signal, socket, sys, time
parent, number, patience = map(int, sys.argv[1:4])
ends = [int(word) for word in sys.argv[4:]]
for each in ends:
    signal.signal(each, signal.SIG_IGN)
reader = socket.socket(fileno=number)
while received := reader.recv(1, socket.MSG_PEEK):
    if received[0] not in ends:
        time.sleep(0.05)
        continue
    gone = select.poll()
    gone.register(reader, 0)
    if not gone.poll(patience) and os.getppid() == parent:
        os.kill(parent, received[0])
        if not gone.poll(50) and os.getppid() == parent:
            os.kill(parent, signal.SIGKILL)
    break
"""

_cleanups: list[Callable[[], None]] = []


@contextmanager
def ends_process() -> Iterator[None]:
    """While active, SIGINT and SIGTERM clean up and exit with 130 or 143.

    Must be entered on the main thread. A process that cannot clean up in time is ended by the
    signal itself, which a shell tells as 130 or 143 too; so does a second signal.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        # The other process reads it as well.
        while received := reader.recv(1, socket.MSG_PEEK):
            if received[0] in _SIGNALS:
                try:
                    for cleanup in reversed(_cleanups):
                        cleanup()
                finally:
                    os._exit(128 + received[0])
            reader.recv(1)

    # A handler must exist for a signal to wake anyone; the thread does the work.
    handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    _let_a_second_signal_through()
    thread = threading.Thread(target=watch, name="viewbatch-signals", daemon=True)
    thread.start()
    guard = _start_guard(reader)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            # None stands for a handler that Blender installed from C.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        writer.close()
        thread.join()
        reader.close()
        if guard is not None:
            guard.wait()


@contextmanager
def before_end(cleanup: Callable[[], None]) -> Iterator[None]:
    """Inside of the block a signal calls `cleanup` before it ends the process.

    It runs on a thread of its own, at any time, and before those of the blocks around.
    """
    _cleanups.append(cleanup)
    try:
        yield
    finally:
        _cleanups.remove(cleanup)


def _start_guard(reader: socket.socket) -> subprocess.Popen[bytes] | None:
    """The process that ends this one where its own thread cannot; None where there is none."""
    if os.name != "posix" or not sys.executable:
        return None
    arguments = [os.getpid(), reader.fileno(), _PATIENCE_MS, *map(int, _SIGNALS)]
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[reader.fileno()],
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )
    return None


def _let_a_second_signal_through() -> None:
    """Have the first signal put the system's own handling back, which ends a process.

    Only C can ask for that. The C library of other systems than Linux lacks the function, and
    there the guard ends the process by SIGKILL.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        install = library.sysv_signal
        install.restype = ctypes.c_void_p
        install.argtypes = [ctypes.c_int, ctypes.c_void_p]
        for number in _SIGNALS:
            install(number, install(number, None))
