"""Plans of all views: pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import TARGET, TAU, WITHOUT_FILE, angle
from viewbatch.errors import UsageError
from viewbatch.geometry import Intrinsics, rigid, transform_points
from viewbatch.sampling import Plan, Pose

STEREO = ("stereo.use=true", "stereo.baseline=0.15")


@pytest.mark.parametrize("mode", WITHOUT_FILE)
def test_pairs_stand_on_either_side_of_a_pose(mode: str) -> None:
    plan = planning.plan(planning.camera(*STEREO, mode=mode), 12)
    single = planning.plan(planning.camera(mode=mode), 6)
    for k in range(6):
        pose = single(k).pose
        left, right = plan(2 * k).pose, plan(2 * k + 1).pose
        np.testing.assert_array_equal(left.rotation, pose.rotation)
        np.testing.assert_array_equal(right.rotation, pose.rotation)
        # 0.15 units of 2 m.
        baseline = np.subtract(right.location, left.location)
        np.testing.assert_allclose(baseline, 0.3 * pose.rotation[0], atol=1e-12)
        middle = np.add(right.location, left.location) / 2
        np.testing.assert_allclose(middle, pose.location, atol=1e-12)
        stereo = {"pair": k, "baseline_m": pytest.approx(0.3)}
        assert left.drawn == {
            **pose.drawn, "stereo": {**stereo, "side": "left", "other": 2 * k + 1}
        }  # fmt: skip
        assert right.drawn == {
            **pose.drawn, "stereo": {**stereo, "side": "right", "other": 2 * k}
        }  # fmt: skip


def test_pairs_are_rectified() -> None:
    """A point has the same v in both, and a disparity of fx * baseline / depth."""
    plan = planning.plan(planning.camera(*STEREO, "jitter.roll=1.0"), 8)
    lens = Intrinsics(width=97, height=61, fx=80.0, fy=90.0, cx=40.0, cy=35.0)
    points = np.array(TARGET) + np.random.default_rng(0).uniform(-0.5, 0.5, (20, 3))
    for k in range(4):
        seen = []
        for index in (2 * k, 2 * k + 1):
            pose = plan(index).pose
            cam_from_world = rigid(pose.rotation, -pose.rotation @ np.array(pose.location))
            in_cam = transform_points(cam_from_world, points)
            seen.append((lens.project(in_cam), in_cam[:, 2]))
        (left, depth), (right, depth_again) = seen
        np.testing.assert_allclose(depth, depth_again, atol=1e-9)
        np.testing.assert_allclose(left[:, 1], right[:, 1], atol=1e-9)
        np.testing.assert_allclose(left[:, 0] - right[:, 0], 80 * 0.3 / depth, atol=1e-9)


def test_a_pair_of_which_one_is_rejected_is_drawn_again() -> None:
    asked = []

    def reject(index: int, _: Pose) -> str | None:
        asked.append(index)
        return "inside geometry" if asked == [6, 7] else None

    plan = planning.plan(planning.camera(*STEREO), 8, reject=reject)
    left, right = plan(6), plan(7)
    assert asked == [6, 7, 6, 7]
    assert left.rejected == right.rejected == {"inside geometry": 1}
    assert left.pose.drawn["azimuth_rad"] == right.pose.drawn["azimuth_rad"]


def test_the_smallest_angle_is_between_pairs() -> None:
    plan = planning.plan(planning.camera(*STEREO, "location.min_angle_deg=20"), 12)
    middles = [
        np.add(plan(2 * k).pose.location, plan(2 * k + 1).pose.location) / 2 - TARGET
        for k in range(6)
    ]
    for a, b in itertools.combinations(middles, 2):
        assert math.degrees(angle(a, b)) > 20 - 1e-6
    assert angle(*(np.subtract(plan(i).pose.location, TARGET) for i in (0, 1))) < math.radians(20)


def test_an_odd_number_makes_no_pairs() -> None:
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(*STEREO), 5)
    assert str(caught.value) == (
        "camera.stereo makes two views of every pose, and 5 is odd; ask for an even number of views"
    )


def test_modes_that_spread_a_known_number_spread_the_poses_of_pairs() -> None:
    plan = planning.plan(planning.camera(*STEREO, mode="orbit"), 8)
    azimuths = [plan(i).pose.drawn["azimuth_rad"] for i in range(8)]
    assert azimuths == pytest.approx([TAU * (i // 2) / 4 for i in range(8)], abs=1e-12)


def test_more_pairs_than_poles_are_refused_at_once() -> None:
    rings = ("inc_start=0.0", 'inc_stop="pi"', 'inc_step="pi"')
    config = planning.camera(*STEREO, *(f"location.uniform.{r}" for r in rings), mode="uniform")
    with pytest.raises(UsageError) as caught:
        Plan(config, 0, 6, planning.around())
    assert str(caught.value) == (
        "camera.location.uniform has only poles, which hold 2 of the 3 poses; choose an "
        "inc_start or inc_stop between 0 and pi"
    )
