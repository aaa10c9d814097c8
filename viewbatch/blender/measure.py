"""What is rendered: the evaluated meshes, read from the depsgraph that Cycles gets.

Modifiers with their render settings and instances are applied, and what is hidden from
rendering is not there, so bounds and object ids belong to the very geometry of the images.
Displacement by a material and hair are made by Cycles itself, and are not in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Bounds, bounds_of_point_sets, transform_points
from viewbatch.geometry.transforms import Array
from viewbatch.plugin import SceneMesh

_NAME, _KEY, _MATRIX = "viewbatch.name", "viewbatch.key", "viewbatch.matrix"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One rendered instance of an object's mesh."""

    source: Any
    """The object in the file, the same for all of its instances."""
    world_from_object: Array
    points: npt.NDArray[np.float32]
    """(n, 3) the vertices that faces use, in the object's frame."""
    area_along_axes: Array
    """(3,) areas of all faces as seen along x, y and z of the object's frame, summed."""
    materials: tuple[Any, ...] = ()
    """The materials in the file that faces have, in the order of their slots."""

    @property
    def name(self) -> str:
        """The object's name; of two objects of one name, one is linked from another file."""
        return str(self.source.get(_NAME, self.source.name))

    @property
    def key(self) -> str:
        """The same for all pieces of one object of the file."""
        return str(self.source.get(_KEY, self.source.as_pointer()))

    @property
    def original_matrix(self) -> Array:
        """(4, 4) `world_from_object` of the object in the file, before it was copied."""
        kept = self.source.get(_MATRIX)
        return self.world_from_object if kept is None else np.array(kept).reshape(4, 4)

    @property
    def largest_area(self) -> float:
        """What the area of all faces in world is at most; 0 where it is 0."""
        x, y, z = self.world_from_object[:3, :3].T
        scales = np.linalg.norm([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=1)
        return float(scales @ self.area_along_axes)

    @staticmethod
    def remember(copy: Any, original: Any, world_from_object: Array) -> None:
        """Make the pieces of a copied object those of the original."""
        copy[_NAME] = original.name
        copy[_KEY] = str(original.as_pointer())
        copy[_MATRIX] = world_from_object.ravel().tolist()

    @property
    def points_in_world(self) -> Array:
        """(n, 3) the same in world, float64."""
        return transform_points(self.world_from_object, self.points)


class _Points:
    """The vertices of pieces in world, made anew in each iteration: no copy of all is kept."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[Array]:
        return (piece.points_in_world for piece in self._pieces)


def bounds_of(pieces: Iterable[Piece]) -> Bounds | None:
    """Bounds in world of all pieces; None where there is none."""
    return bounds_of_point_sets(_Points(list(pieces)))


def boxes_of(pieces: Sequence[Piece]) -> Array:
    """(n, 2, 3) minimum and maximum in world of each piece."""
    return np.array([(p.min(axis=0), p.max(axis=0)) for p in _Points(pieces)])


def rendered_instances(depsgraph: Any) -> Iterator[Any]:
    """Every instance of a mesh that the camera can see.

    What curves, surfaces, texts and metaballs are evaluated to are instances of meshes too.
    """
    for instance in depsgraph.object_instances:
        if (
            instance.object.type == "MESH"
            and instance.show_self
            and instance.object.visible_camera
            and (instance.parent is None or instance.parent.visible_camera)
        ):
            yield instance


def read_pieces(depsgraph: Any) -> list[Piece]:
    """Every instance of a mesh that the camera can see, by name.

    Must run while the depsgraph is alive; the result holds copies.
    """
    cache: dict[int, tuple[npt.NDArray[np.float32], Array, npt.NDArray[np.int32]]] = {}
    pieces = []
    for instance in rendered_instances(depsgraph):
        evaluated = instance.object
        key = evaluated.data.as_pointer()
        if key not in cache:
            faces = _read_faces(evaluated)
            cache[key] = faces.points, _area_along_axes(faces), faces.slots
        points, area_along_axes, slots = cache[key]
        if len(points):
            pieces.append(
                Piece(
                    source=evaluated.original,
                    world_from_object=np.array(instance.matrix_world, dtype=np.float64),
                    points=points,
                    area_along_axes=area_along_axes,
                    materials=_materials(evaluated, slots),
                )
            )
    return sorted(pieces, key=lambda piece: (piece.name, piece.source.name_full))


def read_mesh(depsgraph: Any, ids: Collection[int]) -> SceneMesh:
    """The geometry of the objects with one of these ids, every instance of them.

    Must run while the depsgraph is alive; the result holds copies.
    """
    cache: dict[int, _Faces] = {}
    vertices, triangles, object_ids = [np.empty((0, 3))], [], []
    count = 0
    for instance in rendered_instances(depsgraph):
        evaluated = instance.object
        if evaluated.pass_index not in ids:
            continue
        key = evaluated.data.as_pointer()
        if key not in cache:
            cache[key] = _read_faces(evaluated)
        points, corners, _ = cache[key]
        world_from_object = np.array(instance.matrix_world, dtype=np.float64)
        if np.linalg.det(world_from_object[:3, :3]) < 0:
            # A mirror image turns the other way round.
            corners = corners[:, ::-1]
        vertices.append(transform_points(world_from_object, points))
        triangles.append(corners.astype(np.int64) + count)
        object_ids.append(np.full(len(corners), evaluated.pass_index, dtype=np.uint32))
        count += len(points)
    return SceneMesh(
        vertices=np.concatenate(vertices),
        triangles=np.concatenate([np.empty((0, 3), dtype=np.int64), *triangles]),
        object_ids=np.concatenate([np.empty(0, dtype=np.uint32), *object_ids]),
    )


class _Faces(NamedTuple):
    """The faces of an evaluated object, in its own frame."""

    points: npt.NDArray[np.float32]
    """(n, 3) the vertices that belong to some face."""
    triangles: npt.NDArray[np.int32]
    """(m, 3) indices of them: the triangles that faces are cut into for rendering,
    counter-clockwise seen from where they face."""
    slots: npt.NDArray[np.int32]
    """The numbers of the slots of their materials, each once."""


def _read_faces(evaluated: Any) -> _Faces:
    mesh = evaluated.data
    if len(mesh.polygons) == 0:
        none = np.empty((0, 3), dtype=np.int32)
        return _Faces(none.astype(np.float32), none, none[:, 0])
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    mesh.calc_loop_triangles()
    corners = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    used = np.zeros(len(points) // 3, dtype=bool)
    used[corners] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    slots = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    return _Faces(points.reshape(-1, 3)[used], number[corners].reshape(-1, 3), np.unique(slots))


def _area_along_axes(faces: _Faces) -> Array:
    """(3,) for `Piece`."""
    total = np.zeros(3)
    # In blocks, so that millions of triangles need little memory.
    for start in range(0, len(faces.triangles), 1 << 16):
        a, b, c = faces.points[faces.triangles[start : start + (1 << 16)].T].astype(np.float64)
        total += np.abs(np.cross(b - a, c - a)).sum(axis=0) / 2
    return total


def _materials(evaluated: Any, slots: npt.NDArray[np.int32]) -> tuple[Any, ...]:
    """The materials of slots in the file; a number beyond the last slot means the last."""
    there = [slot.material for slot in evaluated.material_slots]
    if not there:
        return ()
    found = [there[min(int(slot), len(there) - 1)] for slot in slots]
    return tuple(dict.fromkeys(material.original for material in found if material is not None))
