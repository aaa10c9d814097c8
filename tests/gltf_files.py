"""Small glTF files, whole or wrong, made from the specification without any library."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Tree = dict[str, Any]

COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

TETRAHEDRON = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "f4")
SIDES = np.array([0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3], "u2")

DRACO = bytes.fromhex(
    "445241434f02020101000000040400030000012f01011001ff000001000903000002010101000303011001300300"
    "508224910400000000ff3f00000000000000000000000000800000803f0e"
)
"""A tetrahedron as Blender 4.5 compresses it; position is attribute 0."""


class GltfFile:
    """A file with one node that shows one mesh: a tetrahedron, unless told otherwise."""

    def __init__(
        self, points: npt.ArrayLike = TETRAHEDRON, sides: npt.NDArray[Any] | None = SIDES
    ) -> None:
        self.binary = bytearray()
        self.tree: Tree = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"name": "model", "mesh": 0}],
            "meshes": [{"primitives": [{"attributes": {}}]}],
            "accessors": [],
            "bufferViews": [],
            "buffers": [{"byteLength": 0}],
        }
        self.primitive["attributes"]["POSITION"] = self.numbers(np.asarray(points, "f4"))
        if sides is not None:
            self.primitive["indices"] = self.numbers(sides)

    @property
    def primitive(self) -> Tree:
        """The first part of the first mesh."""
        primitive: Tree = self.tree["meshes"][0]["primitives"][0]
        return primitive

    def view(self, data: bytes) -> int:
        """The index of a new buffer view that holds some bytes."""
        self.binary += bytes(-len(self.binary) % 4)
        self.tree["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        )
        self.binary += data
        self.tree["buffers"][0]["byteLength"] = len(self.binary)
        return len(self.tree["bufferViews"]) - 1

    def numbers(self, values: npt.NDArray[Any], **more: object) -> int:
        """The index of a new accessor that holds (n,) or (n, components) numbers."""
        components = 1 if values.ndim == 1 else values.shape[1]
        self.tree["accessors"].append(
            {
                "bufferView": self.view(values.tobytes()),
                "componentType": COMPONENTS[values.dtype.str[1:]],
                "count": len(values),
                "type": TYPES[components],
                **more,
            }
        )
        return len(self.tree["accessors"]) - 1

    def texture(self, image: Tree, texture: Tree | None = None) -> None:
        """Give the mesh a material with an image."""
        uvs = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "f4")
        self.primitive["attributes"]["TEXCOORD_0"] = self.numbers(uvs)
        self.primitive["material"] = 0
        self.tree["images"] = [image]
        self.tree["textures"] = [{"source": 0} if texture is None else texture]
        self.tree["materials"] = [
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0}}
        ]

    def needs(self, extension: str) -> None:
        """Make an extension a required one."""
        self.tree["extensionsUsed"] = self.tree["extensionsRequired"] = [extension]

    def compress(self, data: bytes = DRACO, attributes: Tree | None = None) -> None:
        """Put what should be Draco's data in place of the numbers."""
        extension = "KHR_draco_mesh_compression"
        self.needs(extension)
        self.primitive["extensions"] = {
            extension: {"bufferView": self.view(data), "attributes": attributes or {"POSITION": 0}}
        }
        for accessor in self.tree["accessors"]:
            del accessor["bufferView"]

    def glb(self) -> bytes:
        """The file as GLB."""
        return glb(json.dumps(self.tree).encode(), bytes(self.binary))

    def save(self, path: Path) -> Path:
        """Write the file as GLB, or as .gltf with its buffer beside it."""
        if path.suffix == ".glb":
            path.write_bytes(self.glb())
        else:
            self.tree["buffers"][0].setdefault("uri", path.stem + ".bin")
            path.with_suffix(".bin").write_bytes(self.binary)
            path.write_text(json.dumps(self.tree), encoding="utf-8")
        return path


def quantized(file: GltfFile) -> None:
    """Put 16-bit integers in place of its points."""
    points = np.hstack([TETRAHEDRON * 32767, np.zeros((4, 1))]).astype("i2")
    file.primitive["attributes"]["POSITION"] = file.numbers(points, normalized=True)
    file.tree["accessors"][-1]["type"] = "VEC3"
    file.tree["bufferViews"][-1]["byteStride"] = 8
    file.needs("KHR_mesh_quantization")


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a GLB; JSON is filled up with spaces, anything else with zeros."""
    data += (b" " if kind == b"JSON" else b"\0") * (-len(data) % 4)
    return struct.pack("<I4s", len(data), kind) + data


def glb(text: bytes, *binaries: bytes, length: int | None = None, version: int = 2) -> bytes:
    """A GLB; `length`: what its header claims, where that is not the truth."""
    body = chunk(b"JSON", text) + b"".join(chunk(b"BIN\0", data) for data in binaries)
    claimed = 12 + len(body) if length is None else length
    return struct.pack("<4sII", b"glTF", version, claimed) + body


def nested(levels: int) -> list[Any]:
    """Empty lists in each other."""
    result: list[Any] = []
    for _ in range(levels):
        result = [result]
    return result


def chain(count: int) -> Sequence[Tree]:
    """Nodes each of which is the only child of the one before; the last shows the mesh."""
    return [*({"children": [i + 1]} for i in range(count - 1)), {"mesh": 0}]
