"""Binary glTF from arrays: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset.png import encode_png

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Triangles, z up, counter-clockwise seen from outside."""

    points: Array
    """(n, 3) metres."""
    normals: Array
    """(n, 3) of unit length."""
    uvs: Array
    """(n, 2) with (0, 0) at the image's top left."""
    triangles: npt.NDArray[np.uint32]
    """(m, 3)."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """A surface; `specular` 0 takes the gloss of a coat away, so that it is matte throughout."""

    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Linear, a factor on the image."""
    roughness: float = 1.0
    metallic: float = 0.0
    specular: float = 1.0
    transmission: float = 0.0
    image: npt.NDArray[np.uint8] | None = None
    """(H, W, 3) sRGB, row 0 on top."""


MATTE = Material(specular=0.0)


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object."""

    name: str
    mesh: Mesh
    material: Material


def encode_glb(things: Sequence[Thing]) -> bytes:
    """The things as a file; equal things make equal bytes."""
    binary = _Binary()
    tree: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(things)))}],
        "nodes": [{"name": thing.name, "mesh": i} for i, thing in enumerate(things)],
        "meshes": [],
        "materials": [],
        "extensionsUsed": ["KHR_materials_specular", "KHR_materials_transmission"],
    }
    for i, thing in enumerate(things):
        mesh = thing.mesh
        attributes = {
            # glTF's y is up, and its z is our -y.
            "POSITION": binary.accessor(mesh.points[:, [0, 2, 1]] * (1, 1, -1), "VEC3"),
            "NORMAL": binary.accessor(mesh.normals[:, [0, 2, 1]] * (1, 1, -1), "VEC3"),
            "TEXCOORD_0": binary.accessor(mesh.uvs, "VEC2"),
        }
        indices = binary.accessor(mesh.triangles.reshape(-1), "SCALAR")
        primitive = {"attributes": attributes, "indices": indices, "material": i}
        tree["meshes"].append({"name": thing.name, "primitives": [primitive]})
        tree["materials"].append(_material(thing, tree, binary))
    tree |= {
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": len(binary.data)}],
    }
    text = json.dumps(tree, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 4)
    chunks = [(b"JSON", text), (b"BIN\0", bytes(binary.data))]
    body = b"".join(struct.pack("<I4s", len(data), kind) + data for kind, data in chunks)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


class _Binary:
    """The buffer of a file, and what says where in it things are."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, data: bytes) -> int:
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)})
        self.data += data + bytes(-len(data) % 4)
        return len(self.views) - 1

    def accessor(self, values: npt.NDArray[Any], kind: str) -> int:
        whole = values.dtype.kind == "u"
        stored = values.astype("<u4" if whole else "<f4")
        accessor: dict[str, Any] = {
            "bufferView": self.view(stored.tobytes()),
            "componentType": 5125 if whole else 5126,
            "count": len(stored),
            "type": kind,
        }
        if kind == "VEC3":
            accessor |= {"min": stored.min(axis=0).tolist(), "max": stored.max(axis=0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _material(thing: Thing, tree: dict[str, Any], binary: _Binary) -> dict[str, Any]:
    given = thing.material
    shading: dict[str, Any] = {
        "baseColorFactor": [*given.color, 1.0],
        "metallicFactor": given.metallic,
        "roughnessFactor": given.roughness,
    }
    if given.image is not None:
        images = tree.setdefault("images", [])
        view = binary.view(encode_png(given.image))
        images.append({"name": thing.name, "bufferView": view, "mimeType": "image/png"})
        textures = tree.setdefault("textures", [])
        textures.append({"source": len(images) - 1})
        shading["baseColorTexture"] = {"index": len(textures) - 1}
    return {
        "name": thing.name,
        "pbrMetallicRoughness": shading,
        "extensions": {
            "KHR_materials_specular": {"specularFactor": given.specular},
            "KHR_materials_transmission": {"transmissionFactor": given.transmission},
        },
    }
