"""Random lamps and the random turn of the surroundings, once or for each view."""

from __future__ import annotations

from dataclasses import dataclass

from viewbatch.config.scene import RandomLightConfig
from viewbatch.config.values import Draw
from viewbatch.geometry import spherical_direction
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.placements import TAU, inclination_by_area
from viewbatch.sampling.streams import Stream, between, numbers, stream


@dataclass(frozen=True, kw_only=True)
class LampDraw:
    """A lamp of `[light.random]`."""

    direction: Vector3
    """Unit vector in world from the target's centre to the lamp."""
    radius: float
    """Distance from there in units of the target's bounding radius."""
    energy: float
    """As in `[light]`: of a target whose bounding radius is 1 m."""
    color: Vector3
    """Linear RGB."""


def draw_lamps(config: RandomLightConfig, seed: int, index: int) -> list[LampDraw]:
    """The lamps of view `index`; the same for every view where they are drawn once."""
    generator = stream(seed, Stream.LIGHTS, 0 if config.draw is Draw.DATASET else index + 1)
    (share,) = numbers(generator, 1)
    amount = config.amount_min + int(share * (config.amount_max - config.amount_min + 1))
    return [_lamp(config, numbers(generator, 7)) for _ in range(amount)]


def _lamp(config: RandomLightConfig, shares: list[float]) -> LampDraw:
    u, v, radius, energy, *color = shares
    red, green, blue = (
        between(low, high, share)
        for low, high, share in zip(config.color_min, config.color_max, color, strict=True)
    )
    return LampDraw(
        direction=spherical_direction(
            inclination_by_area(config.inc_min, config.inc_max, u), TAU * v
        ),
        radius=between(config.radius_min, config.radius_max, radius),
        energy=between(config.energy_min, config.energy_max, energy),
        color=(red, green, blue),
    )


def draw_rotation(seed: int, index: int | None) -> float:
    """Radians, uniform on a full circle: of view `index`, or, with None, of the dataset."""
    (share,) = numbers(stream(seed, Stream.WORLD, 0 if index is None else index + 1), 1)
    return TAU * share
