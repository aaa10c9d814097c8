"""Models far from their origin, brought to it for rendering.

Cycles computes in float32, whose numbers are 0.06 apart at a million: there a model of a
metre is rendered with errors of several per cent. So the evaluated meshes are copied, with
the vertices of each about its own middle and its place taken relative to the model's; the
offset, in float64, stays outside of Blender and is added to what is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from viewbatch.blender.measure import Piece, rendered_instances
from viewbatch.geometry import Bounds
from viewbatch.geometry.transforms import Array, Vector3

COARSEST = 1e-5
"""Largest spacing of float32 at a model's coordinates, relative to its size."""


def offset_of(pieces: Sequence[Piece], bounds: Bounds) -> Vector3 | None:
    """Where a model must be moved from, if float32 is too coarse where it stands.

    Both its place in world and its meshes' own coordinates count.
    """
    size = max(bounds.size)
    largest = max(map(abs, (*bounds.minimum, *bounds.maximum)))
    for piece in pieces:
        scale = float(np.linalg.norm(piece.world_from_object[:3, :3], axis=0).max())
        largest = max(largest, scale * float(np.abs(piece.points).max()))
    return bounds.center if np.spacing(np.float32(largest)) > COARSEST * size else None


def bake(depsgraph: Any, offset: Vector3) -> list[Any]:
    """Objects of the evaluated meshes and lamps of a depsgraph, moved by minus `offset`.

    Must run while the depsgraph is alive. The objects are in no scene yet, and remember
    in `Piece.key` and `Piece.name` which object of the file they come from.
    """
    meshes: dict[int, tuple[Any, Array]] = {}
    baked = []
    for instance in rendered_instances(depsgraph):
        evaluated = instance.object
        if len(evaluated.data.polygons) == 0:
            continue
        key = evaluated.data.as_pointer()
        if key not in meshes:
            meshes[key] = _centred_mesh(evaluated, depsgraph)
        mesh, middle = meshes[key]
        world_from_object = np.array(instance.matrix_world, dtype=np.float64)
        place = world_from_object.copy()
        place[:3, 3] += world_from_object[:3, :3] @ middle - offset
        copy = _object(evaluated.original, mesh, place)
        for slot, original in zip(copy.material_slots, evaluated.material_slots, strict=False):
            slot.link = "OBJECT"
            slot.material = original.material.original if original.material else None
        baked.append(copy)
    for instance in depsgraph.object_instances:
        if instance.object.type == "LIGHT":
            place = np.array(instance.matrix_world, dtype=np.float64)
            place[:3, 3] -= offset
            baked.append(_object(instance.object.original, instance.object.original.data, place))
    return baked


def _object(original: Any, data: Any, world_from_object: Array) -> Any:
    copy = bpy.data.objects.new(original.name, data)
    copy.matrix_world = Matrix(world_from_object.tolist())
    Piece.remember(copy, original)
    return copy


def _centred_mesh(evaluated: Any, depsgraph: Any) -> tuple[Any, Array]:
    """A copy of an evaluated mesh about its own middle, and that (3,) middle in float64."""
    mesh = (
        bpy.data.meshes.new_from_object(
            evaluated, preserve_all_data_layers=True, depsgraph=depsgraph
        )
        if evaluated.original.type == "MESH"
        else _bare_copy(evaluated.data)
    )
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    exact = points.reshape(-1, 3).astype(np.float64)
    middle = (exact.min(axis=0) + exact.max(axis=0)) / 2
    mesh.vertices.foreach_set("co", (exact - middle).astype(np.float32).ravel())
    mesh.update()
    return mesh, middle


def _bare_copy(data: Any) -> Any:
    """Shape and materials of what a curve or text became: Blender 4.2 dies copying the rest."""
    mesh = bpy.data.meshes.new(data.name)
    mesh.from_pydata(
        [tuple(vertex.co) for vertex in data.vertices],
        [],
        [tuple(polygon.vertices) for polygon in data.polygons],
    )
    for name in ("material_index", "use_smooth"):
        values = np.empty(len(data.polygons), dtype=np.int32 if name[0] == "m" else bool)
        data.polygons.foreach_get(name, values)
        mesh.polygons.foreach_set(name, values)
    for material in data.materials:
        mesh.materials.append(material.original if material else None)
    return mesh
