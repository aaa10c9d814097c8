"""Several processes make one dataset: at once, in parts, killed and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import SUZANNE, Host, Result, settings
from viewbatch.dataset import Dataset, layout

pytestmark = pytest.mark.every_blender

BytesOf = Callable[[Path], dict[str, bytes]]
NUMBER = 20
SETTINGS = [
    "render.resolution_x=32", "render.resolution_y=24", "render.samples=1",
    "render.cycles.use_denoising=false", 'plugins.enabled=["depth", "mask", "point_cloud"]',
    "plugins.point_cloud.max_points=100",
]  # fmt: skip


def arguments(out: str | Path, number: int = NUMBER) -> list[str | Path]:
    return [SUZANNE, out, str(number), *settings(SETTINGS)]


def last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]


def made(result: Result) -> list[int]:
    """The views that a run made."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("view ")]
    return [int(line.removeprefix("view ").partition(":")[0]) for line in lines]


@pytest.fixture(scope="module")
def alone(
    host: Host, tmp_path_factory: pytest.TempPathFactory, bytes_of: BytesOf
) -> dict[str, bytes]:
    """What one process makes that is left alone."""
    here = tmp_path_factory.mktemp("alone")
    result = host.run(*arguments("out"), cwd=here)
    assert result.code == 0, result.stderr
    found = bytes_of(here / "out")
    assert {"point_cloud.ply", f"{NUMBER - 1:03d}_view.json"} <= set(found)
    return found


def test_three_shards_at_once_equal_one_process(
    host: Host, tmp_path: Path, alone: dict[str, bytes], bytes_of: BytesOf
) -> None:
    shards = [[*arguments("out"), "--shard", f"{i}/3"] for i in range(3)]
    running = [
        subprocess.Popen(host.command(shard), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for shard in shards
    ]
    ends = [
        Result(p.wait(), "", errors, host.in_blender)
        for p in running
        for errors in [p.communicate()[1]]
    ]
    assert [end.code for end in ends] == [0, 0, 0]
    for i, end in enumerate(ends):
        assert made(end) == list(range(NUMBER))[i::3]
        counts = [f"{n} of {NUMBER} planned views exist{'s' * (n == 1)}" for n in range(NUMBER + 1)]
        begin, _, rest = last_line(end).partition("; ")
        assert begin == f"{len(range(NUMBER)[i::3])} views in out"
        assert rest in counts
    assert any(
        last_line(end).endswith(f"; {NUMBER} of {NUMBER} planned views exist") for end in ends
    )
    assert bytes_of(tmp_path / "out") == alone


def test_two_halves_equal_one_process(
    host: Host, tmp_path: Path, alone: dict[str, bytes], bytes_of: BytesOf
) -> None:
    """The second half first; a shard takes part of a half."""
    second = host.run(*arguments("out"), "--views", "10:", cwd=tmp_path)
    assert (second.code, made(second)) == (0, list(range(10, NUMBER)))
    assert last_line(second) == "10 views in out; 10 of 20 planned views exist"
    assert "point_cloud.ply" not in bytes_of(tmp_path / "out")
    part = host.run(*arguments("out"), "--views", "0:10", "--shard", "1/2", cwd=tmp_path)
    assert (part.code, made(part)) == (0, [1, 3, 5, 7, 9])
    assert last_line(part) == "5 views in out; 15 of 20 planned views exist"
    # A number that is smaller than what is planned does not change the plan.
    first = host.run(*arguments("out", 10), cwd=tmp_path)
    assert (first.code, made(first)) == (0, [0, 2, 4, 6, 8])
    assert "5 of 10 views exist already and are kept\n" in first.stderr
    assert last_line(first) == "10 views in out; 20 of 20 planned views exist"
    assert bytes_of(tmp_path / "out") == alone


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_run_that_is_killed_and_continued_equals_one_that_is_not(
    host: Host, tmp_path: Path, alone: dict[str, bytes], bytes_of: BytesOf
) -> None:
    out = tmp_path / "out"
    for lines in (1, 4, 7):
        with host.start(*arguments("out"), cwd=tmp_path) as process:
            assert process.stderr is not None
            shown = (line for line in process.stderr if line.startswith("view "))
            for _ in range(lines):
                assert next(shown, None) is not None
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        dataset = Dataset.open(out)
        assert lines <= len(dataset.views) < NUMBER
        assert [view.damage() for view in dataset.views] == [None] * len(dataset.views)
        for view in dataset.views:
            for file in view.record.files.values():
                assert (out / file.name).read_bytes() == alone[file.name]
    result = host.run(*arguments("out"), cwd=tmp_path)
    assert result.code == 0
    assert last_line(result) == "20 views in out"
    # What the killed processes had not finished is gone as well.
    assert bytes_of(out) == alone


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            ["--shard", "3/3"],
            "--shard: expected I/N with I from 0 to N - 1, such as 0/3, found '3/3'",
        ),
        (
            ["--shard", "one"],
            "--shard: expected I/N with I from 0 to N - 1, such as 0/3, found 'one'",
        ),
        (["--views", "1-3"], "--views: expected indices and ranges such as 0,3,5:9, found '1-3'"),
        (
            ["--views", "0000000012"],
            "--views: expected indices and ranges such as 0,3,5:9, found '0000000012'",
        ),
        (
            ["--views", "10:21"],
            "--views 10:21 asks for view 20, and number_of_renders plans views 0 to 19; choose "
            "among these, or plan more",
        ),
        (
            ["--views", "4:4"],
            "--views 4:4 chooses no view, and number_of_renders plans views 0 to 19; choose among "
            "these, or plan more",
        ),
        (
            ["--shard", "0/2", "--overwrite"],
            "--overwrite would remove views that other processes make, so it cannot be combined "
            "with --shard or --views; replace the dataset first, with --overwrite --skip-render",
        ),
        (
            ["--views", "0", "--skip-render"],
            "--skip-render plans the cameras of all views, so it cannot be combined with --shard "
            "or --views; leave those out",
        ),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_made_in_words(
    host: Host, tmp_path: Path, more: Sequence[str], sentence: str
) -> None:
    result = host.run(SUZANNE, "out", str(NUMBER), *more, cwd=tmp_path)
    assert result.code == 2
    assert result.told(f"configuration: config.default.toml\nerror: {sentence}\n")
    assert not (tmp_path / "out").exists()


def test_more_views_than_a_dataset_may_have_in_words(host: Host, tmp_path: Path) -> None:
    result = host.run(SUZANNE, "out", "10000001", cwd=tmp_path)
    assert result.code == 2
    assert result.told(
        "configuration: config.default.toml\n"
        "error: number_of_renders is 10000001, and a dataset has at most 10000000 views\n"
    )


def test_one_view_beyond_in_words(host: Host, tmp_path: Path) -> None:
    result = host.run(SUZANNE, "out", "--views", "1", cwd=tmp_path)
    assert result.code == 2
    assert result.told(
        "configuration: config.default.toml\n"
        "error: --views 1 asks for view 1, and number_of_renders plans view 0 alone; choose among "
        "these, or plan more\n"
    )


def test_a_shard_of_no_view_has_nothing_to_do(host: Host, tmp_path: Path) -> None:
    result = host.run(*arguments("out", 2), "--shard", "2/3", cwd=tmp_path)
    assert result.code == 0
    assert last_line(result) == (
        "this shard has none of the views asked for, and makes nothing in out; 0 of 2 planned "
        "views exist"
    )


TAKES = """
from pathlib import Path
from viewbatch.plugin import Plugin

class Takes(Plugin):
    '''Removes a file once all views exist.'''

    def on_batch_finished(self, batch):
        {statement}
"""


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            'Path("out/000_depth.exr").unlink()',
            "1 of 3 views in out is no longer whole (000_depth.exr is gone); the same command "
            "makes it again",
        ),
        (
            '[Path(f"out/{i:03d}_view.json").unlink() for i in (0, 1)]',
            "2 of 3 views in out are no longer whole (000_view.json is gone); the same command "
            "makes them again",
        ),
    ],
)
def test_a_view_that_vanishes_during_the_run_is_told(
    host: Host, tmp_path: Path, statement: str, sentence: str
) -> None:
    (tmp_path / "takes.py").write_text(TAKES.format(statement=statement), encoding="utf-8")
    own = ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["depth", "takes"]']
    result = host.run(*arguments("out", 3), *own, cwd=tmp_path)
    assert result.code == 1
    assert last_line(result) == f"error: {sentence}"
    (tmp_path / "takes.py").write_text(TAKES.format(statement="pass"), encoding="utf-8")
    assert host.run(*arguments("out", 3), *own, cwd=tmp_path).code == 0


def test_a_view_that_another_process_makes_meanwhile_is_left_alone(
    host: Host, tmp_path: Path
) -> None:
    """The other one is a whole run of the same command, out of a plugin of the first."""
    twice = f"""
import os, subprocess
import bpy
from viewbatch.plugin import Plugin

class Twice(Plugin):
    def on_view_ready(self, view):
        if "INNER" not in os.environ:
            command = {host.command(arguments("out", 3))!r}
            command[0] = bpy.app.binary_path or command[0]  # of a program, not what starts it
            command += ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["depth", "twice"]']
            subprocess.run(command, env={{**os.environ, "INNER": "1"}}, check=True)
"""
    (tmp_path / "twice.py").write_text(twice, encoding="utf-8")
    own = ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["depth", "twice"]']
    result = host.run(*arguments("out", 3), *own, cwd=tmp_path)
    assert result.code == 0, result.stderr
    assert (
        "view 1 was made by another process\nview 2 was made by another process\n" in result.stderr
    )
    logs = sorted((tmp_path / "out").glob("batch-*.log"))
    assert len(logs) == 2
    assert [
        path.name for path in (tmp_path / "out").iterdir() if layout.is_temporary(path.name)
    ] == []
    assert Dataset.open(tmp_path / "out").missing == []


def test_a_run_whose_dataset_another_process_replaces_ends(
    host: Host, tmp_path: Path, bytes_of: BytesOf
) -> None:
    """The other one is a whole run with another seed, out of a plugin of the first."""
    replaces = f"""
import os, subprocess
import bpy
from viewbatch.plugin import Plugin

class Replaces(Plugin):
    def on_view_ready(self, view):
        if view.index == 1 and "INNER" not in os.environ:
            command = {host.command(arguments("out", 3))!r}
            command[0] = bpy.app.binary_path or command[0]  # of a program, not what starts it
            command += ["--set", 'plugins.path="."', "--set", "seed=7", "--overwrite"]
            command += ["--set", 'plugins.enabled=["depth", "replaces"]']
            subprocess.run(command, env={{**os.environ, "INNER": "1"}}, check=True)
"""
    (tmp_path / "replaces.py").write_text(replaces, encoding="utf-8")
    own = ["--set", 'plugins.path="."', "--set", 'plugins.enabled=["depth", "replaces"]']
    result = host.run(*arguments("out", 3), *own, cwd=tmp_path)
    assert result.code == 1
    assert last_line(result) == (
        "error: the dataset in out was removed or replaced while this process made views of it; "
        "run the command again in a folder of its own"
    )
    again = [*arguments("fresh", 3), *own, "--set", "seed=7"]
    assert host.run(*again, cwd=tmp_path, env={"INNER": "1"}).code == 0
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "fresh")
