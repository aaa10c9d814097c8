"""Box and bounding sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from viewbatch.geometry import bounds_of_point_sets


def test_bounds_of_two_sets_by_hand() -> None:
    sets = [[[1.0, 2, 3], [5, 2, 3]], np.empty((0, 3)), [[3.0, 8, 1]]]
    bounds = bounds_of_point_sets(sets)
    assert bounds is not None
    assert (bounds.minimum, bounds.maximum) == ((1, 2, 1), (5, 8, 3))
    assert (bounds.center, bounds.size) == ((3, 5, 2), (4, 6, 2))
    # From (3, 5, 2) the two of the first set are sqrt(4 + 9 + 1) away, the third sqrt(10).
    assert bounds.radius == pytest.approx(math.sqrt(14), abs=1e-15)


def test_the_sphere_holds_every_point_and_touches_one() -> None:
    points = np.random.default_rng(3).normal((40, -7, 3), (1, 5, 0.1), (500, 3))
    bounds = bounds_of_point_sets([points[:123], points[123:]])
    assert bounds is not None
    distances = np.linalg.norm(points - bounds.center, axis=1)
    assert distances.max() == pytest.approx(bounds.radius, rel=1e-15)


def test_no_point_has_no_bounds() -> None:
    assert bounds_of_point_sets([]) is None
    assert bounds_of_point_sets([np.empty((0, 3)), []]) is None


def test_one_point_has_a_sphere_of_radius_zero() -> None:
    bounds = bounds_of_point_sets([[[1.0, -2, 3]]])
    assert bounds is not None
    assert (bounds.center, bounds.size, bounds.radius) == ((1, -2, 3), (0, 0, 0), 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_coordinate_that_is_not_finite_shows(value: float) -> None:
    with np.errstate(invalid="ignore"):
        bounds = bounds_of_point_sets([[[0.0, 0, 0], [1, value, 1]]])
    assert bounds is not None
    assert not math.isfinite(bounds.radius)
