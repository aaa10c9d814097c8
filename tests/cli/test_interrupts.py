"""Ctrl-C and SIGTERM in the middle of a render that would take hours."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Host
from viewbatch.dataset import Dataset

TELL = """
import logging
from viewbatch.plugin import Plugin

class Tell(Plugin):
    def on_view_ready(self, view):
        logging.getLogger("viewbatch.tell").info("view %d begins", view.index)
"""
SAID = "interrupted; views that have a record are complete, and the same command continues"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)


@SIGNALS
def test_a_long_render_ends_at_once(
    host: Host, here: Path, number: signal.Signals, code: int
) -> None:
    """The signal comes before or in a render of 16 million samples, which is not waited for."""
    (here / "tell.py").write_text(TELL, encoding="utf-8")
    arguments = [
        "model.obj", "out", "--set", "render.samples=16777216", "--set", 'plugins.path="."',
        "--set", 'plugins.enabled=["tell"]', "--set", "render.cycles.use_adaptive_sampling=false",
    ]  # fmt: skip
    with host.start(*arguments, cwd=here) as process:
        assert process.stderr is not None
        assert "view 0 begins\n" in iter(process.stderr.readline, "")
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
        assert rest == f"error: {SAID}\n"
        assert process.returncode == code
    names = sorted(path.name for path in (here / "out").iterdir() if path.suffix != ".log")
    assert names == ["config.toml", "dataset.json"]


@SIGNALS
def test_between_many_views_what_exists_is_complete(
    host: Host, here: Path, number: signal.Signals, code: int
) -> None:
    with host.start("model.obj", "out", "100000", cwd=here) as process:
        assert process.stderr is not None
        assert any(line.startswith("view 2: ") for line in iter(process.stderr.readline, ""))
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
        assert rest.endswith(f"error: {SAID}\n")
        assert process.returncode == code
    out = here / "out"
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []
    dataset = Dataset.open(out)
    assert {0, 1, 2} <= {view.index for view in dataset.views}
    assert [view.damage() for view in dataset.views] == [None] * len(dataset.views)
    log = next(out.glob("batch-*.log")).read_text(encoding="utf-8")
    assert log.endswith(f"ERROR {SAID}\n")
