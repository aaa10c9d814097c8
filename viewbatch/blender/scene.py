"""The scene that is rendered: the model's objects in a scene of our own.

A new scene has Blender's defaults for everything that is not set, whatever the file or
the user's start-up file holds.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np
from mathutils import Matrix

from viewbatch.blender import materials, measure, recenter, versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.ground import add_ground
from viewbatch.blender.lights import Lights
from viewbatch.blender.materials import LARGEST_ID
from viewbatch.blender.measure import Piece
from viewbatch.blender.model import FORMATS
from viewbatch.blender.world import World
from viewbatch.config import Config
from viewbatch.config.render import RenderConfig
from viewbatch.config.scene import ModelConfig, Normalize, ObjectsConfig, UpAxis
from viewbatch.dataset import ObjectRecord
from viewbatch.dataset.records import GROUND
from viewbatch.errors import ModelError
from viewbatch.geometry import Bounds, rigid, transform_points
from viewbatch.geometry.transforms import Array, Vector3, negated
from viewbatch.model_files import Kind, kind_of
from viewbatch.plugin import SceneMesh

log = logging.getLogger(__name__)

_ORIGIN = (0.0, 0.0, 0.0)

SMALLEST_M, LARGEST_M = 1e-6, 1e8
"""Radii of models between which images are exact and alike: Blender's nearest clip plane is
1e-6 m, and lamps for larger models are beyond what Cycles can count."""

FARTHEST_M = 2e9
"""Radius of all that is rendered: Cycles takes a depth of 1e10 m for none."""

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
    """The scene with the model in place, and what is known of it.

    Coordinates are those of the rendered scene: world minus `offset`.
    """

    scene: Any
    offset: Vector3
    """Zero, unless the model is far from its origin."""
    bounds: Bounds
    """Of the model's objects that have an id."""
    everything: Bounds
    """Of all that is rendered."""
    boxes: Array
    """(n, 2, 3) minimum and maximum of every object's instance that is rendered."""
    objects: Sequence[ObjectRecord]
    categories: Sequence[str]
    """Names of the categories; their ids are 1, 2, ..."""
    materials: Sequence[str]
    """Names of the materials of the model's objects that have an id; their ids are 1, 2, ..."""
    world_from_model: Array
    world: World
    lights: Lights
    ground: Any | None
    """The object under the target that is no part of the model."""

    @property
    def target_ids(self) -> frozenset[int]:
        """Of the model's objects, without the ground."""
        return frozenset(record.id for record in self.objects) - {self.ground_id}

    @property
    def ground_id(self) -> int:
        """Of the ground where masks show it, else 0."""
        return 0 if self.ground is None else int(self.ground.pass_index)


def build(source: Any, path: Path, camera: Any, config: Config, capture: Capture) -> Stage:
    """Make the scene from an imported one: axes, scale, normalisation, ids, ground, light.

    `path` is the file that was imported.
    """
    kind = kind_of(path)
    materials.fill_in(config.materials, is_gltf=kind is Kind.GLTF)
    scene = _new_scene(source, camera, config.model.frame)
    model = _Model(source, path, keep_lights=config.model.keep_lights)
    placed = _place(model, scene, _oriented(kind, config.model), config, capture)
    ground = add_ground(scene, config.ground, placed.bounds)
    pieces = placed.pieces if ground is None else [*placed.pieces, ground]
    everything = measure.bounds_of(pieces)
    if everything is None:
        raise AssertionError("targets are among the pieces")
    _check_size(path, placed, everything)
    _warn_of_specks(path, placed, config.render)
    masked_ground = ground if config.ground.in_masks else None
    objects = _assign_ids(path, placed, masked_ground, config.objects)
    return Stage(
        scene=scene,
        offset=placed.offset,
        bounds=placed.bounds,
        everything=everything,
        boxes=measure.boxes_of(pieces),
        objects=objects,
        ground=None if ground is None else ground.source,
        categories=_categories(config.objects, masked_ground),
        materials=materials.assign_ids(placed.targets),
        world_from_model=placed.world_from_model,
        world=World(
            scene, config.world, config.seed, source.world if config.model.keep_world else None
        ),
        lights=Lights(scene, config.light, config.seed, placed.bounds, placed.offset),
    )


def rehearse(source: Any, path: Path, camera: Any, frame: int, capture: Capture) -> None:
    """Evaluate an imported scene and render next to nothing of it, as `build` does first."""
    scene = _new_scene(source, camera, frame)
    _Model(source, path, keep_lights=True).place(scene, np.eye(4))
    capture.evaluated(scene, measure.read_pieces, render=True)


class _Placed(NamedTuple):
    """Where a model stands in a scene, and what it consists of there."""

    pieces: Sequence[Piece]
    targets: Sequence[Piece]
    bounds: Bounds
    offset: Vector3
    world_from_model: Array
    world_from_original: Array
    """(4, 4) from where `Piece.original_matrix` puts objects to world."""


def _place(
    model: _Model, scene: Any, world_from_model: Array, config: Config, capture: Capture
) -> _Placed:
    """Put a model where the configuration and the precision of float32 want it."""

    def measured() -> tuple[Sequence[Piece], Sequence[Piece], Bounds]:
        pieces = capture.evaluated(scene, measure.read_pieces)
        targets = _targets(model.path, pieces, config.objects)
        return pieces, targets, _checked_bounds(model.path, targets)

    normalize = config.model.normalize
    model.place(scene, np.eye(4))
    here = measured()
    bounds = here[2]
    if not recenter.is_far(here[0], bounds):
        if not np.array_equal(world_from_model, np.eye(4)):
            world_from_model = model.place(scene, world_from_model)
            here = measured()
        if normalize is not Normalize.NONE:
            normalizing = _normalizing(here[2], normalize)
            world_from_model = model.place(scene, normalizing @ world_from_model)
            here = measured()
        return _Placed(*here, _ORIGIN, world_from_model, np.eye(4))
    log.info("the model stands far from the origin and is moved there to be rendered")
    x, y, z = (float(v) for v in transform_points(world_from_model, bounds.center))
    offset = (x, y, z)
    bake = partial(recenter.bake, world_from_model=world_from_model, offset=offset)
    model.replace(scene, capture.evaluated(scene, bake))
    here = measured()
    if normalize is Normalize.NONE:
        return _Placed(*here, offset, world_from_model, np.eye(4))
    placed = model.place(scene, _normalizing(here[2], normalize)) @ rigid(
        np.eye(3), negated(offset)
    )
    return _Placed(*measured(), _ORIGIN, placed @ world_from_model, placed)


def read_scene_mesh(stage: Stage, capture: Capture) -> SceneMesh:
    """The geometry of the model's objects that have an id, as it is rendered, in world."""
    mesh = capture.evaluated(stage.scene, partial(measure.read_mesh, ids=stage.target_ids))
    return replace(mesh, vertices=mesh.vertices + stage.offset)


class _Model:
    """The objects of the imported scene that are rendered, as one collection."""

    def __init__(self, source: Any, path: Path, *, keep_lights: bool) -> None:
        self.path = path
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

    def replace(self, scene: Any, objects: Sequence[Any]) -> None:
        """Render these objects, in the frame of the scene, in place of the model's as imported."""
        scene.collection.children.unlink(self._collection)
        self._collection = bpy.data.collections.new("viewbatch.model")
        for scene_object in objects:
            self._collection.objects.link(scene_object)
        scene.collection.children.link(self._collection)


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


def _new_scene(source: Any, camera: Any, frame: int) -> Any:
    scene = bpy.data.scenes.new("viewbatch")
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.fps, scene.render.fps_base = source.render.fps, source.render.fps_base
    # A render takes the frame of the context's scene, whichever scene is rendered.
    for each in (source, scene):
        each.frame_set(frame)
    scene.render.engine = "CYCLES"
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    versions.compositor_off(scene)
    return scene


def _oriented(kind: Kind, config: ModelConfig) -> Array:
    """(4, 4) from the imported scene to one with the wanted axis up, in the wanted size."""
    matrix = np.eye(4)
    if config.up_axis is not UpAxis.AUTO:
        imported_from_file = _Z_FROM[FORMATS[kind].file_up or UpAxis.Z]
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


def _targets(path: Path, pieces: Sequence[Piece], config: ObjectsConfig) -> list[Piece]:
    """The pieces that have an id; an error where there is none."""
    if not pieces:
        raise ModelError(
            f"the model {path} holds no mesh with faces, or hides them all from rendering"
        )
    if not config.exclude_pattern:
        return list(pieces)
    excluded = re.compile(config.exclude_pattern)
    targets = [piece for piece in pieces if not excluded.search(piece.name)]
    if not targets:
        raise ModelError(
            f"objects.exclude_pattern {config.exclude_pattern!r} matches every object of the "
            f"model {path}, and one at least must be left"
        )
    return targets


def _checked_bounds(path: Path, targets: Sequence[Piece]) -> Bounds:
    for piece in targets:
        if not np.isfinite(piece.points_in_world).all():
            raise ModelError(
                f"the object {piece.name!r} of the model {path} has coordinates that are not "
                "finite numbers; repair it, and export it again"
            )
    bounds = measure.bounds_of(targets)
    if bounds is None or bounds.radius == 0.0:
        raise ModelError(
            f"all vertices of the model {path} lie in one point, so it has no size to frame"
        )
    if not any(piece.largest_area for piece in targets):
        raise ModelError(
            f"the faces of the model {path} have no area, so there is nothing of it to see"
        )
    return bounds


def _check_size(path: Path, placed: _Placed, everything: Bounds) -> None:
    """Refuse what cannot be rendered exactly for its size or its distance from the origin."""
    radius_m = placed.bounds.radius
    if not SMALLEST_M <= radius_m <= LARGEST_M:
        raise ModelError(
            f"the model {path} has a radius of {radius_m:.3g} m, and images are exact from "
            f"{SMALLEST_M:g} to {LARGEST_M:g} m; change its size with model.scale or "
            "model.normalize"
        )
    if not everything.radius <= FARTHEST_M:
        raise ModelError(
            f"what is rendered of the model {path}, with the ground and excluded objects, has a "
            f"radius of {everything.radius:.3g} m, and depth ends at {FARTHEST_M:g} m; choose a "
            "smaller ground.size, or remove such objects from the model"
        )
    distance_m = max(map(abs, placed.offset))
    if float(np.spacing(distance_m)) > 1e-6 * radius_m:
        raise ModelError(
            f"the model {path} stands {distance_m:.3g} m from its origin and has a radius of "
            f"{radius_m:.3g} m, which is too far for exact cameras; move it nearer, or set "
            "model.normalize"
        )


def _warn_of_specks(path: Path, placed: _Placed, config: RenderConfig) -> None:
    """Tell of a model of which a whole view can show next to nothing."""
    pixel_m = 2 * placed.bounds.radius / min(config.width, config.height)
    if sum(piece.largest_area for piece in placed.targets) < pixel_m**2:
        log.warning(
            "the model %s has a radius of %.3g m, and all of its faces together fill less than a "
            "pixel of an image that shows it whole; is a vertex or an object of it astray?",
            path,
            placed.bounds.radius,
        )


def _assign_ids(
    path: Path, placed: _Placed, ground: Piece | None, config: ObjectsConfig
) -> list[ObjectRecord]:
    """Give every target object an id in the order of their names, and every other 0.

    A ground that masks show comes after all of them. Records are in world.
    """
    world_from_scene = rigid(np.eye(3), placed.offset)
    targets = placed.targets
    first_of: dict[str, Piece] = {}
    with_id = targets if ground is None else (*targets, ground)
    for piece in with_id:
        first_of.setdefault(piece.key, piece)
    if len(first_of) > LARGEST_ID:
        raise ModelError(
            f"the model {path} has {len(first_of)} objects, and masks can tell {LARGEST_ID} apart; "
            "join some, or leave some out with objects.exclude_pattern"
        )
    for scene_object in bpy.data.objects:
        scene_object.pass_index = 0
    ids = {key: number for number, key in enumerate(first_of, start=1)}
    for piece in with_id:
        piece.source.pass_index = ids[piece.key]
    records = []
    for number, piece in enumerate(first_of.values(), start=1):
        is_ground = piece is ground
        records.append(
            ObjectRecord(
                id=number,
                name=GROUND if is_ground else piece.name,
                category=GROUND if is_ground else _category(piece.name, config.categories),
                world_from_object=world_from_scene @ piece.world_from_object
                if is_ground
                else placed.world_from_original @ piece.original_matrix,
            )
        )
    return records


def _category(name: str, categories: Mapping[str, str]) -> str:
    for category, pattern in categories.items():
        if re.search(pattern, name):
            return category
    return DEFAULT_CATEGORY


def _categories(config: ObjectsConfig, ground: Piece | None) -> list[str]:
    """The names of all categories, in the order of their ids."""
    last = [DEFAULT_CATEGORY] if ground is None else [DEFAULT_CATEGORY, GROUND]
    return list(dict.fromkeys([*config.categories, *last]))
