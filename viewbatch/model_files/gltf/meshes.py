"""The meshes of a glTF file: numbers that fit each other, and how many faces they make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.model_files.damage import EXPORT_AGAIN, DamageError
from viewbatch.model_files.gltf.container import Tree
from viewbatch.model_files.gltf.data import Array, Data

DRACO = "KHR_draco_mesh_compression"

_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_LEAST = {2: 2, 3: 2, _STRIP: 3, _FAN: 3}
_GROUPS = {1: 2, _TRIANGLES: 3}
_VECTORS = {
    "POSITION": ("VEC3",),
    "NORMAL": ("VEC3",),
    "TEXCOORD": ("VEC2",),
    "COLOR": ("VEC3", "VEC4"),
    "JOINTS": ("VEC4",),
    "WEIGHTS": ("VEC4",),
}
_INDICES = (5121, 5123, 5125)
_MATRIX = "MAT4"

Indices = npt.NDArray[np.unsignedinteger[Any]]


class Meshes:
    """The meshes of a file; each is looked at once, whichever nodes show it."""

    def __init__(self, tree: Tree, data: Data) -> None:
        self._tree = tree
        self._data = data
        self._accessors = tree.get("accessors") or []
        self._meshes = tree.get("meshes") or []
        self._largest: dict[int, int] = {}
        self._finite: dict[int, bool] = {}
        self._faces: list[int | None] = [
            self._mesh(mesh, f"meshes[{i}]") for i, mesh in enumerate(self._meshes)
        ]
        for i, node in enumerate(tree.get("nodes") or ()):
            self._check_skin(node, f"nodes[{i}]")
            self._check_instances(node, f"nodes[{i}]")

    @property
    def draco(self) -> bool:
        """Whether any mesh is compressed with Draco."""
        return any(
            DRACO in (primitive.get("extensions") or {})
            for mesh in self._meshes
            for primitive in mesh["primitives"]
        )

    def faces(self) -> int | None:
        """Of all meshes that Blender makes; None where compressed data would have to be read.

        Raises `DamageError` where no node shows a mesh with triangles.
        """
        made = [self._faces[mesh] for mesh in self._made()]
        known = [faces for faces in made if faces is not None]
        if len(known) < len(made):
            return None
        if not sum(known):
            raise DamageError(
                "no node of it has a mesh with triangles", "name a model with surfaces"
            )
        return sum(known)

    def _made(self) -> Iterator[int]:
        """The mesh of each mesh that Blender makes: one for all nodes that show it alike."""
        seen: set[object] = set()
        for i, node in enumerate(self._tree.get("nodes") or ()):
            if (mesh := node.get("mesh")) is None:
                continue
            key: object = (mesh, node.get("skin"), tuple(node.get("weights") or ()))
            if not any(primitive.get("targets") for primitive in self._meshes[mesh]["primitives"]):
                key = (mesh, node.get("skin"))
            elif i in self._animated:
                key = i
            if key not in seen:
                seen.add(key)
                yield mesh

    @property
    def _animated(self) -> set[int]:
        return {
            channel["target"].get("node")
            for animation in self._tree.get("animations") or ()
            for channel in animation["channels"]
            if channel["target"]["path"] == "weights"
        }

    def _mesh(self, mesh: dict[str, Any], place: str) -> int | None:
        faces: int | None = 0
        for i, primitive in enumerate(mesh["primitives"]):
            more = self._primitive(primitive, f"{place}.primitives[{i}]")
            faces = None if faces is None or more is None else faces + more
        return faces

    def _primitive(self, primitive: dict[str, Any], place: str) -> int | None:
        """The number of its faces; None where it is compressed."""
        attributes = primitive["attributes"]
        if (position := attributes.get("POSITION")) is None:
            return 0  # Blender leaves it out, as the specification wants
        vertices = self._accessors[position]["count"]
        every = {f"attributes.{name}": index for name, index in attributes.items()}
        for i, target in enumerate(primitive.get("targets") or ()):
            every |= {f"targets[{i}].{name}": index for name, index in target.items()}
        for name, index in every.items():
            accessor = self._accessors[index]
            allowed = _VECTORS.get(name.rpartition(".")[2].partition("_")[0])
            if allowed and accessor["type"] not in allowed:
                raise DamageError(
                    f"{place}.{name} is accessors[{index}] of type {accessor['type']}, and must "
                    f"be {' or '.join(allowed)}"
                )
            if accessor["count"] < vertices:
                raise DamageError(f"{place}.{name} has {accessor['count']} of {vertices} vertices")
        mode = primitive.get("mode", _TRIANGLES)
        indices = primitive.get("indices")
        count = vertices if indices is None else self._accessors[indices]["count"]
        if count < _LEAST.get(mode, 0) or count % _GROUPS.get(mode, 1):
            raise DamageError(f"{place} has {count} indices, which make no whole {_SHAPES[mode]}")
        if DRACO in (primitive.get("extensions") or {}):
            self._check_draco(primitive, place)
            return None
        corners = self._corners(indices, vertices, place)
        self._check_finite(attributes, corners, vertices, place)
        if mode not in (_TRIANGLES, _STRIP, _FAN):
            return 0
        if corners is None and self._is_unknown(indices):
            return None
        if corners is None:
            return _number_of_triangles(mode, count)
        return _number_of_faces(_triangles(mode, corners))

    def _is_unknown(self, indices: int | None) -> bool:
        return indices is not None and self._data.array(indices) is None

    def _corners(self, indices: int | None, vertices: int, place: str) -> Indices | None:
        """(n,) vertices in the order of the file; None for 0, 1, 2, ... or what is compressed."""
        if indices is None:
            return None
        accessor = self._accessors[indices]
        if accessor["type"] != "SCALAR" or accessor["componentType"] not in _INDICES:
            raise DamageError(
                f"{place}.indices is accessors[{indices}] of {accessor['type']} and component "
                f"type {accessor['componentType']}, and must be SCALAR of unsigned integers"
            )
        corners = self._data.array(indices)
        if corners is None:
            return None
        if (vertex := self._largest_of(indices, corners)) >= vertices:
            raise DamageError(
                f"{place} uses vertex {vertex} in accessors[{indices}], and has {vertices} vertices"
            )
        return corners[:, 0]

    def _largest_of(self, index: int, values: Array) -> int:
        if index not in self._largest:
            self._largest[index] = int(values.max()) if values.size else -1
        return self._largest[index]

    def _check_finite(
        self, attributes: dict[str, int], corners: Indices | None, vertices: int, place: str
    ) -> None:
        """Blender makes a coordinate that is no finite number 0, without a word."""
        for name, index in attributes.items():
            if name != "POSITION" and not name.startswith("WEIGHTS_"):
                continue
            if self._is_finite(index):
                continue
            values = self._data.array(index)
            assert values is not None
            bad = ~np.isfinite(values).all(axis=1)[:vertices]
            if corners is not None:
                # Blender leaves out the vertices that nothing uses.
                used = np.zeros(vertices, bool)
                used[corners] = True
                bad &= used
            if number := int(np.count_nonzero(bad)):
                what = "coordinates" if name == "POSITION" else "weights"
                raise DamageError(
                    f"{number} of {vertices} vertices of {place} have {what} that are not finite "
                    "numbers",
                    "repair the mesh and " + EXPORT_AGAIN,
                )

    def _is_finite(self, index: int) -> bool:
        if index not in self._finite:
            values = self._data.array(index)
            self._finite[index] = (
                values is None or values.dtype.kind != "f" or bool(np.isfinite(values).all())
            )
        return self._finite[index]

    def _check_draco(self, primitive: dict[str, Any], place: str) -> None:
        extension = primitive["extensions"][DRACO]
        place = f"{place}.extensions.{DRACO}"
        if primitive.get("indices") is None:
            raise DamageError(f"{place} belongs to a mesh without indices")
        for name in extension["attributes"]:
            if name not in primitive["attributes"]:
                raise DamageError(f"{place} has {name}, and the mesh does not")
        header = bytes(self._data.view(extension["bufferView"])[:8])
        # "DRACO", its version in two bytes, and 1 for a mesh.
        if len(header) < 8 or header[:5] != b"DRACO" or header[7] != 1:
            raise DamageError(f"bufferViews[{extension['bufferView']}] is no mesh of Draco's")

    def _check_skin(self, node: dict[str, Any], place: str) -> None:
        if (number := node.get("skin")) is None or (mesh := node.get("mesh")) is None:
            return
        skin = self._tree["skins"][number]
        joints = len(skin["joints"])
        if (matrices := skin.get("inverseBindMatrices")) is not None:
            accessor = self._accessors[matrices]
            if accessor["type"] != _MATRIX or accessor["count"] < joints:
                raise DamageError(
                    f"skins[{number}].inverseBindMatrices has {accessor['count']} elements of "
                    f"type {accessor['type']} for {joints} joints"
                )
            if not self._is_finite(matrices):
                raise DamageError(
                    f"skins[{number}].inverseBindMatrices has matrices that are not finite numbers"
                )
        for i, primitive in enumerate(self._meshes[mesh]["primitives"]):
            for name, index in primitive["attributes"].items():
                if not name.startswith("JOINTS_"):
                    continue
                if (values := self._data.array(index)) is None:
                    continue
                if (joint := self._largest_of(index, values)) >= joints:
                    raise DamageError(
                        f"meshes[{mesh}].primitives[{i}] is moved by joint {joint}, and "
                        f"skins[{number}] of {place} has {joints}"
                    )

    def _check_instances(self, node: dict[str, Any], place: str) -> None:
        instancing = (node.get("extensions") or {}).get("EXT_mesh_gpu_instancing")
        for name, index in instancing["attributes"].items() if instancing else ():
            if not self._is_finite(index):
                raise DamageError(f"{place} has a {name} of an instance that is no finite number")


_SHAPES = {
    0: "points",
    1: "lines",
    2: "line",
    3: "line",
    _TRIANGLES: "triangles",
    _STRIP: "triangle",
    _FAN: "triangle",
}


def _number_of_triangles(mode: int, count: int) -> int:
    return count // 3 if mode == _TRIANGLES else count - 2


def _triangles(mode: int, corners: Indices) -> Indices:
    """(n, 3) vertices of each triangle, in no particular turn."""
    if mode == _TRIANGLES:
        return corners.reshape(-1, 3)
    if mode == _FAN:
        first = np.broadcast_to(corners[:1], len(corners) - 2)
        return np.stack([first, corners[1:-1], corners[2:]], axis=1)
    return np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)


def _number_of_faces(triangles: Indices) -> int:
    """How many Blender keeps: each three different vertices once."""
    a, b, c = (np.ascontiguousarray(column) for column in triangles.T)
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    whole = (a != b) & (b != c) & (c != a)
    if not whole.any():
        return 0
    middle = (a ^ b ^ c ^ low ^ high)[whole]
    # One number per triangle: vertices are numbered below 2**32, and their differences are
    # mixed so that two triangles share it once in 2**64.
    key = low[whole].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    key ^= (middle.astype(np.uint64) << np.uint64(32)) | high[whole]
    key.sort()
    return 1 + int(np.count_nonzero(key[1:] != key[:-1]))
