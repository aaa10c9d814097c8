"""Plans of all views: cameras inside of a scene."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import BOUNDS, INSIDE, TAU
from viewbatch.geometry import spherical_direction


def test_places_and_directions_inside_are_uniform_and_do_not_depend_on_each_other() -> None:
    number = 4000
    plan = planning.plan(planning.camera(*INSIDE, mode="inside"), number)
    poses = [plan(index).pose for index in range(number)]
    shares = (np.array([p.location for p in poses]) - BOUNDS.minimum) / BOUNDS.size
    low, high = np.array([0.1, 0.5, 0.0]), np.array([0.3, 1.0, 0.5])
    azimuths = []
    for pose in poses:
        x, y = pose.location[0] - 2.0, pose.location[1] - 3.0
        turn = pose.drawn["azimuth_rad"] - math.atan2(y, x)
        azimuths.append((turn + math.pi) % TAU - math.pi)
    cosines = [math.cos(pose.drawn["inclination_rad"]) for pose in poses]
    uniform = np.column_stack(
        [
            (shares - low) / (high - low),
            (np.array(cosines) - math.cos(1.0)) / (math.cos(2.5) - math.cos(1.0)),
            (np.array(azimuths) + 0.75) / 1.5,
        ]
    )
    assert uniform.min() > -1e-9
    assert uniform.max() < 1 + 1e-9
    np.testing.assert_allclose(uniform.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(uniform.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))
    correlations = np.corrcoef(uniform.T)[np.triu_indices(5, 1)]
    np.testing.assert_allclose(correlations, 0, atol=5 / math.sqrt(number))


def test_a_camera_inside_looks_where_its_angles_say_with_z_up() -> None:
    plan = planning.plan(planning.camera(*INSIDE, mode="inside"), 20)
    for index in range(20):
        pose = plan(index).pose
        inclination, azimuth = pose.drawn["inclination_rad"], pose.drawn["azimuth_rad"]
        forward = spherical_direction(inclination, azimuth)
        np.testing.assert_allclose(pose.rotation[2], forward, atol=1e-12)
        assert pose.rotation[0, 2] == 0
        assert pose.rotation[1, 2] < 0
        assert np.linalg.det(pose.rotation) == pytest.approx(1, abs=1e-12)
        assert pose.drawn == {
            "location_m": list(pose.location),
            "inclination_rad": inclination,
            "azimuth_rad": azimuth,
        }
        assert 0 <= azimuth < TAU


def test_above_the_centre_cameras_look_all_around() -> None:
    number = 2000
    point = (
        "location.inside.box_min=[0.5, 0.5, 0.2]", "location.inside.box_max=[0.5, 0.5, 0.9]",
        "location.inside.azi_spread=0.1",
    )  # fmt: skip
    plan = planning.plan(planning.camera(*point, mode="inside"), number)
    shares = np.array([plan(i).pose.drawn["azimuth_rad"] / TAU for i in range(number)])
    assert plan(0).pose.location[:2] == (2.0, 3.0)
    assert shares.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert shares.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))


def test_looking_straight_down_the_azimuth_says_which_way_the_image_is_turned() -> None:
    """As the limit of tilting the camera there: what is ahead is up in the image."""
    down = ('location.inside.inc_min="pi"', 'location.inside.inc_max="pi"')
    pose = planning.plan(planning.camera(*down, mode="inside"), 1)(0).pose
    azimuth = pose.drawn["azimuth_rad"]
    np.testing.assert_allclose(pose.rotation[2], [0, 0, -1], atol=1e-12)
    ahead = [math.cos(azimuth), math.sin(azimuth), 0]
    np.testing.assert_allclose(-pose.rotation[1], ahead, atol=1e-12)
