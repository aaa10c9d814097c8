"""How far two maps of one view are apart: numpy alone.

Every measure takes arrays of one shape, row 0 on top.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.diff_datasets.tolerances import Tolerances

Pixels = npt.NDArray[Any]
Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What two files that are not equal byte for byte have of each other."""

    within: bool
    """Whether they are equal within the tolerances."""
    words: str
    """For people."""
    share: float
    """Of the pixels, 0 to 1: beyond the tolerance; of colour, 0 or 1."""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """For programs: what the words say, with units in the names."""

    @property
    def badness(self) -> tuple[float, float]:
        """Larger of files of one kind that differ more."""
        psnr_db = self.figures.get("psnr_db")
        if psnr_db is not None:
            return (self.share, -psnr_db)
        largest = [v or 0.0 for key, v in self.figures.items() if key.startswith("largest_")]
        return (self.share, max(largest, default=0.0))


def unequal(words: str) -> Measured:
    """Of what cannot be compared pixel by pixel."""
    return Measured(within=False, words=words, share=1.0)


def ids(a: Pixels, b: Pixels, tolerances: Tolerances) -> Measured:
    """Object, category or material ids."""
    count = int(np.count_nonzero(a != b))
    share = count / a.size
    return Measured(
        within=share <= tolerances.share,
        words=f"{count} of {a.size} pixels have another id",
        share=share,
        figures={"pixels": count, "share": share},
    )


def depths(a: Pixels, b: Pixels, tolerances: Tolerances) -> Measured:
    """Depths or distances (H, W) in metres, 0 where there is no surface."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    there = np.isfinite(a) & (a > 0), np.isfinite(b) & (b > 0)
    both = there[0] & there[1]
    errors = np.abs(a[both] - b[both])
    return _surface(errors, errors / a[both], there, "m", tolerances.depth, tolerances.share)


def positions(a: Pixels, b: Pixels, center: Array, tolerances: Tolerances) -> Measured:
    """Points (H, W, 3) in metres, 0 where there is no surface; the first camera's `center`."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    there = _any(a), _any(b)
    both = there[0] & there[1]
    errors = np.linalg.norm(a[both] - b[both], axis=-1)
    distances = np.linalg.norm(a[both] - center, axis=-1)
    relative = errors / np.maximum(distances, np.finfo(np.float64).tiny)
    return _surface(errors, relative, there, "m", tolerances.depth, tolerances.share)


def normals(a: Pixels, b: Pixels, tolerances: Tolerances) -> Measured:
    """Unit vectors (H, W, 3), 0 where there is no surface."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    there = _any(a), _any(b)
    both = there[0] & there[1]
    u, v = (n[both] / np.linalg.norm(n[both], axis=-1, keepdims=True) for n in (a, b))
    # By the chord, since the arc cosine of nearly 1 has no digits left.
    half_chord = np.clip(np.linalg.norm(u - v, axis=-1) / 2, 0.0, 1.0)
    angles = np.degrees(2 * np.arcsin(half_chord))
    return _surface(angles, None, there, "degrees", tolerances.normal_deg, tolerances.share)


def colors(a: Pixels, b: Pixels, tolerances: Tolerances) -> Measured:
    """Display colour (H, W, C), 0 to 1, premultiplied where there is alpha."""
    errors = np.abs(a.astype(np.float64) - b)
    square = float((errors**2).mean())
    levels = float(errors.max()) * 255
    if square == 0:
        return Measured(
            within=True,
            words="all pixels are equal",
            share=0.0,
            figures={"psnr_db": None, "largest_levels": 0.0},
        )
    psnr_db = -10 * math.log10(square)
    within = psnr_db >= tolerances.psnr_db
    return Measured(
        within=within,
        words=f"PSNR {psnr_db:.1f} dB, largest difference {levels:.3g} of 255 levels",
        share=0.0 if within else 1.0,
        figures={"psnr_db": psnr_db, "largest_levels": levels},
    )


def numbers(
    a: Pixels,
    b: Pixels,
    tolerances: Tolerances,
    *,
    scale: float | None = None,
    unit: str = "",
    items: str = "pixels",
) -> Measured:
    """Other numbers, over `scale`, or the largest of the first.

    (H, W) or (H, W, C) pixels, (n, 3) points, or (n,) numbers, as `items` says.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    if scale is None:
        scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) or 1.0
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):  # of infinities, which `same` knows
        errors = np.where(same, 0.0, np.abs(a - b))
    errors = np.where(np.isnan(errors), np.inf, errors)
    if errors.ndim == (2 if items == "points" else 3):
        errors = errors.max(axis=-1)
    everywhere = np.ones(errors.shape, dtype=bool)
    there = (everywhere, everywhere)
    errors = errors.ravel()
    return _surface(errors, errors / scale, there, unit, tolerances.depth, tolerances.share, items)


def _any(vectors: Array) -> Bools:
    found: Bools = np.isfinite(vectors).all(axis=-1) & (vectors != 0).any(axis=-1)
    return found


def _surface(
    errors: Array,
    relative: Array | None,
    there: tuple[Bools, Bools],
    unit: str,
    limit: float,
    most: float,
    items: str = "pixels",
) -> Measured:
    """Of the errors where both have a surface; where one alone has, that is beyond any limit."""
    judged = errors if relative is None else relative
    alone = int(np.count_nonzero(there[0] != there[1]))
    seen = int(np.count_nonzero(there[0] | there[1]))
    beyond = alone + int(np.count_nonzero(judged > limit))
    share = beyond / max(1, seen)
    figures: dict[str, float | None] = {"share": share, "surface_in_one": alone}
    words = []
    measured = [(errors, unit)] if relative is None else [(errors, unit), (relative, "relative")]
    for values, name in measured:
        median, p95, largest = _quantiles(values)
        key = {"": "absolute", "degrees": "deg"}.get(name, name)
        figures |= {f"median_{key}": median, f"p95_{key}": p95, f"largest_{key}": largest}
        words.append(f"median {median:.2g}, 95 % {p95:.2g}, largest {largest:.2g} {name}".rstrip())
    if alone:
        words.append(f"a surface in one alone in {alone} pixels")
    said = f"{beyond} of {seen} {items} beyond {limit:g}: {'; '.join(words)}"
    return Measured(within=share <= most, words=said, share=share, figures=figures)


def _quantiles(values: Array) -> tuple[float, float, float]:
    if not len(values):
        return (0.0, 0.0, 0.0)
    median, p95 = np.quantile(values, (0.5, 0.95), method="lower")
    return (float(median), float(p95), float(values.max()))
