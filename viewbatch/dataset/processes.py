"""Which processes write into a folder, on this machine and on others."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
import socket
from pathlib import Path

_TOKEN = secrets.token_hex(3)
_NAME = re.compile(r"(?P<machine>.+)-(?P<number>[0-9]+)-[0-9a-f]{6}")


def process_name() -> str:
    """Unlike that of any other process that writes into the same folder.

    Containers may share the name of a host, and the numbers of their processes too.
    """
    return f"{_machine()}-{os.getpid()}-{_TOKEN}"


def has_ended(name: str) -> bool:
    """Whether the process of this name is known to have ended: one of this machine.

    Windows ends a process that is asked whether it lives: there nothing is known.
    """
    match = _NAME.fullmatch(name)
    if match is None or match["machine"] != _machine() or name == process_name():
        return False
    number = int(match["number"])
    if number == os.getpid():
        return True  # an earlier process, whose number this one has now
    if os.name != "posix":
        return False
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def lives(name: str) -> bool:
    """Whether the process of this name is known to live: one of this machine."""
    match = _NAME.fullmatch(name)
    here = match is not None and match["machine"] == _machine() and os.name == "posix"
    return here and not has_ended(name)


@functools.cache
def _machine() -> str:
    """The host's name, and what tells this start of it and its containers apart."""
    host = socket.gethostname()
    parts = [host]
    for read in (_boot, _namespace):
        try:
            parts.append(read())
        except OSError:  # not Linux, or hidden
            continue
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:6]
    return "".join(c if c.isalnum() else "-" for c in host[:40]) + f"-{digest}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")


def _namespace() -> str:
    """That of the numbers of processes."""
    return str(Path("/proc/self/ns/pid").readlink())
