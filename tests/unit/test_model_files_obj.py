"""OBJ: what is wrong with a file, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mesh_files import FACES, LEFT_OUT, OBJ, VERTICES, said

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
