"""PLY files of points and triangles, binary little endian.

The format: http://paulbourke.net/dataformats/ply/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.errors import DatasetError

_TYPES = {
    "i1": "char",
    "u1": "uchar",
    "i2": "short",
    "u2": "ushort",
    "i4": "int",
    "u4": "uint",
    "f4": "float",
    "f8": "double",
}
"""PLY's name of a type by numpy's."""

_MAGIC = ["ply", "format binary_little_endian 1.0"]

_HEADER = re.compile(
    "\n".join(_MAGIC).encode()
    + rb"\n(comment .*\n)*element vertex (?P<count>\d+)\n"
    + rb"(?P<fields>(property (%s) \w+\n)+)" % "|".join(_TYPES.values()).encode()
    + rb"(element .*\n(property .*\n)*)*end_header\n"
)


def encode_ply(
    vertices: npt.NDArray[Any],
    *,
    triangles: npt.NDArray[np.integer[Any]] | None = None,
    of_triangles: Mapping[str, npt.NDArray[np.generic]] | None = None,
    comments: Sequence[str] = (),
) -> bytes:
    """A PLY file of a structured array of vertices, its fields in their order.

    `triangles` is (m, 3) indices of vertices, `of_triangles` further properties of each by
    name, of shape (m,). `comments` are lines of ASCII for the header.
    """
    vertices = _packed(vertices)
    header = [*_MAGIC, *(f"comment {line}" for line in comments)]
    header += [f"element vertex {len(vertices)}", *_properties(vertices.dtype)]
    body = vertices.tobytes()
    if triangles is not None:
        further = dict(of_triangles or {})
        own = np.dtype([(name, values.dtype) for name, values in further.items()])
        header += [f"element face {len(triangles)}", "property list uchar int vertex_indices"]
        header += _properties(own)
        corners = [("count", "u1"), ("vertex_indices", "<i4", (3,))]
        faces = np.empty(len(triangles), [*corners, *_little_endian(own)])
        faces["count"] = 3
        faces["vertex_indices"] = triangles
        for name, values in further.items():
            faces[name] = values
        body += faces.tobytes()
    return "\n".join([*header, "end_header", ""]).encode("ascii") + body


def read_vertices(path: Path) -> npt.NDArray[Any]:
    """The vertices of a file that `encode_ply` made, as a structured array.

    Raises `DatasetError` for another kind of PLY, and for a file that was cut off.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    header = _HEADER.match(data)
    if header is not None:
        code_of = {name: code for code, name in _TYPES.items()}
        lines = header["fields"].decode("ascii").splitlines()
        dtype = np.dtype([(name, f"<{code_of[kind]}") for _, kind, name in map(str.split, lines)])
        count = int(header["count"])
        if len(data) - header.end() >= count * dtype.itemsize:
            return np.frombuffer(data, dtype, count, header.end())
    raise DatasetError(
        f"{path} is not a whole PLY file as this program writes it; remove the record of its "
        "view, and the same command makes the view again"
    )


def _packed(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same rows, little endian and without gaps between the fields."""
    return rows.astype(np.dtype(_little_endian(rows.dtype)), copy=False)


def _little_endian(dtype: np.dtype[Any]) -> list[tuple[str, np.dtype[Any]]]:
    return [(name, dtype[name].newbyteorder("<")) for name in dtype.names or ()]


def _properties(dtype: np.dtype[Any]) -> list[str]:
    """The header's line for each field."""
    return [f"property {_TYPES[dtype[name].str[1:]]} {name}" for name in dtype.names or ()]
