"""Files of meshes through a whole run: what is lost is said, and nothing else is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import TETRAHEDRON, Host
from tests.mesh_files import collada

ONE_VIEW = ["--set", "render.samples=1", "--set", "verify.at_end=false"]
SECRET = "newmtl-f1b5c2 nothing that a dataset may hold"
NO_COLLADA = "which this build of Blender"


def texture(place: str) -> str:
    return f"""<library_images><image id="i"><init_from>{place}</init_from></image></library_images>
<library_effects><effect id="e"><profile_COMMON><newparam sid="f"><surface type="2D">
<init_from>i</init_from></surface></newparam></profile_COMMON></effect></library_effects>"""


def test_a_damaged_obj_is_rendered_with_one_warning(host: Host, here: Path) -> None:
    (here / "model.obj").write_text(TETRAHEDRON + "f 1 2 9\nf 1 2\n", encoding="utf-8")
    result = host.run("model.obj", "out", *ONE_VIEW, cwd=here)
    assert result.code == 0, result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: ")] == [
        "warning: the model model.obj has 1 face with a corner that no line before states "
        "(line 11), which Blender leaves out; 1 face with fewer than three corners (line 12), "
        "which Blender leaves out"
    ]


def test_a_missing_texture_is_named_where_it_is_drawn(host: Host, here: Path) -> None:
    (here / "model.mtl").write_text(
        "newmtl red\nmap_Kd gone.png\nnewmtl unused\nmap_Kd other.png\n", encoding="utf-8"
    )
    model = "mtllib model.mtl\nusemtl red\n" + TETRAHEDRON
    (here / "model.obj").write_text(model, encoding="utf-8")
    result = host.run("model.obj", "out", *ONE_VIEW, cwd=here)
    assert result.code == 0, result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: ")] == [
        f"warning: the texture gone.png of the model cannot be read ({here / 'gone.png'}); what "
        "uses it is drawn in magenta"
    ]


def test_what_becomes_of_a_model_is_told_where_it_is_imported_at_all(
    host: Host, here: Path
) -> None:
    """Collada, which a Blender that has no importer refuses in one sentence alone."""
    (here / "m.dae").write_text(collada(faces="0 1 2 0 1 9"), encoding="utf-8")
    result = host.run("m.dae", "out", *ONE_VIEW, cwd=here)
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    if result.code:
        assert (result.code, warnings) == (2, [])
        assert re.fullmatch(
            r"error: the model m\.dae is Collada, which this build of Blender [\d.]+ cannot "
            r"import; the bpy package and the programs from blender\.org up to 4\.5 can",
            result.stderr.splitlines()[-1],
        )
    else:
        assert warnings == [
            "warning: the model m.dae has 1 face that refers to missing vertices (line 7), which "
            "Blender leaves out"
        ]


@pytest.mark.parametrize("place", ["../secret.txt", "{above}/secret.txt"])
@pytest.mark.parametrize("kind", ["map", "library", "collada"])
def test_no_file_but_an_image_is_read_into_a_dataset(
    host: Host, here: Path, place: str, kind: str
) -> None:
    """A texture or a material file outside the model's folder that is text leaves no trace."""
    place = place.format(above=here.as_posix())
    folder = here / "models"
    folder.mkdir()
    (here / "secret.txt").write_text(SECRET + "\n", encoding="utf-8")
    name = "m.dae" if kind == "collada" else "m.obj"
    if kind == "collada":
        (folder / name).write_text(collada(inside=texture(place)), encoding="utf-8")
    else:
        library = place if kind == "library" else "m.mtl"
        (folder / "m.mtl").write_text(f"newmtl red\nmap_Kd {place}\n", encoding="utf-8")
        text = f"mtllib {library}\nusemtl red\n" + TETRAHEDRON
        (folder / name).write_text(text, encoding="utf-8")
    result = host.run(folder / name, "out", *ONE_VIEW, cwd=here)
    if kind == "collada" and NO_COLLADA in result.stderr:
        pytest.skip(result.stderr.splitlines()[-1])
    assert result.code == 0, result.stderr
    written = [path.read_bytes() for path in (here / "out").iterdir()]
    for text in [*written, result.stdout.encode(), result.stderr.encode()]:
        assert SECRET[:14].encode() not in text
