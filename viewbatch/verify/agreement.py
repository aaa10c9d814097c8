"""Do the maps of a view agree with each other, and with its record, in every pixel?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import Dataset, View, layout
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

NORMAL_LENGTH_LIMIT = 2e-3
"""Half floats have 11 bits: three components of a unit vector, each off by 2**-12 at most, change
its length by less than 5e-4."""

NORMAL_ANGLE_LIMIT_DEG = 45.0
"""Median angle between the normals and those of the depth map's own surface. Smooth shading,
creases, and details of a few pixels change some normals (33 degrees were seen in an image of
160x120); a wrong frame or a flipped axis changes all (by 60 degrees and more in the median)."""

POSITION_LIMIT_PX = 0.01
"""How far 99 % of the positions may land from their pixels. Float32 gives 1e-6 of the image's
width, and more at grazing angles."""

HEADER_LIMIT = 1e-6
"""How far a pose in float32 may be from the same in float64, relative above 1; rounding is 6e-8."""

EDGE_PX = 2
"""Anti-aliasing mixes colours across outlines as far as this."""

CLEAR_LIMIT = 0.1
"""Share of the pixels inside of objects that may be clear: holes thinner than a pixel."""

OPAQUE_LIMIT = 0.02
"""Share of the pixels away from surfaces that may not be clear: wires and hair thinner than a
pixel, which the centre's single sample misses and the colour's many do not."""

FEW = 10
"""Pixels that are not worth a word in an image of any size."""

Bools = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Two things that a view says, of which one is wrong."""

    what: str
    """As it stands in a sentence after `in view 3`."""


def check_view(
    dataset: Dataset, view: View, levels: Levels | None, *, sharp: bool
) -> Iterator[Disagreement]:
    """All that a view says twice.

    `levels` is the colour image, (H, W, 3 or 4), where it can be read; `sharp` is whether the
    lens was without blur, since a blurred outline has no place of its own.
    """
    depth = np.asarray(view.read("depth"), dtype=np.float64)
    k = view.camera.intrinsics
    if not has_depth_map(view, depth):
        channels = "" if depth.ndim == 2 else f" of {depth.shape[2]} channels"
        yield Disagreement(
            what=f"the depth map has {depth.shape[1]}x{depth.shape[0]} pixels{channels}, and the "
            f"record says {k.width}x{k.height}"
        )
        return
    if not np.isfinite(depth).all() or (depth < 0).any():
        yield Disagreement(what="the depth map holds negative or infinite depths")
        depth = proper_depth(depth)
    there = depth > 0
    yield from _record(view, depth)
    yield from _headers(view)
    ids = np.asarray(view.read("mask")) if "mask" in view.kinds else None
    if ids is not None:
        yield from _ids(dataset, view, ids, there)
    if "normal" in view.kinds:
        yield from _normals(view, np.asarray(view.read("normal"), dtype=np.float64), depth)
    if "position" in view.kinds:
        position = np.asarray(view.read("position"), dtype=np.float64)
        yield from _positions(view, position + dataset.record.model.offset_m, there)
    if "distance" in view.kinds:
        rays = np.linalg.norm(k.rays(), axis=-1)
        distance = np.asarray(view.read("distance"), dtype=np.float64)
        wrong = np.abs(distance - depth * rays) > 1e-5 * depth * rays
        if wrong.any():
            yield Disagreement(what=f"depth and distance differ {_in(wrong)}")
    if levels is not None and levels.shape[-1] == 4 and ids is not None and sharp:
        yield from _alpha(levels[..., 3], ids, there)


def has_depth_map(view: View, depth: npt.NDArray[np.generic]) -> bool:
    """Whether an array has the size that the record tells, and one channel."""
    k = view.camera.intrinsics
    return depth.shape == (k.height, k.width)


def proper_depth(depth_m: Array) -> Array:
    """The same map with 0 for what is no depth."""
    return np.where(np.isfinite(depth_m) & (depth_m > 0), depth_m, 0.0)


def _in(wrong: Bools) -> str:
    count = int(np.count_nonzero(wrong))
    return "in 1 pixel" if count == 1 else f"in {count} pixels"


def _headers(view: View) -> Iterator[Disagreement]:
    """The pose in the header of each map, which is in float32, against that of the record."""
    told = view.camera.cam_from_world
    for kind in view.kinds:
        if kind == layout.RENDER or view.path(kind).suffix != ".exr":
            continue
        try:
            difference = np.abs(view.header(kind).cam_from_world - told)
        except DatasetError:
            yield Disagreement(
                what=f"the header of the {kind} map does not tell what it holds and from where"
            )
            continue
        if not (difference <= HEADER_LIMIT * np.maximum(1.0, np.abs(told))).all():
            yield Disagreement(
                what=f"the header of the {kind} map has another pose than the record"
            )


def _record(view: View, depth: Array) -> Iterator[Disagreement]:
    there = depth[depth > 0]
    range_m = (float(there.min()), float(there.max())) if len(there) else None
    told = view.record.depth_range_m
    same = told == range_m or (
        told is not None and range_m is not None and np.allclose(told, range_m, rtol=1e-6, atol=0)
    )
    if not same:
        yield Disagreement(what="the record's depth range is not that of the map")


def _ids(
    dataset: Dataset, view: View, ids: npt.NDArray[np.generic], there: Bools
) -> Iterator[Disagreement]:
    values = np.asarray(ids, dtype=np.int64)
    floating = (values > 0) & ~there
    if floating.any():
        yield Disagreement(what=f"the mask has an object without depth {_in(floating)}")
    # The ground, where masks show it, covers nothing of the frame.
    covered = (values > 0) & (values != dataset.record.ground_id)
    binary_with_ground = dataset.record.ground_id and _is_binary(view)
    if not binary_with_ground and abs(covered.mean() - view.record.coverage) > 1e-6:
        yield Disagreement(what="the record's covered share of the frame is not that of the mask")
    known = {entry.id for entry in dataset.record.objects}
    unknown = sorted(set(np.unique(values).tolist()) - known - {0})
    if unknown and not _is_binary(view):
        yield Disagreement(what=f"the mask has the id {unknown[0]}, which dataset.json does not")
    if "semantic" in view.kinds and not _is_binary(view):
        number = {name: i for i, name in enumerate(dataset.record.categories, start=1)}
        table = np.zeros(max([*known, int(values.max())]) + 1, dtype=np.int64)
        for entry in dataset.record.objects:
            table[entry.id] = number.get(entry.category, 0)
        wrong = table[values] != np.asarray(view.read("semantic"), dtype=np.int64)
        if wrong.any():
            yield Disagreement(what=f"mask and semantic disagree {_in(wrong)}")


def _is_binary(view: View) -> bool:
    """Whether the mask holds 1 for every object."""
    return "binary" in _quantity(view, "mask")


def _quantity(view: View, kind: str) -> str:
    """What a map holds by its header; "" where that does not tell, which is a finding itself."""
    try:
        return view.header(kind).quantity
    except DatasetError:
        return ""


def _normals(view: View, normals: Array, depth: Array) -> Iterator[Disagreement]:
    # What is no number is no normal either.
    normals = np.where(np.isfinite(normals), normals, 0.0)
    length = np.linalg.norm(normals, axis=-1)
    wrong = (length > 0) != (depth > 0)
    if wrong.any():
        yield Disagreement(what=f"only one of normal and depth has a surface {_in(wrong)}")
    long = (length > 0) & (np.abs(length - 1) > NORMAL_LENGTH_LIMIT)
    if long.any():
        yield Disagreement(what=f"normals are not of unit length {_in(long)}")
    in_cam = normals
    # "" is the default of plugins.normal.frame.
    if not _quantity(view, "normal").endswith("cam"):
        in_cam = normals @ view.camera.cam_from_world[:3, :3].T
    points = view.camera.intrinsics.unproject(depth)
    across, down = points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1]
    surface = np.cross(down, across)  # towards the camera
    size = np.linalg.norm(surface, axis=-1)
    around = depth > 0
    whole = around[1:-1, 2:] & around[1:-1, :-2] & around[2:, 1:-1] & around[:-2, 1:-1]
    whole &= (length[1:-1, 1:-1] > 0) & (size > 0)
    if not whole.any():
        return
    cosine = (surface * in_cam[1:-1, 1:-1]).sum(axis=-1)[whole] / size[whole]
    angle = float(np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    if angle > NORMAL_ANGLE_LIMIT_DEG:
        yield Disagreement(
            what=f"the normals are not those of the surface that the depth map shows: their "
            f"median angle is {angle:.0f} degrees (limit {NORMAL_ANGLE_LIMIT_DEG:.0f})"
        )


def _positions(view: View, position: Array, there: Bools) -> Iterator[Disagreement]:
    found, z = view.camera.project(position[there])
    wanted = view.camera.intrinsics.pixel_centers()[there]
    if not len(wanted):
        return
    errors = np.linalg.norm(found - wanted, axis=-1)
    worst = float(np.quantile(np.where(z > 0, errors, np.inf), 0.99, method="higher"))
    limit = POSITION_LIMIT_PX * max(1.0, view.camera.intrinsics.width / 512)
    if worst > limit:
        yield Disagreement(
            what=f"the positions do not project to their pixels: 1 % of them are more than "
            f"{worst:.2f} px off (limit {limit:.2f} px)"
        )


def _alpha(alpha: Levels, ids: npt.NDArray[np.generic], there: Bools) -> Iterator[Disagreement]:
    covered = ids != 0
    inside, outside = _eroded(covered), _eroded(~there)
    for wrong, region, limit, what in (
        (inside & (alpha == 0), inside, CLEAR_LIMIT, "clear where the mask has an object"),
        (outside & (alpha > 0), outside, OPAQUE_LIMIT, "not clear where there is no surface"),
    ):
        if np.count_nonzero(wrong) > max(FEW, limit * np.count_nonzero(region)):
            yield Disagreement(
                what=f"the colour image is {what}, {_in(wrong)} more than {EDGE_PX} px from an "
                "outline"
            )


def _eroded(region: Bools) -> Bools:
    """What is more than `EDGE_PX` inside a region, to all sides; the frame is no border."""
    result = region
    for axis in (0, 1):
        rows = np.pad(np.moveaxis(result, axis, 0), ((EDGE_PX, EDGE_PX), (0, 0)), mode="edge")
        count = len(rows) - 2 * EDGE_PX
        shifted = [rows[start : start + count] for start in range(2 * EDGE_PX + 1)]
        result = np.moveaxis(np.logical_and.reduce(shifted), 0, axis)
    return result
