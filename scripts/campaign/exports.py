"""Make one model in every format that this Blender writes; run by a Python with bpy or by Blender.

    python exports.py FOLDER
    blender --background --python exports.py -- FOLDER

A textured box and a smooth, coloured sphere, off the origin. Each lies in a folder of its own,
with its textures and whatever else belongs to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def make_scene() -> None:
    """The model."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.new("checks", 8, 8)
    image.pixels = [v for i in range(64) for v in ((i + i // 8) % 2, 0.3, 0.6, 1.0)]
    image.pack()
    bpy.ops.mesh.primitive_cube_add(size=2.0, location=(1.0, -2.0, 0.5))
    shader = _new_shader("box")
    texture = shader.id_data.nodes.new("ShaderNodeTexImage")
    texture.image = image
    shader.id_data.links.new(texture.outputs[0], shader.inputs["Base Color"])
    bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=8, location=(3.0, -1.5, 0.4))
    bpy.ops.object.shade_smooth()
    _new_shader("ball").inputs["Base Color"].default_value = (0.8, 0.2, 0.1, 1.0)


def _new_shader(name: str) -> Any:
    """Name the object that was made last, and give it a material; returns its shader node."""
    import bpy

    made = bpy.context.view_layer.objects.active
    made.name = made.data.name = name
    material = bpy.data.materials.new(name)
    if not material.node_tree:  # from 5.0 each has one
        material.use_nodes = True
    made.data.materials.append(material)
    return next(n for n in material.node_tree.nodes if n.bl_idname == "ShaderNodeBsdfPrincipled")


def write(folder: Path) -> None:
    """Every format that this Blender has an exporter for."""
    import bpy

    no_options: Mapping[str, Any] = {}
    separate = {"export_format": "GLTF_SEPARATE"}
    for name, operator, options in (
        ("blend/model.blend", bpy.ops.wm.save_as_mainfile, {"compress": False}),
        ("compressed_blend/model.blend", bpy.ops.wm.save_as_mainfile, {"compress": True}),
        ("glb/model.glb", bpy.ops.export_scene.gltf, {"export_format": "GLB"}),
        ("gltf/model.gltf", bpy.ops.export_scene.gltf, separate),
        ("obj/model.obj", bpy.ops.wm.obj_export, no_options),
        ("ply/model.ply", bpy.ops.wm.ply_export, no_options),
        ("ascii_ply/model.ply", bpy.ops.wm.ply_export, {"ascii_format": True}),
        ("stl/model.stl", bpy.ops.wm.stl_export, no_options),
        ("ascii_stl/model.stl", bpy.ops.wm.stl_export, {"ascii_format": True}),
        ("fbx/model.fbx", bpy.ops.export_scene.fbx, no_options),
        ("usdc/model.usdc", bpy.ops.wm.usd_export, no_options),
        ("usda/model.usda", bpy.ops.wm.usd_export, no_options),
        ("usdz/model.usdz", bpy.ops.wm.usd_export, no_options),
        ("abc/model.abc", bpy.ops.wm.alembic_export, {"as_background_job": False}),
        ("dae/model.dae", bpy.ops.wm.collada_export, no_options),
    ):
        try:
            operator.get_rna_type()
        except (KeyError, AttributeError):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        operator(filepath=str(path), **options)


def main() -> None:
    """Make them in the folder that the last argument names."""
    make_scene()
    write(Path(sys.argv[-1]).resolve())


if __name__ == "__main__":
    code = 1
    try:
        main()
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if code == 0:
            os._exit(0)  # the bpy package 4.2 crashes at its end after an export of glTF
