"""Time and size of many views from those of two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from viewbatch.estimate import Estimate
from viewbatch.quantities import size

TWO = Estimate(
    number_of_views=100,
    start_s=5.0,
    views_s={25: 4.0, 75: 1.5},
    bytes_of_views=3_000_000,
    others=[],
)


def test_the_first_view_counts_once() -> None:
    assert TWO.total_s == 5.0 + 4.0 + 99 * 1.5
    assert TWO.total_bytes == 150_000_000
    assert TWO.text() == (
        "100 views, as measured with views 25 and 75:\n"
        "time  2 min 38 s: 5 s until the first view, then 1.5 s a view\n"
        "size  150 MB: 1.5 MB a view\n"
    )


def test_one_view_is_told_from_itself() -> None:
    one = replace(TWO, number_of_views=1, views_s={0: 2.0}, others=["cloud.ply", "all.json"])
    assert one.text() == (
        "1 view, as measured with view 0:\n"
        "time  7 s: 5 s until the first view, then 2 s a view\n"
        "size  3 MB: 3 MB a view\n"
        "not counted, since made of all views: cloud.ply, all.json\n"
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
        (21_340_000, "21.3 MB"), (5.5e12, "5.5 TB"),
    ],
)  # fmt: skip
def test_sizes_in_words(number: float, words: str) -> None:
    assert size(number) == words
