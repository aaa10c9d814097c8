"""`point_cloud.ply`: coloured points on the targets, fused from the depth of all views.

Each view leaves candidates, `NNN_points.ply`. At the end those that some view sees through
are dropped, and the rest is thinned to an even cloud.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from viewbatch._decode import AtLeast
from viewbatch.dataset import CameraRecord
from viewbatch.dataset.ply import encode_ply, read_vertices
from viewbatch.geometry import transform_points
from viewbatch.geometry.transforms import Array
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import BatchContext, Plugin, SceneContext, ViewContext

CANDIDATES = 2
"""How many candidates there are for a point that is kept."""


class PointCloud(Plugin):
    """Vertices x y z (world, metres), nx ny nz (world), red green blue (display colours)."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        max_points: Annotated[int, AtLeast(1)]

    config: Config
    passes = frozenset({Pass.DEPTH, Pass.OBJECT_ID, Pass.NORMAL, Pass.COLOR})
    dataset_files = ("point_cloud.ply",)
    requires = ("depth",)

    def on_scene_ready(self, scene: SceneContext) -> None:
        self._offset_m = scene.record.model.offset_m
        self._ground_id = scene.ground_id

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        depth, ids = frame[Pass.DEPTH], frame[Pass.OBJECT_ID]
        on_model = (ids != 0) & (ids != self._ground_id)
        rows, columns = np.nonzero(on_model & (depth > 0))
        chosen = _spread(rows, columns, view.index)[: self._share(view.index + 1)]
        rows, columns = rows[chosen], columns[chosen]
        camera = view.camera.camera
        rays = camera.intrinsics.rays(np.stack([columns, rows], axis=-1) + 0.5)
        points = transform_points(camera.world_from_cam, rays * depth[rows, columns, None])
        colors = view.encode_color(frame[Pass.COLOR])[rows, columns]
        vertices = _vertices(
            "f4", points - self._offset_m, frame[Pass.NORMAL][rows, columns], colors
        )
        comments = ["world minus model.offset_m of dataset.json, metres"]
        view.write_bytes("points", ".ply", encode_ply(vertices, comments=comments))

    def on_batch_finished(self, batch: BatchContext) -> None:
        views = batch.dataset.views
        share = self._share(len(views))
        candidates = np.concatenate(
            [read_vertices(view.path("points"))[:share].copy() for view in views]
        )
        points = np.stack([candidates[axis].astype(np.float64) for axis in "xyz"], axis=-1)
        points += batch.scene.record.model.offset_m
        for view in views:
            kept = ~_seen_through(points, view.record.camera, view.read("depth"))
            candidates, points = candidates[kept], points[kept]
        chosen = _thinned(points, self.config.max_points)
        candidates, points = candidates[chosen], points[chosen]
        normals, colors = (
            np.stack([candidates[name] for name in names], axis=-1) for names in (_NORMAL, _COLOR)
        )
        vertices = _vertices("f8", points, normals, colors)
        batch.write_bytes("point_cloud.ply", encode_ply(vertices, comments=["world, metres"]))

    def _share(self, views: int) -> int:
        """How many candidates each of so many views gives.

        View i, which does not know how many views there will be, writes as many as it would
        in a dataset of i + 1: enough for every dataset that it can be part of. They are in
        such an order that the first ones, however many, are spread evenly.
        """
        return math.ceil(CANDIDATES * self.config.max_points / views)


_NORMAL = ("nx", "ny", "nz")
_COLOR = ("red", "green", "blue")


def _vertices(
    position_type: str,
    points: Array,
    normals: npt.NDArray[np.floating[Any]],
    colors: npt.NDArray[np.uint8],
) -> npt.NDArray[Any]:
    columns: list[tuple[Sequence[str], str, npt.NDArray[Any]]] = [
        (("x", "y", "z"), position_type, points),
        (_NORMAL, "f4", normals),
        (_COLOR, "u1", colors),
    ]
    fields = [(name, kind) for names, kind, _ in columns for name in names]
    vertices = np.empty(len(points), fields)
    for names, _, values in columns:
        for i, name in enumerate(names):
            vertices[name] = values[:, i]
    return vertices


def _spread(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], view: int
) -> npt.NDArray[np.intp]:
    """An order of pixels of which the first n, for every n, are spread evenly.

    Each pixel's rank is its place in the R2 sequence's dither mask, which has no clusters
    (M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018); every
    view shifts it, so that views that show the same surface choose different points.
    """
    rank = (0.7548776662466927 * columns + 0.5698402909980532 * rows + 0.618033988749895 * view) % 1
    return np.argsort(rank, kind="stable")


def _seen_through(
    points: Array, record: CameraRecord, depth: npt.NDArray[np.generic]
) -> npt.NDArray[np.bool_]:
    """Which points (n, 3) in world cannot be there, as a view sees what is behind them.

    In the 3x3 pixels around such a point each shows a surface that is more than a pixel's
    width, at the point's depth, beyond the point, or none. For a plane the nearest of those
    depths is never beyond the point; the pixel's width allows for what is curved. Points
    outside of the clip planes, or without pixel centres on every side, are not judged.
    """
    k = record.camera.intrinsics
    in_cam = transform_points(record.camera.cam_from_world, points)
    z = in_cam[:, 2]
    judged = np.flatnonzero((z > record.near_m) & (z < record.far_m))
    u, v = k.project(in_cam[judged]).T
    inside = (u >= 0.5) & (u <= k.width - 0.5) & (v >= 0.5) & (v <= k.height - 0.5)
    judged = judged[inside]
    rows, columns = v[inside].astype(int), u[inside].astype(int)
    limit = z[judged] * (1 + 1 / min(k.fx, k.fy))
    result = np.zeros(len(points), bool)
    result[judged] = _nearest_around(depth)[rows, columns] > limit
    return result


def _nearest_around(depth: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The nearest depth in the 3x3 pixels around each, infinite where there is no surface."""
    nearest = np.pad(np.where(depth == 0, np.float32(np.inf), depth), 1, constant_values=np.inf)
    for axis in (0, 1):
        before, here, after = (
            np.take(nearest, np.arange(i, nearest.shape[axis] - 2 + i), axis) for i in range(3)
        )
        nearest = np.minimum(np.minimum(before, here), after)
    return nearest


def _thinned(points: Array, maximum: int) -> npt.NDArray[np.intp]:
    """Indices of at most `maximum` points (n, 3), one in each cell of a cubic grid.

    The grid is the finest that has so few occupied cells; of each, the first point is
    taken. Where there are few points, all of them.
    """
    if len(points) <= maximum:
        return np.arange(len(points))
    low = points.min(axis=0)
    # A trace more than the extent, so that a grid of one cell holds every point.
    extent = max(float((points.max(axis=0) - low).max()) * (1 + 1e-9), 1e-300)

    def first_of_cells(exponent: float) -> npt.NDArray[np.intp]:
        x, y, z = np.floor((points - low) * (2.0**exponent / extent)).astype(np.int64).T
        first: npt.NDArray[np.intp] = np.unique((x << 42) + (y << 21) + z, return_index=True)[1]
        return first

    coarse, fine = 0.0, 20.0
    for _ in range(16):
        middle = (coarse + fine) / 2
        if len(first_of_cells(middle)) <= maximum:
            coarse = middle
        else:
            fine = middle
    return np.sort(first_of_cells(coarse))
