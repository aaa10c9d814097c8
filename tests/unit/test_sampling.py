"""Placements about a target against closed forms; every tolerance is five standard deviations."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from tests.unit import planning
from viewbatch.config.camera import LocationConfig, LocationMode
from viewbatch.errors import UsageError
from viewbatch.sampling import cycles_seed, extensible
from viewbatch.sampling.placements import GOLDEN_ANGLE, Placement
from viewbatch.sampling.placements import placements as candidates
from viewbatch.sampling.streams import Stream, stream

TAU = 2 * math.pi


def location(mode: str, **values: float) -> LocationConfig:
    """The default location with another mode and other values in that mode's table."""
    default = planning.camera().location
    table = dataclasses.replace(getattr(default, mode), **values)
    return dataclasses.replace(default, mode=LocationMode(mode), **{mode: table})


PATCH = {
    "r_min": 1.5,
    "r_max": 4.0,
    "inc_min": 0.4,
    "inc_max": 2.2,
    "azi_min": -1.0,
    "azi_max": 2.5,
}


def first(config: LocationConfig, number: int, index: int, seed: int = 0) -> Placement:
    """The first candidate for a pose of `number` ones."""
    return next(candidates(config, config.mode, seed, number)(index))


def placements(config: LocationConfig, number: int, seed: int = 0) -> list[Placement]:
    at = candidates(config, config.mode, seed, number)
    return [next(at(index)) for index in range(number)]


def unit_cube(views: list[Placement]) -> np.ndarray:
    """Where placements lie in the patch, as what must be uniform in [0, 1): area and radius."""
    low, high = math.cos(PATCH["inc_min"]), math.cos(PATCH["inc_max"])
    return np.array(
        [
            (
                (math.cos(p.inclination_rad) - low) / (high - low),
                (p.azimuth_rad - PATCH["azi_min"]) / (PATCH["azi_max"] - PATCH["azi_min"]),
                (p.radius - PATCH["r_min"]) / (PATCH["r_max"] - PATCH["r_min"]),
            )
            for p in views
        ]
    )


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_directions_are_uniform_by_area_and_distances_in_between(mode: str, seed: int) -> None:
    number = 4000
    cube = unit_cube(placements(location(mode, **PATCH), number, seed))
    # Of n uniform numbers the mean deviates by 1/sqrt(12 n), the variance by 1/sqrt(180 n).
    np.testing.assert_allclose(cube.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(cube.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))
    # The three do not depend on each other: correlations deviate by 1/sqrt(n).
    correlations = np.corrcoef(cube.T)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(correlations, 0, atol=5 / math.sqrt(number))


@pytest.mark.parametrize("mode", ["random", "quasi_random", "uniform", "fibonacci"])
def test_everything_lies_inside_the_limits(mode: str) -> None:
    limits = {
        "random": PATCH, "quasi_random": PATCH,
        "uniform": {"radius": 2.0, "inc_start": 0.4, "inc_stop": 2.2, "inc_step": 0.35},
        "fibonacci": {"radius": 2.0, "inc_min": 0.4, "inc_max": 2.2},
    }[mode]  # fmt: skip
    for view in placements(location(mode, **limits), 300):
        assert 0.4 - 1e-12 <= view.inclination_rad <= 2.2 + 1e-12
        assert limits.get("r_min", 2.0) <= view.radius <= limits.get("r_max", 2.0)
        assert limits.get("azi_min", 0) <= view.azimuth_rad <= limits.get("azi_max", TAU)


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_a_patch_without_extent_is_a_point(mode: str) -> None:
    point = {"r_min": 3.0, "r_max": 3.0, "inc_min": 0.7, "inc_max": 0.7, "azi_min": 1, "azi_max": 1}
    for view in placements(location(mode, **point), 5):
        assert (view.radius, view.azimuth_rad) == (3, 1)
        assert view.inclination_rad == pytest.approx(0.7, abs=1e-15)


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_the_first_views_do_not_depend_on_how_many_are_asked_for(mode: str) -> None:
    config = location(mode, **PATCH)
    assert placements(config, 100)[:10] == placements(config, 10)
    assert extensible(config.mode)


@pytest.mark.parametrize("mode", ["uniform", "fibonacci", "orbit", "spiral"])
def test_modes_that_spread_a_known_number_cannot_be_extended(mode: str) -> None:
    config = location(mode)
    assert placements(config, 100)[:10] != placements(config, 10)
    assert not extensible(config.mode)


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_seeds_differ_and_repeat(mode: str) -> None:
    config = location(mode, **PATCH)
    assert placements(config, 8, seed=0) == placements(config, 8, seed=0)
    both = set(placements(config, 8, seed=0)) & set(placements(config, 8, seed=1))
    assert both == set()


@pytest.mark.parametrize(
    "mode", ["random", "quasi_random", "uniform", "fibonacci", "orbit", "spiral"]
)
def test_a_view_does_not_depend_on_the_order_in_which_views_are_made(mode: str) -> None:
    config = location(mode)
    forward = placements(config, 20)
    at = candidates(config, config.mode, 0, 20)
    assert [next(at(index)) for index in reversed(range(20))] == forward[::-1]
    assert first(config, 20, 13) == forward[13]


def discrepancy(points: np.ndarray) -> float:
    """The largest error of the share of points in a box at the corner, over a fine grid."""
    sides = np.linspace(0, 1, 51)[1:]
    inside = (points[:, 0, None, None] < sides[:, None]) & (points[:, 1, None, None] < sides)
    return float(np.abs(inside.mean(axis=0) - sides[:, None] * sides).max())


@pytest.mark.parametrize("number", [16, 64, 256])
@pytest.mark.parametrize("seed", range(5))
def test_quasi_random_covers_the_patch_more_evenly_than_random(number: int, seed: int) -> None:
    quasi, random = (
        discrepancy(unit_cube(placements(location(mode, **PATCH), number, seed))[:, :2])
        for mode in ("quasi_random", "random")
    )
    assert quasi < random


def test_quasi_random_never_leaves_a_large_part_empty() -> None:
    """Any 64 consecutive views hit each of 4x4 parts of equal area; chance would miss some."""
    cube = unit_cube(placements(location("quasi_random", **PATCH), 512))
    for begin in range(0, 512, 64):
        cells = {(int(u * 4), int(v * 4)) for u, v, _ in cube[begin : begin + 64]}
        assert len(cells) == 16


@pytest.mark.parametrize(
    ("mode", "radius", "inclination", "azimuth"),
    [
        ("random", 3.2739034988861686, 1.5895036600314407, 0.4955410464248644),
        ("quasi_random", 2.378223015594415, 1.1597462683642688, -0.6081446725428867),
    ],
)
def test_known_values_of_seed_0_never_change(
    mode: str, radius: float, inclination: float, azimuth: float
) -> None:
    """Datasets in the world were made with these; a change here breaks their continuation."""
    view = first(location(mode, **PATCH), 3, 2)
    assert (view.radius, view.azimuth_rad) == (radius, azimuth)
    # Cosine and its inverse may differ in the last bit between C libraries.
    assert view.inclination_rad == pytest.approx(inclination, rel=1e-15)


def test_known_seeds_of_cycles_never_change() -> None:
    assert [cycles_seed(0, index) for index in range(3)] == [1121323793, 1447969460, 1192088880]


def test_streams_of_random_numbers_differ_by_purpose_view_and_seed() -> None:
    keys = [(seed, purpose, i) for seed in (0, 1) for purpose in Stream for i in (0, 1)]
    assert len({float(stream(*key).random()) for key in keys}) == len(keys)


def test_every_view_has_its_own_noise() -> None:
    seeds = [cycles_seed(3, index) for index in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def rings(number: int, **values: float) -> dict[float, list[float]]:
    """Azimuths by inclination of a uniform plan."""
    result: dict[float, list[float]] = {}
    for view in placements(location("uniform", **values), number):
        result.setdefault(round(view.inclination_rad, 9), []).append(view.azimuth_rad)
    return result


def test_rings_share_views_in_proportion_to_their_length_by_largest_remainder() -> None:
    # sin(30, 60, 90 degrees) = 0.5, 0.866, 1 of 2.366: of 10 views 2.11, 3.66, 4.23.
    plan = rings(10, inc_start=math.pi / 6, inc_stop=math.pi / 2, inc_step=math.pi / 6)
    assert [len(azimuths) for azimuths in plan.values()] == [2, 4, 4]
    assert list(plan) == pytest.approx([math.pi / 6, math.pi / 3, math.pi / 2], abs=1e-9)


def test_views_are_evenly_spaced_and_every_second_ring_is_turned() -> None:
    plan = rings(10, inc_start=math.pi / 6, inc_stop=math.pi / 2, inc_step=math.pi / 6)
    first, second, third = plan.values()
    assert first == pytest.approx([0, math.pi])
    assert second == pytest.approx([TAU * (i + 0.5) / 4 for i in range(4)])
    assert third == pytest.approx([TAU * i / 4 for i in range(4)])


def test_the_last_ring_survives_the_rounding_of_its_step() -> None:
    plan = rings(30, inc_start=0.1, inc_stop=0.7, inc_step=0.1)  # 0.1 + 6 * 0.1 > 0.7
    assert len(plan) == 7


def test_a_pole_takes_one_view_and_only_where_every_ring_gets_some() -> None:
    half = {"inc_start": 0.0, "inc_stop": math.pi, "inc_step": math.pi / 2}
    assert {k: len(v) for k, v in rings(12, **half).items()} == {
        0.0: 1, round(math.pi / 2, 9): 10, round(math.pi, 9): 1,
    }  # fmt: skip
    assert {k: len(v) for k, v in rings(2, **half).items()} == {round(math.pi / 2, 9): 2}


@pytest.mark.parametrize("number", [1, 2])
def test_a_plan_of_poles_alone_holds_a_view_for_each(number: int) -> None:
    poles = {"inc_start": 0.0, "inc_stop": math.pi, "inc_step": math.pi}
    plan = rings(number, **poles)
    assert list(plan) == [0.0, round(math.pi, 9)][:number]


def test_more_views_than_poles_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        rings(3, inc_start=0.0, inc_stop=math.pi, inc_step=math.pi)
    assert str(caught.value) == (
        "camera.location.uniform has only poles, which hold 2 of the 3 poses; choose an "
        "inc_start or inc_stop between 0 and pi"
    )


@pytest.mark.parametrize("number", [1, 2, 3, 7, 16, 100, 1001])
def test_every_number_of_views_is_shared_out_exactly(number: int) -> None:
    plan = rings(number, inc_start=0.0, inc_stop=math.pi, inc_step=math.pi / 9)
    assert sum(map(len, plan.values())) == number


def test_fibonacci_gives_every_view_the_same_area() -> None:
    low, high, number = 0.3, 2.4, 37
    config = location("fibonacci", radius=2.5, inc_min=low, inc_max=high)
    views = placements(config, number)
    # The area between two inclinations is the difference of their cosines.
    step = (math.cos(high) - math.cos(low)) / number
    cosines = [math.cos(view.inclination_rad) for view in views]
    assert np.diff(cosines) == pytest.approx([step] * (number - 1), abs=1e-12)
    assert cosines[0] - step / 2 == pytest.approx(math.cos(low), abs=1e-12)
    assert cosines[-1] + step / 2 == pytest.approx(math.cos(high), abs=1e-12)
    turns = [(view.azimuth_rad / TAU - i * GOLDEN_ANGLE / TAU) % 1 for i, view in enumerate(views)]
    assert [min(turn, 1 - turn) for turn in turns] == pytest.approx([0] * number, abs=1e-12)


def test_fibonacci_is_even_on_the_sphere() -> None:
    """Nearest neighbours of a spherical lattice: no pair much closer than the mean spacing."""
    number = 200
    config = location("fibonacci", radius=1.0, inc_min=0.0, inc_max=math.pi)
    points = np.array([p.pose((0.0, 0.0, 0.0), 1.0)[0] for p in placements(config, number)])
    distances = np.linalg.norm(points[:, None] - points, axis=-1) + 9 * np.eye(number)
    spacing = math.sqrt(4 * math.pi / number)  # of squares of equal area
    assert distances.min() > 0.75 * spacing
    assert distances.min(axis=0).max() < 1.25 * spacing


def test_an_orbit_takes_even_steps_around_at_one_inclination() -> None:
    config = location("orbit", radius=1.5, inclination=0.8, azi_start=0.3, turns=-2.0)
    for i, view in enumerate(placements(config, 7)):
        assert (view.radius, view.inclination_rad) == (1.5, 0.8)
        assert view.azimuth_rad == pytest.approx(0.3 - 2 * TAU * i / 7, abs=1e-12)


SPIRAL = {
    "r_start": 2.0, "r_stop": 1.0, "inc_start": 2.5, "inc_stop": 0.5, "azi_start": 0.3, "turns": 2.5
}  # fmt: skip


def test_a_spiral_goes_from_its_start_to_its_stop_in_even_steps() -> None:
    views = placements(location("spiral", **SPIRAL), 5)
    assert [view.radius for view in views] == pytest.approx([2, 1.75, 1.5, 1.25, 1], abs=1e-12)
    assert [v.inclination_rad for v in views] == pytest.approx([2.5, 2, 1.5, 1, 0.5], abs=1e-12)
    azimuths = [0.3 + 2.5 * TAU * i / 4 for i in range(5)]
    assert [view.azimuth_rad for view in views] == pytest.approx(azimuths, abs=1e-12)


def test_a_spiral_of_one_view_is_its_start() -> None:
    (view,) = placements(location("spiral", **SPIRAL), 1)
    assert view == Placement(radius=2.0, inclination_rad=2.5, azimuth_rad=0.3)


@pytest.mark.parametrize("mode", ["uniform", "fibonacci", "orbit", "spiral"])
def test_fixed_modes_have_one_candidate(mode: str) -> None:
    config = location(mode)
    assert len(list(candidates(config, config.mode, 0, 5)(3))) == 1


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_further_candidates_are_uniform_on_the_patch(mode: str) -> None:
    """Also of quasi_random, whose sequence gives the first one alone."""
    config, number = location(mode, **PATCH), 4000
    found = list(itertools.islice(candidates(config, config.mode, 0, 1)(0), number + 1))[1:]
    cube = unit_cube(found)
    np.testing.assert_allclose(cube.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(cube.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))


def test_a_repeated_draw_takes_the_next_numbers_of_the_same_stream() -> None:
    config = location("random", **PATCH)
    found = list(itertools.islice(candidates(config, config.mode, 5, 9)(4), 3))
    expected = stream(5, Stream.POSE, 4).random(9).reshape(3, 3)
    np.testing.assert_allclose(unit_cube(found), expected, atol=1e-12)
    quasi = location("quasi_random", **PATCH)
    assert list(itertools.islice(candidates(quasi, quasi.mode, 5, 9)(4), 3))[1:] == found[:2]


def test_a_placement_stands_where_its_angles_say_and_looks_at_the_target() -> None:
    placement = Placement(radius=2.0, inclination_rad=math.pi / 3, azimuth_rad=math.pi / 2)
    eye, cam_from_world = placement.pose((10.0, -4.0, 1.0), 3.0)
    # 6 m away, 60 degrees from straight above, towards +y.
    assert eye == pytest.approx((10, -4 + 6 * math.sqrt(3) / 2, 1 + 3), abs=1e-12)
    forward = np.subtract((10.0, -4.0, 1.0), eye) / 6
    np.testing.assert_allclose(cam_from_world[2], forward, atol=1e-12)
    np.testing.assert_allclose(cam_from_world[0], [-1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("azimuth", [0.0, 1.0, 2.0])
def test_straight_above_the_azimuth_says_which_way_the_image_is_turned(azimuth: float) -> None:
    view = Placement(radius=1.0, inclination_rad=0.0, azimuth_rad=azimuth)
    _, cam_from_world = view.pose((5.0, 6.0, 7.0), 1.0)
    right = (-math.sin(azimuth), math.cos(azimuth), 0)
    np.testing.assert_allclose(cam_from_world[0], right, atol=1e-12)


def test_a_placement_can_look_beside_its_target() -> None:
    placement = Placement(radius=2.0, inclination_rad=math.pi / 2, azimuth_rad=math.pi)
    eye, cam_from_world = placement.pose((10.0, -4.0, 1.0), 3.0, (0.0, 8.0, 0.0))
    assert eye == pytest.approx((4, -4, 1), abs=1e-12)
    # 6 m ahead and 8 m to the left.
    np.testing.assert_allclose(cam_from_world[2], [0.6, 0.8, 0], atol=1e-12)
    np.testing.assert_allclose(cam_from_world[1], [0, 0, -1], atol=1e-12)


def test_purposes_of_streams_never_change() -> None:
    """Datasets in the world were made with these, too."""
    assert {purpose.name: purpose.value for purpose in Stream} == {
        "POSE": 0, "CYCLES": 1, "SEQUENCE_SHIFT": 2, "JITTER": 3, "LENS": 4, "LIGHTS": 5,
        "WORLD": 6, "SECOND_NOISE": 7, "PILOT": 8,
    }  # fmt: skip
