"""Samples that are chosen for a quality: the measure is right, and the images have it."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from viewbatch.blender import pilot
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.capture import Capture
from viewbatch.blender.color_render import ColorRender
from viewbatch.passes import Pass

BLOCKS = scenes.ROOT / "references" / "models" / "blocks.glb"
SMALL = ["render.resolution_x=96", "render.resolution_y=72", "ground.mode=plane"]


def srgb(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """IEC 61966-2-1."""
    x = np.clip(linear, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def test_the_slope_is_that_of_the_curve() -> None:
    x = np.array([0.0005, 0.002, 0.01, 0.2, 0.9])
    step = 1e-6
    np.testing.assert_allclose(
        pilot.srgb_slope(x), (srgb(x + step) - srgb(x - step)) / (2 * step), rtol=1e-4
    )
    assert pilot.srgb_slope(np.array([1.5])) == 0


def test_the_steps_rise_by_a_half_at_most_from_two_on() -> None:
    steps = list(pilot.steps())
    assert steps[:9] == [1, 2, 3, 4, 6, 8, 12, 16, 24]
    assert steps[-1] == pilot.MOST_SAMPLES
    assert all(b <= 1.5 * a for a, b in pairwise(steps[1:]))


@pytest.mark.parametrize("bias", [0.0, 0.02])
def test_the_error_is_measured_without_the_perfect_image(bias: float) -> None:
    """Of an image with noise and with a smear that no second rendering would show."""
    rng = np.random.default_rng(6)
    shape = (200, 300, 4)
    perfect = rng.uniform(0.1, 0.9, shape)
    smear = bias * np.sin(np.arange(300) / 9)[None, :, None]
    image = perfect + smear + rng.normal(0, 0.01, shape)
    noisy = tuple(perfect + rng.normal(0, 0.05, shape) for _ in range(2))
    shown = np.zeros(shape[:2], bool)
    shown[20:180, 10:290] = True
    images = pilot.Images(noisy=noisy, shown=shown, render=lambda _: image)
    wanted = ((srgb(image) - srgb(perfect))[..., :3][shown] ** 2).mean()
    assert images.psnr_db(1, gain=1.0) == pytest.approx(-10 * math.log10(wanted), abs=0.3)


def color(stage: object, config: object, capture: Capture, samples: int, seed: int) -> object:
    wanted = pilot.with_samples(config, samples)
    denoiser = "OPENIMAGEDENOISE" if samples < 500 else "none"
    render = ColorRender(stage.scene, wanted, denoiser, capture)
    return render.passes(frozenset({Pass.COLOR}), seed)[Pass.COLOR][..., :3].astype(np.float64)


def test_the_images_have_the_quality_and_with_fewer_samples_they_have_not(
    capture: Capture,
) -> None:
    """Against a thousand samples, which are some 20 dB better."""
    wanted = 34.0
    stage, config = scenes.staged(BLOCKS, capture, *SMALL, f"render.quality_db={wanted}")
    cameras = Cameras(config, stage, capture, 2)
    trial = pilot.Pilot(config, stage, cameras, capture, "OPENIMAGEDENOISE")
    chosen = trial.samples(range(2))
    reached = {chosen: math.inf, chosen // 2: math.inf}
    for index in range(2):
        cameras.set_up(index)
        perfect = color(stage, config, capture, 1024, seed=77)
        shown = trial.depth(index) > 0
        for samples in reached:
            image = color(stage, config, capture, samples, seed=5)
            error = ((srgb(image) - srgb(perfect))[shown] ** 2).mean()
            reached[samples] = min(reached[samples], -10 * math.log10(error))
    # The pilot's own images have other noise.
    assert reached[chosen] > wanted - 0.7
    assert reached[chosen // 2] < wanted + 0.3


def test_a_dataset_records_its_samples_and_keeps_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="viewbatch")
    settings = [*SMALL, "render.quality_db=28"]
    dataset = scenes.generate(BLOCKS, tmp_path / "out", 1, *settings)
    told = [line for line in caplog.messages if "samples a pixel" in line]
    samples = dataset.record.samples
    [line] = told
    assert line.startswith(f"{samples} samples a pixel are used, with which the pilot views reach ")
    image = (tmp_path / "out" / "000_render.png").read_bytes()
    fixed = scenes.generate(BLOCKS, tmp_path / "fixed", 1, *SMALL, f"render.samples={samples}")
    assert (fixed.folder / "000_render.png").read_bytes() == image
    assert fixed.record.samples == samples
    caplog.clear()
    # More views, and no second trial: the same were its views.
    more = scenes.generate(BLOCKS, tmp_path / "out", 3, *settings)
    assert more.record.samples == samples
    assert not [line for line in caplog.messages if "samples a pixel" in line]


def test_a_quality_out_of_reach_is_told(
    capture: Capture, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot, "MOST_SAMPLES", 2)
    stage, config = scenes.staged(BLOCKS, capture, *SMALL, "render.quality_db=60")
    cameras = Cameras(config, stage, capture, 2)
    trial = pilot.Pilot(config, stage, cameras, capture, "none")
    monkeypatch.setattr(pilot.Images, "psnr_db", lambda *_: 30.04)
    assert trial.samples([0]) == 2
    assert caplog.messages[-1] == (
        "render.quality_db is 60, and the pilot views reach 30.0 dB with 2 samples, the most that "
        "are tried; these are used: set a lower quality, or render.samples"
    )
