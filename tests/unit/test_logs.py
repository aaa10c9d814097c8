"""The log in a dataset's folder holds what was said, and why a run ended."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from viewbatch.errors import RunError
from viewbatch.logs import log_file

log = logging.getLogger("viewbatch.a_module")


def lines(folder: Path) -> list[str]:
    """Those of the one log there, without their times."""
    [path] = folder.glob("batch-*.log")
    text = path.read_text(encoding="utf-8")
    return [re.sub(r"^[-\d]{10} [:\d]{8},\d{3} ", "", line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (RunError("100% of a\nsentence"), r"ERROR 100% of a\nsentence"),
        (KeyError("x"), "ERROR KeyError('x')"),
    ],
)
def test_the_error_that_ends_a_run_is_the_last_line(
    tmp_path: Path, error: Exception, last: str
) -> None:
    with pytest.raises(type(error)), log_file(tmp_path):  # noqa: PT012
        log.warning("view %d is dark", 3)
        raise error
    assert lines(tmp_path) == ["WARNING view 3 is dark", last]
    log.warning("of no run")
    assert lines(tmp_path)[-1] == last
