"""Binary STL and PLY: what is wrong with a file, word for word."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mesh_files import LEFT_OUT, ORIGIN, POINTS, WITH_NAN, said, stl


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (stl(), ""),
        (stl(header=b"solid by some exporters"), ""),
        (
            stl(WITH_NAN),
            "the model M has 1 triangle without finite coordinates (triangle 1), whose corners "
            "Blender moves",
        ),
        (
            stl()[:-1],
            "! the model M is cut short: its header states 2 triangles, which take 184 bytes, and "
            "it has 183"
            "; copy or download it again",
        ),
        (
            stl(count=4_000_000_000),
            "! the model M is cut short: its header states 4000000000 triangles, which take "
            "200000000084 bytes, and it has 184"
            "; copy or download it again",
        ),
        (
            stl(count=1),
            "! the model M cannot be imported: its header states 1 triangle, which take 134 bytes, "
            "and it has 184"
            "; export it again",
        ),
        (stl(count=0)[:84], "! the model M has no triangle; name one that has a surface"),
    ],
)
def test_binary_stl(tmp_path: Path, content: bytes, expected: str) -> None:
    assert said(tmp_path / "m.stl", content) == expected


def ply(
    *faces: Sequence[int], points: Any = POINTS, vertices: int = 4, count: int = 2, order: str = "<"
) -> bytes:
    endian = {"<": "little", ">": "big"}[order]
    header = (
        f"ply\nformat binary_{endian}_endian 1.0\nelement vertex {vertices}\nproperty float x\n"
        f"property float y\nproperty float z\nelement face {count}\nproperty uchar kind\n"
        "property list int int vertex_indices\nend_header\n"
    )
    rows = b"".join(struct.pack(f"{order}Bi{len(f)}i", 7, len(f), *f) for f in faces)
    return header.encode() + points.astype(f"{order}f4").tobytes() + rows


SQUARE = (0, 1, 2, 3)
MISSING = f"the model M has 1 face that refers to a missing vertex (number 2), {LEFT_OUT}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ply((0, 1, 2), (0, 1, 3)), ""),
        (ply((0, 1, 2), SQUARE), ""),
        (ply((0, 1, 2), SQUARE, order=">"), ""),
        (ply((0, 1, 2), (0, 1, 3)) + b"more", ""),
        (ply((0, 1, 2), SQUARE).replace(b"end_header", b"element none 2\nend_header"), ""),
        (ply((0, 1, 2), SQUARE, points=WITH_NAN), ORIGIN),
        (ply((0, 1, 2), (0, 1, 4)), MISSING),
        (ply((0, 1, 2), (0, 1, 2, -1)), MISSING),
        (
            ply((0, 1, 2), (0, 1)),
            f"the model M has 1 face with fewer than three corners (number 2), {LEFT_OUT}",
        ),
        (
            ply((0, 1, 2), ()),
            "! the model M cannot be imported: its face number 2 has no corner; export it again",
        ),
        (
            ply((0, 1, 2), (0, 1, 3))[:-1],
            "! the model M is cut short: it ends before the last of its 2 rows of face"
            "; copy or download it again",
        ),
        (
            ply((0, 1, 2), SQUARE)[:-1],
            "! the model M is cut short: it ends before the last of its 2 rows of face"
            "; copy or download it again",
        ),
        (
            ply((0, 1, 2))[:-17] + struct.pack("<Bi", 7, 2_000_000_000) + bytes(12),
            "! the model M is cut short: it ends before the last of its 2 rows of face"
            "; copy or download it again",
        ),
        (
            ply((0, 1, 2))[:-17] + struct.pack("<Bi", 7, -3) + bytes(17),
            "! the model M cannot be imported: its face number 1 has a negative count"
            "; export it again",
        ),
        (
            ply(vertices=40, count=1),
            "! the model M is cut short: it ends before the last of its 40 rows of vertex"
            "; copy or download it again",
        ),
    ],
)
def test_binary_ply(tmp_path: Path, content: bytes, expected: str) -> None:
    assert said(tmp_path / "m.ply", content) == expected
