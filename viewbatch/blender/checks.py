"""Whether a camera may stand where it was drawn: rays against the evaluated meshes.

A camera outside of every object's box needs no ray, so a default run builds no trees.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from mathutils import Matrix, Vector
from mathutils.bvhtree import BVHTree

from viewbatch.blender.measure import rendered_instances
from viewbatch.config.camera import ChecksConfig
from viewbatch.geometry import Bounds, Camera, transform_points
from viewbatch.geometry.transforms import Array, Vector3

INSIDE = "inside geometry"
NEAR = "a surface nearer than the margin"
SMALL = "too little of the target in the frame"
CUT_OFF = "too much of the target outside of the frame"

GRID = 48
"""Rays along the longer side of a frame whose content is estimated."""

# Directions that are parallel to no edge of a usual model.
_DIRECTIONS = [
    Vector((x + 0.0137, y + 0.0291, z - 0.0173)).normalized()
    for x, y, z in itertools.product((-1.0, 0.0, 1.0), repeat=3)
    if (x, y, z) != (0, 0, 0)
]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One rendered instance of an object."""

    tree: Any
    """In the object's frame."""
    world_from_object: Matrix
    object_from_world: Matrix
    minimum: Array
    maximum: Array
    """(3,) the box in world."""
    is_target: bool

    def hit(self, origin: Vector, direction: Vector) -> float | None:
        """Distance along a unit direction in world to the first hit; None without one."""
        start = self.object_from_world @ origin
        towards = self.object_from_world.to_3x3() @ direction
        location = self.tree.ray_cast(start, towards)[0]
        if location is None:
            return None
        return float((self.world_from_object @ location - origin).length)

    def encloses(self, point: Vector) -> bool:
        """Whether a point is inside of a closed surface: most rays cross it an odd number of times.

        Independent of which way the faces turn. A few directions may fail at a seam.
        """
        odd = sum(self._crossings(point, direction) % 2 for direction in _DIRECTIONS)
        return odd > 0.9 * len(_DIRECTIONS)

    def _crossings(self, point: Vector, direction: Vector) -> int:
        step = 1e-5 * float(np.max(self.maximum - self.minimum))
        count, origin = 0, point.copy()
        while count < 1000 and (distance := self.hit(origin, direction)) is not None:
            count += 1
            origin = origin + (distance + step) * direction
        return count

    def distance(self, point: Vector, limit: float) -> float:
        """Distance to the surface, where it is below a limit."""
        start = self.object_from_world @ point
        reach = limit * max(self.object_from_world.to_scale())
        location = self.tree.find_nearest(start, reach)[0]
        if location is None:
            return math.inf
        return float((self.world_from_object @ location - point).length)


def read_surfaces(depsgraph: Any, target_ids: Collection[int]) -> list[Surface]:
    """Every rendered instance of a mesh; targets are those of objects with one of these ids."""
    trees: dict[int, Any] = {}
    surfaces = []
    for instance in rendered_instances(depsgraph):
        evaluated = instance.object
        if len(evaluated.data.polygons) == 0:
            continue
        matrix = instance.matrix_world.copy()
        corners = np.array([matrix @ Vector(corner) for corner in evaluated.bound_box])
        if _keeps_shapes(matrix):
            key = evaluated.data.as_pointer()
            if key not in trees:
                trees[key] = BVHTree.FromObject(evaluated, depsgraph)
            tree = trees[key]
        else:
            # What is nearest in a stretched frame is not what is nearest in world.
            tree, matrix = _tree_in_world(evaluated.data, matrix), Matrix()
        surfaces.append(
            Surface(
                tree=tree,
                world_from_object=matrix,
                object_from_world=matrix.inverted(),
                minimum=corners.min(axis=0),
                maximum=corners.max(axis=0),
                is_target=evaluated.pass_index in target_ids,
            )
        )
    return surfaces


def _keeps_shapes(matrix: Matrix) -> bool:
    """Whether a matrix turns, moves and scales alike in all directions."""
    linear = np.array(matrix)[:3, :3]
    gram = linear.T @ linear
    return bool(gram[0, 0] > 0 and np.abs(gram / gram[0, 0] - np.eye(3)).max() < 1e-4)


def _tree_in_world(mesh: Any, matrix: Matrix) -> Any:
    points = [matrix @ vertex.co for vertex in mesh.vertices]
    return BVHTree.FromPolygons(points, [tuple(p.vertices) for p in mesh.polygons])


class PoseChecks:
    """Judges cameras in the frame that is rendered."""

    def __init__(
        self,
        config: ChecksConfig,
        surfaces: Sequence[Surface],
        bounds: Bounds,
        allowed_inside: tuple[Array, Array] | None,
    ) -> None:
        """`allowed_inside` is a box in which cameras are drawn: an object that encloses it is the
        room itself, and may hold the camera.
        """
        self._config = config
        self._surfaces = surfaces
        self._margin_m = config.margin * bounds.radius
        self._corners = np.array(
            list(itertools.product(*zip(bounds.minimum, bounds.maximum, strict=True)))
        )
        self._solid = [
            surface
            for surface in surfaces
            if allowed_inside is None or not _encloses_box(surface, *allowed_inside)
        ]

    def reason(self, camera: Camera) -> str | None:
        """Why a camera may not stand there; None where it may."""
        config = self._config
        eye = Vector(camera.center_in_world)
        if config.outside_geometry and any(s.encloses(eye) for s in self._within_reach(eye, 0.0)):
            return INSIDE
        if any(
            surface.distance(eye, self._margin_m) < self._margin_m
            for surface in _near(self._surfaces, eye, self._margin_m)
        ):
            return NEAR
        if config.min_coverage > 0 and self.coverage(camera) < config.min_coverage:
            return SMALL
        if config.max_cut_off < 1 and self.cut_off(camera) > config.max_cut_off:
            return CUT_OFF
        return None

    def _within_reach(self, eye: Vector, reach_m: float) -> Iterator[Surface]:
        return _near(self._solid, eye, reach_m)

    def coverage(self, camera: Camera) -> float:
        """Share of the frame, 0 to 1, where a target is the first surface; from a grid of rays."""
        k = camera.intrinsics
        pixels = _grid((0.0, 0.0), (k.width, k.height))
        hits = self._target_hits(camera, pixels, occluded=True)
        return float(np.count_nonzero(hits)) / len(pixels)

    def cut_off(self, camera: Camera) -> float:
        """Share of the target's outline, 0 to 1, that lies outside of the frame.

        What is behind others counts. Of a target that reaches behind the camera, what lies
        within five frames' widths of the frame is looked at.
        """
        k = camera.intrinsics
        in_cam = transform_points(camera.cam_from_world, self._corners)
        low, high = np.array([-5.0, -5.0]) * k.width, np.array([6.0, 6.0]) * k.width
        if in_cam[:, 2].min() > 0:
            projected = k.project(in_cam)
            low, high = projected.min(axis=0), projected.max(axis=0)
        pixels = _grid((float(low[0]), float(low[1])), (float(high[0]), float(high[1])))
        hits = pixels[self._target_hits(camera, pixels, occluded=False)]
        if len(hits) == 0:
            return 1.0
        inside = np.all((hits >= 0) & (hits < (k.width, k.height)), axis=1)
        return 1.0 - float(np.count_nonzero(inside)) / len(hits)

    def _target_hits(
        self, camera: Camera, pixels: Array, *, occluded: bool
    ) -> npt.NDArray[np.bool_]:
        """(n,) whether the ray through each of (n, 2) pixels meets a target (first)."""
        eye = Vector(camera.center_in_world)
        directions = camera.intrinsics.rays(pixels) @ camera.cam_from_world[:3, :3]
        surfaces = self._surfaces if occluded else [s for s in self._surfaces if s.is_target]
        nearest = np.full(len(pixels), np.inf)
        is_target = np.zeros(len(pixels), dtype=bool)
        for surface in surfaces:
            for i in np.flatnonzero(_meets_box(np.array(eye), directions, surface)):
                distance = surface.hit(eye, Vector(directions[i]).normalized())
                if distance is not None and distance < nearest[i]:
                    nearest[i], is_target[i] = distance, surface.is_target
        return is_target


def _encloses_box(surface: Surface, low: Array, high: Array) -> bool:
    """Whether a box is inside of a closed surface; between thick walls it is not."""
    if np.any(surface.minimum > low) or np.any(surface.maximum < high):
        return False
    return surface.encloses(Vector((low + high) / 2))


def _near(surfaces: Sequence[Surface], point: Vector, reach_m: float) -> Iterator[Surface]:
    """The surfaces whose box, widened by `reach_m`, holds a point."""
    p = np.array(point)
    for surface in surfaces:
        if np.all(p >= surface.minimum - reach_m) and np.all(p <= surface.maximum + reach_m):
            yield surface


def _grid(low: Sequence[float], high: Sequence[float]) -> Array:
    """(n, 2) centres of a grid of about square cells over a rectangle."""
    width, height = high[0] - low[0], high[1] - low[1]
    cell = max(width, height) / GRID
    columns = max(1, round(width / cell)) if cell > 0 else 1
    rows = max(1, round(height / cell)) if cell > 0 else 1
    u = low[0] + (np.arange(columns) + 0.5) * width / columns
    v = low[1] + (np.arange(rows) + 0.5) * height / rows
    pixels: Array = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    return pixels


def _meets_box(eye: Array, directions: Array, surface: Surface) -> npt.NDArray[np.bool_]:
    """(n,) whether rays from the eye meet a surface's box (slabs)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (surface.minimum - eye) / directions
        second = (surface.maximum - eye) / directions
    enter = np.nanmax(np.minimum(first, second), axis=1)
    leave = np.nanmin(np.maximum(first, second), axis=1)
    return np.asarray((leave >= enter) & (leave >= 0))


def certainly_free(eye: Vector3, boxes: Array, margin_m: float) -> bool:
    """Whether a point is farther than a margin from all of (n, 2, 3) boxes."""
    low, high = boxes[:, 0] - margin_m, boxes[:, 1] + margin_m
    return not bool(np.any(np.all((low <= eye) & (eye <= high), axis=1)))
