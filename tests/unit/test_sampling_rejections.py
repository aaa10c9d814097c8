"""Plans of all views: what is rejected is drawn again, and nothing else changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.unit import planning
from tests.unit.planning import JITTER, TARGET, texts
from viewbatch.config.camera import LocationMode
from viewbatch.errors import UsageError
from viewbatch.sampling import Pose
from viewbatch.sampling.placements import placements


def refuse_first(
    count: int, reason: str = "too bad"
) -> tuple[Callable[[int, Pose], str | None], dict[int, list[Pose]]]:
    """A `reject` that refuses the first poses of every view, and remembers all of them."""
    seen: dict[int, list[Pose]] = {}

    def reject(index: int, pose: Pose) -> str | None:
        poses = seen.setdefault(index, [])
        poses.append(pose)
        return reason if len(poses) <= count else None

    return reject, seen


def test_after_two_rejections_the_third_draw_of_the_same_stream_is_taken() -> None:
    config = planning.camera()
    reject, _ = refuse_first(2)
    planned = planning.plan(config, 9, seed=5, reject=reject)(4)
    at = placements(config.location, LocationMode.RANDOM, 5, 9)
    third = list(itertools.islice(at(4), 3))[2]
    assert planned.pose.drawn["azimuth_rad"] == third.azimuth_rad
    assert planned.pose.location == third.pose(TARGET, 2.0)[0]
    assert planned.rejected == {"too bad": 2}


def test_a_rejected_view_changes_no_other() -> None:
    config = planning.camera()
    free = texts(planning.plan(config, 6), range(6))
    plan = planning.plan(config, 6, reject=lambda i, _: None if i != 2 else next(answers))
    answers = iter(["inside geometry", None])
    found = texts(plan, range(6))
    assert [i for i in range(6) if found[i] != free[i]] == [2]


def test_reasons_are_counted_apart() -> None:
    answers = iter(["inside geometry", "too close", "inside geometry", None])
    plan = planning.plan(planning.camera(), 1, reject=lambda *_: next(answers))
    assert plan(0).rejected == {"inside geometry": 2, "too close": 1}


def test_the_pose_that_is_accepted_is_the_one_that_was_shown() -> None:
    reject, seen = refuse_first(3)
    config = planning.camera(*JITTER, mode="fibonacci")
    planned = planning.plan(config, 5, reject=reject)(3)
    assert len(seen[3]) == 4
    assert planned.pose is seen[3][-1]


def test_fixed_poses_are_not_drawn_again() -> None:
    reject, seen = refuse_first(1, "inside geometry")
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(mode="fibonacci"), 5, reject=reject)(2)
    assert str(caught.value) == (
        "camera.location: no pose for view 2 in 1 draw: once inside geometry; "
        "change camera.location.fibonacci, or relax camera.checks"
    )
    assert len(seen[2]) == 1


def test_the_jitter_of_a_fixed_pose_is_drawn_again() -> None:
    reject, seen = refuse_first(5)
    planned = planning.plan(planning.camera(*JITTER, mode="uniform"), 5, reject=reject)(2)
    assert planned.rejected == {"too bad": 5}
    assert len({pose.location for pose in seen[2]}) == 1
    assert len({pose.drawn["roll_rad"] for pose in seen[2]}) == 6
    assert len({tuple(pose.drawn["target_m"]) for pose in seen[2]}) == 6


def test_attempts_have_an_end() -> None:
    answers = itertools.cycle(["inside geometry", "fills 1 % of the frame", "inside geometry"])
    config = planning.camera("checks.attempts=8", mode="inside")
    with pytest.raises(UsageError) as caught:
        planning.plan(config, 9, reject=lambda *_: next(answers))(7)
    assert str(caught.value) == (
        "camera.location: no pose for view 7 in 8 draws: 5 times inside geometry, "
        "3 times fills 1 % of the frame; widen camera.location.inside, or relax camera.checks"
    )
