"""Plans of all views: the drawn target and the drawn roll."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import BOUNDS, JITTER, TARGET
from viewbatch.errors import UsageError


def test_the_camera_stays_and_looks_at_the_point_that_was_drawn() -> None:
    plan = planning.plan(planning.camera("jitter.target=0.2"), 50)
    still = planning.plan(planning.camera(), 50)
    for index in range(50):
        pose = plan(index).pose
        assert pose.location == still(index).pose.location
        assert pose.drawn.keys() - still(index).pose.drawn.keys() == {"target_m"}
        forward = np.subtract(pose.drawn["target_m"], pose.location)
        np.testing.assert_allclose(pose.rotation[2], forward / np.linalg.norm(forward), atol=1e-12)
        # World +z is up in the image: nothing of it is across.
        assert pose.rotation[0, 2] == 0


def test_points_are_uniform_in_a_ball_around_the_target() -> None:
    number = 3000
    plan = planning.plan(planning.camera("jitter.target=0.2"), number)
    offsets = np.array(
        [np.subtract(plan(i).pose.drawn["target_m"], TARGET) for i in range(number)]
    ) / (0.2 * BOUNDS.radius)
    distances = np.linalg.norm(offsets, axis=1)
    assert distances.max() <= 1 + 1e-12
    # The cube of the distance is uniform, and so is each coordinate of the direction.
    uniform = np.column_stack([distances**3, (offsets / distances[:, None] + 1) / 2])
    np.testing.assert_allclose(uniform.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(uniform.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))


def test_a_roll_turns_the_camera_clockwise_about_its_axis() -> None:
    plan = planning.plan(planning.camera("jitter.roll=0.5"), 40)
    still = planning.plan(planning.camera(), 40)
    for index in range(40):
        pose, level = plan(index).pose, still(index).pose
        assert pose.location == level.location
        assert pose.drawn.keys() - level.drawn.keys() == {"roll_rad"}
        roll = pose.drawn["roll_rad"]
        right, down, forward = level.rotation
        np.testing.assert_array_equal(pose.rotation[2], forward)
        # The right side goes down.
        np.testing.assert_allclose(
            pose.rotation[0], math.cos(roll) * right + math.sin(roll) * down, atol=1e-12
        )
        np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose.rotation) == pytest.approx(1, abs=1e-12)


def test_rolls_are_uniform_either_way() -> None:
    number = 3000
    plan = planning.plan(planning.camera("jitter.roll=0.5"), number)
    shares = np.array([plan(i).pose.drawn["roll_rad"] + 0.5 for i in range(number)])
    assert 0 <= shares.min() < shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert shares.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))


def test_the_roll_does_not_depend_on_whether_the_aim_is_drawn() -> None:
    alone = planning.plan(planning.camera("jitter.roll=0.3"), 5)
    both = planning.plan(planning.camera(*JITTER), 5)
    for index in range(5):
        assert alone(index).pose.drawn["roll_rad"] == both(index).pose.drawn["roll_rad"]


def test_inside_there_is_nothing_to_look_beside() -> None:
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera("jitter.target=0.25", mode="inside"), 4)
    assert str(caught.value) == (
        'camera.jitter.target is 0.25, but with camera.location.mode "inside" cameras look at no '
        "target; set it to 0"
    )
