"""A checkerboard as a model: where its corners are, and its binary glTF.

Seen from above (+z), in world, metres; the origin is the board's middle:

    y
    |   . D . D     The square at the lower left, towards -x and -y, is dark. Around the
    |   D . D .     squares lies a border in the light colour.
    +------ x

The squares are geometry, not a texture: an edge has no resolution and no filter, so that it is
exact at any distance. All squares share the vertices at their corners, so that no ray passes
between two of them.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, sections 3.6.2.2, 3.6.1, 4.4
_UINT32, _FLOAT32 = 5125, 5126
_VERTICES, _INDICES = 34962, 34963
_JSON, _BIN = 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a checkerboard is; lengths in metres."""

    columns: int
    """Squares along x."""
    rows: int
    """Squares along y."""
    square_m: float
    border_m: float
    """Width of the border; 0 is none."""
    dark: tuple[float, float, float]
    """Linear RGB, 0 to 1."""
    light: tuple[float, float, float]

    @property
    def lines_m(self) -> tuple[Array, Array]:
        """x of all lines between columns and y of all between rows, outer edges included."""
        x, y = (
            (np.arange(count + 1) - count / 2) * self.square_m
            for count in (self.columns, self.rows)
        )
        return x, y

    @property
    def inner_corners(self) -> Array:
        """((rows - 1) * (columns - 1), 3) in world: where four squares meet, row by row.

        x rises fastest; this is the order in which OpenCV wants the points of a board.
        """
        x, y = self.lines_m
        across, up = np.meshgrid(x[1:-1], y[1:-1])
        corners: Array = np.stack([across, up, np.zeros_like(across)], axis=-1).reshape(-1, 3)
        return corners


def to_glb(board: Board) -> bytes:
    """The board as a binary glTF file: one object, a material for each colour."""
    x, y = (_with_border(lines, board.border_m) for lines in board.lines_m)
    across, up = np.meshgrid(x, y)
    # glTF's y is up: (x, y, z) in world stands in the file as (x, z, -y).
    points = np.stack([across, np.zeros_like(across), -up], axis=-1).reshape(-1, 3)
    positions = (points + 0.0).astype("<f4")  # adding 0.0 turns -0.0 into 0.0
    normals = np.tile(np.array([0, 1, 0], dtype="<f4"), (len(positions), 1))
    buffers = [positions, normals, *_triangles(board, len(x), len(y))]
    views, accessors, data = [], [], b""
    for number, array in enumerate(buffers):
        is_vertex = number < 2
        views.append(
            {
                "buffer": 0,
                "byteOffset": len(data),
                "byteLength": array.nbytes,
                "target": _VERTICES if is_vertex else _INDICES,
            }
        )
        accessor: dict[str, Any] = {
            "bufferView": number,
            "componentType": _FLOAT32 if is_vertex else _UINT32,
            "count": len(array) if is_vertex else array.size,
            "type": "VEC3" if is_vertex else "SCALAR",
        }
        if array is positions:  # of these alone the format demands them
            accessor |= {
                "min": positions.min(axis=0).tolist(),
                "max": positions.max(axis=0).tolist(),
            }
        accessors.append(accessor)
        data += array.tobytes()
    tree = {
        "asset": {"version": "2.0", "generator": "viewbatch checkerboard"},
        "extensionsUsed": ["KHR_materials_specular"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "checkerboard", "mesh": 0}],
        "meshes": [
            {
                "name": "checkerboard",
                "primitives": [
                    {
                        "attributes": {"POSITION": 0, "NORMAL": 1},
                        "indices": 2 + material,
                        "material": material,
                    }
                    for material in (0, 1)
                ],
            }
        ],
        "materials": [_material("dark", board.dark), _material("light", board.light)],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(tree, separators=(",", ":")).encode("ascii")
    # Chunks are multiples of four bytes; JSON is filled up with spaces (section 4.4.3.2). What
    # the other chunk holds is of four bytes each.
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), _JSON) + text + struct.pack("<II", len(data), _BIN) + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def _with_border(lines: Array, border_m: float) -> Array:
    if border_m == 0:
        return lines
    return np.concatenate([[lines[0] - border_m], lines, [lines[-1] + border_m]])


def _triangles(board: Board, across: int, up: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Vertices of the dark and of the light triangles, of a grid of so many lines.

    Counter-clockwise from above, which is the front of a triangle (section 3.7.2.1).
    """
    row, column = np.indices((up - 1, across - 1))
    first = row * across + column
    corners = (first, first + 1, first + across + 1, first, first + across + 1, first + across)
    squares = np.stack(corners, axis=-1).astype("<u4")
    # With a border the first square is one further.
    left, below = (across - 1 - board.columns) // 2, (up - 1 - board.rows) // 2
    column, row = column - left, row - below
    inside = (column >= 0) & (column < board.columns) & (row >= 0) & (row < board.rows)
    dark = inside & ((column + row) % 2 == 0)
    return squares[dark], squares[~dark]


def _material(name: str, color: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "name": name,
        "doubleSided": True,
        # Without gloss, which would brighten the squares by where the camera stands.
        "extensions": {"KHR_materials_specular": {"specularFactor": 0.0}},
        "pbrMetallicRoughness": {
            "baseColorFactor": [*color, 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": 1.0,
        },
    }
