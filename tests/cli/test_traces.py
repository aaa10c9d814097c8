"""What ran when, as a file beside the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK_SET, SUZANNE, Host, Run, copy, settings

BytesOf = Callable[[Path], dict[str, bytes]]
pytestmark = pytest.mark.every_blender


def test_a_trace_is_written_beside_the_run_and_does_not_change_it(
    host: Host, first: Run, here: Path, bytes_of: BytesOf
) -> None:
    traced = host.run(SUZANNE, "out", "3", "--trace", "trace.json", cwd=here)
    assert traced.code == 0, traced.stderr
    assert bytes_of(here / "out") == bytes_of(first.folder)
    events = json.loads((here / "trace.json").read_text(encoding="ascii"))["traceEvents"]
    views = {event["args"].get("view") for event in events if event["name"] == "colour"}
    assert views == {0, 1, 2}
    threads = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert threads == {"MainThread", "viewbatch-writer"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no disk that is always full")
def test_a_trace_that_cannot_be_written_hides_no_error(host: Host, here: Path) -> None:
    (here / "trace.json").symlink_to("/dev/full")
    (here / "model.obj").write_text("v 0 0 0\nv 1 0 0\nl 1 2\n", encoding="utf-8")
    result = host.run("model.obj", "out", "--trace", "trace.json", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-2:] == [
        "warning: the trace trace.json cannot be written: No space left on device",
        "error: the model model.obj holds no mesh with faces, or hides them all from rendering",
    ]


def test_a_trace_that_cannot_be_written_is_refused(host: Host, here: Path) -> None:
    result = host.run(SUZANNE, "out", "--trace", "trace.txt", cwd=here)
    assert result.code == 2
    assert result.told("error: the trace trace.txt does not end in .json; name such a file\n")
    assert not (here / "out").exists()


def test_a_trace_replaces_no_file_of_the_dataset(
    host: Host, first: Run, tmp_path: Path, bytes_of: BytesOf
) -> None:
    out = copy(first, tmp_path / "out")
    trace = ["--trace", "out/dataset.json"]
    result = host.run(SUZANNE, "out", "3", *settings(QUICK_SET), *trace, cwd=tmp_path)
    assert result.code == 2
    assert result.told(
        "error: the trace out/dataset.json would lie among the files of the dataset, which it "
        "could replace; name a file in another folder\n"
    )
    assert bytes_of(out) == bytes_of(first.folder)
