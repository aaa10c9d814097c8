"""A user's own plugins in real runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Host

pytestmark = pytest.mark.every_blender

NOTE = '''
from dataclasses import dataclass
from viewbatch.passes import Pass
from viewbatch.plugin import Plugin

class Note(Plugin):
    """Counts pixels that show the object, and lists the views when all are there."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        greeting: str = "pixels"

    passes = frozenset({Pass.NORMAL})
    dataset_files = ("notes.txt",)

    def on_view_rendered(self, view, frame):
        count = int((frame[Pass.NORMAL] != 0).any(axis=-1).sum())
        view.write_bytes("note", ".txt", f"{self.config.greeting} {count}".encode())

    def on_batch_finished(self, batch):
        text = "\\n".join(view.path("note").read_text() for view in batch.dataset.views)
        batch.write_bytes("notes.txt", text.encode())
'''

RAISES = '''
from viewbatch.plugin import Plugin

class Picky(Plugin):
    """Fails in the second view."""

    def on_view_rendered(self, view, frame):
        if view.index == 1:
            {statement}
        view.write_bytes("picky", ".txt", b"fine")
'''


LAST = '''
from pathlib import Path
from viewbatch.plugin import Plugin

class Last(Plugin):
    """Fails until a file is there."""

    dataset_files = ("last.txt",)

    def on_batch_finished(self, batch):
        if not Path("ready").exists():
            raise RuntimeError("not ready")
        batch.write_bytes("last.txt", str(len(batch.dataset.views)).encode())
'''


@pytest.fixture
def own(here: Path) -> Path:
    """The folder of the user's plugins, named in the configuration."""
    (here / "own").mkdir()
    with (here / "config.toml").open("a", encoding="utf-8") as config:
        config.write('[plugins]\npath = "own"\n')
    return here / "own"


def test_a_plugin_of_the_user_writes_files_that_are_recorded(
    host: Host, here: Path, own: Path
) -> None:
    (own / "note.py").write_text(NOTE, encoding="utf-8")
    enabled = ["--set", 'plugins.enabled=["mask", "note"]', "--set", "plugins.note.greeting=seen"]
    result = host.run("model.obj", "out", "2", *enabled, cwd=here)
    assert result.code == 0, result.stderr
    out = here / "out"
    for index in (0, 1):
        record = json.loads((out / f"{index:03d}_view.json").read_text(encoding="utf-8"))
        assert list(record["files"]) == ["render", "mask", "note"]
        data = (out / f"{index:03d}_note.txt").read_bytes()
        assert record["files"]["note"]["sha256"] == hashlib.sha256(data).hexdigest()
        # The tetrahedron is the only object: normals and ids agree in every pixel.
        seen = round(record["coverage"] * record["width"] * record["height"])
        assert data == f"seen {seen}".encode()
    notes = [(out / f"{index:03d}_note.txt").read_text() for index in (0, 1)]
    assert (out / "notes.txt").read_text() == "\n".join(notes)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise KeyError('nose')", "KeyError: 'nose'"),
        (
            "from viewbatch.passes import Pass; frame[Pass.NORMAL]",
            "Pass.NORMAL is not among its passes; add it there",
        ),
        (
            "import numpy; view.write_exr('x', {'Y': numpy.zeros((2, 3))}, quantity='', unit='')",
            "ValueError: an EXR channel is a (height, width) array of float16, float32 or "
            "uint32; Y is float64 of shape (2, 3)",
        ),
    ],
)
def test_a_plugin_that_raises_stops_the_run_with_its_name(
    host: Host, here: Path, own: Path, statement: str, message: str
) -> None:
    (own / "picky.py").write_text(RAISES.format(statement=statement), encoding="utf-8")
    result = host.run("model.obj", "out", "3", "--set", 'plugins.enabled=["picky"]', cwd=here)
    assert result.code == 1
    assert result.stderr.splitlines()[-1] == (
        f"error: the plugin picky failed in on_view_rendered at view 1: {message}"
    )
    assert not result.has_trace
    names = sorted(path.name for path in (here / "out").iterdir() if path.suffix != ".log")
    assert names == [
        "000_picky.txt", "000_render.png", "000_view.json", "config.toml", "dataset.json"
    ]  # fmt: skip


def test_two_plugins_with_one_kind_of_file_in_words(host: Host, here: Path, own: Path) -> None:
    text = RAISES.format(statement="pass")
    for name in ("one", "two"):
        (own / f"{name}.py").write_text(text, encoding="utf-8")
    result = host.run("model.obj", "out", "--set", 'plugins.enabled=["one", "two"]', cwd=here)
    assert result.code == 1
    assert result.stderr.splitlines()[-1] == (
        "error: the plugin two failed in on_view_rendered at view 0: 000_picky.txt is written "
        "already; each kind of file has one"
    )


def test_a_batch_whose_last_hook_failed_is_finished_by_the_same_command(
    host: Host, here: Path, own: Path
) -> None:
    (own / "last.py").write_text(LAST)
    command = ["model.obj", "out", "1", "--set", "plugins.path=own"]
    command += ["--set", 'plugins.enabled=["last"]']
    assert host.run(*command, cwd=here).code == 1
    (here / "ready").touch()
    assert host.run(*command, cwd=here).code == 0
    assert (here / "out" / "last.txt").read_text() == "1"
