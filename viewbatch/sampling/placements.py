"""Cameras around a target: where they stand in spherical coordinates, by mode.

Every mode gives, for the index of a pose, the candidates for it in the order in which they
are tried: an endless sequence where a pose is drawn, a single one where it is fixed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from viewbatch.config.camera import (
    FibonacciConfig,
    LocationConfig,
    LocationMode,
    OrbitConfig,
    PatchConfig,
    RingsConfig,
    SpiralConfig,
)
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at, spherical_direction
from viewbatch.geometry.transforms import Array, Vector3
from viewbatch.sampling.streams import Stream, between, numbers, stream

TAU = 2 * math.pi
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# Reciprocals of the plastic number and of its square: the additive recurrence R2 of
# M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018), the
# best known in two dimensions.
R2 = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A camera's position in spherical coordinates about its target."""

    radius: float
    """In units of `[camera.location] radius_unit`."""
    inclination_rad: float
    azimuth_rad: float

    def pose(
        self, target: Vector3, unit_m: float, aim_m: Vector3 = (0.0, 0.0, 0.0)
    ) -> tuple[Vector3, Array]:
        """Position in world, and (3, 3) rotation `cam_from_world`, in closed form.

        The camera looks at the target, or at the point that lies `aim_m` from it.
        """
        distance = self.radius * unit_m
        direction = spherical_direction(self.inclination_rad, self.azimuth_rad)
        x, y, z = (t + distance * d for t, d in zip(target, direction, strict=True))
        ax, ay, az = (t + a for t, a in zip(target, aim_m, strict=True))
        return (x, y, z), look_at((x, y, z), (ax, ay, az), self.azimuth_rad)


AroundTarget = Literal[
    LocationMode.RANDOM,
    LocationMode.QUASI_RANDOM,
    LocationMode.UNIFORM,
    LocationMode.FIBONACCI,
    LocationMode.ORBIT,
    LocationMode.SPIRAL,
]


def placements(
    location: LocationConfig, mode: AroundTarget, seed: int, number: int
) -> Callable[[int], Iterator[Placement]]:
    """The function from the index of a pose, of `number` ones, to its candidates."""
    match mode:
        case LocationMode.RANDOM:
            return lambda index: _uniform_on_patch(location.random, seed, index)
        case LocationMode.QUASI_RANDOM:
            first, second, third = numbers(stream(seed, Stream.SEQUENCE_SHIFT), 3)
            patch, shift = location.quasi_random, (first, second, third)
            return lambda index: itertools.chain(
                [_quasi_random(patch, shift, index)], _uniform_on_patch(patch, seed, index)
            )
        case LocationMode.UNIFORM:
            on_rings = _uniform(location.uniform, number)
            return lambda index: iter([on_rings[index]])
        case LocationMode.FIBONACCI:
            return lambda index: iter([_fibonacci(location.fibonacci, number, index)])
        case LocationMode.ORBIT:
            return lambda index: iter([_orbit(location.orbit, number, index)])
        case LocationMode.SPIRAL:
            return lambda index: iter([_spiral(location.spiral, number, index)])
        case _:
            assert_never(mode)


def _uniform_on_patch(patch: PatchConfig, seed: int, index: int) -> Iterator[Placement]:
    generator = stream(seed, Stream.POSE, index)
    while True:
        u, v, w = numbers(generator, 3)
        yield _on_patch(patch, u, v, w)


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
    return Placement(
        radius=between(patch.r_min, patch.r_max, w),
        inclination_rad=inclination_by_area(patch.inc_min, patch.inc_max, u),
        azimuth_rad=between(patch.azi_min, patch.azi_max, v),
    )


def inclination_by_area(inc_min: float, inc_max: float, t: float) -> float:
    """The inclination, from `inc_min` at t = 0, up to which lies the share t of a zone's area."""
    cosine = between(math.cos(inc_min), math.cos(inc_max), t)
    return math.acos(max(-1.0, min(1.0, cosine)))


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
            f"camera.location.uniform has only poles, which hold {count} of the {number} poses; "
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
    return Placement(
        radius=spiral.radius,
        inclination_rad=inclination_by_area(spiral.inc_min, spiral.inc_max, t),
        azimuth_rad=(index * GOLDEN_ANGLE) % TAU,
    )


def _orbit(orbit: OrbitConfig, number: int, index: int) -> Placement:
    """Even steps around; after whole turns, one more step would be the first view again."""
    return Placement(
        radius=orbit.radius,
        inclination_rad=orbit.inclination,
        azimuth_rad=orbit.azi_start + TAU * orbit.turns * index / number,
    )


def _spiral(spiral: SpiralConfig, number: int, index: int) -> Placement:
    """Even steps from start to stop, both of which are views."""
    t = index / (number - 1) if number > 1 else 0.0
    return Placement(
        radius=between(spiral.r_start, spiral.r_stop, t),
        inclination_rad=between(spiral.inc_start, spiral.inc_stop, t),
        azimuth_rad=spiral.azi_start + TAU * spiral.turns * t,
    )
