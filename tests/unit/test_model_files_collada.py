"""Collada: what is wrong with a file, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mesh_files import LEFT_OUT, TEXTURE, collada, said

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
            collada(inside=TEXTURE.replace("a%20b.png", "x" * 300)),
            f"the model M has 1 texture that does not exist ({'x' * 60}...), without which Blender "
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
