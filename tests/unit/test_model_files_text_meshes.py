"""Text meshes (OBJ, ASCII STL and PLY, Collada): what is wrong with a file, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

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
CORNER = f"the model M has 1 face with a corner that no line before states (line 5), {LEFT_OUT}"
POINT = "the model M has 1 vertex without three finite coordinates (line 2), where Blender puts 0"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OBJ, ""),
        (OBJ.replace("\n", "\r\n"), ""),
        (OBJ.replace(" ", "\t"), ""),
        (OBJ.replace("f 1 2 3", "f 1 \\\n2 3"), ""),
        (OBJ.replace("f 1 2 3", "  f -4 -3 -2 # a comment"), ""),
        (VERTICES + "f 1// 2// 3//\nf 1/ 2/ 4/\n", ""),
        (VERTICES + "f 1/9/9 2/9/9 3/9/9\n", ""),  # there are none at all, so Blender ignores it
        (VERTICES + "l 1 2\n", ""),
        ("\ufeff# comment\n" + OBJ, ""),
        (OBJ.replace("v 1 0 0", "v nan 0 0"), POINT),
        (OBJ.replace("v 1 0 0", "v 0 -INF 0"), POINT),
        (OBJ.replace("v 1 0 0", "v 0 1e39 0"), POINT),
        (OBJ.replace("v 1 0 0", "v 1,0 0,0 0,0"), POINT),
        (OBJ.replace("v 1 0 0", "v 1 0"), POINT),
        (
            OBJ.replace("v 1 0 0", "v 1 0 nan").replace("v 0 0 1", "v inf 0 1") + "v 2 2 2\n",
            "the model M has 2 vertices without three finite coordinates (first: line 2), where "
            "Blender puts 0",
        ),
        (VERTICES + "f 1 2 9\n" + FACES, CORNER),
        (VERTICES + "f 0 1 2\n" + FACES, CORNER),
        (VERTICES + "f -5 1 2\n" + FACES, CORNER),
        (VERTICES + "f a b c\n" + FACES, CORNER),
        (VERTICES + "f 99999999999999999999 1 2\n" + FACES, CORNER),
        (VERTICES + f"f {'9' * 5000}/1 1 2\n" + FACES, CORNER),
        ("f 1 2 3\n" + OBJ, CORNER.replace("line 5", "line 1")),
        (
            VERTICES + "vt 0 0\nf 1/1 2/1 3/2\n" + FACES,
            CORNER.replace("line 5", "line 6"),
        ),
        (VERTICES + "vn 0 0 1\nf 1//1 2//1 3//0\n" + FACES, CORNER.replace("line 5", "line 6")),
        (
            OBJ + "f 1 2",
            f"the model M has 1 face with fewer than three corners (line 7), {LEFT_OUT}",
        ),
        (OBJ + "F 1 2 3\n", f"the model M has 1 line that OBJ does not have (line 7), {LEFT_OUT}"),
        (
            "usemtl red\n" + OBJ,
            "the model M has 1 material that no material file defines (red), which Blender draws "
            "in plain grey",
        ),
        (
            f"usemtl {'red ' * 1_000_000}\n" + OBJ,
            "the model M has 1 material that no material file defines "
            f"({'red ' * 15}...), which Blender draws in plain grey",
        ),
        (
            "mtllib no where.mtl\nusemtl red\nusemtl blue\n" + OBJ,
            "the model M has 1 material file that does not exist (no where.mtl), and 2 materials "
            "that no file defines, which Blender draws in plain grey",
        ),
        (
            "mtllib a.mtl\nmtllib b.mtl\nusemtl red\n" + OBJ,
            "the model M has 2 material files that do not exist (first: a.mtl), and 1 material "
            "that no file defines, which Blender draws in plain grey",
        ),
        (
            "v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n",
            "! the model M cannot be imported: only 2 of its 3 vertices have three finite "
            "coordinates (the first without: line 2)"
            "; repair the mesh and export it again",
        ),
        (VERTICES, "! the model M has 4 vertices and no face; name one that has a surface"),
        (
            VERTICES + "f 1 2 9\nf 1 2\n",
            "! the model M cannot be imported: none of its 2 faces has three corners that exist"
            "; export it again",
        ),
        (
            "a text\n",
            "! the model M cannot be imported: it has no vertex; name it by its "
            "real kind, or export it again",
        ),
        (
            OBJ.replace("f 1 2 3", "f 1 \0 3"),
            "! the model M cannot be imported: line 5 holds a zero byte, so it is no text"
            "; export it again",
        ),
        (
            OBJ.replace("\n", "\r"),
            "! the model M cannot be imported: its lines end with carriage returns alone, which "
            "Blender takes for one line; save it with line feeds",
        ),
        (
            "\ufeff" + OBJ,
            "! the model M cannot be imported: it begins with a byte order mark, for which Blender "
            "misses its first line; save it as UTF-8 without one",
        ),
    ],
)
def test_obj(tmp_path: Path, content: str, expected: str) -> None:
    assert said(tmp_path / "m.obj", content) == expected


FREE = "cstype bspline\ndeg 3\nCURVE\nparm u 0 0 0 0 1 1 1 1\nend\n"


@pytest.mark.parametrize(
    "curve",
    [
        "curv 0 1 1 2 3 4",
        "curv 0 1 -4 -3 -2 -1",
        "curv 0 1 1 2 3 5\nv 1 1 1",  # of what comes later
        "curv 0 1 1 2 3 4 # all of them",
        "curv2 1 -1",
        "surf 0 1 0 1 1/1/1 2/1/1 3/1/1 4/1/1",
    ],
)
def test_free_forms_of_points_that_exist(tmp_path: Path, curve: str) -> None:
    text = VERTICES + "vp 0.5\n" + FREE.replace("CURVE", curve) + FACES
    assert said(tmp_path / "m.obj", text) == ""


@pytest.mark.parametrize(
    "curve",
    [
        "curv 0 1 1 2 3 99999999",
        "curv 0 1 1 2 3 -99999999",
        "curv 0 1 1 2 3 0",
        "curv\t0 1 1 2 3 5",
        "curv\x010 1 1 2 3 5",
        "curv 0 1 1 2 3 " + "9" * 5000,
        "curv 0 1-99 1 2 3",
        "curv 0 1 1 2 3 x",
        "curv2 1 2",
        "curv2 -2",
        "surf 0 1 0 1 1/1/1 2/1/1 3/1/1 -5/1/1",
        "surf 0 1 0 1 1/1/1 2/1/1 3/1/1 5/1/1",
    ],
)
def test_free_forms_of_missing_points_are_refused(tmp_path: Path, curve: str) -> None:
    kind = "surface" if curve.startswith("surf") else "curve"
    text = VERTICES + "vp 0.5\n" + FREE.replace("CURVE", curve) + FACES
    assert said(tmp_path / "m.obj", text) == (
        f"! the model M cannot be imported: the free-form {kind} in line 8 refers to a missing "
        "point"
        "; export it again"
    )


def test_defects_far_into_an_obj_keep_their_line(tmp_path: Path) -> None:
    """Several blocks, with lines in turn, and with a continued line before."""
    rows = 150_000
    text = "v 0 0 0\nv 1 0 0\nv 0 1 \\\n0\n" + "v 0 0 2.000000000000000000\nf 1 -2 -1\n" * rows
    expected = CORNER.replace("line 5", f"line {2 * rows + 5}")
    assert said(tmp_path / "m.obj", text + "f 1 2 300000\n") == expected


def test_materials_that_are_defined_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "a b.mtl").write_text("# colours\nnewmtl red hot\nKd 1 0 0\n", encoding="utf-8")
    (tmp_path / "m.mtl").write_text("newmtl own\n", encoding="utf-8")
    text = "mtllib a b.mtl\nusemtl red hot\nusemtl own\n" + OBJ
    assert said(tmp_path / "m.obj", text) == ""


def test_a_material_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.mtl").mkdir()
    assert said(tmp_path / "m.obj", "mtllib folder.mtl\n" + OBJ) == (
        "! the model M cannot be imported: its material file folder.mtl is no file; name another"
    )


def facet(*corners: str) -> str:
    lines = "".join(f"vertex {corner}\n" for corner in corners)
    return f"facet normal 0 0 1\nouter loop\n{lines}endloop\nendfacet\n"


ONE, TWO = facet("0 0 0", "1 0 0", "0 1 0"), facet("0 0 0", "1 0 0", "0 0 1")
STL = f"solid a\n{ONE}{TWO}endsolid a\n"
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
NO_PLY = (
    "! the model M is no PLY file; check that it was downloaded whole, or name it by its real kind"
)
POINTS = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n"
PLY = HEADER + POINTS + "3 0 1 2\n3 0 1 3\n"
ORIGIN = (
    "the model M has 1 vertex without three finite coordinates (number 2), which Blender moves to "
    "the origin"
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
NOTHING = """<source id="n"><float_array id="m" count="0"></float_array><technique_common>
<accessor source="#m" count="0" stride="3"/></technique_common></source>"""
UNUSED_TOO = "</surface><surface><init_from>unused</init_from></surface>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (collada(), ""),
        (
            collada("0 0 0 NaN 0 0 0 1 0 0 0 1"),
            "the model M has 1 vertex without three finite coordinates (line 4), which Blender "
            "moves to the origin",
        ),
        (
            collada(faces="0 1 9 0 1 3"),
            f"the model M has 1 face that refers to missing vertices (line 7), {LEFT_OUT}",
        ),
        (
            collada(faces="0 1 9 0 1 8 0 1 2", triangles=3),
            f"the model M has 2 faces that refer to missing vertices (first: line 7), {LEFT_OUT}",
        ),
        (
            collada(url="#h"),
            f"the model M has 1 instance of what the file does not hold (#h), {LEFT_OUT}",
        ),
        (
            collada(inside=TEXTURE),
            "the model M has 1 texture that does not exist (a%20b.png), without which Blender "
            "draws its materials",
        ),
        (
            collada(inside=TEXTURE.replace("</surface>", UNUSED_TOO)),
            "the model M has 2 textures that do not exist (first: a%20b.png), without which "
            "Blender draws its materials",
        ),
        (
            collada(faces="0 1 9 0 1 8"),
            "! the model M cannot be imported: none of its faces has three corners that exist"
            "; export it again",
        ),
        (
            collada("0 0 x 1 0 0 0 1 0 0 0 1"),
            "! the model M cannot be imported: the list in line 4 holds what is no number"
            "; export it again",
        ),
        (collada().replace("<vertices", NOTHING + "<vertices", 1), ""),
        (
            collada().replace('<input semantic="VERTEX" source="#v" offset="0"/>', ""),
            "! the model M cannot be imported: the faces in line 7 have no positions"
            "; export it again",
        ),
        (
            collada()
            .replace('<input semantic="VERTEX" source="#v" offset="0"/>', "")
            .replace('<source id="s">', "<source>"),
            "! the model M cannot be imported: the faces in line 7 have no input; export it again",
        ),
        (
            collada(values=4_000_000_000),
            "! the model M cannot be imported: the float_array in line 4 states 4000000000 numbers "
            "and has 12"
            "; export it again",
        ),
        (
            collada("0 0 0", values=3),
            "! the model M cannot be imported: the accessor in line 5 reads beyond its array"
            "; export it again",
        ),
        (
            collada(triangles=2_000_000_000),
            "! the model M cannot be imported: the triangles in line 7 are not the 2000000000 that "
            "they state"
            "; export it again",
        ),
        (
            collada(faces="0 1 -1 0 1 3"),
            "! the model M cannot be imported: the triangles in line 7 have a negative index"
            "; export it again",
        ),
        (
            collada().replace('source="#s"', 'source="#t"'),
            "! the model M cannot be imported: the faces in line 7 have no positions"
            "; export it again",
        ),
        (
            collada(
                inside="<effect><sampler2D><source>t</source></sampler2D></effect>",
            ),
            "! the model M cannot be imported: an effect refers to t, which it does not define"
            "; export it again",
        ),
        (
            collada().replace('stride="3"', 'stride="-3"'),
            "! the model M cannot be imported: an attribute stride is no count: -3"
            "; export it again",
        ),
        (
            collada(before='<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
            "! the model M cannot be imported: its XML declares entities, which no model needs"
            "; export it again",
        ),
        (
            collada(inside="<a>" * 300 + "</a>" * 300),
            "! the model M cannot be imported: its elements are nested more than 255 deep"
            "; export it again",
        ),
        (
            collada()[:-20],
            "! the model M is cut short: its XML ends in line 10; copy or download it again",
        ),
        (
            collada().replace("<p>", "<q>"),
            "! the model M cannot be imported: its XML is damaged in line 8 (mismatched tag)"
            "; export it again",
        ),
        (
            "<other/>",
            "! the model M cannot be imported: its XML begins with other, and not with COLLADA"
            "; export it again",
        ),
        (
            collada().replace('"1.0"?', '"1.0" encoding="big5"?'),
            "! the model M cannot be imported: its XML has an encoding that cannot be read"
            "; export it again",
        ),
        (
            "a text\n",
            "! the model M is no Collada file; check that it was downloaded whole, or name it by "
            "its real kind",
        ),
    ],
)
def test_collada(tmp_path: Path, content: str, expected: str) -> None:
    assert said(tmp_path / "m.dae", content) == expected


def test_a_texture_of_collada_that_exists_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(b"not looked at")
    assert said(tmp_path / "m.dae", collada(inside=TEXTURE)) == ""
