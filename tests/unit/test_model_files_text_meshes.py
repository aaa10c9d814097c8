"""STL and PLY as text: what is wrong with a file, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mesh_files import HEADER, LEFT_OUT, ONE, ORIGIN, STL, TWO, facet, said

LOOSE = "of which Blender makes what it can"
CORNERS = (
    "the model M has 1 triangle without finite coordinates (line 2), whose corners Blender moves"
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (STL, ""),
        (STL.replace("\n", "\r\n"), ""),
        (f"solid a\n{ONE}endsolid a\nsolid b\n{TWO}endsolid b\n", ""),
        (STL.replace("vertex 1 0 0", "vertex nan 0 0", 1), CORNERS),
        (STL.replace("vertex 1 0 0", "vertex 1e39 0 0", 1), CORNERS),
        (STL.replace("vertex 1 0 0", "vertex 1 0", 1), CORNERS),
        (
            STL.replace("endsolid", "junk\nendsolid"),
            f"the model M has 1 line that belongs to no triangle (line 16), {LOOSE}",
        ),
        (
            f"solid a\n{facet('0 0 0', '1 0 0')}{ONE}endsolid\n",
            f"the model M has 6 lines that belong to no triangle (first: line 2), {LOOSE}",
        ),
        (
            STL[:-40],
            "! the model M is cut short: its text does not end with endsolid"
            "; copy or download it again",
        ),
        ("solid a\nendsolid a\n", "! the model M has no triangle; name one that has a surface"),
        (
            STL.upper(),
            "! the model M cannot be imported: it is neither binary STL nor a text that begins "
            "with solid"
            "; export it again",
        ),
        (
            "this is no model\n",
            "! the model M cannot be imported: it is neither binary STL nor a text that begins "
            "with solid"
            "; export it again",
        ),
    ],
)
def test_stl_as_text(tmp_path: Path, content: str, expected: str) -> None:
    assert said(tmp_path / "m.stl", content) == expected


def test_a_long_stl_is_read_in_blocks(tmp_path: Path) -> None:
    rows = 50_000
    good = f"solid a\n{ONE * rows}endsolid a\n"
    assert said(tmp_path / "m.stl", good) == ""
    bad = good + f"solid b\n{TWO.replace('1 0 0', 'inf 0 0')}endsolid b\n"
    assert said(tmp_path / "m.stl", bad) == CORNERS.replace("line 2", f"line {7 * rows + 4}")


def test_a_long_text_without_triangles_is_read_once(tmp_path: Path) -> None:
    """Reading on for an end that never comes took minutes of such a file."""
    text = f"solid a\n{(ONE * 100_000).upper()}endsolid a\n"
    refusal = "! the model M has no triangle; name one that has a surface"
    assert said(tmp_path / "m.stl", text) == refusal


def test_broken_triangles_of_a_block_keep_their_lines(tmp_path: Path) -> None:
    text = f"solid a\n{ONE * 10_000}{TWO.replace('1 0 0', 'inf 0 0') * 40_000}endsolid a\n"
    assert said(tmp_path / "m.stl", text) == (
        "the model M has 40000 triangles without finite coordinates (first: line 70002), whose "
        "corners Blender moves"
    )


NO_PLY = (
    "! the model M is no PLY file; check that it was downloaded whole, or name it by its real kind"
)
POINTS = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n"
PLY = HEADER + POINTS + "3 0 1 2\n3 0 1 3\n"

TEXTURED_PLY = (
    HEADER.replace("float z\n", "float z\nproperty float s\nproperty float t\n")
    + POINTS.replace("\n", " 0 0\n")
    + "3 0 1 2\n3 0 1 3\n"
)

STRIP = HEADER.replace("element face 2", "element tristrips 1") + POINTS + "4 0 1 2 3\n"
STRIP_REFUSED = (
    "! the model M cannot be imported: its strips of triangles refer to missing vertices"
    "; export it again"
)
MISSING = f"the model M has 1 face that refers to a missing vertex (number 1), {LEFT_OUT}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PLY, ""),
        (PLY.replace("\n", "\r\n"), ""),
        (PLY.rstrip(), ""),
        (PLY.replace("3 0 1 3", "4 0 1 3 2"), ""),
        (PLY.replace("1 0 0", "nan 0 0"), ORIGIN),
        (PLY.replace("1 0 0", "1e39 0 0"), ORIGIN),
        (
            PLY.replace("1 0 0", "nan 0 0").replace("0 1 0", "inf 0 0"),
            "! the model M cannot be imported: only 2 of its 4 vertices have three finite "
            "coordinates"
            "; repair the mesh and export it again",
        ),
        (PLY.replace("3 0 1 2", "3 0 1 4"), MISSING),
        (PLY.replace("3 0 1 2", "3 0 1 -1"), MISSING),
        (PLY.replace("3 0 1 2", "3 0 1.5 2"), MISSING),
        (PLY.replace("3 0 1 2", "3 0 1e0 2"), MISSING),
        (TEXTURED_PLY, ""),
        (
            TEXTURED_PLY.replace("3 0 1 2", "3 0 1 4"),
            "! the model M cannot be imported: its face number 1 refers to a missing vertex, of "
            "which Blender dies where vertices have texture coordinates; export it again",
        ),
        (
            PLY.replace("3 0 1 2", "2 0 1"),
            f"the model M has 1 face with fewer than three corners (number 1), {LEFT_OUT}",
        ),
        (
            PLY.replace("3 0 1", "3 9 1"),
            "! the model M cannot be imported: none of its faces has three corners that exist"
            "; export it again",
        ),
        (
            PLY.replace("3 0 1 2", "-3 0 1 2"),
            "! the model M cannot be imported: its face number 1 has no corner; export it again",
        ),
        (
            PLY.replace("1 0 0", "1 0"),
            "! the model M cannot be imported: its line 12 is not the row of vertex that its "
            "header describes"
            "; export it again",
        ),
        (
            PLY.replace("3 0 1 2", "2000000000 0 1 2"),
            "! the model M cannot be imported: its line 15 is not the row of face that its header "
            "describes"
            "; export it again",
        ),
        (
            HEADER + POINTS + "3 0 1 2\n",
            "! the model M is cut short: it ends before the last of its 2 rows of face"
            "; copy or download it again",
        ),
        (
            PLY[:90],
            "! the model M is cut short: its header has no end_header; copy or download it again",
        ),
        (
            PLY.replace("vertex 4", "vertex 4000000000"),
            "! the model M cannot be imported: its header claims 4000000002 elements, and the file "
            "has 224 bytes"
            "; copy or download it again",
        ),
        (
            PLY.replace("vertex 4", "vertex -4"),
            "! the model M cannot be imported: its header has a line that PLY does not: element "
            "vertex -4"
            "; export it again",
        ),
        (
            PLY.replace("format ascii 1.0\n", ""),
            "! the model M cannot be imported: its header states no format; export it again",
        ),
        (
            PLY.replace("float z", "float depth"),
            "! the model M cannot be imported: its vertices have no x, y and z; export it again",
        ),
        (
            PLY.replace("vertex_indices", "neighbours"),
            "! the model M cannot be imported: its faces have no list of vertices; export it again",
        ),
        (
            PLY.replace("face 2", "face 0"),
            "! the model M has 4 vertices and no face; name one that has a surface",
        ),
        (STRIP, ""),
        (STRIP.replace("4 0 1 2 3", "7 0 1 2 -1 1 2 3"), ""),
        (STRIP.replace("4 0 1 2 3", "3 0 1 4"), STRIP_REFUSED),
        (STRIP.replace("4 0 1 2 3", "1 9"), STRIP_REFUSED),
        (STRIP.replace("4 0 1 2 3", "4 0 1 2 -2"), STRIP_REFUSED),
        (STRIP.replace("4 0 1 2 3", "4 0 1 2 2147483647"), STRIP_REFUSED),
        (
            STRIP.replace("list uchar int vertex_indices", "int vertex_indices"),
            "! the model M cannot be imported: its faces have no list of vertices; export it again",
        ),
        # Names that mean nothing to PLY, whatever they are called.
        (HEADER.replace("end_", "property int corners\nend_") + POINTS + "3 0 1 2 7\n" * 2, ""),
        (HEADER.replace("end_", "property int counts\nend_") + POINTS + "3 0 1 2 7\n" * 2, ""),
        (
            HEADER.replace("end_", "property list uchar int vertex_index\nend_")
            + POINTS
            + "3 0 1 2 3 0 1 2\n4 0 1 2 3 3 0 1 2\n",
            "! the model M cannot be imported: its face has more than one property for its corners"
            "; export it again",
        ),
        (
            PLY.replace("property float x", "property float x\nproperty float x"),
            "! the model M cannot be imported: its vertex has more than one property for its x"
            "; export it again",
        ),
        ("a text\n", NO_PLY),
    ],
)
def test_ply_as_text(tmp_path: Path, content: str, expected: str) -> None:
    assert said(tmp_path / "m.ply", content) == expected
