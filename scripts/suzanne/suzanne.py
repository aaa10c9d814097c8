# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "numpy==1.26.4"]
# ///
"""Make the reference models: suzanne.glb, blocks.glb and room.glb.

    uv run scripts/suzanne/suzanne.py references/models
    blender --background --python scripts/suzanne/suzanne.py -- references/models

`suzanne.glb` is Blender's monkey at the origin, `blocks.glb` are textured toys
away from it, `room.glb` is a furnished room. The same Blender writes the same
bytes every time. README.md beside this file describes them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import numpy.typing as npt

from scripts.suzanne.blocks import Toy, toys
from scripts.suzanne.room import furnished_room

SUZANNE_WIDTH_M = 2.0
SUZANNE_LEVELS = 2
SUZANNE_MATERIALS = (  # name, linear base colour, roughness
    ("skin", (0.60, 0.145, 0.045), 0.42),
    ("eyes", (0.85, 0.78, 0.62), 0.15),
    ("pupils", (0.03, 0.012, 0.008), 0.10),
)
BLOCKS_CENTRE_M = (3.0, -2.0, 1.5)
JPEG_QUALITY = 88


def make_suzanne() -> None:
    """Blender's monkey, subdivided: its box is centred on the origin, 2 m wide; it faces -y."""
    import bpy

    bpy.ops.mesh.primitive_monkey_add()
    monkey = bpy.context.view_layer.objects.active
    cage = monkey.data
    cage.polygons.foreach_set("material_index", _face_materials(cage))
    modifier = monkey.modifiers.new("subdivision", "SUBSURF")
    modifier.levels = SUZANNE_LEVELS
    smooth = monkey.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = bpy.data.meshes.new_from_object(smooth)
    monkey.modifiers.clear()
    monkey.data = mesh
    bpy.data.meshes.remove(cage)
    monkey.name = mesh.name = "suzanne"

    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - (low + high) / 2) * (SUZANNE_WIDTH_M / (high[0] - low[0]))
    mesh.vertices.foreach_set("co", scaled.reshape(-1))
    mesh.shade_smooth()
    mesh.update()
    for name, base_color, roughness in SUZANNE_MATERIALS:
        mesh.materials.append(_material(name, base_color=base_color, roughness=roughness))


def make_blocks() -> None:
    """The toys, moved so that the middle of their common box is BLOCKS_CENTRE_M."""
    placed = toys()
    points = np.concatenate([toy.placed_points for toy in placed])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    _place(placed, np.array(BLOCKS_CENTRE_M) - middle)


def make_room() -> None:
    """The room, the middle of its floor at the origin."""
    _place(furnished_room(), np.zeros(3))


def _place(things: Sequence[Toy], shift: npt.NDArray[np.float64]) -> None:
    """Make objects of toys, each moved by the same way."""
    import bpy

    for toy in things:
        thing = bpy.data.objects.new(toy.name, _mesh(toy))
        thing.location = (toy.x + shift[0], toy.y + shift[1], toy.z + shift[2])
        thing.rotation_euler = (0.0, 0.0, math.radians(toy.turn_deg))
        bpy.context.scene.collection.objects.link(thing)


MODELS = {"suzanne.glb": make_suzanne, "blocks.glb": make_blocks, "room.glb": make_room}


def make_models(folder: Path) -> list[Path]:
    """Write the models into a folder, each under a temporary name first."""
    import bpy

    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, make in MODELS.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        make()
        with tempfile.TemporaryDirectory(dir=folder, prefix=".suzanne-") as scratch:
            unfinished = Path(scratch) / name
            # The exporter reports its progress on standard output.
            with contextlib.redirect_stdout(io.StringIO()):
                bpy.ops.export_scene.gltf(
                    filepath=str(unfinished),
                    export_format="GLB",
                    export_image_format="JPEG",
                    export_image_quality=JPEG_QUALITY,
                    export_texcoords=name != "suzanne.glb",
                    export_animations=False,
                )
            unfinished.replace(folder / name)
        made.append(folder / name)
    return made


def _face_materials(cage: Any) -> list[int]:
    """The index into SUZANNE_MATERIALS of every face of the monkey's cage.

    An eye is a separate, small piece of the mesh, its pupil the fan of triangles.
    """
    edges = np.array([edge.vertices[:] for edge in cage.edges])
    piece = np.arange(len(cage.vertices))
    while True:  # every vertex takes the lowest number around it, until all agree
        before = piece.copy()
        for ends in (edges, edges[:, ::-1]):
            np.minimum.at(piece, ends[:, 0], before[ends[:, 1]])
        if np.array_equal(piece, before):
            break
    small = np.bincount(piece)[piece] < len(piece) / 4
    return [
        0 if not small[face.vertices[0]] else 1 if len(face.vertices) == 4 else 2
        for face in cage.polygons
    ]


def _mesh(toy: Toy) -> Any:
    import bpy

    mesh = bpy.data.meshes.new(toy.name)
    mesh.from_pydata(toy.shape.points.tolist(), [], toy.shape.faces)
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", toy.shape.corner_uvs.astype(np.float32).reshape(-1))
    mesh.shade_smooth()
    mesh.normals_split_custom_set_from_vertices(toy.shape.normals.tolist())
    material = _material(toy.name, base_color=(1.0, 1.0, 1.0), roughness=toy.roughness)
    nodes = material.node_tree.nodes
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = _image(toy)
    shader = next(node for node in nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    mesh.materials.append(material)
    return mesh


def _image(toy: Toy) -> Any:
    import bpy

    height, width = toy.image.shape[:2]
    image = bpy.data.images.new(toy.name, width, height)
    image.file_format = "JPEG"
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = toy.image[::-1] / np.float32(255)  # Blender's row 0 is at the bottom
    image.pixels.foreach_set(pixels.reshape(-1))
    return image


def _material(name: str, *, base_color: tuple[float, float, float], roughness: float) -> Any:
    """A principled material; the colour is linear."""
    import bpy

    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # up to Blender 4.5; new materials of 5.0 have one
        material.use_nodes = True
    nodes = material.node_tree.nodes
    shader = next(node for node in nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    shader.inputs["Base Color"].default_value = (*base_color, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return material


def main(argv: Sequence[str]) -> int:
    """Parse the arguments, make the models, return the exit code."""
    parser = argparse.ArgumentParser(
        prog="suzanne.py",
        description="Make the reference models suzanne.glb, blocks.glb and room.glb.",
    )
    parser.add_argument("folder", type=Path, help="where to write them; made if missing")
    try:
        folder = parser.parse_args(argv).folder
    except SystemExit as stop:  # argparse exits by itself, after --help and after a mistake
        return int(stop.code or 0)
    try:
        made = make_models(folder)
    except ModuleNotFoundError as error:
        print(
            f"suzanne.py: the module {error.name} is missing; run this with uv, or in Blender "
            "with --background --python",
            file=sys.stderr,
        )
        return 2
    except OSError as error:
        print(
            f"suzanne.py: cannot write to {folder}: {error.strerror}; "
            "name a folder that can be written to",
            file=sys.stderr,
        )
        return 2
    for path in made:
        print(path)
    return 0


def script_arguments(argv: Sequence[str]) -> list[str]:
    """What follows `--`; without it all arguments, unless they are a Blender program's own."""
    if "--" in argv:
        return list(argv[argv.index("--") + 1 :])
    own = Path(argv[0]).resolve() == Path(__file__).resolve()
    return list(argv[1:]) if own else []


def run() -> NoReturn:
    """Run and leave at once: bpy 4.2 crashes when Python shuts down after a glTF export."""
    code = 1
    try:
        code = main(script_arguments(sys.argv))
    finally:
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    run()
