"""What differs between Blender 4.2 and 5.2, and nowhere else.

Call sites read as if there were one Blender.
"""

from __future__ import annotations

from typing import Any

import bpy

from viewbatch.errors import UsageError

OLDEST = (4, 2, 0)


def check() -> None:
    """Refuse a Blender older than the oldest supported one."""
    if bpy.app.version < OLDEST:
        raise UsageError(
            f"this is Blender {text()}, and the oldest supported one is "
            f"{OLDEST[0]}.{OLDEST[1]}; use a newer Blender"
        )


def text() -> str:
    """Version of this Blender, such as "4.5.15"."""
    return ".".join(map(str, bpy.app.version))


OWN: tuple[int, int] = bpy.app.version[:2]
"""Of this Blender, without the number of the bug-fix release."""

READS_BIG_ENDIAN = bpy.app.version < (5, 0, 0)
"""Whether .blend files of big-endian machines are read."""

OBJECT_INDEX_PASS = "Object Index" if bpy.app.version >= (5, 0, 0) else "IndexOB"
"""Name of the object-index pass in a render result: renamed in 5.0."""

EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
"""Name of the EEVEE engine: up to 4.5 it bears the name of the old one's successor."""

MATERIAL_INDEX_PASS = "Material Index" if bpy.app.version >= (5, 0, 0) else "IndexMA"
"""Name of the material-index pass in a render result: renamed in 5.0."""

DRACO_IMPORTER = "io_scene_gltf2.blender.imp." + (
    "draco_compression_extension"
    if bpy.app.version >= (4, 3, 0)
    else "gltf2_io_draco_compression_extension"
)
"""The module of the glTF importer that decompresses meshes, by its function `dll_path`."""

DRACO_LIBRARY = ("bf_intern_draco_bridge", "Draco") if bpy.app.version >= (5, 2, 0) else ()
"""What that function is asked for: from 5.2 it finds other libraries too."""


def transparent_bounces(surfaces: int) -> int:
    """Cycles' limit with which a path crosses so many transparent surfaces: from 5.0 one more."""
    return surfaces + 1 if bpy.app.version >= (5, 0, 0) else surfaces


def has_nodes(material: Any) -> bool:
    """Whether a material is made of nodes: up to 4.5 not every one is, from 5.0 all are."""
    return bpy.app.version >= (5, 0, 0) or bool(material.use_nodes)


def operator(category: str, name: str) -> Any | None:
    """An operator, or None where this Blender lacks it; `hasattr` is always true."""
    candidate = getattr(getattr(bpy.ops, category), name)
    try:
        candidate.get_rna_type()
    except (KeyError, AttributeError):
        return None
    return candidate


def operator_options(operator: Any) -> frozenset[str]:
    """The names of the options that an operator has in this Blender."""
    return frozenset(p.identifier for p in operator.get_rna_type().properties)


def set_file_format(image_settings: Any, file_format: str) -> None:
    """Choose an image format; from 5.0 its kind of media must be chosen first."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "IMAGE"
    image_settings.file_format = file_format


def world_nodes(world: Any) -> Any:
    """The node tree of a world; up to 4.5 it must be asked for, from 5.0 it is always there."""
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    return world.node_tree


def material_nodes(material: Any) -> Any:
    """The node tree of a new material; up to 4.5 it must be asked for, from 5.0 it is there."""
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    return material.node_tree


def compositor_off(scene: Any) -> None:
    """Keep the compositor out: from 5.2 it is on the GPU, which kills a headless Blender."""
    scene.render.use_compositing = False
    scene.render.use_sequencer = False
    if hasattr(scene.render, "compositor_device"):
        scene.render.compositor_device = "CPU"
