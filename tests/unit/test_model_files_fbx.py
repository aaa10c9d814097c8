"""FBX, binary and as text: what is wrong with a file, word for word."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mesh_files import LEFT_OUT, ORIGIN, POINTS, WITH_NAN, said

Node = tuple[str, Sequence[bytes], Sequence["Node"]]


def array(code: str, values: Any, *, length: int | None = None, packing: int = 1) -> bytes:
    """An array property, whose head may lie."""
    raw = np.asarray(values, {"d": "<f8", "i": "<i4"}[code]).tobytes()
    data = zlib.compress(raw) if packing == 1 else raw
    length = len(values) if length is None else length
    return code.encode() + struct.pack("<III", length, packing, len(data)) + data


def node(name: str, properties: Sequence[bytes], children: Sequence[Node], at: int) -> bytes:
    data = b"".join(properties)
    body = b""
    begin = at + 13 + len(name) + len(data)
    for child in children:
        body += node(*child, at=begin + len(body))
    if children:
        body += bytes(13)
    head = struct.pack("<IIIB", begin + len(body), len(properties), len(data), len(name))
    return head + name.encode() + data + body


XYZ = POINTS.ravel()
CORNERS = [0, 1, -3, 0, 1, -4]


def fbx(
    vertices: bytes = array("d", XYZ),
    corners: bytes = array("i", CORNERS),
    version: int = 7400,
) -> bytes:
    """The nodes that a mesh needs."""
    text = b"S" + struct.pack("<I", 4) + b"Mesh"
    number = b"L" + struct.pack("<q", 1)
    mesh: Sequence[Node] = [("Vertices", [vertices], []), ("PolygonVertexIndex", [corners], [])]
    start = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", version)
    return start + node("Objects", [], [("Geometry", [number, text], mesh)], at=27) + bytes(13)


def deep(levels: int) -> bytes:
    nodes: Node = ("a", [], [])
    for _ in range(levels):
        nodes = ("a", [], [nodes])
    return fbx()[:27] + node(*nodes, at=27) + bytes(13)


NO_FBX = (
    "! the model M is no FBX file; check that it was downloaded whole, or name it by its real kind"
)
DAMAGED = (
    "! the model M cannot be imported: the array of the node Vertices is damaged; export it again"
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (fbx(), ""),
        (fbx(array("d", XYZ, packing=0)), ""),
        (fbx() + b"a footer of any length", ""),
        (fbx(array("d", WITH_NAN.ravel())), ORIGIN),
        (fbx(array("d", [0, 0, 0, 1e300, *XYZ[4:]])), ORIGIN),
        (
            fbx(corners=array("i", [0, -3, 0, 1, -4])),
            f"the model M has 1 face with fewer than three corners (number 1), {LEFT_OUT}",
        ),
        (
            fbx(corners=array("i", [0, 9, -3])),
            "! the model M cannot be imported: a face refers to a vertex that its mesh does not "
            "have"
            "; export it again",
        ),
        (
            fbx(corners=array("i", [0, 1, 2])),
            "! the model M cannot be imported: the last face of a mesh has no end; export it again",
        ),
        (
            fbx(array("d", XYZ[:10])),
            "! the model M cannot be imported: a mesh has a vertex without three coordinates"
            "; export it again",
        ),
        (fbx(array("d", XYZ, length=4_000_000_000)), DAMAGED),
        (fbx(array("d", XYZ, length=4_000_000_000, packing=0)), DAMAGED),
        (fbx(array("d", XYZ, length=11)), DAMAGED),
        (fbx(array("d", XYZ, length=13)), DAMAGED),
        (fbx(array("d", XYZ, packing=2)), DAMAGED),
        (fbx().replace(b"\x78\x9c", b"\x78\x9d", 1), DAMAGED),
        (
            fbx(array("d", np.zeros(40_000_000))),
            "! the model M cannot be imported: its arrays unpack to more than 100 times its size, "
            "which no model needs"
            "; export it again",
        ),
        (
            fbx(b"?"),
            "! the model M cannot be imported: the node Vertices has a property of no known type"
            "; export it again",
        ),
        (
            fbx(b"S\xff\xff\xff\x7f"),
            "! the model M cannot be imported: the properties of the node Vertices do not fill it"
            "; export it again",
        ),
        (
            deep(300),
            "! the model M cannot be imported: its nodes are nested more than 256 deep"
            "; export it again",
        ),
        (
            fbx()[:-20],
            "! the model M cannot be imported: the node at byte 27 leaves the file or its parent"
            "; export it again",
        ),
        (
            fbx()[:-13],
            "! the model M cannot be imported: it ends, or a node does, within the node at byte "
            f"{len(fbx()) - 13}"
            "; export it again",
        ),
        (
            # A node called a, whose list of none ends before it does.
            fbx()[:27] + struct.pack("<IIIB", 59, 0, 0, 1) + b"a" + bytes(13) + bytes(18),
            "! the model M cannot be imported: the list of nodes that ends at byte 54 is not all "
            "there"
            "; export it again",
        ),
        (
            fbx(version=99),
            "! the model M cannot be imported: it states version 99, which FBX does not have"
            "; export it again",
        ),
        (fbx()[:10], "! the model M is cut short: it has 10 bytes; copy or download it again"),
        (b"this is not a model\n", NO_FBX),
    ],
)
def test_binary_fbx(tmp_path: Path, content: bytes, expected: str) -> None:
    assert said(tmp_path / "m.fbx", content) == expected


FBX_TEXT = """; FBX 7.3.0 project file
Objects:  {
	Geometry: 1, "Geometry::a { b", "Mesh" {
		Vertices: *12 {
			a: 0,0,0,1,0,0,0,1,0,
0,0,1
		}
		PolygonVertexIndex: *6 {
			a: 0,1,-3,0,1,-4
		}
	}
}
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (FBX_TEXT, ""),
        (FBX_TEXT.replace("0,0,0,1", "0,0,0,nan", 1), ORIGIN),
        (
            FBX_TEXT[:-3],
            "! the model M is cut short: not all of its braces and quotes are closed"
            "; copy or download it again",
        ),
        (
            FBX_TEXT.replace("*12", "*4000000000"),
            "! the model M cannot be imported: the array of the node Vertices is not 4000000000 "
            "numbers"
            "; export it again",
        ),
        (
            FBX_TEXT.replace("*12", f"*{'9' * 5000}"),
            "! the model M cannot be imported: the array of the node Vertices is not "
            f"{'9' * 60}... numbers"
            "; export it again",
        ),
        (
            FBX_TEXT.replace("1,-3", "9,-3"),
            "! the model M cannot be imported: a face refers to a vertex that its mesh does not "
            "have"
            "; export it again",
        ),
        (
            FBX_TEXT.replace("Objects", "Others"),
            "! the model M cannot be imported: it has no node Objects; export it again",
        ),
    ],
)
def test_fbx_as_text(tmp_path: Path, content: str, expected: str) -> None:
    assert said(tmp_path / "m.fbx", content) == expected
