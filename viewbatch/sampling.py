"""Camera plans: where the views stand and what they look at.

A view depends on the configuration, the seed and its own index; `uniform` and
`fibonacci` also on the number of views. Every random number of view i comes from a
stream of its own, seeded with (seed, i, purpose), so views can be made in any order and
by any process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

import numpy as np

from viewbatch.config import FibonacciConfig, LocationConfig, LocationMode, PatchConfig, RingsConfig
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at, spherical_direction
from viewbatch.geometry.transforms import Array, Vector3

TAU = 2 * math.pi
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# Reciprocals of the plastic number and of its square: the additive recurrence R2 of
# M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018), the
# best known in two dimensions.
R2 = (0.7548776662466927, 0.5698402909980532)


class Stream(IntEnum):
    """What a stream of random numbers is for. Values are part of the results: never reuse."""

    POSE = 0
    CYCLES = 1
    SEQUENCE_SHIFT = 2


def stream(seed: int, purpose: Stream, index: int = 0) -> np.random.Generator:
    """The random numbers of view `index` for one purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, purpose, index))))


def cycles_seed(seed: int, index: int) -> int:
    """The seed of a view's Cycles noise: without one per view, all share one pattern."""
    return int(stream(seed, Stream.CYCLES, index).integers(0, 2**31 - 1))


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A camera's position in spherical coordinates about the point that it looks at."""

    radius: float
    """In units of `[camera.location] radius_unit`."""
    inclination_rad: float
    azimuth_rad: float

    def pose(self, target: Vector3, unit_m: float) -> tuple[Vector3, Array]:
        """Position in world, and (3, 3) rotation `cam_from_world`, in closed form."""
        distance = self.radius * unit_m
        direction = spherical_direction(self.inclination_rad, self.azimuth_rad)
        x, y, z = (t + distance * d for t, d in zip(target, direction, strict=True))
        return (x, y, z), look_at((x, y, z), target, self.azimuth_rad)


def extensible(mode: LocationMode) -> bool:
    """Whether view i is the same for any number of views, so that a dataset can grow."""
    match mode:
        case LocationMode.RANDOM | LocationMode.QUASI_RANDOM:
            return True
        case LocationMode.UNIFORM | LocationMode.FIBONACCI:
            return False
        case _:
            assert_never(mode)


def plan(location: LocationConfig, seed: int, number: int) -> Callable[[int], Placement]:
    """The function from view index to `Placement` for a dataset of `number` views."""
    match location.mode:
        case LocationMode.RANDOM:
            return lambda index: _random(location.random, seed, index)
        case LocationMode.QUASI_RANDOM:
            first, second, third = stream(seed, Stream.SEQUENCE_SHIFT).random(3)
            shift = (float(first), float(second), float(third))
            return lambda index: _quasi_random(location.quasi_random, shift, index)
        case LocationMode.UNIFORM:
            placements = _uniform(location.uniform, number)
            return placements.__getitem__
        case LocationMode.FIBONACCI:
            return lambda index: _fibonacci(location.fibonacci, number, index)
        case _:
            assert_never(location.mode)


def _random(patch: PatchConfig, seed: int, index: int) -> Placement:
    u, v, w = stream(seed, Stream.POSE, index).random(3)
    return _on_patch(patch, float(u), float(v), float(w))


def _quasi_random(patch: PatchConfig, shift: Vector3, index: int) -> Placement:
    u = (shift[0] + (index + 1) * R2[0]) % 1.0
    v = (shift[1] + (index + 1) * R2[1]) % 1.0
    w = (shift[2] + _van_der_corput(index + 1)) % 1.0
    return _on_patch(patch, u, v, w)


def _van_der_corput(index: int) -> float:
    """The binary digits of `index` mirrored at the point."""
    return int(f"{index:b}"[::-1], 2) / (1 << index.bit_length())


def _on_patch(patch: PatchConfig, u: float, v: float, w: float) -> Placement:
    """A point of the shell patch from the unit cube: uniform by area in (u, v)."""
    cosine = _between(math.cos(patch.inc_min), math.cos(patch.inc_max), u)
    return Placement(
        radius=_between(patch.r_min, patch.r_max, w),
        inclination_rad=math.acos(max(-1.0, min(1.0, cosine))),
        azimuth_rad=_between(patch.azi_min, patch.azi_max, v),
    )


def _between(low: float, high: float, t: float) -> float:
    return low + (high - low) * t


def _uniform(rings: RingsConfig, number: int) -> list[Placement]:
    """Views on rings of equal inclination; a pole is one point and takes at most one view."""
    # The tolerance keeps a last ring that rounding put just beyond inc_stop.
    count = math.floor((rings.inc_stop - rings.inc_start) / rings.inc_step + 1e-9) + 1
    inclinations = [rings.inc_start + i * rings.inc_step for i in range(count)]
    lengths = [math.sin(inclination) for inclination in inclinations]
    lengths = [0.0 if length < 1e-9 else length for length in lengths]
    poles = [i for i, length in enumerate(lengths) if length == 0.0]
    if len(poles) == count and number > count:
        raise UsageError(
            f"camera.location.uniform has only poles, which hold {count} of the {number} views; "
            "choose an inc_start or inc_stop between 0 and pi"
        )
    only_poles = len(poles) == count
    at_poles = min(len(poles), number) if number >= count or only_poles else 0
    shares = [0] * count if only_poles else _shares(lengths, number - at_poles)
    for i in poles[:at_poles]:
        shares[i] = 1
    return [
        Placement(
            radius=rings.radius,
            inclination_rad=inclination,
            # Every second ring is turned by half a step, so that views do not line up.
            azimuth_rad=TAU * (i + 0.5 * (ring % 2)) / share,
        )
        for ring, (inclination, share) in enumerate(zip(inclinations, shares, strict=True))
        for i in range(share)
    ]


def _shares(weights: list[float], number: int) -> list[int]:
    """Whole shares of `number` in proportion to weights, by largest remainder."""
    total = sum(weights)
    exact = [number * weight / total for weight in weights]
    shares = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: number - sum(shares)]:
        shares[i] += 1
    return shares


def _fibonacci(spiral: FibonacciConfig, number: int, index: int) -> Placement:
    """Point of a spherical Fibonacci lattice: equal steps in cos(inclination)."""
    t = (index + 0.5) / number
    cosine = _between(math.cos(spiral.inc_min), math.cos(spiral.inc_max), t)
    return Placement(
        radius=spiral.radius,
        inclination_rad=math.acos(max(-1.0, min(1.0, cosine))),
        azimuth_rad=(index * GOLDEN_ANGLE) % TAU,
    )
