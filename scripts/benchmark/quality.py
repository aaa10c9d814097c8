"""How far images are from what they would be without noise, for people and for multi-view methods.

All values are display values: linear colour, cut to 0 to 1, through the sRGB curve
(IEC 61966-2-1), not rounded to levels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scripts.benchmark.scenes import MATTE_NAME
from viewbatch.dataset import Dataset
from viewbatch.geometry.transforms import Array
from viewbatch.verify.cross_view import compare, draw_samples
from viewbatch.verify.surface import Seen

MOST_DB = 99.0
"""Of what differs from the reference by less than the reference's own noise."""

SAMPLES_PER_VIEW = 20_000
_GROUND = "ground"
_SSIM_RADIUS_PX, _SSIM_SIGMA_PX = 5, 1.5
_SSIM_C1, _SSIM_C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Images of a scene against its references."""

    psnr_db: float
    """With the references' own noise taken out."""
    ssim: float
    spread: float
    """How much the colours of one point of a matte surface differ between views, in levels of
    255: root mean square of the standard deviations."""
    added_spread: float
    """The same of what differs from the references: what noise and denoising put there."""


def srgb(linear: npt.NDArray[np.generic]) -> Array:
    """Display values of linear ones."""
    cut = np.clip(linear.astype(np.float64), 0, 1)
    return np.where(cut <= 0.0031308, 12.92 * cut, 1.055 * cut ** (1 / 2.4) - 0.055)


def images(dataset: Dataset) -> list[Array]:
    """(H, W, 3) display values of all views, from their linear colour."""
    return [srgb(view.read("linear")[..., :3]) for view in dataset.views]


class Reference:
    """Two datasets of many samples, of which only the noise differs."""

    def __init__(self, first: Dataset, second: Dataset) -> None:
        pairs = list(zip(images(first), images(second), strict=True))
        self.images = [(a + b) / 2 for a, b in pairs]
        # Of the mean of two, a quarter of the variance of their difference.
        self.noise = float(np.mean([((a - b) ** 2).mean() for a, b in pairs])) / 4
        self.noise_db = decibel(self.noise)
        self._points = SurfaceColors(first)
        self.spread = self._points.spread(self.images)

    def quality(self, dataset: Dataset) -> Quality:
        """Of the same views, rendered otherwise."""
        found = images(dataset)
        differences = [a - b for a, b in zip(found, self.images, strict=True)]
        error = float(np.mean([(d**2).mean() for d in differences])) - self.noise
        similar = [ssim(a, b) for a, b in zip(found, self.images, strict=True)]
        return Quality(
            psnr_db=decibel(error),
            ssim=float(np.mean(similar)),
            spread=self._points.spread(found),
            added_spread=self._points.spread(differences),
        )


def decibel(mean_square: float) -> float:
    """PSNR of a mean squared error of values up to 1."""
    least = 10 ** (-MOST_DB / 10)
    return -10 * math.log10(max(mean_square, least))


def ssim(first: Array, second: Array) -> float:
    """Mean structural similarity of two images (H, W, 3) of 0 to 1, over their channels.

    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", IEEE Transactions on Image Processing 13(4), 2004: windows are
    Gaussian, 11 x 11 pixels, and lie within the image.
    """
    mean_a, mean_b = _blurred(first), _blurred(second)
    variance_a = _blurred(first**2) - mean_a**2
    variance_b = _blurred(second**2) - mean_b**2
    covariance = _blurred(first * second) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + _SSIM_C1) * (2 * covariance + _SSIM_C2)
    total = (mean_a**2 + mean_b**2 + _SSIM_C1) * (variance_a + variance_b + _SSIM_C2)
    return float((similar / total).mean())


def _blurred(image: Array) -> Array:
    offsets = np.arange(-_SSIM_RADIUS_PX, _SSIM_RADIUS_PX + 1)
    weights = np.exp(-(offsets**2) / (2 * _SSIM_SIGMA_PX**2))
    weights /= weights.sum()
    for axis in (0, 1):
        size = image.shape[axis] - 2 * _SSIM_RADIUS_PX
        image = sum(
            (
                weight * np.take(image, np.arange(start, start + size), axis=axis)
                for start, weight in enumerate(weights)
            ),
            start=np.zeros(()),
        )
    return image


class SurfaceColors:
    """Points of matte surfaces that several views see, by the depth maps of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        views = dataset.views

        def load(place: int) -> Seen:
            view = views[place]
            return Seen(camera=view.camera, depth_m=view.read("depth").astype(np.float64))

        samples = draw_samples(load, len(views), SAMPLES_PER_VIEW, 0)
        matte_ids = [
            known.id
            for known in dataset.record.objects
            if known.name.startswith((MATTE_NAME, _GROUND))
        ]
        matte = np.zeros(len(samples.views), np.bool_)
        for place, view in enumerate(views):
            own = samples.views == place
            column, row = np.floor(samples.pixels[own]).astype(np.intp).T
            matte[own] = np.isin(view.read("mask")[row, column], matte_ids)
        seen = compare(load, samples).seen & matte
        self._chosen = np.flatnonzero(seen.sum(axis=0) > 1)
        self._seen = seen[:, self._chosen]
        points = samples.in_world[self._chosen]
        self._pixels = [view.camera.project(points)[0] for view in views]

    def spread(self, values: Sequence[Array]) -> float:
        """Root mean square, in levels of 255, of the deviations between views of a point."""
        seen = self._seen[..., None]
        found = np.stack(
            [
                _interpolated(image, pixels)
                for image, pixels in zip(values, self._pixels, strict=True)
            ]
        )
        counts = seen.sum(axis=0)
        mean = np.where(seen, found, 0).sum(axis=0) / counts
        variance = np.where(seen, (found - mean) ** 2, 0).sum(axis=0) / (counts - 1)
        return 255 * math.sqrt(float(variance.mean())) if variance.size else 0.0


def _interpolated(image: Array, pixels: Array) -> Array:
    """(n, 3) values between the four pixel centres around (n, 2) places u v."""
    height, width = image.shape[:2]
    u, v = np.clip(pixels[:, 0] - 0.5, 0, width - 1), np.clip(pixels[:, 1] - 0.5, 0, height - 1)
    column, row = np.floor(u).astype(np.intp), np.floor(v).astype(np.intp)
    right, below = np.minimum(column + 1, width - 1), np.minimum(row + 1, height - 1)
    u, v = (u - column)[:, None], (v - row)[:, None]
    above = (1 - u) * image[row, column] + u * image[row, right]
    under = (1 - u) * image[below, column] + u * image[below, right]
    return np.asarray((1 - v) * above + v * under)
