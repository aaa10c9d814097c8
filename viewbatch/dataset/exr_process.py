"""Read and write OpenEXR in a process without Blender.

The helper is this Python without Blender. Requests and answers are pickles on its
standard input and output; both ends are this module.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.errors import RunError

_START = (
    "import sys; sys.path[:] = {path!r}; from viewbatch.dataset.exr_process import serve; serve()"
)


class ExrProcess:
    """A helper process that lives as long as this one; its methods may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(path=[p for p in sys.path if p])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise RunError(
                f"Blender's Python {sys.executable} cannot be started: {error.strerror}; "
                "install this Blender again"
            ) from error

    def write(
        self, path: str, channels: Mapping[str, npt.NDArray[np.generic]], header: Mapping[str, Any]
    ) -> None:
        """As `exr_codec.write`."""
        self._call("write", path, channels, header)

    def read(self, path: str) -> dict[str, npt.NDArray[np.generic]]:
        """As `exr_codec.read`."""
        channels: dict[str, npt.NDArray[np.generic]] = self._call("read", path)
        return channels

    def header(self, path: str) -> tuple[str, npt.NDArray[np.float32]]:
        """As `exr_codec.header`."""
        found: tuple[str, npt.NDArray[np.float32]] = self._call("header", path)
        return found

    def _call(self, name: str, *arguments: object) -> Any:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        if pipe_in is None or pipe_out is None:
            raise AssertionError("both are pipes")
        with self._lock:
            try:
                pickle.dump((name, arguments), pipe_in, protocol=5)
                pipe_in.flush()
                error, result = pickle.load(pipe_out)  # our own process
            except (OSError, EOFError, pickle.UnpicklingError) as failure:
                raise RunError(
                    f"the process that encodes OpenEXR files ended (Python {sys.executable}); run "
                    "the command again"
                ) from failure
        if error is not None:
            raise error
        return result


def serve() -> None:
    """Answer requests on standard input until it closes."""
    # Ctrl-C reaches every process of a terminal; the one that renders decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    from viewbatch.dataset import exr_codec

    functions: dict[str, Callable[..., Any]] = {
        "write": exr_codec.write,
        "read": exr_codec.read,
        "header": exr_codec.header,
    }
    while True:
        try:
            name, arguments = pickle.load(requests)  # our own process
        except EOFError:
            return
        error, result = None, None
        try:
            result = functions[name](*arguments)
        except Exception as failure:  # noqa: BLE001 - raised again by the caller
            error = failure
        pickle.dump((error, result), answers, protocol=5)
        answers.flush()
