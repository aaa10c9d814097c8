"""Keys of [model], [objects], [materials] and [ground]: what changes with them, and how."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.blender.keys.effects import Show, lights_up
from tests.blender.keys.readings import brightness, ground, light, near, on_body, seen
from tests.blender.keys.rows import COLOR, IMAGES, MOVED, PLACED, POSE, Change, Row
from tests.blender.keys.settings import SCENE
from viewbatch.dataset import Dataset


def moved_up(a: Dataset, b: Dataset) -> None:
    heights = [d.record.objects[1].world_from_object[2, 3] for d in (a, b)]
    near(heights, (0, 10))


def unit_sphere(_: Dataset, b: Dataset) -> None:
    near(b.record.bounds.center, (0, 0, 0))
    near(b.record.bounds.radius, 1)


def x_is_up(_: Dataset, b: Dataset) -> None:
    near(b.record.model.world_from_model[:3, 0], (0, 0, 1))


def twice_the_size(a: Dataset, b: Dataset) -> None:
    near(b.record.bounds.radius, 2 * a.record.bounds.radius)
    near(
        seen(b, "depth")[seen(b, "depth") > 0].min(),
        2 * seen(a, "depth")[seen(a, "depth") > 0].min(),
        1e-3,
    )


def red_world(_: Dataset, b: Dataset) -> None:
    near(light(b)[0, 0], (1, 0, 0))


def without_wheel(a: Dataset, b: Dataset) -> None:
    assert [[o.name for o in d.record.objects] for d in (a, b)] == [["body", "wheel"], ["body"]]
    assert set(np.unique(seen(b, "mask"))) == {0, 1}


def round_wheel(_: Dataset, b: Dataset) -> None:
    assert [o.category for o in b.record.objects] == ["object", "round"]
    assert b.record.categories == ("round", "object")
    # Of the category "object", which was the first and is now the second.
    assert (on_body(b, "semantic") == 2).all()


def albedo_is(*color: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        pixels = on_body(b, "albedo")
        near(pixels, np.broadcast_to(color, pixels.shape), 1e-3)

    return show


def ground_is(*color: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        pixels = seen(b, "albedo")[ground(b)]
        near(pixels, np.broadcast_to(color, pixels.shape), 1e-3)

    return show


def ground_appears(a: Dataset, b: Dataset) -> None:
    assert (ground(a).any(), ground(b).any()) == (False, True)
    near(seen(b, "normal")[ground(b)], [(0, 0, 1)] * ground(b).sum())


def less_ground(a: Dataset, b: Dataset) -> None:
    assert 0 < ground(b).sum() < ground(a).sum()


def two_colors(expected: Sequence[float]) -> Show:
    """Of the checkerboard, in all pixels and in exactly two values."""

    def show(_: Dataset, b: Dataset) -> None:
        found = np.unique(seen(b, "albedo")[ground(b)][:, 0])
        near(found, sorted(expected), 1e-3)

    return show


def ground_has_an_id(a: Dataset, b: Dataset) -> None:
    assert (seen(b, "mask")[ground(a)] == 3).all()
    assert (b.record.objects[2].name, b.record.categories) == ("ground", ("object", "ground"))


DARK = ("world.strength=0.0", 'light.mode="none"')
GROUND = ('ground.mode="plane"', "ground.size=8")
CHECKERS = (*GROUND, 'ground.pattern="checkerboard"')

ROWS: dict[str, Row] = {
    "seed": Change("7", MOVED | {"seed"}),
    # [model]
    "model.frame": Change("11", PLACED, model="moving", shows=moved_up),
    "model.normalize": Change(
        '"unit_sphere"', {"model", "bounds", "objects", *POSE, "depth"},
        shows=unit_sphere, may=IMAGES
    ),
    "model.up_axis": Change('"x"', PLACED | {"model"}, shows=x_is_up),
    "model.scale": Change(
        "2.0", {"model", "bounds", "objects", *POSE, "depth"}, shows=twice_the_size, may=IMAGES
    ),
    "model.keep_lights": Change(
        "true", COLOR, base=[*DARK, *SCENE], model="furnished", shows=lights_up(brightness)
    ),
    "model.keep_world": Change("true", COLOR, model="furnished", shows=red_world),
    # [objects]
    "objects.exclude_pattern": Change(
        '"whe+l"', PLACED, shows=without_wheel, may={"materials"}
    ),
    "objects.categories": Change(
        '{ round = "^wheel$" }', {"objects", "categories", "semantic"}, shows=round_wheel,
        base=['plugins.enabled=["semantic", "mask"]'],
    ),
    # [materials]
    "materials.color": Change(
        "[0.2, 0.4, 0.8]", COLOR | {"albedo"}, shows=albedo_is(0.2, 0.4, 0.8)
    ),
    "materials.roughness": Change("0.1", COLOR),
    "materials.vertex_colors": Change(
        "false", COLOR | {"albedo", "materials"}, model="colored",
        shows=albedo_is(0.6, 0.6, 0.6)
    ),
    # [ground]
    "ground.mode": Change(
        '"plane"', COLOR | {"depth", "normal", "albedo"}, shows=ground_appears, may={"mask"}
    ),
    "ground.size": Change(
        "2.5", COLOR | {"depth", "normal", "albedo"}, base=GROUND,
        shows=less_ground, may={"mask"}
    ),
    "ground.pattern": Change(
        '"checkerboard"', COLOR | {"albedo"}, base=GROUND, shows=two_colors((0.5, 0.1))
    ),
    "ground.color": Change(
        "[0.1, 0.2, 0.9]", COLOR | {"albedo"}, base=GROUND, shows=ground_is(0.1, 0.2, 0.9)
    ),
    "ground.second_color": Change(
        "[0.8, 0.8, 0.8]", COLOR | {"albedo"}, base=CHECKERS, shows=two_colors((0.5, 0.8))
    ),
    "ground.square_size": Change("0.2", COLOR | {"albedo"}, base=CHECKERS),
    "ground.roughness": Change("0.0", COLOR, base=GROUND),
    "ground.in_masks": Change(
        "true", {"mask", "objects", "categories"}, base=GROUND, shows=ground_has_an_id
    ),
}  # fmt: skip
