"""Keys of [world] and [light]: what changes with them, and how."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.blender.keys.effects import Show, brighter
from tests.blender.keys.readings import drawn, lamp_places, lamps, levels, light, near, seen
from tests.blender.keys.rows import COLOR, Change, Row
from tests.blender.keys.settings import LAMPS, NOISY
from viewbatch.dataset import Dataset


def times(factor: float, rel: float = 2e-3) -> Show:
    """All light is multiplied; half floats are exact to 5e-4."""
    return lambda a, b: near(light(b), factor * light(a), rel)


def darker(a: Dataset, b: Dataset) -> None:
    brighter(b, a)


def background(*color: float) -> Show:
    return lambda _, b: near(light(b)[0, 0], color, 2e-3)


def all_black(_: Dataset, b: Dataset) -> None:
    assert not light(b).any()


def angle_is_drawn(_: Dataset, b: Dataset) -> None:
    first, second = drawn(b, "hdri_rotation_rad")
    assert first != second


def backdrop_is_seen(_: Dataset, b: Dataset) -> None:
    background_levels = levels(b)[seen(b, "mask") == 0]
    assert (background_levels[:4] == (200, 100, 50)).all()


def lamp_count(expected: int) -> Show:
    return lambda _, b: near(len(lamps(b, "energy_w")), expected)


def energies(low: float, high: float) -> Show:
    """Watts of a target whose bounding radius is 1 m."""

    def show(_: Dataset, b: Dataset) -> None:
        found = lamps(b, "energy_w") / b.record.bounds.radius**2
        assert ((found >= low * (1 - 1e-9)) & (found <= high * (1 + 1e-9))).all()

    return show


def distances(low: float, high: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        found = np.linalg.norm(lamp_places(b), axis=1)
        assert ((found >= low - 1e-6) & (found <= high + 1e-6)).all()

    return show


def lamp_inclinations(low: float, high: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        places = lamp_places(b)
        found = np.arccos(places[:, 2] / np.linalg.norm(places, axis=1))
        assert ((found >= low - 1e-6) & (found <= high + 1e-6)).all()

    return show


def lamp_colors(low: Sequence[float], high: Sequence[float]) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        found = lamps(b, "color")
        assert ((found >= low) & (found <= high)).all()

    return show


def lamps_differ(a: Dataset, b: Dataset) -> None:
    before, after = drawn(a, "lamps"), drawn(b, "lamps")
    assert (before[0] == before[1], after[0] == after[1]) == (True, False)


def irradiances(a: Dataset, b: Dataset) -> None:
    """A sun's are what an AREA lamp gives at its distance, and have another name."""
    areas = lamps(a, "energy_w") / a.record.bounds.radius**2
    places = np.linalg.norm(lamp_places(a), axis=1)
    near(lamps(b, "irradiance_w_m2"), areas / (math.pi * places**2))


# Looks from +y towards the image's right half.
HDRI = (
    'world.mode="hdri"',
    'world.hdri.path="{here}/half.exr"',
    'light.mode="none"',
    'camera.location.mode="orbit"',
    "camera.location.orbit.azi_start='pi/2'",
    "camera.location.orbit.inclination='pi/2'",
)
BACKDROP = ('world.backdrop.path="{here}/levels.png"', "world.backdrop.scale=0.5")

DRAWN_LAMPS = (*LAMPS, 'light.mode="random"')
THREE = (*LAMPS, 'light.mode="three_point"')
HEAD_LAMP = (*LAMPS, 'light.mode="camera"')

ROWS: dict[str, Row] = {
    # [world]
    "world.mode": Change(
        '"hdri"', COLOR | {"inputs"}, base=HDRI[1:], shows=background(0, 0, 0)
    ),
    "world.color": Change("[0.5, 0.25, 0.0]", COLOR, shows=background(0.225, 0.1125, 0)),
    "world.strength": Change("0.0", COLOR, base=['light.mode="none"'], shows=all_black),
    "world.hdri.path": Change(
        '"{here}/white.exr"', COLOR | {"inputs"}, base=HDRI, shows=background(1, 1, 1)
    ),
    "world.hdri.strength": Change(
        "3.0", COLOR, base=[*HDRI, 'world.hdri.path="{here}/white.exr"'],
        shows=background(3, 3, 3)
    ),
    "world.hdri.rotation_mode": Change(
        '"view"', COLOR | {"drawn"}, base=HDRI, views=2, shows=angle_is_drawn
    ),
    "world.hdri.rotation": Change('"pi"', COLOR, base=HDRI, shows=background(1, 1, 1)),
    "world.backdrop.path": Change(
        '"{here}/levels.png"', COLOR | {"inputs"}, shows=backdrop_is_seen
    ),
    "world.backdrop.extension": Change(
        '"CLIP"', COLOR, base=BACKDROP, shows=background(*[0.45] * 3)
    ),
    "world.backdrop.scale": Change(
        "0.5", COLOR, base=[BACKDROP[0], 'world.backdrop.extension="CLIP"'],
        shows=background(*[0.45] * 3),
    ),
    # [light]
    "light.mode": Change('"none"', COLOR, base=LAMPS, shows=all_black),
    "light.uniform.type": Change('"POINT"', COLOR, base=LAMPS),
    "light.uniform.energy": Change("160.0", COLOR, base=LAMPS, shows=times(2)),
    "light.uniform.radius": Change("8.0", COLOR, base=LAMPS, shows=darker),
    "light.uniform.size": Change("0.0", COLOR, base=LAMPS),
    "light.uniform.amount": Change("6", COLOR, base=[*LAMPS, *NOISY], shows=brighter),
    "light.uniform.inclinations": Change('["pi/3", 0.0]', COLOR, base=[*LAMPS, *NOISY],
                                         shows=brighter),
    "light.random.type": Change(
        '"SUN"', COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=irradiances
    ),
    "light.random.draw": Change(
        '"view"', COLOR | {"drawn"}, base=DRAWN_LAMPS, views=2, shows=lamps_differ
    ),
    "light.random.amount_min": Change(
        "5", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=lamp_count(5)
    ),
    "light.random.amount_max": Change(
        "2", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=lamp_count(2)
    ),
    "light.random.energy_min": Change(
        "159.0", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=energies(159, 160)
    ),
    "light.random.energy_max": Change(
        "41.0", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=energies(40, 41)
    ),
    "light.random.radius_min": Change(
        "5.9", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=distances(5.9, 6.0)
    ),
    "light.random.radius_max": Change(
        "3.1", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=distances(3.0, 3.1)
    ),
    "light.random.inc_min": Change(
        "1.5", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=lamp_inclinations(1.5, math.pi / 2)
    ),
    "light.random.inc_max": Change(
        "0.1", COLOR | {"drawn"}, base=DRAWN_LAMPS, shows=lamp_inclinations(0, 0.1)
    ),
    "light.random.color_min": Change(
        "[1.0, 0.8, 1.0]", COLOR | {"drawn"}, base=DRAWN_LAMPS,
        shows=lamp_colors((1, 0.8, 1), (1, 1, 1)),
    ),
    "light.random.color_max": Change(
        "[0.8, 0.9, 0.8]", COLOR | {"drawn"}, base=DRAWN_LAMPS,
        shows=lamp_colors((0.8, 0.8, 0.8), (0.8, 0.9, 0.8)),
    ),
    "light.random.size": Change("4.0", COLOR, base=DRAWN_LAMPS),
    "light.three_point.type": Change('"POINT"', COLOR, base=THREE),
    "light.three_point.energy": Change("50.0", COLOR, base=THREE, shows=times(0.5)),
    "light.three_point.fill": Change("4.0", COLOR, base=[*THREE, *NOISY], shows=brighter),
    "light.three_point.back": Change("7.0", COLOR, base=[*THREE, *NOISY], shows=brighter),
    "light.three_point.azimuth": Change("0.0", COLOR, base=THREE),
    "light.three_point.radius": Change("8.0", COLOR, base=THREE, shows=darker),
    "light.three_point.size": Change("0.0", COLOR, base=THREE),
    "light.camera.type": Change('"POINT"', COLOR, base=HEAD_LAMP),
    "light.camera.energy": Change("120.0", COLOR, base=HEAD_LAMP, shows=times(2)),
    "light.camera.offset": Change("[0.0, 0.0, -6.0]", COLOR, base=HEAD_LAMP, shows=darker),
    "light.camera.size": Change("8.0", COLOR, base=HEAD_LAMP),
}  # fmt: skip
