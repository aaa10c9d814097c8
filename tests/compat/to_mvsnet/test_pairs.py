"""compat/to_mvsnet: source views are ranked as by every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from compat.to_mvsnet import pairs
from compat.to_mvsnet.depth import Surfaces
from tests.compat.converters import converted
from tests.compat.datasets import surface
from tests.compat.to_mvsnet.scenes import (
    ALPHA,
    FEW,
    LAYOUTS,
    NAME,
    NAMES,
    ONE,
    VIEWS,
    Array,
    read_pairs,
    showing,
)
from viewbatch.dataset import Dataset, View


@pytest.fixture(scope="module")
def mesh(near: Dataset) -> trimesh.Trimesh:
    """The model, as the generator's plugin wrote it."""
    found = trimesh.load(near.folder / "mesh.ply", process=False)
    assert isinstance(found, trimesh.Trimesh)
    return found


def weight_of_angle(degrees: Array) -> Array:
    """COLMAP's points to MVSNet's scores, as published with MVSNet."""
    sigma = np.where(degrees <= 5, 1.0, 10.0)
    weight: Array = np.exp(-((degrees - 5) ** 2) / (2 * sigma**2))
    return weight


def brute_force(views: list[View], mesh: trimesh.Trimesh) -> Array:
    """(n, n) scores by every pixel that shows a surface, and a ray to each camera."""
    points = np.concatenate([surface(view)[0] for view in views])
    seen = np.zeros((len(views), len(points)), dtype=bool)
    sight = np.zeros((len(views), len(points), 3))
    for number, view in enumerate(views):
        pixels, z = view.camera.project(points)
        k = view.camera.intrinsics
        inside = ((pixels > 0) & (pixels < [k.width, k.height])).all(axis=-1) & (z > 0)
        origin = view.camera.center_in_world
        away = points - origin
        length = np.linalg.norm(away, axis=-1)
        sight[number] = -away / length[:, None]
        start = np.broadcast_to(origin, points.shape)
        places, rays, _ = mesh.ray.intersects_location(start, away, multiple_hits=False)
        hit = np.zeros(len(points))
        hit[rays] = np.linalg.norm(places - origin, axis=-1)
        seen[number] = inside & (np.abs(hit - length) < 1e-4 * length)
    scores = np.zeros((len(views), len(views)))
    for i in range(len(views)):
        for j in range(i):
            both = seen[i] & seen[j]
            cosine = (sight[i, both] * sight[j, both]).sum(axis=-1)
            degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            scores[i, j] = scores[j, i] = weight_of_angle(degrees).sum()
    return scores


def assert_ranks(listed: list[list[int]], brute: Array) -> None:
    """No source stands before one that is clearly better, and the best are there."""
    for row, sources in zip(brute, listed, strict=True):
        true = row[sources]
        assert (np.maximum.accumulate(true[::-1])[::-1] * 0.8 <= true).all()
        assert true.min() >= 0.8 * np.sort(row)[::-1][len(sources) - 1]


@pytest.fixture(scope="module")
def brute(near: Dataset, mesh: trimesh.Trimesh) -> Array:
    return brute_force(near.views, mesh)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sources_rank_as_by_every_pixel(
    folders: dict[str, Path], brute: Array, layout: str
) -> None:
    found = read_pairs(folders[layout] / NAMES[layout].pairs)
    assert list(found) == list(range(VIEWS))
    assert_ranks([[source for source, _ in found[i]] for i in range(VIEWS)], brute)
    for number, sources in found.items():
        scores = [score for _, score in sources]
        assert scores == sorted(scores, reverse=True)
        assert number not in dict(sources)
        # What a score counts is pixels; those beside outlines are not known to be seen.
        assert 0.3 < scores[0] / brute[number].max() < 1.1


def test_fewer_points_rank_as_well(
    near: Dataset, brute: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of very many views of one thing, where all pairs of all points would take minutes."""
    cloud = pairs.draw(near.views, Surfaces.OBJECTS, ground=0)
    monkeypatch.setattr(pairs, "_PAIRS_PER_VIEW", 10_000)
    scores = pairs.pair_scores(near.views, cloud)
    assert_ranks(pairs.best_sources(scores).tolist(), brute)
    monkeypatch.setattr(pairs, "_PAIRS_PER_VIEW", 10**9)
    assert not np.array_equal(scores, pairs.pair_scores(near.views, cloud))


def test_scores_are_those_of_colmap_to_mvsnet() -> None:
    random = np.random.default_rng(0)
    centers, points = random.normal([0, 0, 9], 1, (6, 3)), random.normal(size=(300, 3))
    weights, seen = random.uniform(1, 2, 300), random.uniform(size=(6, 300)) < 0.7
    found = pairs.scores_of(centers, points, weights, seen)
    for i in range(6):
        for j in range(6):
            both = seen[i] & seen[j]
            a, b = centers[i] - points[both], centers[j] - points[both]
            cosine = (a * b).sum(axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
            degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            score = 0.0 if i == j else (weights[both] * weight_of_angle(degrees)).sum()
            assert found[i, j] == pytest.approx(score, rel=1e-3)


def test_readers_that_step_over_22_words_find_every_view(folders: dict[str, Path]) -> None:
    words = (folders["dtu"] / "Cameras" / "pair.txt").read_text().split()
    assert [int(words[22 * i + 1]) for i in range(int(words[0]))] == list(range(VIEWS))
    assert {words[22 * i + 2] for i in range(VIEWS)} == {"10"}
    assert len(words) == 1 + 22 * VIEWS


def test_sources_that_see_nothing_of_a_view_are_told(near: Dataset, tmp_path: Path) -> None:
    dataset = showing(near, tmp_path / "in", {0: 1, 1: 2})
    result = converted(NAME, dataset.folder, tmp_path / "out", "--views", "0,1,2")
    alone = "2 of 3 views share no surface with some of their sources, whose score is 0"
    assert result.said == [f"warning: {ONE}; {ALPHA}; {FEW.format(3, '2 sources')}; {alone}"]
    found = read_pairs(tmp_path / "out" / "pair.txt")
    assert found[0][0][0] == 2
    assert found[0][1] == (1, 0.0)
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0
