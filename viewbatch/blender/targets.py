"""Renders in which only the objects that have an id are seen.

All others are holdouts there: they hide what is behind them, cast shadows and light, and
leave the film clear. Of Blender's ways to say so, one rebuilds nothing in Cycles when it is
switched between renders: the holdout of a collection in a scene's view layer. (Switching
`Object.is_holdout` takes as long as a first render; so does a scene or view layer of its
own, since Blender keeps the data of one at a time.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from viewbatch.errors import UsageError

_NEVER_DRAWN = frozenset(
    {"EMPTY", "LIGHT", "LIGHT_PROBE", "CAMERA", "ARMATURE", "LATTICE", "SPEAKER"}
)


def read_without_id(depsgraph: Any) -> frozenset[str]:
    """Names of the objects without an id, which may be held out with all that they instance.

    An object that is not seen itself and instances others counts as these do.
    """
    alone: dict[str, bool] = {}
    for instance in depsgraph.object_instances:
        if _is_drawn(instance):
            for each in (instance.object, instance.parent):
                if each is not None:
                    key = _key(each.original)
                    alone[key] = alone.get(key, True) and instance.object.pass_index == 0
    return frozenset(key for key, holds in alone.items() if holds)


def split_off(scene: Any, without_id: frozenset[str]) -> Any:
    """A collection of the scene's objects of these names, which stay where they are as well.

    An instance of a collection that holds some of them and others becomes two: instances
    are holdouts with the object that instances them, and only so.
    """
    held = bpy.data.collections.new("viewbatch.held")
    parts = _Parts(without_id)
    for each in dict.fromkeys(_objects(scene.collection)):
        inner = _instanced(each)
        if inner is None:
            if _key(each) in without_id:
                held.objects.link(each)
            continue
        seen_inside, held_inside = parts.of(inner)
        if not held_inside.objects:
            continue
        if seen_inside.objects:
            other = each.copy()
            for collection in each.users_collection:
                collection.objects.link(other)
            each.instance_collection, other.instance_collection = seen_inside, held_inside
        else:
            other = each
        held.objects.link(other)
    scene.collection.children.link(held)
    return held


@contextmanager
def held_out(scene: Any, held: Any) -> Iterator[None]:
    """While active, a collection that `split_off` made is a holdout in a scene."""
    if held.name not in scene.collection.children:
        scene.collection.children.link(held)
    layer = scene.view_layers[0]
    layer.update()  # from 5.2 a scene's layer collections may exist only after this
    [switch] = [c for c in layer.layer_collection.children if c.collection == held]
    switch.holdout = True
    try:
        yield
    finally:
        switch.holdout = False


def check(depsgraph: Any) -> None:
    """Raise `UsageError` where the holdouts of a scene are not what has no id."""
    layer = depsgraph.view_layer_eval
    for instance in depsgraph.object_instances:
        if not _is_drawn(instance):
            continue
        without_id = instance.object.pass_index == 0
        owner = instance.parent if instance.is_instance else instance.object
        if owner.holdout_get(view_layer=layer) != without_id:
            raise UsageError(
                f"the object {instance.object.name!r} of the model has "
                f"{'no id' if without_id else 'an id'}, unlike "
                f"{'the object that instances it' if instance.is_instance else 'what it instances'}"
                ", so no image can show the targets alone; let objects.exclude_pattern match both "
                'or neither, or set plugins.masked.alpha "mask"'
            )


class _Parts:
    """Of collections that are instanced: what is seen, and the holdouts, as new collections."""

    def __init__(self, without_id: frozenset[str]) -> None:
        self._without_id = without_id
        self._made: dict[str, tuple[Any, Any]] = {}

    def of(self, collection: Any) -> tuple[Any, Any]:
        """Those of a collection, at every depth."""
        key = _key(collection)
        if key not in self._made:
            self._made[key] = self._split(_objects(collection))
            for part in self._made[key]:
                part.instance_offset = collection.instance_offset
        return self._made[key]

    def _split(self, objects: Iterable[Any]) -> tuple[Any, Any]:
        seen, held = (bpy.data.collections.new(f"viewbatch.{n}") for n in ("seen", "held"))
        for each in dict.fromkeys(objects):
            inner = _instanced(each)
            if inner is None:
                (held if _key(each) in self._without_id else seen).objects.link(each)
                continue
            seen_inside, held_inside = self.of(inner)
            if not held_inside.objects:
                seen.objects.link(each)
            elif not seen_inside.objects:
                held.objects.link(each)
            else:
                for part, inside in ((seen, seen_inside), (held, held_inside)):
                    instance = each.copy()
                    instance.instance_collection = inside
                    part.objects.link(instance)
        return seen, held


def _objects(collection: Any) -> Iterator[Any]:
    """The objects of a collection and those below it that are not left out of renders."""
    yield from collection.objects
    for child in collection.children:
        if not child.hide_render:
            yield from _objects(child)


def _instanced(scene_object: Any) -> Any | None:
    """The collection that an object instances as a whole."""
    if scene_object.instance_type != "COLLECTION":
        return None
    return scene_object.instance_collection


def _is_drawn(instance: Any) -> bool:
    evaluated = instance.object
    if not instance.show_self or evaluated.type in _NEVER_DRAWN:
        return False
    return evaluated.type != "MESH" or bool(evaluated.data.vertices)


def _key(data: Any) -> str:
    """A name that tells linked data from our own."""
    return str(data.name_full)
