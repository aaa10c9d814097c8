"""Fixtures of tests that render: real Blender, as the `bpy` package, in this process."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator

import pytest

_status = 1


def _end() -> None:
    """End the process as the generator does, without the destructors of `bpy`.

    One of them can wait for ever: it destroys a condition variable that a thread of
    Blender's still waits for (seen with 4.5.15).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)


# Registered first, so it runs after every other clean-up.
atexit.register(_end)

from viewbatch.blender import eevee  # noqa: E402 - imports bpy
from viewbatch.blender.capture import Capture  # noqa: E402
from viewbatch.errors import UsageError  # noqa: E402


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    global _status
    _status = int(exitstatus)


@pytest.fixture
def capture() -> Iterator[Capture]:
    with Capture() as active:
        yield active


@pytest.fixture(scope="session")
def opengl() -> None:
    """Skips where EEVEE would end the process."""
    try:
        eevee.check_opengl()
    except UsageError as error:
        pytest.skip(str(error))
