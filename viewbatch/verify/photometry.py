"""Do the colour images show what the maps do?

The colours of surface points in one view are compared with those of the same points in the
others. Light and gloss change them, but points that are bright in the others are bright in
an image of the same surface, and not in another image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from viewbatch.geometry.transforms import Array
from viewbatch.verify.cross_view import CrossView

ReadPlace = Callable[[int], npt.NDArray[np.uint8]]
"""Reads the colour image (H, W, 3 or 4) of the view at a place."""

GAIN = 0.2
"""By how much two images, put in each other's place, must fit better in all to be called swapped.

On the reference models images in their own places fit worse so by 0.08 to 0.96, and swapped
ones better by 0.28 or more in all pairs but one of 200, also with one sample a pixel.
"""

ENOUGH = 300
"""Points without which nothing is said of a view."""

SURE = 5.0
"""By how many standard errors a better fit must be one: images of one colour fit by their noise,
and in few pixels that may be much. (A correlation over n pixels is uncertain by 1 / sqrt(n).)
"""

_SUSPECTS = 20
"""How many views, those that fit worst, are tried in each other's places."""


def swapped_images(cross: CrossView, read: ReadPlace) -> list[tuple[int, int]]:
    """Pairs of places whose images fit each other's maps better than their own."""
    shown = np.stack([_brightness(cross, place, read(place)) for place in range(len(cross.seen))])
    total = _Mean.of(shown)
    fits = {place: _fit(row, total.without(row)) for place, row in enumerate(shown)}
    told = [place for place, fit in fits.items() if fit is not None]
    suspects = sorted(sorted(told, key=lambda place: fits[place] or 0.0)[:_SUSPECTS])
    images = {place: read(place) for place in suspects}
    found: list[tuple[int, int]] = []
    while True:
        total = _Mean.of(shown)
        gains = {
            (a, b): _gain(cross, shown, total, images, a, b)
            for a, b in combinations(suspects, 2)
            if not {a, b} & {place for pair in found for place in pair}
        }
        best = max(gains, key=lambda pair: gains[pair], default=None)
        if best is None or gains[best] < GAIN:
            return sorted(found)
        found.append(best)
        # Put right, since wrong colours make others look wrong.
        for place, other in (best, best[::-1]):
            shown[place] = _brightness(cross, place, images[other])


@dataclass(frozen=True)
class _Mean:
    """Of each sample's brightness (n,) in some views: its sum, and in how many it is known."""

    sums: Array
    counts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, shown: Array) -> _Mean:
        return cls(np.nansum(shown, axis=0), np.isfinite(shown).sum(axis=0))

    def without(self, row: Array) -> _Mean:
        return _Mean(self.sums - np.nan_to_num(row), self.counts - np.isfinite(row))


def _gain(
    cross: CrossView,
    shown: Array,
    total: _Mean,
    images: Mapping[int, npt.NDArray[np.uint8]],
    a: int,
    b: int,
) -> float:
    """How much better two images surely fit in each other's place, in all; -inf if unsure."""
    others = total.without(shown[a]).without(shown[b])
    gain, variance = 0.0, 0.0
    for place, other in ((a, b), (b, a)):
        before = _fit(shown[place], others)
        after = _fit(_brightness(cross, place, images[other]), others)
        gain += -1.0 if before is None or after is None else after - before
        variance += 2 / max(1, _pixels(cross, place, others))
    return gain if gain >= SURE * math.sqrt(variance) else -math.inf


def _pixels(cross: CrossView, place: int, others: _Mean) -> int:
    """In how many pixels a view sees what others see: a pixel may show many samples."""
    seen = cross.seen[place] & (others.counts > 0)
    pixels, _ = cross.samples.cameras[place].project(cross.samples.in_world[seen])
    return len(np.unique(pixels.astype(np.int64), axis=0))


def _brightness(cross: CrossView, place: int, levels: npt.NDArray[np.uint8]) -> Array:
    """(n,) brightness, 0 to 1, of the samples that a view sees, in an image; NaN elsewhere."""
    samples = cross.samples
    result = np.full(len(samples.views), np.nan)
    seen = np.flatnonzero(cross.seen[place])
    pixels, _ = samples.cameras[place].project(samples.in_world[seen])
    height, width = levels.shape[:2]
    columns = np.clip(pixels[:, 0].astype(np.intp), 0, width - 1)
    rows = np.clip(pixels[:, 1].astype(np.intp), 0, height - 1)
    result[seen] = levels[rows, columns, :3].mean(axis=-1) / 255
    return result


def _fit(row: Array, others: _Mean) -> float | None:
    """Correlation of a view's brightness with the mean of the others'; None of too few points."""
    both = np.isfinite(row) & (others.counts > 0)
    if np.count_nonzero(both) < ENOUGH:
        return None
    own, mean = row[both], others.sums[both] / others.counts[both]
    deviation = float(own.std() * mean.std())
    # An image of one colour, or a surface of one colour, tells nothing.
    if deviation < 1e-4:
        return None
    return float(((own - own.mean()) * (mean - mean.mean())).mean() / deviation)
