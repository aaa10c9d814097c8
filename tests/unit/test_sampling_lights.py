"""Random lamps, turns of the surroundings and focal lengths, against their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit import planning
from viewbatch.sampling import draw_focal_length, draw_lamps, draw_rotation
from viewbatch.sampling.streams import Stream, stream

TAU = 2 * math.pi

LIMITS = (
    'draw="view"',
    "amount_min=2", "amount_max=5",
    "energy_min=40", "energy_max=160",
    "radius_min=3", "radius_max=6",
    "inc_min=0.5", "inc_max=2.5",
    "color_min=[0.2, 0.4, 0.6]", "color_max=[0.3, 0.9, 0.6]",
)  # fmt: skip


def test_all_that_is_drawn_of_lamps_is_uniform() -> None:
    config = planning.random_light(*LIMITS, "amount_min=5")
    lamps = [lamp for index in range(800) for lamp in draw_lamps(config, 1, index)]
    number = len(lamps)
    assert number == 4000
    directions = np.array([lamp.direction for lamp in lamps])
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-12)
    low, high = math.cos(0.5), math.cos(2.5)
    shares = np.column_stack(
        [
            (directions[:, 2] - low) / (high - low),
            np.arctan2(directions[:, 1], directions[:, 0]) / TAU % 1,
            [(lamp.radius - 3) / 3 for lamp in lamps],
            [(lamp.energy - 40) / 120 for lamp in lamps],
            [(lamp.color[0] - 0.2) / 0.1 for lamp in lamps],
            [(lamp.color[1] - 0.4) / 0.5 for lamp in lamps],
        ]
    )
    assert shares.min() > -1e-9
    assert shares.max() < 1 + 1e-9
    assert {lamp.color[2] for lamp in lamps} == {0.6}
    # Of n uniform numbers the mean deviates by 1/sqrt(12 n), the variance by 1/sqrt(180 n).
    np.testing.assert_allclose(shares.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(shares.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))
    correlations = np.corrcoef(shares.T)[np.triu_indices(6, 1)]
    np.testing.assert_allclose(correlations, 0, atol=5 / math.sqrt(number))


def test_every_number_of_lamps_is_equally_likely() -> None:
    config = planning.random_light(*LIMITS)
    amounts = [len(draw_lamps(config, 0, index)) for index in range(2000)]
    counts = {amount: amounts.count(amount) for amount in set(amounts)}
    assert sorted(counts) == [2, 3, 4, 5]
    for count in counts.values():
        assert count == pytest.approx(500, abs=5 * math.sqrt(2000 * 0.25 * 0.75))


def test_lamps_that_are_drawn_once_are_those_of_every_view() -> None:
    once = planning.random_light(*LIMITS, 'draw="dataset"')
    assert draw_lamps(once, 3, 0) == draw_lamps(once, 3, 17)
    assert draw_lamps(once, 3, 0) != draw_lamps(once, 4, 0)


def test_lamps_of_a_view_are_its_own_and_repeat() -> None:
    each = planning.random_light(*LIMITS)
    assert draw_lamps(each, 3, 5) == draw_lamps(each, 3, 5)
    energies = {draw_lamps(each, 3, index)[0].energy for index in range(100)}
    once = draw_lamps(planning.random_light(*LIMITS, 'draw="dataset"'), 3, 0)[0].energy
    assert len(energies | {once}) == 101


def test_more_lamps_leave_the_first_ones_as_they_are() -> None:
    few = planning.random_light(*LIMITS, "amount_max=2")
    many = planning.random_light(*LIMITS, "amount_min=5")
    assert draw_lamps(many, 0, 4)[:2] == draw_lamps(few, 0, 4)


def test_the_surroundings_turn_by_any_angle() -> None:
    number = 2000
    turns = np.array([draw_rotation(0, index) for index in range(number)]) / TAU
    assert 0 <= turns.min() < turns.max() < 1
    assert turns.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert turns.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))


def test_the_turn_of_a_dataset_is_none_of_its_views() -> None:
    assert draw_rotation(2, None) == draw_rotation(2, None)
    assert len({draw_rotation(2, index) for index in (None, *range(99))}) == 100
    assert draw_rotation(2, None) != draw_rotation(3, None)


def test_focal_lengths_are_uniform_between_the_two() -> None:
    lens = planning.camera("lens.focal_length=[35.0, 85.0]").lens
    number = 2000
    shares = (np.array([draw_focal_length(lens, 0, i) for i in range(number)]) - 35) / 50
    assert 0 <= shares.min() < shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert shares.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))
    assert draw_focal_length(lens, 0, 7) == draw_focal_length(lens, 0, 7)
    assert draw_focal_length(lens, 0, 7) != draw_focal_length(lens, 1, 7)


def test_one_focal_length_is_that_of_every_view() -> None:
    lens = planning.camera("lens.focal_length=42.0").lens
    assert {draw_focal_length(lens, 0, index) for index in range(5)} == {42.0}


def test_known_values_of_seed_0_never_change() -> None:
    """Datasets in the world were made with these; a change here breaks their continuation."""
    lens = planning.camera("lens.focal_length=[35.0, 85.0]").lens
    assert draw_focal_length(lens, 0, 2) == 35 + 50 * stream(0, Stream.LENS, 2).random()
    assert draw_rotation(0, 2) == TAU * stream(0, Stream.WORLD, 3).random()
    assert draw_rotation(0, None) == TAU * stream(0, Stream.WORLD, 0).random()
    amount, *shares = stream(0, Stream.LIGHTS, 3).random(8)
    lamps = draw_lamps(planning.random_light(*LIMITS), 0, 2)
    assert len(lamps) == 2 + int(amount * 4)
    assert (lamps[0].radius, lamps[0].energy) == (3 + 3 * shares[2], 40 + 120 * shares[3])
