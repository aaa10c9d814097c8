"""Read a glTF file: container, schema, nodes, numbers, images, meshes, in this order."""

from __future__ import annotations

from pathlib import Path

from viewbatch.model_files.findings import Findings
from viewbatch.model_files.gltf import images, nodes, schema, uris
from viewbatch.model_files.gltf.container import START, check_start, take_apart
from viewbatch.model_files.gltf.data import Data
from viewbatch.model_files.gltf.meshes import Meshes


def read(path: Path) -> Findings:
    """Refuse a file that Blender would not import whole."""
    with path.open("rb") as file:  # a file of any size that is none is not read whole
        check_start(file.read(START), path.stat().st_size)
    tree, binary = take_apart(memoryview(path.read_bytes()))
    schema.check(tree)
    nodes.check(tree)
    data = Data(tree, binary, path.parent)
    images.check(tree, data, path.parent)
    meshes = Meshes(tree, data)
    return Findings(
        faces=meshes.faces(), draco=meshes.draco, companions=uris.files(tree, path.parent)
    )
