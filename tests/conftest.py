"""What tests of every kind share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds generate-batch.py."""
    return Path(__file__).resolve().parent.parent
