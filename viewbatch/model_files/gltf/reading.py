"""Read a glTF file: container, schema, nodes, numbers, images, meshes, in this order."""

from __future__ import annotations

from pathlib import Path

from viewbatch.errors import ModelError
from viewbatch.model_files.findings import Findings
from viewbatch.model_files.gltf import images, nodes, schema
from viewbatch.model_files.gltf.container import START, check_start, take_apart
from viewbatch.model_files.gltf.data import Data
from viewbatch.model_files.gltf.error import GltfError
from viewbatch.model_files.gltf.meshes import Meshes


def read(path: Path) -> Findings:
    """Refuse a file that Blender would not import whole."""
    try:
        with path.open("rb") as file:  # a file of any size that is none is not read whole
            check_start(file.read(START), path.stat().st_size)
        tree, binary = take_apart(memoryview(path.read_bytes()))
        schema.check(tree)
        nodes.check(tree)
        data = Data(tree, binary, path.parent)
        images.check(tree, data, path.parent)
        meshes = Meshes(tree, data)
        return Findings(faces=meshes.faces(), draco=meshes.draco)
    except GltfError as problem:
        raise ModelError(f"the model {path} cannot be imported: {problem}") from problem
