"""Quality by its closed forms, and the choice among settings."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.benchmark import frontier, quality, scenes
from scripts.benchmark.frontier import DEFAULT, Outcome, SceneResult
from scripts.benchmark.quality import Quality, Reference
from scripts.benchmark.scenes import SCENES, SceneName
from tests.compat.datasets import make
from viewbatch.dataset import Dataset

LINEAR = 'plugins.enabled=["depth", "mask", "linear"]'


def test_display_values_and_decibels() -> None:
    np.testing.assert_allclose(
        quality.srgb(np.array([-1.0, 0.0, 0.0031308, 0.5, 1.0, 7.0])),
        [0, 0, 0.04045, 0.735357, 1, 1],
        atol=1e-6,
    )
    assert quality.decibel(1e-4) == pytest.approx(40.0)
    assert quality.decibel(0.0) == quality.decibel(-1.0) == quality.MOST_DB


def test_similarity_by_its_closed_forms() -> None:
    rng = np.random.default_rng(1)
    image = rng.uniform(size=(24, 30, 3))
    assert quality.ssim(image, image) == pytest.approx(1.0)
    # Of even images, only the brightness counts.
    a, b = np.full_like(image, 0.5), np.full_like(image, 0.25)
    c1 = 0.01**2
    expected = (2 * 0.5 * 0.25 + c1) / (0.5**2 + 0.25**2 + c1)
    assert quality.ssim(a, b) == pytest.approx(expected)
    # Of an image and its negative, structure counts against it.
    assert quality.ssim(image, 1 - image) < 0
    assert quality.ssim(image, image + 0.01 * rng.normal(size=image.shape)) > 0.95


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    """Two datasets of one scene, of which only the noise differs."""
    folder = tmp_path_factory.mktemp("pair")
    size = ("render.resolution_x=64", "render.resolution_y=48", "render.samples=4")
    settings = (LINEAR, *size, *SCENES[SceneName.DIFFUSE].all_settings)
    model = scenes.write_scene(SceneName.DIFFUSE, folder)
    return tuple(
        make(folder / str(seed), 2, *settings, f"seed={seed}", model=model) for seed in (1, 2)
    )


def test_quality_is_told_without_the_reference_s_own_noise(pair: tuple[Dataset, Dataset]) -> None:
    first, second = pair
    reference = Reference(first, second)
    assert 20 < reference.noise_db < 60
    # An image that went into it differs from the mean of two by just the mean's noise.
    assert reference.quality(first).psnr_db == quality.MOST_DB
    assert reference.quality(first).ssim < 1
    assert reference.quality(first).added_spread > 0


def test_spread_between_views_by_its_closed_form(pair: tuple[Dataset, Dataset]) -> None:
    points = quality.SurfaceColors(pair[0])
    height, width = pair[0].views[0].read("depth").shape
    shape = (height, width, 3)
    assert points.spread([np.full(shape, 0.3)] * 2) == pytest.approx(0, abs=1e-9)
    # The standard deviation of two values is their difference over the root of two.
    assert points.spread([np.full(shape, 0.3), np.full(shape, 0.4)]) == pytest.approx(
        255 * 0.1 / math.sqrt(2)
    )


def result(**found: tuple[float, float]) -> SceneResult:
    """Seconds and PSNR by name; its reference is not looked at."""
    return SceneResult(
        reference=None,  # type: ignore[arg-type]
        outcomes={
            name: Outcome(
                seconds=seconds,
                ratio=seconds / found[DEFAULT][0],
                quality=Quality(psnr_db=psnr, ssim=0.9, spread=2.0, added_spread=1.0),
            )
            for name, (seconds, psnr) in found.items()
        },
    )


def test_the_frontier_is_what_nothing_beats_and_the_cheapest_is_good_everywhere() -> None:
    one = result(default=(4.0, 48.0), fast=(1.0, 44.0), good=(2.0, 46.0), worse=(3.0, 45.5))
    other = result(default=(4.0, 49.0), fast=(1.0, 47.0), good=(2.0, 46.0), worse=(3.0, 47.5))
    assert one.best == {"default", "fast", "good"}
    assert other.best == {"default", "fast", "worse"}
    found = frontier.summary({SceneName.DIFFUSE: one, SceneName.GLASS: other})
    assert found.title == "All scenes; the cheapest that reaches 45 dB in each: good"
    assert [row[0] for row in found.rows] == ["fast", "good", "worse", "default"]
    assert found.rows[1] == ["good", "0.500", "46.00", "0.9000", "1.00", "1"]
    only = frontier.summary({SceneName.DIFFUSE: result(default=(1.0, 40.0))})
    assert only.title == "All scenes; the cheapest that reaches 45 dB in each: none"
