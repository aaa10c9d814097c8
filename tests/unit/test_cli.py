"""Which arguments are ours, and the stopwatch."""

from __future__ import annotations

import pytest

from viewbatch.cli import own_arguments
from viewbatch.stopwatch import Stopwatch


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


def test_a_stage_is_counted_each_time_and_also_where_it_raises() -> None:
    watch = Stopwatch()
    with watch.stage("a"):
        pass
    first = watch.seconds["a"]
    with pytest.raises(KeyError), watch.stage("a"):
        raise KeyError
    assert list(watch.seconds) == ["a"]
    assert watch.seconds["a"] >= first >= 0
