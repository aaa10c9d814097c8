"""Numbers and colours on the page."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.report import charts
from scripts.report.thumbnails import picture
from scripts.report.words import digits, seconds


def test_a_normal_is_a_colour_of_its_own_also_where_none_is_negative() -> None:
    normals = np.array([[[0, 0, 1], [0.6, 0, 0.8], [0, 0, 0]]], dtype=np.float32)
    np.testing.assert_array_equal(
        picture("normal", normals), [[[128, 128, 255], [204, 128, 230], [26, 26, 26]]]
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0, 0.31, [0, 0.1, 0.2, 0.3]),
        (-180, 180, [-100, 0, 100]),
        (7, 7, [7]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert charts.ticks(low, high) == expected


def test_bins_hold_every_value_once() -> None:
    values = [0.3, 0.31, 0.9, 1.0, 1.0, 2.0]
    bins = charts.binned(values)
    assert sum(count for _, _, count in bins) == len(values)
    for low, high, count in bins:
        assert count == sum(low - 1e-9 <= value < high - 1e-9 for value in values)
    assert [count for _, _, count in charts.binned([5.0, 5.0])] == [0, 0, 0, 0, 2, 0, 0, 0, 0]
    assert charts.grouped([5, 6, 7]) == [(0.5, 1.5, 5), (1.5, 2.5, 6), (2.5, 3.5, 7)]
    many = charts.grouped([1] * 50)
    assert many[0] == (0.5, 3.5, 3)
    assert many[-1] == (48.5, 50.5, 2)


def test_numbers_read_well() -> None:
    assert [digits(v) for v in (0.0, 1.5, 12345.0, 0.01234, 1e-6)] == [
        "0", "1.5", "12345", "0.0123", "1e-06",
    ]  # fmt: skip
    assert [seconds(v) for v in (0.814, 34.0, 720.0, 12240.0)] == [
        "0.81 s", "34 s", "12 min", "3.4 h",
    ]  # fmt: skip
