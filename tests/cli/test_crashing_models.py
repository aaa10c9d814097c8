"""Models that end Blender when it reads them: another process finds out, and leaves nothing."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Host
from tests.cli.interrupts import SAID, SIGNALS

LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process has started is asked of Linux"
)

TRIANGLE = """#usda 1.0
(
    upAxis = "Z"
)
def Mesh "mesh"
{
    int[] faceVertexCounts = [3]
    int[] faceVertexIndices = [0, 1, 2]
    point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
}
"""
CRASHING = TRIANGLE.replace("[3]", "[900000000]")


@pytest.fixture
def has_usd(host: Host, here: Path) -> None:
    """Skip where the Blender cannot import USD, which it must say in one sentence."""
    (here / "try.usda").write_text(TRIANGLE, encoding="utf-8")
    result = host.run("try.usda", "try", cwd=here)
    if result.code:
        assert re.search(
            r"^error: the model try\.usda is USD, which this build of Blender [\d.]+ cannot "
            r"import; the bpy package and the programs from blender\.org can$",
            result.stderr,
            re.MULTILINE,
        )
        assert result.code == 2
        pytest.skip("this Blender has no USD")


@pytest.mark.usefixtures("has_usd")
def test_a_model_that_ends_blender_is_refused(host: Host, here: Path) -> None:
    (here / "model.usda").write_text(CRASHING, encoding="utf-8")
    (here / "temporary").mkdir()
    before = sorted(here.iterdir())
    result = host.run("model.usda", "out", cwd=here, env={"TMPDIR": str(here / "temporary")})
    assert result.code == 2
    assert re.search(
        r"^error: the model model\.usda makes Blender [\d.]+ crash \(SIG[A-Z]+\): it is "
        r"damaged, or holds what this Blender cannot read; export it again, or use another "
        r"Blender\n\Z",
        result.stderr,
        re.MULTILINE,
    )
    assert not result.has_trace
    assert sorted(here.iterdir()) == before
    # The process that lives on leaves a folder of Blender's, and the one that died nothing.
    left = [path.name for path in (here / "temporary").iterdir()]
    assert [name for name in left if not name.startswith("blender_")] == []
    assert len(left) <= 1


@pytest.mark.usefixtures("has_usd")
def test_a_model_that_blender_only_refuses_is_told_of_by_blender(host: Host, here: Path) -> None:
    (here / "model.usda").write_text(TRIANGLE[:-20], encoding="utf-8")
    result = host.run("model.usda", "out", cwd=here)
    assert result.code == 2
    assert result.stderr.endswith(
        "\nerror: the model model.usda cannot be imported: Could not open USD archive for reading; "
        "--debug shows why\n"
    )


@contextmanager
def waiting_for_ever(host: Host, here: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run whose other process waits for a layer of the model, and that process's number."""
    for name in ("first", "second"):
        os.mkfifo(here / f"{name}.usda")
    # Pipes that the model itself names are refused; those of a layer of it are not looked for.
    middle = "#usda 1.0\n(\n    subLayers = [@./first.usda@, @./second.usda@]\n)\n"
    (here / "middle.usda").write_text(middle, encoding="utf-8")
    layered = TRIANGLE.replace('"Z"', '"Z"\n    subLayers = [@./middle.usda@]')
    (here / "model.usda").write_text(layered, encoding="utf-8")
    with host.start("model.usda", "out", cwd=here) as process:
        # Opening a pipe returns when it is opened to be read: were it never, by this.
        pipe = here / "first.usda"
        unblock = threading.Timer(120, lambda: os.close(os.open(pipe, os.O_RDONLY)))
        unblock.daemon = True
        unblock.start()
        os.close(os.open(pipe, os.O_WRONLY))
        unblock.cancel()
        # The first is empty, and nobody ever opens the second.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
        yield process, int(children.split()[-1])  # the newest


@LINUX
@pytest.mark.usefixtures("has_usd")
@SIGNALS
def test_an_interrupt_ends_both_processes(
    host: Host, here: Path, number: signal.Signals, code: int
) -> None:
    with waiting_for_ever(host, here) as (process, child):
        its_end = os.pidfd_open(child)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
        assert told.endswith(f"error: {SAID}\n")
        assert process.returncode == code
        assert select.select([its_end], [], [], 60)[0] == [its_end]
        os.close(its_end)
    assert not (here / "out").exists()


@LINUX
@pytest.mark.usefixtures("has_usd")
def test_a_process_that_the_system_kills_is_told_of(host: Host, here: Path) -> None:
    with waiting_for_ever(host, here) as (process, child):
        os.kill(child, signal.SIGKILL)
        _, told = process.communicate(timeout=60)
    assert told.endswith(
        "\nerror: the model model.usda was imported in a process of its own first, and the system "
        "killed it, as it does where memory runs out; use a smaller model, or more memory\n"
    )
    assert process.returncode == 2
