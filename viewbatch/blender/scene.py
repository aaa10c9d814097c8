"""The scene that is rendered: the model's objects in a scene of our own.

A new scene has Blender's defaults for everything that is not set, whatever the file or
the user's start-up file holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from viewbatch.blender import lights, measure, versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.measure import Piece
from viewbatch.blender.model import Format
from viewbatch.config import Config, ModelConfig, Normalize, ObjectsConfig, UpAxis
from viewbatch.dataset import ObjectRecord
from viewbatch.errors import ModelError
from viewbatch.geometry import Bounds
from viewbatch.geometry.transforms import Array

LARGEST_ID = 32767
"""Blender clamps an object's pass index to this."""

DEFAULT_CATEGORY = "object"

# (3, 3) rotations by the axis that they turn to +z. For y it is the usual change from a
# y-up file: x stays, y becomes z, z becomes -y.
_Z_FROM: Mapping[UpAxis, Array] = {
    UpAxis.X: np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    UpAxis.Y: np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    UpAxis.Z: np.eye(3),
    UpAxis.MINUS_X: np.array([[0.0, 1, 0], [0, 0, -1], [-1, 0, 0]]),
    UpAxis.MINUS_Y: np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    UpAxis.MINUS_Z: np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]),
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The scene with the model in place, and what is known of it."""

    scene: Any
    bounds: Bounds
    """Of the objects that have an id."""
    everything: Bounds
    """Of all that is rendered."""
    objects: Sequence[ObjectRecord]
    world_from_model: Array


def build(source: Any, kind: Format, camera: Any, config: Config, capture: Capture) -> Stage:
    """Make the scene from an imported one: axes, scale, normalisation, ids, light."""
    model = _Model(source, keep_lights=config.model.keep_lights)
    scene = _new_scene(source, camera, config.model)
    world_from_model = model.place(scene, _oriented(kind, config.model))
    pieces = capture.evaluated(scene, measure.read_pieces)
    targets = _targets(pieces, config.objects)
    bounds = _checked_bounds(targets)
    if config.model.normalize is not Normalize.NONE:
        world_from_model = model.place(
            scene, _normalizing(bounds, config.model.normalize) @ world_from_model
        )
        pieces = capture.evaluated(scene, measure.read_pieces)
        targets = _targets(pieces, config.objects)
        bounds = _checked_bounds(targets)
    everything = measure.bounds_of(pieces)
    if everything is None:
        raise AssertionError("targets are among the pieces")
    lights.add_lights(scene, config.light, bounds)
    if not (config.model.keep_world and source.world is not None):
        scene.world = lights.new_world(config.world)
    else:
        scene.world = source.world
    return Stage(
        scene=scene,
        bounds=bounds,
        everything=everything,
        objects=_assign_ids(targets, config.objects),
        world_from_model=world_from_model,
    )


class _Model:
    """The objects of the imported scene that are rendered, as one collection."""

    def __init__(self, source: Any, *, keep_lights: bool) -> None:
        if not keep_lights:
            for scene_object in bpy.data.objects:
                if scene_object.type == "LIGHT":
                    scene_object.hide_render = True
        # From 5.2 a scene's layer collections may exist only after this.
        source.view_layers[0].update()
        self._collection = bpy.data.collections.new("viewbatch.model")
        for scene_object in _rendered_objects(source.view_layers[0].layer_collection):
            # A holdout is a hole cut for compositing, and no part of the model's shape.
            scene_object.is_holdout = False
            self._collection.objects.link(scene_object)
        self._instance: Any = None

    def place(self, scene: Any, world_from_model: Array) -> Array:
        """Put the model into a scene; returns the (4, 4) similarity as Blender has it.

        The collection is instanced as a whole: whatever relations its objects have
        among themselves (parents, constraints, instances) are those of the file.
        """
        if self._instance is None and np.array_equal(world_from_model, np.eye(4)):
            scene.collection.children.link(self._collection)
            return world_from_model
        if self._instance is None:
            if self._collection.name in scene.collection.children:
                scene.collection.children.unlink(self._collection)
            self._instance = bpy.data.objects.new("viewbatch.model", None)
            self._instance.instance_type = "COLLECTION"
            self._instance.instance_collection = self._collection
            scene.collection.objects.link(self._instance)
        # Not a list of rows, which Blender takes for columns.
        self._instance.matrix_world = Matrix(world_from_model.tolist())
        return np.array(self._instance.matrix_world, dtype=np.float64)


def _rendered_objects(layer: Any) -> list[Any]:
    """The objects of a layer collection and those below it that are not left out of renders."""
    if layer.exclude or layer.indirect_only or layer.collection.hide_render:
        found: list[Any] = []
    else:
        found = list(layer.collection.objects)
    if not layer.collection.hide_render and not layer.indirect_only:
        for child in layer.children:
            found += _rendered_objects(child)
    return list(dict.fromkeys(found))


def _new_scene(source: Any, camera: Any, config: ModelConfig) -> Any:
    scene = bpy.data.scenes.new("viewbatch")
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.fps, scene.render.fps_base = source.render.fps, source.render.fps_base
    # A render takes the frame of the context's scene, whichever scene is rendered.
    for each in (source, scene):
        each.frame_set(config.frame)
    # Cheapest settings for the render that measures the model; Blender makes it 4x4.
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = 1
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    versions.compositor_off(scene)
    return scene


def _oriented(kind: Format, config: ModelConfig) -> Array:
    """(4, 4) from the imported scene to one with the wanted axis up, in the wanted size."""
    matrix = np.eye(4)
    if config.up_axis is not UpAxis.AUTO:
        imported_from_file = _Z_FROM[kind.file_up or UpAxis.Z]
        matrix[:3, :3] = _Z_FROM[config.up_axis] @ imported_from_file.T
    matrix[:3, :3] *= config.scale
    return matrix


def _normalizing(bounds: Bounds, normalize: Normalize) -> Array:
    """(4, 4) that centres the bounds at the origin and scales them to unit size."""
    size = bounds.radius if normalize is Normalize.UNIT_SPHERE else max(bounds.size)
    matrix = np.eye(4)
    matrix[:3, :3] /= size
    matrix[:3, 3] = [-c / size for c in bounds.center]
    return matrix


def _targets(pieces: Sequence[Piece], config: ObjectsConfig) -> list[Piece]:
    """The pieces that have an id; an error where there is none."""
    if not pieces:
        raise ModelError("the model holds no mesh with faces, or hides them all from rendering")
    if not config.exclude_pattern:
        return list(pieces)
    excluded = re.compile(config.exclude_pattern)
    targets = [piece for piece in pieces if not excluded.search(piece.name)]
    if not targets:
        raise ModelError(
            f"objects.exclude_pattern {config.exclude_pattern!r} matches every object of the "
            "model, and one at least must be left"
        )
    return targets


def _checked_bounds(targets: Sequence[Piece]) -> Bounds:
    for piece in targets:
        if not np.isfinite(piece.points_in_world).all():
            raise ModelError(
                f"the model's object {piece.name!r} has coordinates that are not finite numbers"
            )
    bounds = measure.bounds_of(targets)
    if bounds is None or bounds.radius == 0.0:
        raise ModelError("all vertices of the model lie in one point, so it has no size to frame")
    return bounds


def _assign_ids(targets: Sequence[Piece], config: ObjectsConfig) -> list[ObjectRecord]:
    """Give every target object an id in the order of their names, and every other 0."""
    first_of: dict[int, Piece] = {}
    for piece in targets:
        first_of.setdefault(piece.source.as_pointer(), piece)
    if len(first_of) > LARGEST_ID:
        raise ModelError(
            f"the model has {len(first_of)} objects, and masks can tell {LARGEST_ID} apart; "
            "join some, or leave some out with objects.exclude_pattern"
        )
    for scene_object in bpy.data.objects:
        scene_object.pass_index = 0
    records = []
    for number, piece in enumerate(first_of.values(), start=1):
        piece.source.pass_index = number
        records.append(
            ObjectRecord(
                id=number,
                name=piece.name,
                category=_category(piece.name, config.categories),
                world_from_object=piece.world_from_object,
            )
        )
    return records


def _category(name: str, categories: Mapping[str, str]) -> str:
    for category, pattern in categories.items():
        if re.search(pattern, name):
            return category
    return DEFAULT_CATEGORY
