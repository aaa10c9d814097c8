"""Which arguments are ours, and what is said where memory runs out."""

from __future__ import annotations

import pytest

from viewbatch import cli
from viewbatch.cli import own_arguments


@pytest.mark.parametrize(
    ("argv", "in_blender", "own"),
    [
        (["x.py", "a", "b"], False, ["a", "b"]),
        (["x.py", "--", "a", "--", "b"], False, ["a", "--", "b"]),
        (["x.py"], False, []),
        (["blender", "--background", "--python", "x.py", "--", "a", "b"], True, ["a", "b"]),
        (["blender", "--background", "--python", "x.py", "a"], True, []),
        (["blender", "-b", "--", "a", "--", "b"], True, ["a", "--", "b"]),
    ],
)
def test_arguments_are_what_follows_the_dashes(
    argv: list[str], in_blender: bool, own: list[str]
) -> None:
    assert own_arguments(argv, in_blender=in_blender) == own


@pytest.mark.parametrize("debug", [False, True])
def test_memory_that_runs_out_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], debug: bool
) -> None:
    def run_out(*_: object, **__: object) -> int:
        raise MemoryError

    monkeypatch.setattr(cli, "_run", run_out)
    arguments = ["model.glb", "out", *(["--debug"] if debug else [])]
    assert cli.main(arguments, in_blender=False) == 1
    told = capfd.readouterr().err
    assert told.startswith("error: memory ran out; use a smaller image or model\n")
    assert ("Traceback" in told) == debug
