"""[camera.location.inside]: cameras in the target, such as a room, that look around."""

from __future__ import annotations

import math
from collections.abc import Iterator

from viewbatch.config.camera import InsideConfig
from viewbatch.geometry import Bounds, look_at, spherical_direction
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.placements import TAU, inclination_by_area
from viewbatch.sampling.poses import Pose
from viewbatch.sampling.streams import Stream, between, numbers, stream


def inside(config: InsideConfig, bounds: Bounds, seed: int, index: int) -> Iterator[Pose]:
    """An endless sequence of draws for the pose of this index; world +z is up in the image."""
    generator = stream(seed, Stream.POSE, index)
    while True:
        u, v, w, inclination, azimuth = numbers(generator, 5)
        location = _in_box(config, bounds, (u, v, w))
        inclination_rad = inclination_by_area(config.inc_min, config.inc_max, inclination)
        azimuth_rad = _azimuth(location, bounds.center, config.azi_spread, azimuth)
        forward = spherical_direction(inclination_rad, azimuth_rad)
        yield Pose(
            location=location,
            # Straight up or down, the azimuth of a camera about what it looks at counts,
            # which is opposite to that in which it looks.
            rotation=look_at((0.0, 0.0, 0.0), forward, azimuth_rad + math.pi),
            drawn={
                "location_m": list(location),
                "inclination_rad": inclination_rad,
                "azimuth_rad": azimuth_rad,
            },
        )


def _in_box(config: InsideConfig, bounds: Bounds, shares: Vector3) -> Vector3:
    """The point at shares of the box that is given in shares of the target's box."""
    x, y, z = (
        low + size * between(box_low, box_high, share)
        for low, size, box_low, box_high, share in zip(
            bounds.minimum, bounds.size, config.box_min, config.box_max, shares, strict=True
        )
    )
    return (x, y, z)


def _azimuth(location: Vector3, center: Vector3, spread: float, share: float) -> float:
    """In [0, 2*pi): within `spread` of leading away from the centre, or, above it, any."""
    x, y = location[0] - center[0], location[1] - center[1]
    if x == 0.0 and y == 0.0:
        return TAU * share
    return (math.atan2(y, x) + between(-spread, spread, share)) % TAU
