"""Files of meshes made in the tests, and what is said of a model's file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from viewbatch.errors import ModelError
from viewbatch.model_files import read

VERTICES = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
FACES = "f 1 2 3\nf 1 2 4\n"
OBJ = VERTICES + FACES


def said(path: Path, content: str | bytes) -> str:
    """What is said of a file, its name left out: an error, a warning, or nothing."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        warnings = read(path).warnings
    except ModelError as error:
        warnings = (f"! {error}",)
    assert len(warnings) < 2
    return "".join(warnings).replace(str(path), "M")


LEFT_OUT = "which Blender leaves out"


def facet(*corners: str) -> str:
    lines = "".join(f"vertex {corner}\n" for corner in corners)
    return f"facet normal 0 0 1\nouter loop\n{lines}endloop\nendfacet\n"


ONE, TWO = facet("0 0 0", "1 0 0", "0 1 0"), facet("0 0 0", "1 0 0", "0 0 1")
STL = f"solid a\n{ONE}{TWO}endsolid a\n"

HEADER = """ply
format ascii 1.0
comment made by hand
element vertex 4
property float x
property float y
property float z
element face 2
property list uchar int vertex_indices
end_header
"""

ORIGIN = (
    "the model M has 1 vertex without three finite coordinates (number 2), which Blender moves to "
    "the origin"
)


def collada(
    positions: str = "0 0 0 1 0 0 0 1 0 0 0 1",
    faces: str = "0 1 2 0 1 3",
    *,
    before: str = "",
    inside: str = "",
    values: int = 12,
    triangles: int = 2,
    url: str = "#g",
) -> str:
    return f"""<?xml version="1.0"?>{before}
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">{inside}
<library_geometries><geometry id="g"><mesh><source id="s">
<float_array id="a" count="{values}">{positions}</float_array><technique_common>
<accessor source="#a" count="4" stride="3"/></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#s"/></vertices>
<triangles count="{triangles}"><input semantic="VERTEX" source="#v" offset="0"/>
<p>{faces}</p></triangles></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="w"><node><instance_geometry url="{url}"/></node>
</visual_scene></library_visual_scenes><scene><instance_visual_scene url="#w"/></scene></COLLADA>
"""


TEXTURE = """<library_images><image id="i"><init_from>a%20b.png</init_from></image>
<image id="unused"><init_from>nothing.png</init_from></image></library_images>
<library_effects><effect id="e"><surface><init_from>i</init_from></surface></effect>
</library_effects>"""


NAN = float("nan")
POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "<f4")
WITH_NAN = np.array([[0, 0, 0], [NAN, 0, 0], [0, 1, 0], [0, 0, 1]], "<f4")


def stl(points: Any = POINTS, count: int = 2, header: bytes = b"") -> bytes:
    faces = np.zeros(2, [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    faces["corners"] = points[[[0, 1, 2], [0, 2, 3]]]
    return header.ljust(80, b"\0") + struct.pack("<I", count) + faces.tobytes()
