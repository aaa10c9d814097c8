"""Standard streams that the caller has closed, as `>&-` in a shell does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO


def open_closed() -> None:
    """Lead them to the null device, before anything else that is opened gets their numbers.

    Python has None in place of such a stream.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if _works(getattr(sys, name)):
            continue
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
        mode = "w" if number else "r"
        setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _works(stream: TextIO | None) -> bool:
    """Whether there is a stream: what was given its number since may be no file to write to."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        return False
    return stream is not None
