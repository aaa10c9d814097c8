"""Buffers, views of them, and accessors: the numbers in a glTF file.

Blender's importer reads them with numpy, and ends with a Python error where a buffer is
too short. https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, section 3.6.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.model_files.damage import COPY_AGAIN, DamageError
from viewbatch.model_files.gltf import uris
from viewbatch.model_files.gltf.container import Tree
from viewbatch.model_files.gltf.values import shown

Array = npt.NDArray[Any]

_TYPES: Mapping[int, np.dtype[Any]] = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")

_MOST_WITHOUT_DATA = 1 << 24
"""Elements of an accessor that stands for zeros: Blender makes an array of them."""


class Data:
    """The numbers of a file, all of whose places have been checked to lie inside of it."""

    def __init__(self, tree: Tree, binary: memoryview | None, folder: Path) -> None:
        self._accessors = tree.get("accessors") or []
        self._views = tree.get("bufferViews") or []
        self._buffers: list[memoryview | None] = [
            _buffer(buffer, f"buffers[{i}]", binary if i == 0 else None, folder)
            for i, buffer in enumerate(tree.get("buffers") or ())
        ]
        for i, view in enumerate(self._views):
            self._check_view(view, f"bufferViews[{i}]")
        compressed = _compressed(tree)
        for i, accessor in enumerate(self._accessors):
            self._check_accessor(accessor, f"accessors[{i}]", has_data=i in compressed)

    def view(self, index: int) -> memoryview:
        """The bytes of a buffer view that nothing compresses."""
        view = self._views[index]
        start = int(view.get("byteOffset") or 0)
        if (buffer := self._buffers[view["buffer"]]) is None:
            raise DamageError(
                f"bufferViews[{index}] is of buffers[{view['buffer']}], which is empty"
            )
        part: memoryview = buffer[start : start + view["byteLength"]]
        return part

    def array(self, index: int) -> Array | None:
        """(count, components) numbers as stored; None where they are compressed."""
        accessor = self._accessors[index]
        count, kind = accessor["count"], _TYPES[accessor["componentType"]]
        components = _COMPONENTS[accessor["type"]]
        if (view := accessor.get("bufferView")) is None:
            if accessor.get("sparse") is None:
                return None
            values: Array = np.zeros((count, components), kind)
        elif _is_compressed(self._views[view]):
            return None
        else:
            values = self._elements(view, accessor.get("byteOffset") or 0, count, kind, components)
        if (sparse := accessor.get("sparse")) is not None:
            values = values.copy()
            where, what = sparse["indices"], sparse["values"]
            indices = self._elements(
                where["bufferView"],
                where.get("byteOffset") or 0,
                sparse["count"],
                _TYPES[where["componentType"]],
            )[:, 0]
            if indices.size and indices.max() >= count:
                raise DamageError(
                    f"accessors[{index}].sparse changes element {indices.max()} of {count}"
                )
            values[indices] = self._elements(
                what["bufferView"], what.get("byteOffset") or 0, sparse["count"], kind, components
            )
        return values

    def _elements(
        self, view: int, offset: int, count: int, kind: np.dtype[Any], components: int = 1
    ) -> Array:
        step = self._views[view].get("byteStride") or kind.itemsize * components
        return np.ndarray((count, components), kind, self.view(view), offset, (step, kind.itemsize))

    def _check_view(self, view: dict[str, Any], place: str) -> None:
        meshopt = [ext for name in _MESHOPT if (ext := (view.get("extensions") or {}).get(name))]
        for stored in meshopt or [view]:
            data, buffer = self._buffers[stored["buffer"]], f"buffers[{stored['buffer']}]"
            if data is None:
                raise DamageError(f"{place} is of {buffer}, which has no uri and no binary chunk")
            end = (stored.get("byteOffset") or 0) + stored["byteLength"]
            if end > len(data):
                raise DamageError(
                    f"{place} ends at byte {end} of {buffer}, which has {len(data)} bytes"
                )

    def _check_accessor(self, accessor: dict[str, Any], place: str, *, has_data: bool) -> None:
        kind = _TYPES[accessor["componentType"]]
        size = kind.itemsize * _COMPONENTS[accessor["type"]]
        count = accessor["count"]
        if (view := accessor.get("bufferView")) is not None:
            self._check_extent(accessor, place, count, kind, size)
        elif count > _MOST_WITHOUT_DATA and not has_data:
            raise DamageError(f"{place} claims {count} elements and has no data")
        if (sparse := accessor.get("sparse")) is None:
            return
        if sparse["count"] > count:
            raise DamageError(f"{place}.sparse changes {sparse['count']} of {count} elements")
        index = _TYPES[sparse["indices"]["componentType"]]
        for part, of, length in (("indices", index, index.itemsize), ("values", kind, size)):
            self._check_extent(sparse[part], f"{place}.sparse.{part}", sparse["count"], of, length)
            view = sparse[part]["bufferView"]
            if _is_compressed(self._views[view]):
                raise DamageError(
                    f"{place}.sparse.{part} is compressed, which Blender does not read"
                )

    def _check_extent(
        self, part: dict[str, Any], place: str, count: int, kind: np.dtype[Any], size: int
    ) -> None:
        view = self._views[part["bufferView"]]
        name = f"bufferViews[{part['bufferView']}]"
        step = view.get("byteStride") or size
        if step < size or step % kind.itemsize:
            raise DamageError(
                f"{name}.byteStride is {step}, which does not fit {place}, whose elements have "
                f"{size} bytes"
            )
        end = (part.get("byteOffset") or 0) + (step * (count - 1) + size if count else 0)
        if end > view["byteLength"]:
            raise DamageError(
                f"{place} ends at byte {end} of {name}, which has {view['byteLength']} bytes"
            )


def _buffer(
    buffer: dict[str, Any], place: str, binary: memoryview | None, folder: Path
) -> memoryview | None:
    """The bytes of a buffer; None for one that only compressed views may name."""
    uri, length = buffer.get("uri"), buffer["byteLength"]
    if not uri:
        data = binary
    elif uris.is_data(uri):
        data = memoryview(uris.data(uri, place))
    else:
        path = folder / uris.path(uri, place, inside=True)
        if not os.path.isfile(path):  # noqa: PTH113 - a name may be too long for Path
            raise DamageError(
                f"{place}.uri is {shown(uri)}, and there is no such file",
                "copy it with the model, or save the model as GLB",
            )
        data = memoryview(path.read_bytes())
    if data is not None and len(data) < length:
        raise DamageError(f"{place} has {len(data)} of its {length} bytes", COPY_AGAIN)
    return data


def _is_compressed(view: dict[str, Any]) -> bool:
    return any(name in (view.get("extensions") or {}) for name in _MESHOPT)


def _compressed(tree: Tree) -> set[int]:
    """The accessors whose numbers are in Draco's data."""
    found: set[int] = set()
    for mesh in tree.get("meshes") or ():
        for primitive in mesh["primitives"]:
            if "KHR_draco_mesh_compression" in (primitive.get("extensions") or {}):
                found.update(primitive["attributes"].values())
                found.add(primitive.get("indices", -1))
    return found
