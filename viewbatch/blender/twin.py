"""A second scene that shows what the rendered one shows, for an engine of its own."""

from __future__ import annotations

from typing import Any

import bpy

_SIZE = (
    "resolution_x",
    "resolution_y",
    "resolution_percentage",
    "pixel_aspect_x",
    "pixel_aspect_y",
)


def twin_of(scene: Any, name: str) -> Any:
    """A new scene with the same objects, camera, world, frame and size."""
    twin = bpy.data.scenes.new(name)
    twin.render.fps, twin.render.fps_base = scene.render.fps, scene.render.fps_base
    # A render takes the frame of the context's scene; drivers may ask for that of their own.
    twin.frame_set(scene.frame_current)
    for collection in scene.collection.children:
        twin.collection.children.link(collection)
    for scene_object in scene.collection.objects:
        twin.collection.objects.link(scene_object)
    follow(twin, scene)
    return twin


def follow(twin: Any, scene: Any) -> None:
    """Take over what may differ between views and does not belong to an object."""
    pairs = [(twin, scene, name) for name in ("camera", "world")]
    pairs += [(twin.render, scene.render, name) for name in _SIZE]
    for mine, theirs, name in pairs:
        value = getattr(theirs, name)
        # Setting a pointer anew makes Blender sort out the scene's relations again.
        if getattr(mine, name) != value:
            setattr(mine, name, value)
