"""Keys of [camera.location]: what changes with them, and how."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.blender.keys.effects import Show
from tests.blender.keys.readings import centers, drawn, from_target, near, optical_axes
from tests.blender.keys.rows import FRAME, MOVED, Change, Row
from tests.blender.keys.settings import SCENE, L, location
from viewbatch.dataset import Dataset
from viewbatch.sampling.plan import TOO_NEAR


def radii(*expected: float) -> Show:
    return lambda _, b: near(drawn(b, "radius_m"), expected)


def within(name: str, low: float, high: float) -> Show:
    """Every draw lies in between, and none did before."""

    def show(a: Dataset, b: Dataset) -> None:
        before, after = np.array(drawn(a, name)), np.array(drawn(b, name))
        assert ((after >= low) & (after <= high)).all()
        assert not ((before >= low) & (before <= high)).all()

    return show


def azimuths(*expected: float) -> Show:
    return lambda _, b: near(drawn(b, "azimuth_rad"), expected)


def inclinations(*expected: float) -> Show:
    return lambda _, b: near(drawn(b, "inclination_rad"), expected)


def smallest_angle(degrees: float) -> Show:
    def angle(dataset: Dataset) -> float:
        axes = optical_axes(dataset)
        cosines = (axes @ axes.T)[np.triu_indices(len(axes), 1)]
        return math.degrees(math.acos(cosines.max()))

    def show(a: Dataset, b: Dataset) -> None:
        assert angle(a) < degrees <= angle(b) + 1e-3
        assert sum(v.record.camera.rejected.get(TOO_NEAR, 0) for v in b.views) > 0

    return show


def shares_of_box(low: Sequence[float], high: Sequence[float]) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        bounds = b.record.bounds
        shares = (centers(b) - bounds.minimum) / np.array(bounds.size)
        assert ((shares >= np.array(low) - 1e-6) & (shares <= np.array(high) + 1e-6)).all()

    return show


def away_from_the_center(_: Dataset, b: Dataset) -> None:
    outwards = from_target(b)[:, :2]
    ahead = optical_axes(b)[:, :2]
    angles = [np.arctan2(v[:, 1], v[:, 0]) for v in (outwards, ahead)]
    near(np.cos(angles[0] - angles[1]), np.ones(len(outwards)))


def poses_of_the_file(_: Dataset, b: Dataset) -> None:
    other = Dataset.open(b.folder.parent / "poses_other")
    near(b.view(0).camera.cam_from_world, other.view(0).camera.cam_from_world, 1e-6)


TAU = 2 * math.pi

INSIDE_ROOM = location("inside")

ROWS: dict[str, Row] = {
    # [camera.location]
    f"{L}mode": Change('"orbit"', MOVED, shows=inclinations(math.pi / 3)),
    f"{L}radius_unit": Change('"scene"', MOVED, base=location("orbit", f"{L}orbit.radius=7.0"),
                              shows=radii(7)),
    f"{L}min_angle_deg": Change("50.0", MOVED | {"rejected"}, base=location("random"), views=4,
                                shows=smallest_angle(50)),
    **{
        f"{L}{mode}.{key}": Change(value, MOVED, base=location(mode, f'{L}radius_unit="scene"',
            f"{L}{mode}.r_min=7.0", f"{L}{mode}.r_max=9.0"), views=2, shows=within(*limits))
        for mode in ("random", "quasi_random")
        for key, value, limits in [
            ("r_min", "8.9", ("radius_m", 8.9, 9.0)),
            ("r_max", "7.1", ("radius_m", 7.0, 7.1)),
            ("inc_min", "1.5", ("inclination_rad", 1.5, math.pi / 2)),
            ("inc_max", "0.5", ("inclination_rad", math.pi / 8, 0.5)),
            ("azi_min", "6.0", ("azimuth_rad", 6.0, TAU)),
            ("azi_max", "0.1", ("azimuth_rad", 0.0, 0.1)),
        ]
    },
    f"{L}uniform.radius": Change("8.0", MOVED, views=2, shows=radii(8, 8),
                                 base=location("uniform", f'{L}radius_unit="scene"',
                                               f"{L}uniform.radius=9.0")),
    f"{L}uniform.inc_start": Change("'pi/2'", MOVED, base=location("uniform"), views=2,
                                    shows=inclinations(math.pi / 2, math.pi / 2)),
    f"{L}uniform.inc_stop": Change("'pi/6'", MOVED, base=location("uniform"), views=2,
                                   shows=inclinations(math.pi / 6, math.pi / 6)),
    f"{L}uniform.inc_step": Change("3.0", MOVED, base=location("uniform"), views=2,
                                   shows=inclinations(math.pi / 6, math.pi / 6)),
    f"{L}fibonacci.radius": Change("8.0", MOVED, views=2, shows=radii(8, 8),
                                   base=location("fibonacci", f'{L}radius_unit="scene"',
                                                 f"{L}fibonacci.radius=9.0")),
    # Half of the area of a zone on either side: cos = 1/4 of the way, and 3/4.
    f"{L}fibonacci.inc_min": Change("'pi/3'", MOVED, base=location("fibonacci"), views=2,
                                    shows=inclinations(math.acos(3 / 8), math.acos(1 / 8))),
    f"{L}fibonacci.inc_max": Change("'pi'", MOVED, base=location("fibonacci"), views=2,
                                    shows=inclinations(math.pi / 3, 2 * math.pi / 3)),
    f"{L}orbit.radius": Change("8.0", MOVED, base=SCENE, views=2, shows=radii(8, 8)),
    f"{L}orbit.inclination": Change(
        "0.5", MOVED, base=SCENE, views=2, shows=inclinations(0.5, 0.5)
    ),
    f"{L}orbit.azi_start": Change("1.0", MOVED, base=SCENE, views=2,
                                  shows=azimuths(1, 1 + math.pi)),
    f"{L}orbit.turns": Change(
        "0.5", MOVED, base=SCENE, views=2, shows=azimuths(0, math.pi / 2)
    ),
    **{
        f"{L}spiral.{key}": Change(value, MOVED, views=3, shows=shows,
            base=location("spiral", f'{L}radius_unit="scene"', f"{L}spiral.r_start=9.0",
                          f"{L}spiral.r_stop=9.0", f"{L}spiral.turns=0.5"))
        for key, value, shows in [
            ("r_start", "7.0", radii(7, 8, 9)),
            ("r_stop", "8.0", radii(9, 8.5, 8)),
            ("inc_start", "'pi/4'", inclinations(math.pi / 4, 3 * math.pi / 16, math.pi / 8)),
            ("inc_stop", "'pi/4'", inclinations(math.pi / 2, 3 * math.pi / 8, math.pi / 4)),
            ("azi_start", "1.0", azimuths(1, 1 + math.pi / 2, 1 + math.pi)),
            ("turns", "-0.25", azimuths(0, -math.pi / 4, -math.pi / 2)),
        ]
    },
    f"{L}inside.box_min": Change("[0.7, 0.25, 0.6]", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=shares_of_box((0.7, 0.25, 0.6), (0.75, 0.75, 0.7)),
                                 may={"rejected"}),
    f"{L}inside.box_max": Change("[0.3, 0.3, 0.35]", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=shares_of_box((0.25, 0.25, 0.3), (0.3, 0.3, 0.35)),
                                 may={"rejected"}),
    f"{L}inside.inc_min": Change("1.8", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=within("inclination_rad", 1.8, 0.6 * math.pi)),
    f"{L}inside.inc_max": Change("1.3", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                 shows=within("inclination_rad", 0.4 * math.pi, 1.3)),
    f"{L}inside.azi_spread": Change("0.0", MOVED, base=INSIDE_ROOM, views=3, model="room",
                                    shows=away_from_the_center),
    f"{L}file.path": Change('"{here}/poses_other"', MOVED - {"drawn"}, shows=poses_of_the_file,
                            base=location("file", f'{L}file.path="{{here}}/poses"'),
                            may={"inputs", *FRAME}),
}  # fmt: skip
