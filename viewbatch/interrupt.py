"""End the process at once on Ctrl-C and SIGTERM, also during a long render.

Python's signal handlers run only after a render returns, but the interpreter writes the
signal's number to a wake-up socket at once, and a thread that reads it runs beside the
render.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ends_process(cleanup: Callable[[], None]) -> Iterator[None]:
    """While active, SIGINT and SIGTERM call `cleanup()` and exit with 130 or 143.

    Must be entered on the main thread. `cleanup` runs on a thread of its own, at any time.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signals = (signal.SIGINT, signal.SIGTERM)

    def watch() -> None:
        while received := reader.recv(1):
            if received[0] in signals:
                code = 128 + received[0]
                try:
                    cleanup()
                finally:
                    os._exit(code)

    # A handler must exist for a signal to wake anyone; the thread does the work.
    handlers = {number: signal.signal(number, lambda *_: None) for number in signals}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=watch, name="viewbatch-signals", daemon=True)
    thread.start()
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
