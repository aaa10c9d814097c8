"""Files that a model's file names: what is no file may never answer when it is opened."""

from __future__ import annotations

import os
import stat

from viewbatch.model_files import damage
from viewbatch.model_files.damage import DamageError


def check(name: str, *places: str) -> None:
    """Raise an error where what a model calls `name` is a pipe, a socket or a device."""
    for place in places:
        try:
            mode = os.stat(place).st_mode  # noqa: PTH116 - what Path makes of it may be another
        except (OSError, ValueError):  # there is none, or no path can be so
            continue
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DamageError(
                f"it names {damage.shown(os.fsencode(name))}, which is a pipe or a device",
                "name a file",
            )
