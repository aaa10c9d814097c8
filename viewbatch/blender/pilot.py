"""How many samples a wanted quality takes, measured on two views.

No perfect image is needed. Let D be the image whose error is asked for, T the perfect one,
and N and M two images of independent noise that are right on average, as Cycles' are before
denoising. Then the mean of (D - N)(D - M) over the pixels is that of (D - T)^2: what N and M
add to it has the mean 0. So what the denoiser smears counts like any other error.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt

from viewbatch import sampling
from viewbatch.blender import engine
from viewbatch.blender.backdrop import backdrop_of
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.capture import Capture
from viewbatch.blender.color_render import ColorRender
from viewbatch.blender.job import Job
from viewbatch.blender.scene import Stage
from viewbatch.config import Config
from viewbatch.config.render import Engine
from viewbatch.dataset import folder
from viewbatch.dataset.selection import spread
from viewbatch.passes import Pass

log = logging.getLogger(__name__)

NOISY_SAMPLES = 32
"""Of N and M: what is left of their noise, over the pixels, hides no error of 50 dB."""

MOST_SAMPLES = 4096

Color = npt.NDArray[np.generic]


@dataclass(frozen=True, kw_only=True)
class Images:
    """Of one view: N and M, and how D is made of a number of samples.

    (H, W, 4) scene-linear colour with premultiplied alpha.
    """

    noisy: tuple[Color, Color]
    shown: npt.NDArray[np.bool_]
    """(H, W) the pixels that count."""
    render: Callable[[int], Color]

    def psnr_db(self, samples: int, gain: float) -> float:
        """Of D after the sRGB curve, whose peak is 1; `gain` is the exposure's factor."""
        image, *noisy = (
            gain * color[..., :3][self.shown].astype(np.float64)
            for color in (self.render(samples), *self.noisy)
        )
        slope = srgb_slope(image)
        squared = np.mean(slope**2 * (image - noisy[0]) * (image - noisy[1])) if image.size else 0
        return -10 * math.log10(squared) if squared > 0 else math.inf


def srgb_slope(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Derivative of the sRGB curve (IEC 61966-2-1); 0 for what is brighter than white."""
    curved = 1.055 / 2.4 * np.maximum(linear, 0.0031308) ** (1 / 2.4 - 1)
    return np.where(linear > 1, 0.0, np.where(linear <= 0.0031308, 12.92, curved))


def steps() -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12, 16, 24, ... up to `MOST_SAMPLES`."""
    yield 1
    for power in count(1):
        for samples in (1 << power, 3 << (power - 1)):
            if samples > MOST_SAMPLES:
                return
            yield samples


def fewest(quality_db: float, views: Sequence[Images], gain: float) -> tuple[int, float]:
    """The fewest samples with which every view reaches a quality, and what the worst then has.

    `MOST_SAMPLES` where none does.
    """
    samples, reached = 0, -math.inf
    for samples in steps():
        reached = min(view.psnr_db(samples, gain) for view in views)
        if reached >= quality_db:
            break
    return samples, reached


def choose(job: Job, stage: Stage, cameras: Cameras, capture: Capture, denoiser: str) -> int:
    """Samples of the colour images: as configured, as recorded, or as the wanted quality takes."""
    config = job.config
    if config.render.engine is Engine.EEVEE:
        return config.render.eevee.samples
    if not config.render.quality_db:
        return config.render.samples
    # Another kind of processor might choose others.
    recorded = None if job.overwrite else folder.recorded_samples(job.output)
    if recorded is not None:
        return recorded
    # For any number of views the same, where that is so of the views themselves.
    grows = sampling.extensible(config.camera.location.mode)
    indices = range(2) if grows else spread(job.number_of_views, 2)
    return Pilot(config, stage, cameras, capture, denoiser).samples(indices)


class Pilot:
    """Renders the pilot views as the batch would."""

    def __init__(
        self,
        config: Config,
        stage: Stage,
        cameras: Cameras,
        capture: Capture,
        denoiser: str,
    ) -> None:
        self._config, self._cameras, self._capture = config, cameras, capture
        self._scene, self._denoiser = stage.scene, denoiser
        self._backdrop = backdrop_of(config, stage.world.plain_color)

    def samples(self, indices: Sequence[int]) -> int:
        """How many reach `render.quality_db` in these views."""
        wanted = self._config.render.quality_db
        gain = 2.0**self._config.render.exposure
        chosen, reached = fewest(wanted, [self._images(index) for index in indices], gain)
        self._capture.forget(self._scene)
        if reached < wanted:
            log.warning(
                "render.quality_db is %g, and the pilot views reach %.1f dB with %d samples, the "
                "most that are tried; these are used: set a lower quality, or render.samples",
                wanted,
                reached,
                chosen,
            )
        else:
            log.info(
                "%d samples a pixel are used, with which the pilot views reach %.1f dB",
                chosen,
                reached,
            )
        return chosen

    def depth(self, index: int) -> npt.NDArray[np.generic]:
        """(H, W) the depth of a view, 0 where there is no surface; the scene is set up for it."""
        self._cameras.set_up(index)
        engine.use_ground_truth(self._scene, frozenset({Pass.DEPTH}))
        return self._capture.passes(self._scene, {Pass.DEPTH})[Pass.DEPTH]

    def _images(self, index: int) -> Images:
        first, second, third = sampling.pilot_cycles_seeds(self._config.seed, index)
        shown = self.depth(index) != 0

        def render(samples: int) -> Color:
            self._cameras.set_up(index)
            return self._color(samples, third, self._denoiser)

        noisy = (
            self._color(NOISY_SAMPLES, first, "none"),
            self._color(NOISY_SAMPLES, second, "none"),
        )
        return Images(noisy=noisy, shown=shown, render=render)

    def _color(self, samples: int, seed: int, denoiser: str) -> Color:
        config = with_samples(self._config, samples)
        render = ColorRender(self._scene, config, denoiser, self._capture, self._backdrop)
        return render.passes(frozenset({Pass.COLOR}), seed)[Pass.COLOR]


def with_samples(config: Config, samples: int) -> Config:
    """The same configuration with so many samples; all of them, where a quality takes them."""
    cycles = config.render.cycles
    if config.render.quality_db:
        # It would end at a noise of its own, whatever the samples.
        cycles = replace(cycles, use_adaptive_sampling=False)
    return replace(config, render=replace(config.render, samples=samples, cycles=cycles))
