"""Keys of [camera], but for its location: what changes with them, and how."""

from __future__ import annotations

import math

import numpy as np

from tests.blender.keys.effects import Show, frame_of
from tests.blender.keys.readings import centers, drawn, intrinsics, near, optical_axes, seen
from tests.blender.keys.rows import COLOR, IMAGES, MOVED, Change, Message, Row
from tests.blender.keys.settings import SCENE, L, location
from viewbatch.blender.checks import INSIDE, NEAR
from viewbatch.dataset import Dataset


def focal(axis: str, pixels: float) -> Show:
    return lambda _, b: near(getattr(intrinsics(b), axis), pixels)


def looks_at(*point: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        (pixel,), _depth = b.view(0).camera.project([point])
        near(pixel, (16, 12), 1e-3)

    return show


def no_nearer(limit: float) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        nearest = [depth[depth > 0].min() for depth in (seen(a, "depth"), seen(b, "depth"))]
        assert nearest[0] < limit <= nearest[1]
        near(b.view(0).record.camera.near_m, limit)

    return show


def no_farther(limit: float) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        assert seen(b, "depth").max() <= limit < seen(a, "depth").max()
        near(b.view(0).record.camera.far_m, limit)

    return show


def principal_point(cx: float, cy: float) -> Show:
    return lambda _, b: near((intrinsics(b).cx, intrinsics(b).cy), (cx, cy))


def two_focal_lengths(_: Dataset, b: Dataset) -> None:
    first, second = drawn(b, "focal_length_mm")
    assert first != second
    for view, mm in zip(b.views, (first, second), strict=True):
        assert 30 <= mm <= 90
        near(view.camera.intrinsics.fx, mm / 36 * 32)


def looks_beside(a: Dataset, b: Dataset) -> None:
    near(centers(b), centers(a))
    [aim] = drawn(b, "target_m")
    bounds = b.record.bounds
    assert 0 < math.dist(aim, bounds.center) <= 0.3 * bounds.radius
    (pixel,), _depth = b.view(0).camera.project([aim])
    near(pixel, (16, 12), 1e-3)


def rolled(a: Dataset, b: Dataset) -> None:
    near(centers(b), centers(a))
    near(optical_axes(b), optical_axes(a))
    [roll] = drawn(b, "roll_rad")
    assert 0 < abs(roll) <= math.pi
    right = [d.view(0).camera.cam_from_world[0, :3] for d in (a, b)]
    near(right[0] @ right[1], math.cos(roll))


def a_pair(_: Dataset, b: Dataset) -> None:
    near(optical_axes(b)[0], optical_axes(b)[1])
    assert [s["side"] for s in drawn(b, "stereo")] == ["left", "right"]


def baseline(factor: float) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        before, after = (math.dist(*centers(d)) for d in (a, b))
        near(after, factor * before, 1e-4)
        near(after, drawn(b, "stereo")[0]["baseline_m"])

    return show


def rejects(reason: str, *, before: bool) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        for dataset, expected in ((a, before), (b, not before)):
            found = any(reason in view.record.camera.rejected for view in dataset.views)
            assert found == expected

    return show


def all_cover(share: float) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        smallest = [min(view.record.coverage for view in d.views) for d in (a, b)]
        # The check counts on a grid of rays.
        assert smallest[0] < share - 0.02 < smallest[1]

    return show


def less_cut_off(a: Dataset, b: Dataset) -> None:
    """Of what may not be cut off, the frame's edge shows nothing."""

    def at_edge(dataset: Dataset) -> int:
        mask = [seen(dataset, "mask", view.index) for view in dataset.views]
        return int(np.sum([np.any(m[[0, -1]]) or np.any(m[:, [0, -1]]) for m in mask]))

    assert at_edge(b) < at_edge(a)


INTRINSICS = ('camera.lens.mode="intrinsics"', "camera.lens.intrinsics.width=32",
              "camera.lens.intrinsics.height=24", "camera.lens.intrinsics.fx=40",
              "camera.lens.intrinsics.fy=40", "camera.lens.intrinsics.cx=16",
              "camera.lens.intrinsics.cy=12")  # fmt: skip
BLUR = ("camera.dof.use=true", "camera.dof.fstop=0.05", "render.samples=4", *SCENE)

CLOSE = location("random", 'camera.location.radius_unit="scene"',
                 "camera.location.random.r_min=0.8", "camera.location.random.r_max=2.5",
                 "camera.location.random.inc_max=pi",
                 "camera.checks.margin=0")  # fmt: skip

ROWS: dict[str, Row] = {
    # [camera]
    "camera.target": Change("[1.0, 2.0, 1.5]", MOVED - {"drawn"}, shows=looks_at(1, 2, 1.5)),
    "camera.sensor_width": Change("50.0", MOVED | {"fx", "fy"}, shows=focal("fx", 32)),
    "camera.sensor_height": Change("30.0", MOVED | {"fx", "fy"},
                                   base=['camera.sensor_fit="VERTICAL"'],
                                   shows=focal("fy", 40)),
    "camera.sensor_fit": Change('"VERTICAL"', MOVED | {"fx", "fy"}, shows=focal("fy", 50)),
    "camera.clip_start": Change("8.5", IMAGES | {"near_m"}, base=SCENE, shows=no_nearer(8.5)),
    "camera.clip_end": Change("8.5", IMAGES | {"far_m"}, base=SCENE, shows=no_farther(8.5)),
    "camera.lens.mode": Change('"field_of_view"', MOVED | {"fx", "fy"},
                               shows=focal("fx", 16 / math.tan(math.pi / 8))),
    "camera.lens.focal_length": Change("[30.0, 90.0]", MOVED | {"fx", "fy"}, views=2,
                                       shows=two_focal_lengths),
    "camera.lens.field_of_view": Change("'pi/2'", MOVED | {"fx", "fy"},
                                        base=['camera.lens.mode="field_of_view"'],
                                        shows=focal("fx", 16)),
    "camera.lens.shift_x": Change("0.25", IMAGES | {"cx"}, base=SCENE,
                                  shows=principal_point(8, 12)),
    "camera.lens.shift_y": Change("0.25", IMAGES | {"cy"}, base=SCENE,
                                  shows=principal_point(16, 20)),
    "camera.lens.intrinsics.width": Change("40", IMAGES | {"width"}, base=[*INTRINSICS, *SCENE],
                                           shows=frame_of(40, 24),
                                           may={"fx", "fy", "cx", "cy"}),
    "camera.lens.intrinsics.height": Change("30", IMAGES | {"height"}, base=[*INTRINSICS, *SCENE],
                                            shows=frame_of(32, 30),
                                            may={"fx", "fy", "cx", "cy"}),
    "camera.lens.intrinsics.fx": Change("50.0", IMAGES | {"fx"}, base=[*INTRINSICS, *SCENE],
                                        shows=focal("fx", 50), may={"fy", "cx", "cy"}),
    "camera.lens.intrinsics.fy": Change("50.0", IMAGES | {"fy"}, base=[*INTRINSICS, *SCENE],
                                        shows=focal("fy", 50), may={"fx", "cx", "cy"}),
    "camera.lens.intrinsics.cx": Change("12.0", IMAGES | {"cx"}, base=[*INTRINSICS, *SCENE],
                                        shows=principal_point(12, 12)),
    "camera.lens.intrinsics.cy": Change("9.0", IMAGES | {"cy"}, base=[*INTRINSICS, *SCENE],
                                        shows=principal_point(16, 9)),
    "camera.dof.use": Change("true", COLOR, base=BLUR[1:]),
    "camera.dof.fstop": Change("0.5", COLOR, base=BLUR),
    "camera.jitter.target": Change("0.3", MOVED, base=SCENE, shows=looks_beside),
    "camera.jitter.roll": Change("'pi'", MOVED, base=SCENE, shows=rolled),
    "camera.stereo.use": Change("true", MOVED, views=2, shows=a_pair),
    "camera.stereo.baseline": Change("0.1", MOVED, base=["camera.stereo.use=true"], views=2,
                                     shows=baseline(2)),
    "camera.checks.outside_geometry": Change("false", MOVED | {"rejected"}, base=CLOSE, views=6,
                                             shows=rejects(INSIDE, before=True)),
    "camera.checks.margin": Change("0.3", MOVED | {"rejected"}, base=CLOSE, views=6,
                                   shows=rejects(NEAR, before=False)),
    "camera.checks.min_coverage": Change("0.15", MOVED | {"rejected"}, base=location("random",
                                         f"{L}random.r_max=4.0"), views=4,
                                         shows=all_cover(0.15)),
    "camera.checks.max_cut_off": Change("0.0", MOVED | {"rejected"}, base=location("random",
                                        f"{L}random.r_min=0.6"), views=4, shows=less_cut_off),
    "camera.checks.attempts": Message(
        "1", "", r"camera\.location: no pose for view . in 1 draw: once inside geometry; widen "
        r"camera\.location\.random, or relax camera\.checks", base=CLOSE,
    ),
}  # fmt: skip
