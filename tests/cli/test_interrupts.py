"""Ctrl-C and SIGTERM at every stage of a run: nothing goes on, and no process is left.

Where Blender keeps Python's lock nothing can be cleaned up, and the signal itself ends the
process, which a shell tells as 128 and the signal's number too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Host
from tests.cli.interrupts import SAID, SIGNALS
from viewbatch.dataset import Dataset, layout

TELL = """
import logging
from viewbatch.plugin import Plugin

class Tell(Plugin):
    def on_view_ready(self, view):
        logging.getLogger("viewbatch.tell").info("view %d begins", view.index)
"""

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX"),
    pytest.mark.every_blender,
]


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
    with host.start("model.obj", "out", "5000", cwd=here) as process:
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


@contextmanager
def interrupted(
    host: Host, here: Path, code: str, number: signal.Signals
) -> Iterator[tuple[int, str]]:
    """Run with a plugin that says "now", send the signal then, and give the exit code and what
    was said after it; the pipe that it says so through has no other end left then."""
    reader, writer = os.pipe()
    (here / "phase.py").write_text(
        "import os\n"
        "from viewbatch.plugin import Plugin\n"
        f"WRITER = {writer}\n"
        "def say():\n    os.write(WRITER, b'now\\n')\n"
        f"{code}\n",
        encoding="utf-8",
    )
    own = ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["phase"]']
    arguments = ["model.obj", "out", "2", *own]
    with subprocess.Popen(
        host.command(arguments), cwd=here, text=True, encoding="utf-8", pass_fds=[writer],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            os.close(writer)
            with os.fdopen(reader) as told:
                assert told.readline() == "now\n"
                process.send_signal(number)
                # Ends when every process that might still hold the other end has ended.
                assert told.read() == ""
            _, said = process.communicate(timeout=60)
            yield process.returncode, said
        finally:
            process.kill()


EMPTY = "class Phase(Plugin): pass\n"
STAGES = {
    "start-up": f"{EMPTY}say()\nwhile True: pass",
    "the model is there": (
        "class Phase(Plugin):\n"
        "    def on_scene_ready(self, scene):\n"
        "        say()\n"
        "        while True: pass"
    ),
    "a plugin's own loop": (
        "class Phase(Plugin):\n"
        "    def on_view_rendered(self, view, frame):\n"
        "        say()\n"
        "        while True: pass"
    ),
    "a file that takes long": (
        "class Phase(Plugin):\n"
        "    def on_view_rendered(self, view, frame):\n"
        "        def encode(path):\n"
        "            path.write_bytes(b'half')\n"
        "            say()\n"
        "            while True: pass\n"
        "        view.files._add('slow', '.txt', encode, 1)"
    ),
    "a full queue": (
        "import threading\n"
        "class Phase(Plugin):\n"
        "    def on_view_ready(self, view):\n"
        "        if view.index == 1: say()\n"
        "    def on_view_rendered(self, view, frame):\n"
        "        wait = threading.Event().wait\n"
        "        view.files._add('slow', '.txt', lambda path: wait(), 1 << 30)"
    ),
    "the end of the batch": (
        "class Phase(Plugin):\n"
        "    def on_batch_finished(self, batch):\n"
        "        say()\n"
        "        while True: pass"
    ),
}


@pytest.mark.parametrize(
    ("stage", "number"),
    list(zip(STAGES, [signal.SIGTERM, signal.SIGINT] * len(STAGES), strict=False)),
)
def test_every_stage_ends_and_says_so(
    host: Host, here: Path, stage: str, number: signal.Signals
) -> None:
    with interrupted(host, here, STAGES[stage], number) as (ended, said):
        assert ended == 128 + number
        assert said.endswith(f"error: {SAID}\n")
        assert said.count("error: ") == 1
    if (here / "out").exists():
        left = [path.name for path in (here / "out").iterdir() if layout.is_temporary(path.name)]
        assert left == []


@SIGNALS
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="by the C library of Linux")
def test_a_call_into_c_that_keeps_python_s_lock_ends_all_the_same(
    host: Host, here: Path, number: signal.Signals, code: int
) -> None:
    """As an import or an encoder of Blender does; here a mutex that is locked already."""
    stuck = (
        "import ctypes, sys\n"
        "class Phase(Plugin):\n"
        "    def on_view_rendered(self, view, frame):\n"
        "        library, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(256)\n"
        "        library.pthread_mutex_lock(mutex)\n"
        "        view.files.reserve('half', '.txt').write_text('half')\n"
        "        sys.setswitchinterval(3600)\n"  # kept between these two calls as well
        "        library.write(WRITER, b'now\\n', 4)\n"
        "        library.pthread_mutex_lock(mutex)"
    )
    with interrupted(host, here, stuck, number) as (ended, said):
        # A launcher of a Blender program tells it as a shell does.
        assert ended in (-number, code)
        assert "interrupted" not in said
    out = here / "out"
    left = [path for path in out.iterdir() if path.name.endswith(".tmp.txt")]
    assert [path.read_text() for path in left] == ["half"]
    # The next start knows whose file that was.
    (here / "phase.py").write_text(f"from viewbatch.plugin import Plugin\n{EMPTY}")
    own = ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["phase"]']
    assert host.run("model.obj", "out", "2", *own, "--skip-render", cwd=here).code == 0
    assert [path.name for path in out.iterdir() if layout.is_temporary(path.name)] == []


def test_the_guard_of_a_killed_process_ends_with_it(host: Host, here: Path) -> None:
    loop = f"{EMPTY}say()\nwhile True: pass"
    with interrupted(host, here, loop, signal.SIGKILL) as (ended, _):
        assert ended in (-signal.SIGKILL, 128 + signal.SIGKILL)
