"""[camera.jitter]: where a camera looks beside its target, and how it is rolled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from viewbatch.config.camera import JitterConfig
from viewbatch.geometry import spherical_direction
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.placements import TAU, inclination_by_area
from viewbatch.sampling.streams import Stream, between, numbers, stream


@dataclass(frozen=True, kw_only=True)
class Wobble:
    """What one draw adds to a pose."""

    aim_m: Vector3 = (0.0, 0.0, 0.0)
    """From the target to the point that the camera looks at."""
    roll_rad: float = 0.0
    """About the optical axis; see `poses.rolled`."""


def wobbles(config: JitterConfig, radius_m: float, seed: int, index: int) -> Iterator[Wobble]:
    """An endless sequence of draws for the pose of this index.

    `radius_m` is the target's bounding radius. Every draw takes four numbers, used or not,
    so that the roll does not depend on whether the aim is drawn too.
    """
    generator = stream(seed, Stream.JITTER, index)
    ball_m = config.target * radius_m
    while True:
        u, v, w, roll = numbers(generator, 4)
        # Uniform by volume in the ball: the share of it within a distance is its cube.
        distance = ball_m * w ** (1 / 3)
        x, y, z = spherical_direction(inclination_by_area(0.0, math.pi, u), TAU * v)
        yield Wobble(
            aim_m=(distance * x, distance * y, distance * z),
            roll_rad=between(-config.roll, config.roll, roll),
        )
