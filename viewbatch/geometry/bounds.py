"""Axis-aligned box and bounding sphere of the rendered vertices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.geometry.transforms import Array, Vector3, added


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A box in world, its centre, and the distance from there to the farthest vertex (metres)."""

    minimum: Vector3
    maximum: Vector3
    radius: float

    @property
    def center(self) -> Vector3:
        """Centre of the box."""
        x, y, z = ((a + b) / 2 for a, b in zip(self.minimum, self.maximum, strict=True))
        return (x, y, z)

    @property
    def size(self) -> Vector3:
        """Side lengths of the box."""
        x, y, z = (b - a for a, b in zip(self.minimum, self.maximum, strict=True))
        return (x, y, z)

    def moved(self, by: Vector3) -> Bounds:
        """The same bounds elsewhere."""
        return Bounds(
            minimum=added(self.minimum, by), maximum=added(self.maximum, by), radius=self.radius
        )


def bounds_of_point_sets(point_sets: Iterable[npt.ArrayLike]) -> Bounds | None:
    """Bounds of all points in sets of shape (n, 3); None where there is no point.

    `point_sets` is iterated twice, so that large sets can be made on the fly. A
    coordinate that is not finite makes the bounds not finite, which the caller reports.
    """
    low = np.full(3, np.inf)
    high = np.full(3, -np.inf)
    for points in _non_empty(point_sets):
        # Unlike fmin and fmax, minimum and maximum pass NaN on.
        low = np.minimum(low, points.min(axis=0))
        high = np.maximum(high, points.max(axis=0))
    if np.any(low > high):
        return None
    center = (low + high) / 2
    radius = max(
        float(np.sqrt(((points - center) ** 2).sum(axis=1).max()))
        for points in _non_empty(point_sets)
    )
    return Bounds(minimum=_vector(low), maximum=_vector(high), radius=radius)


def _non_empty(point_sets: Iterable[npt.ArrayLike]) -> Iterator[Array]:
    arrays = (np.asarray(points, dtype=np.float64) for points in point_sets)
    return (points for points in arrays if len(points))


def _vector(values: Array) -> Vector3:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
