"""The signals that interrupt a run, and what is said then."""

from __future__ import annotations

import signal

import pytest

SAID = "interrupted; views that have a record are complete, and the same command continues"

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
