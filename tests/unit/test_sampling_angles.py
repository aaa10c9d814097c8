"""Plans of all views: a smallest angle between them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import JITTER, TARGET, angle, text, texts
from viewbatch.errors import UsageError


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_no_two_views_are_nearer_than_the_smallest_angle(mode: str) -> None:
    limits = [f"location.{mode}.inc_min=0", f'location.{mode}.inc_max="pi"']
    config = planning.camera("location.min_angle_deg=10", *limits, *JITTER, mode=mode)
    plan = planning.plan(config, 200)
    directions = [np.subtract(plan(i).pose.location, TARGET) for i in range(200)]
    for a, b in itertools.combinations(directions, 2):
        assert math.degrees(angle(a, b)) > 10 - 1e-6
    # 200 caps of half the angle fill 38 % of the sphere: some draws fell into others.
    assert sum(plan(i).rejected.get("too near to another view", 0) for i in range(200)) > 20
    assert {reason for i in range(200) for reason in plan(i).rejected} == {
        "too near to another view"
    }


def test_inside_the_angle_is_between_the_directions_in_which_cameras_look() -> None:
    keys = ('location.inside.azi_spread="pi"', "location.inside.inc_min=0")
    config = planning.camera(
        "location.min_angle_deg=15", *keys, 'location.inside.inc_max="pi"', mode="inside"
    )
    plan = planning.plan(config, 80)
    for a, b in itertools.combinations([plan(i).pose.rotation[2] for i in range(80)], 2):
        assert math.degrees(angle(a, b)) > 15 - 1e-6
    locations = [np.subtract(plan(i).pose.location, TARGET) for i in range(80)]
    assert min(angle(a, b) for a, b in itertools.combinations(locations, 2)) < math.radians(15)


def test_only_views_of_lower_index_count() -> None:
    config = planning.camera("location.min_angle_deg=20")
    plan = planning.plan(config, 12)
    free = planning.plan(planning.camera(), 12)
    assert text(plan(0)) == text(free(0))
    for index in range(1, 12):
        nearest = min(
            angle(
                np.subtract(free(index).pose.location, TARGET),
                np.subtract(plan(lower).pose.location, TARGET),
            )
            for lower in range(index)
        )
        kept = text(plan(index)) == text(free(index))
        assert kept == (math.degrees(nearest) >= 20)


def test_steps_of_exactly_the_angle_are_far_enough() -> None:
    keys = ('location.orbit.inclination="pi/2"', "location.min_angle_deg=10")
    plan = planning.plan(planning.camera(*keys, mode="orbit"), 36)
    assert plan(35).rejected == {}
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(*keys, mode="orbit"), 37)(36)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 1 draw: once too near to another view; "
        "change camera.location.orbit, or relax camera.location.min_angle_deg"
    )


def test_an_angle_and_checks_that_leave_nothing_are_both_named() -> None:
    config = planning.camera("location.min_angle_deg=170", "checks.attempts=50")
    plan = planning.plan(config, 2, reject=lambda i, _: "inside geometry" if i else None)
    with pytest.raises(UsageError) as caught:
        plan(1)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 50 draws: 50 times too near to another view; "
        "widen camera.location.random, or relax camera.location.min_angle_deg"
    )
    config = planning.camera("location.min_angle_deg=60", "checks.attempts=50")
    plan = planning.plan(config, 2, reject=lambda i, _: "inside geometry" if i else None)
    with pytest.raises(UsageError) as caught:
        plan(1)
    message = str(caught.value)
    near = int(message.split(" times too near")[0].split()[-1])
    assert 0 < near < 50
    assert f"{50 - near} times inside geometry" in message
    assert message.endswith(
        "widen camera.location.random, or relax camera.checks and camera.location.min_angle_deg"
    )


def test_thousands_of_views_can_be_asked_for_from_the_last() -> None:
    config = planning.camera("location.min_angle_deg=0.5", 'location.random.inc_max="pi"')
    plan = planning.plan(config, 3000)
    last = text(plan(2999))
    again = planning.plan(config, 3000)
    assert texts(again, range(3000))[-1] == last
