"""How a changed key shows in two datasets.

A `Show` is given the dataset that was made without a key, and the one with it, and asserts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image

from tests.blender.key_readings import (
    centers,
    drawn,
    from_target,
    ground,
    intrinsics,
    lamp_places,
    lamps,
    levels,
    light,
    middle,
    near,
    on_body,
    optical_axes,
    seen,
)
from viewbatch.dataset import Dataset
from viewbatch.sampling.plan import TOO_NEAR

Show = Callable[[Dataset, Dataset], Any]


# ---- What rows have in common


def times(factor: float, rel: float = 2e-3) -> Show:
    """All light is multiplied; half floats are exact to 5e-4."""
    return lambda a, b: near(light(b), factor * light(a), rel)


def brighter(a: Dataset, b: Dataset) -> None:
    assert light(b).mean() > 1.02 * light(a).mean()


def darker(a: Dataset, b: Dataset) -> None:
    brighter(b, a)


def radii(*expected: float) -> Show:
    return lambda _, b: near(drawn(b, "radius_m"), expected)


def within(name: str, low: float, high: float) -> Show:
    """Every draw lies in between, and none did before."""

    def show(a: Dataset, b: Dataset) -> None:
        before, after = np.array(drawn(a, name)), np.array(drawn(b, name))
        assert ((after >= low) & (after <= high)).all()
        assert not ((before >= low) & (before <= high)).all()

    return show


# ---- How rows change what they change


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


def frame_of(width: int, height: int) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        k = intrinsics(b)
        assert (k.width, k.height) == (width, height)
        assert levels(b).shape[:2] == seen(b, "depth").shape == (height, width)

    return show


def aspect(fx_by_fy: float) -> Show:
    return lambda _, b: near(intrinsics(b).fx / intrinsics(b).fy, fx_by_fy)


def focal(axis: str, pixels: float) -> Show:
    return lambda _, b: near(getattr(intrinsics(b), axis), pixels)


def clear_background(a: Dataset, b: Dataset) -> None:
    near(light(b)[0, 0], 0)
    assert (levels(a).shape[2], levels(b).shape[2], levels(b)[0, 0, 3]) == (3, 4, 0)


def raw_levels(a: Dataset, b: Dataset) -> None:
    expected = np.rint(255 * np.clip(light(b), 0, 1))
    assert np.abs(levels(b).astype(float) - expected).max() <= 1
    assert (levels(a) >= levels(b)).all()


def one_stop(a: Dataset, b: Dataset) -> None:
    """Where nothing is burnt out: linear light, from its levels, is twice."""
    before, after = (np.mean(levels(d)[0, 0] / 255) for d in (a, b))
    near(((after + 0.055) / 1.055) ** 2.4, 2 * ((before + 0.055) / 1.055) ** 2.4, 0.02)


def image_is(file_format: str, mode: str) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        with Image.open(b.view(0).path("render")) as image:
            assert (image.format, image.mode) == (file_format, mode)

    return show


def sixteen_bits(a: Dataset, b: Dataset) -> None:
    depths = [d.view(0).path("render").read_bytes()[24] for d in (a, b)]
    assert depths == [8, 16]  # PNG (W3C), 11.2.1: the byte after width and height


def smaller_file(a: Dataset, b: Dataset) -> None:
    sizes = [d.view(0).path("render").stat().st_size for d in (a, b)]
    assert sizes[1] < sizes[0]


def same_pixels(a: Dataset, b: Dataset) -> None:
    smaller_file(a, b)
    np.testing.assert_array_equal(levels(a), levels(b))


def same_exr_pixels(a: Dataset, b: Dataset) -> None:
    images = [seen(d, "render") for d in (a, b)]
    np.testing.assert_array_equal(*images)
    with OpenEXR.File(str(b.view(0).path("render"))) as file:
        assert file.header()["compression"] == OpenEXR.NO_COMPRESSION


def recorded(name: str, before: str, after: str) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        assert (getattr(a.record, name), getattr(b.record, name)) == (before, after)

    return show


def reaches(before: float, after: float, where: Callable[[Dataset], float] = middle) -> Show:
    return lambda a, b: near([where(a), where(b)], [before, after], 2e-3)


def lights_up(where: Callable[[Dataset], float] = middle) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        assert (where(a), where(b) > 0.01) == (0, True)

    return show


def goes_out(where: Callable[[Dataset], float] = middle) -> Show:
    return lambda a, b: lights_up(where)(b, a)


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


def distance_along_rays(_: Dataset, b: Dataset) -> None:
    depth, rays = seen(b, "depth"), b.view(0).camera.intrinsics.rays()
    near(seen(b, "distance"), depth * np.linalg.norm(rays, axis=-1), 1e-6)


def ones(a: Dataset, b: Dataset) -> None:
    np.testing.assert_array_equal(seen(b, "mask"), seen(a, "mask") > 0)


def png_of_mask(_: Dataset, b: Dataset) -> None:
    with Image.open(b.view(0).path("mask_png")) as image:
        np.testing.assert_array_equal(np.asarray(image), seen(b, "mask"))


def normals_in_cam(a: Dataset, b: Dataset) -> None:
    rotation = b.view(0).camera.cam_from_world[:3, :3]
    near(seen(b, "normal"), seen(a, "normal") @ rotation.T, 2e-3)


def png_of_normals(_: Dataset, b: Dataset) -> None:
    with Image.open(b.view(0).path("normal_png")) as image:
        decoded = np.asarray(image) / 127.5 - 1
    surface = seen(b, "depth") > 0
    near(decoded[surface], seen(b, "normal")[surface], 6e-3)


def alpha_is_soft(a: Dataset, b: Dataset) -> None:
    values = []
    for dataset in (a, b):
        with Image.open(dataset.view(0).path("masked")) as image:
            values.append(set(np.unique(np.asarray(image)[..., 3])))
    assert values[0] == {0, 255}
    assert len(values[1]) > 2


def voxel_of(size: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        assert float((b.folder / "bounding_box.txt").read_text().split()[-1]) == size

    return show


def points_at_most(number: int) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        counts = []
        for dataset in (a, b):
            header = (dataset.folder / "point_cloud.ply").read_bytes().split(b"end_header")[0]
            counts.append(int(header.split(b"element vertex ")[1].split()[0]))
        assert counts[0] > number >= counts[1] > 0

    return show
