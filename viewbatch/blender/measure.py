"""What is rendered: the evaluated meshes, read from the depsgraph that Cycles gets.

Modifiers with their render settings and instances are applied, and what is hidden from
rendering is not there, so bounds and object ids belong to the very geometry of the images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Bounds, bounds_of_point_sets, transform_points
from viewbatch.geometry.transforms import Array

_MESH_LIKE = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One rendered instance of an object's mesh."""

    source: Any
    """The object in the file, the same for all of its instances."""
    world_from_object: Array
    points: npt.NDArray[np.float32]
    """(n, 3) the vertices that faces use, in the object's frame."""

    @property
    def name(self) -> str:
        """The object's name; of two objects of one name, one is linked from another file."""
        return str(self.source.name)

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


def read_pieces(depsgraph: Any) -> list[Piece]:
    """Every instance of a mesh that the camera can see, by name.

    Must run while the depsgraph is alive; the result holds copies.
    """
    cache: dict[int, npt.NDArray[np.float32]] = {}
    pieces = []
    for instance in depsgraph.object_instances:
        evaluated = instance.object
        if (
            evaluated.type not in _MESH_LIKE
            or not instance.show_self
            or not evaluated.visible_camera
            or not (instance.parent is None or instance.parent.visible_camera)
        ):
            continue
        key = evaluated.data.as_pointer()
        if key not in cache:
            cache[key] = _face_points(evaluated)
        if len(cache[key]):
            pieces.append(
                Piece(
                    source=evaluated.original,
                    world_from_object=np.array(instance.matrix_world, dtype=np.float64),
                    points=cache[key],
                )
            )
    return sorted(pieces, key=lambda piece: (piece.name, piece.source.name_full))


def _face_points(evaluated: Any) -> npt.NDArray[np.float32]:
    """(n, 3) vertices of an evaluated object that belong to some face."""
    is_mesh = evaluated.type == "MESH"
    mesh = evaluated.data if is_mesh else evaluated.to_mesh()
    if mesh is None or len(mesh.polygons) == 0:
        return np.empty((0, 3), dtype=np.float32)
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    used = np.zeros(len(mesh.vertices), dtype=bool)
    used[corners] = True
    if not is_mesh:
        evaluated.to_mesh_clear()
    face_points: npt.NDArray[np.float32] = points.reshape(-1, 3)[used]
    return face_points
