"""Which views to match with a view: those that see the same surface, from a little aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compat.shared.progress import progress
from compat.shared.surface import known_points, sightings
from compat.to_mvsnet.depth import Surfaces, shown_depth
from viewbatch.dataset import View
from viewbatch.geometry.transforms import Array

SOURCES = 10
"""A view's sources in pair.txt: some readers step over 22 words a view, whatever they say."""

# Enough points that scores are within a few hundredths of those by all pixels.
_POINTS = 8192
_POINTS_PER_VIEW = 8

# Of pairs of views that see a point: bounds the time. Of 1,000 views on a hemisphere, the
# sources by so many have at least 0.98 of the score of those by eight times as many.
_PAIRS_PER_VIEW = 100_000

# Of the cosine from -1 to 1: at the 5 degrees that matter a step is 0.005 degrees.
_COSINE_STEPS = 2**18


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points drawn from the pixels of all views."""

    in_world: Array
    """(n, 3) metres."""
    pixels: Array
    """(n,) how many pixels each point stands for."""
    counts: Sequence[int]
    """How many points each view gave: none where it shows no surface that counts."""


def draw(views: Sequence[View], surfaces: Surfaces, *, ground: int, seed: int = 0) -> Cloud:
    """Points of the surfaces that count, as many of each view; see `shown_depth`."""
    count = max(_POINTS_PER_VIEW, -(-_POINTS // len(views)))
    points, pixels, counts = [], [], []
    for view in progress(views, "points"):
        shown = shown_depth(view, surfaces, ground=ground) > 0
        known = known_points(view, count, seed, among=shown)
        number = len(known.in_world)
        points.append(known.in_world)
        pixels.append(np.full(number, shown.sum() / max(number, 1)))
        counts.append(number)
    return Cloud(
        in_world=np.concatenate(points), pixels=np.concatenate(pixels), counts=tuple(counts)
    )


def pair_scores(views: Sequence[View], cloud: Cloud) -> Array:
    """(views, views) symmetric: how well two views can be matched, as in `scores_of`."""
    seen = np.zeros((len(views), len(cloud.in_world)), dtype=np.bool_)
    for row, view in zip(seen, progress(views, "pairs"), strict=True):
        row[sightings(view, cloud.in_world).indices] = True
    centers = np.stack([view.camera.center_in_world for view in views])
    share = _PAIRS_PER_VIEW * len(views) / max(1, int((seen.sum(axis=0) ** 2).sum()))
    if share >= 1:
        return scores_of(centers, cloud.in_world, cloud.pixels, seen)
    # Where all views see the same things, fewer points tell as much.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(cloud.pixels))
    some = np.sort(order[: max(1, round(share * len(order)))])
    return scores_of(centers, cloud.in_world[some], cloud.pixels[some] / share, seen[:, some])


def scores_of(
    centers_in_world: Array,
    points_in_world: Array,
    weights: Array,
    seen: npt.NDArray[np.bool_],
) -> Array:
    """Scores (n, n) of the views whose centres (n, 3) are given; 0 on the diagonal.

    Summed over the points (p, 3) that both views see, by `seen` (n, p): a point's weight,
    times that of the angle between the two lines of sight (MVSNet, mvsnet/colmap2mvsnet.py).
    """
    count = len(centers_in_world)
    scores = np.zeros(count * count)
    # Looked up: for a thousand views there are a hundred million angles.
    weight_of_step = _weight_of_angle(np.linspace(-1, 1, _COSINE_STEPS + 1))
    for point, weight, column in zip(points_in_world, weights, seen.T, strict=True):
        rows = np.flatnonzero(column)
        sight = (centers_in_world[rows] - point).astype(np.float32)
        sight /= np.linalg.norm(sight, axis=1, keepdims=True)
        cosines = sight @ sight.T
        steps = ((cosines + 1) * (_COSINE_STEPS / 2) + 0.5).astype(np.int32)
        pairs = (rows[:, None] * count + rows).ravel()
        scores[pairs] += weight * weight_of_step.take(steps.ravel(), mode="clip")
    scores = scores.reshape(count, count)
    np.fill_diagonal(scores, 0)
    return scores


def best_sources(scores: Array) -> npt.NDArray[np.intp]:
    """(n, k) for each view the others with the best scores, best first."""
    count = min(SOURCES, len(scores) - 1)
    others = scores.copy()
    np.fill_diagonal(others, -1)  # no view is its own source, even where all score 0
    return np.argsort(-others, axis=1, kind="stable")[:, :count]


def pairs_text(scores: Array) -> str:
    """The text of pair.txt."""
    lines = [str(len(scores))]
    for number, sources in enumerate(best_sources(scores)):
        words = [f"{source} {scores[number, source]:.6g}" for source in sources]
        lines += [str(number), " ".join([str(len(sources)), *words])]
    return "\n".join(lines) + "\n"


def _weight_of_angle(cosines: Array) -> Array:
    """Best at 5 degrees; less leaves no parallax, and much more another look."""
    away = np.degrees(np.arccos(cosines)) - 5
    weight: Array = np.exp(-0.5 * (away / np.where(away <= 0, 1.0, 10.0)) ** 2)
    return weight
