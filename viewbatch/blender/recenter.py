"""Models far from their origin, brought to it for rendering.

Cycles computes in float32, whose numbers are 0.06 apart at a million: there a model of a
metre is rendered with errors of several per cent. So the evaluated meshes are copied, with
the vertices of each about its own middle and its place taken relative to the model's; the
offset, in float64, stays outside of Blender and is added to what is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from viewbatch.blender.measure import Piece
from viewbatch.geometry import Bounds
from viewbatch.geometry.transforms import Array, Vector3

log = logging.getLogger(__name__)

COARSEST = 1e-5
"""Largest spacing of float32 at a model's coordinates, relative to its size."""

_COPIED = (
    "color",
    "is_shadow_catcher",
    "visible_camera",
    "visible_diffuse",
    "visible_glossy",
    "visible_shadow",
    "visible_transmission",
    "visible_volume_scatter",
)
_NOT_COPIED = frozenset({"CURVES", "POINTCLOUD", "VOLUME", "GPENCIL", "GREASEPENCIL"})


def is_far(pieces: Sequence[Piece], bounds: Bounds) -> bool:
    """Whether float32 is too coarse where a model stands, or for its meshes' own coordinates."""
    size = max(bounds.size)
    in_meshes = max(
        float(np.linalg.norm(piece.world_from_object[:3, :3], axis=0).max())
        * float(np.abs(piece.points).max())
        for piece in pieces
    )
    if (step := _spacing(in_meshes)) > COARSEST * size:
        log.warning(
            "the model's vertices lie so far from the origin that Blender reads them in steps "
            "of %.2g m; for exact ones, subtract an offset from the file's coordinates",
            step,
        )
        return True
    return _spacing(max(map(abs, (*bounds.minimum, *bounds.maximum)))) > COARSEST * size


def bake(depsgraph: Any, world_from_model: Array, offset: Vector3) -> list[Any]:
    """Objects of the evaluated meshes and lamps of a depsgraph, in world minus `offset`.

    `world_from_model` is a (4, 4) similarity that is applied in float64. Must run while
    the depsgraph is alive. The objects are in no scene yet, and remember in `Piece` which
    object of the file they come from and where it stood.
    """
    baker = _Baker(world_from_model, offset)
    left_out = set()
    baked = []
    for instance in depsgraph.object_instances:
        evaluated = instance.object
        if evaluated.type == "LIGHT":
            baked.append(baker.lamp(instance))
        elif evaluated.type == "MESH" and instance.show_self and len(evaluated.data.polygons):
            baked.append(baker.mesh(instance))
        if evaluated.type in _NOT_COPIED or _has_hair(evaluated):
            left_out.add(evaluated.original.name)
    if left_out:
        log.warning(
            "the model stands far from its origin, where hair, point clouds and volumes cannot "
            "be rendered exactly; those of %s are left out",
            ", ".join(sorted(left_out)),
        )
    return baked


class _Baker:
    def __init__(self, world_from_model: Array, offset: Vector3) -> None:
        self._world_from_model = world_from_model
        self._offset = np.array(offset)
        self._meshes: dict[int, tuple[Any, Array]] = {}

    def mesh(self, instance: Any) -> Any:
        """A copy of a mesh's instance."""
        evaluated = instance.object
        world_from_object = self._world(instance)
        key = evaluated.data.as_pointer()
        if key not in self._meshes:
            self._meshes[key] = _centred_copy(evaluated.data)
        mesh, middle = self._meshes[key]
        place = world_from_object.copy()
        place[:3, 3] += world_from_object[:3, :3] @ middle - self._offset
        if not _is_made_of_scale_and_turn(place):
            # An object cannot hold a shear, so its mesh does.
            mesh, shear = mesh.copy(), np.eye(4)
            shear[:3, :3], place[:3, :3] = place[:3, :3], np.eye(3)
            mesh.transform(Matrix(shear.tolist()))
            if np.linalg.det(shear) < 0:
                mesh.flip_normals()
        copy = self._object(evaluated.original, mesh, place, world_from_object)
        for name in _COPIED:
            setattr(copy, name, getattr(evaluated.original, name))
        for slot, original in zip(copy.material_slots, evaluated.material_slots, strict=False):
            # What geometry nodes instance has the materials of its own mesh.
            if original.link == "OBJECT" and original.material is not None:
                slot.link = "OBJECT"
                slot.material = original.material.original
        return copy

    def lamp(self, instance: Any) -> Any:
        """A copy of a lamp's instance; it shares the lamp's data."""
        original = instance.object.original
        world_from_object = self._world(instance)
        place = world_from_object.copy()
        place[:3, 3] -= self._offset
        return self._object(original, original.data, place, world_from_object)

    def _world(self, instance: Any) -> Array:
        return self._world_from_model @ _snapped(np.array(instance.matrix_world, dtype=np.float64))

    def _object(self, original: Any, data: Any, place: Array, world_from_object: Array) -> Any:
        copy = bpy.data.objects.new(original.name, data)
        copy.matrix_world = Matrix(place.tolist())
        Piece.remember(copy, original, world_from_object)
        return copy


def _centred_copy(data: Any) -> tuple[Any, Array]:
    """A copy of an evaluated mesh about its own middle, and that (3,) middle in float64."""
    mesh = data.copy()
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    exact = points.reshape(-1, 3).astype(np.float64)
    # A vertex of no face may lie anywhere.
    in_faces = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", in_faces)
    used = exact[in_faces]
    middle = (used.min(axis=0) + used.max(axis=0)) / 2
    mesh.vertices.foreach_set("co", (exact - middle).astype(np.float32).ravel())
    mesh.update()
    return mesh, middle


def _snapped(matrix: Array) -> Array:
    """A matrix whose quarter turns are exact.

    Importers turn axes by a float32 half of pi, whose cosine is not 0: at 4e6 m that is 0.3 m.
    """
    linear = matrix[:3, :3]
    scale = np.linalg.norm(linear, axis=0)
    if np.any(scale == 0):
        return matrix
    turn = linear / scale
    whole = np.rint(turn)
    if np.abs(turn - whole).max() > 1e-6:
        return matrix
    exact = matrix.copy()
    exact[:3, :3] = whole * scale
    return exact


def _is_made_of_scale_and_turn(matrix: Array) -> bool:
    """Whether Blender can hold a matrix as an object's place, which has no shear."""
    wanted = Matrix(matrix.tolist())
    held = np.array(Matrix.LocRotScale(*wanted.decompose()))
    return bool(np.abs(held - np.array(wanted)).max() <= 1e-5 * np.abs(matrix[:3, :3]).max())


def _has_hair(evaluated: Any) -> bool:
    return any(system.settings.type == "HAIR" for system in evaluated.particle_systems)


def _spacing(value: float) -> float:
    return float(np.spacing(np.float32(value)))
