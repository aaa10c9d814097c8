"""Files whose content is another kind than their name says, word for word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mesh_files import HEADER, OBJ, STL, TEXTURE, collada, said, stl
from viewbatch.errors import ModelError
from viewbatch.model_files import Findings, obj, read
from viewbatch.model_files.kinds import EXTENSIONS

PACKED = "! the model M is a packed archive; unpack it and name the model in it"


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_empty_file(tmp_path: Path, extension: str) -> None:
    assert said(tmp_path / f"m{extension}", b"") == (
        "! the model M cannot be imported: the file is empty; copy or download it again"
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refusal:
        read(tmp_path / "gone.obj")
    assert str(refusal.value) == (
        f"the model {tmp_path / 'gone.obj'} cannot be read: No such file or directory; check the "
        "file"
    )


@pytest.mark.parametrize(
    ("name", "begin", "expected"),
    [
        (
            "m.fbx",
            b"",
            "is no FBX file; check that it was downloaded whole, or name it by its real kind",
        ),
        (
            "m.fbx",
            b"Kaydara FBX Binary  ",
            "cannot be imported: it states version 0, which FBX does not have; export it again",
        ),
        (
            "m.glb",
            b"",
            "cannot be imported: it starts neither as GLB nor as JSON; name a glTF file",
        ),
        (
            "m.glb",
            b"glTF\2\0\0\0\x40\0\0\0",
            "cannot be imported: its header says 64 bytes, and the "
            "file has 1099511627776; copy or download it again",
        ),
    ],
)
def test_a_vast_file_of_nothing_is_not_read_whole(
    tmp_path: Path, name: str, begin: bytes, expected: str
) -> None:
    """It has no such space on the disk, and would have none in memory."""
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(1 << 40)
    with pytest.raises(ModelError) as refusal:
        read(path)
    assert str(refusal.value) == f"the model {path} {expected}"


def test_what_a_reader_does_not_foresee_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> Findings:
        raise failure

    monkeypatch.setattr(obj, "read", fails)
    failure: Exception = IndexError("list index\nout of range")
    assert said(tmp_path / "m.obj", OBJ) == (
        "! the model M cannot be read (IndexError: list index\N{REPLACEMENT CHARACTER}out of "
        "range); it is damaged, or of a kind that is not known here; export it again"
    )
    failure = MemoryError()
    with pytest.raises(MemoryError):
        read(tmp_path / "m.obj")


@pytest.mark.parametrize(
    ("extension", "content", "expected"),
    [
        (".obj", b"glTF\2\0\0\0", "! the model M is glTF by its content; name it m.glb"),
        (".fbx", b'{"asset": {}}', "! the model M is glTF by its content; name it m.gltf"),
        (".stl", b"Kaydara FBX Binary  ", "! the model M is FBX by its content; name it m.fbx"),
        (".glb", b"; FBX 7.3.0 project", "! the model M is FBX by its content; name it m.fbx"),
        (".stl", HEADER.encode(), "! the model M is PLY by its content; name it m.ply"),
        (
            ".ply",
            stl(),
            "! the model M is STL by its content; name it m.stl",
        ),
        (".obj", STL.encode(), "! the model M is STL by its content; name it m.stl"),
        (".obj", collada().encode(), "! the model M is Collada by its content; name it m.dae"),
        (".abc", b"PXR-USDC\0\7", "! the model M is USD by its content; name it m.usdc"),
        (".obj", b"#usda 1.0\n", "! the model M is USD by its content; name it m.usda"),
        (".usd", b"Ogawa\xff\0\1", "! the model M is Alembic by its content; name it m.abc"),
        (".ply", b"BLENDER-v405", "! the model M is Blender by its content; name it m.blend"),
        (
            ".glb",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "! the model M is a Git LFS pointer; run git lfs pull",
        ),
        (
            ".glb",
            b"\n<!DOCTYPE HTML><title>404",
            "! the model M is an HTML page; download the file itself",
        ),
        (".stl", b"\x89PNG\r\n\x1a\n", "! the model M is a PNG image; name a model"),
        (".obj", b"\xff\xd8\xff\xe0", "! the model M is a JPEG image; name a model"),
        (".obj", b"GIF89a", "! the model M is a GIF image; name a model"),
        (".obj", b"RIFF\0\0\0\0WEBPVP8 ", "! the model M is a WebP image; name a model"),
        (".obj", b"%PDF-1.7", "! the model M is a PDF document; name a model"),
        (".obj", b"\x7fELF", "! the model M is a program; name a model"),
        (
            ".fbx",
            b"7z\xbc\xaf\x27\x1c",
            "! the model M is an archive; unpack it and name the model in it",
        ),
        (".glb", b"PK\x03\x04", PACKED),
        (".obj", b"\x1f\x8b\x08", PACKED),
        (
            ".obj",
            "v 0 0 0\n".encode("utf-16"),
            "! the model M is UTF-16 text; save it as UTF-8",
        ),
    ],
)
def test_another_kind(tmp_path: Path, extension: str, content: bytes, expected: str) -> None:
    assert said(tmp_path / f"m{extension}", content) == expected


USDA = '#usda 1.0\ndef "a" (references = [@other.usda@, @@@PLACE@@@</b>]) {}\n'
USED = "mtllib other.mtl\nusemtl a\n" + OBJ


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("name", "content", "pipe", "beside", "shown"),
    [
        ("m.obj", OBJ, "m.mtl", "", "m.mtl"),
        ("m.obj", USED, "other.mtl", "", "other.mtl"),
        ("m.obj", USED, "p.png", "newmtl a\nmap_Kd p.png\n", "p.png"),
        ("m.obj", USED, "a p.png", "map_Bump -bm 1 -o 0 0 0 a p.png\n", "a p.png"),
        ("m.obj", USED, "p.png", 'norm "gone\\p.png"\n', "gone/p.png"),
        ("m.obj", USED, "p q.png", "refl p_q.png\n", "p q.png"),
        ("m.dae", collada(inside=TEXTURE), "a b.png", "", "a%20b.png"),
        ("m.dae", collada(inside=TEXTURE), "nothing.png", "", "nothing.png"),
        ("m.usda", USDA.replace("PLACE", "./p.usda"), "p.usda", "", "./p.usda"),
        ("m.usd", USDA.replace("PLACE", "p.usdz[a.png]"), "p.usdz", "", "p.usdz"),
        ("m.usda", USDA.replace("PLACE", "{folder}/p.usda"), "p.usda", "", "{folder}/p.usda"),
    ],
)
def test_a_pipe_beside_a_model_is_refused_and_not_opened(
    tmp_path: Path, name: str, content: str, pipe: str, beside: str, shown: str
) -> None:
    os.mkfifo(tmp_path / pipe)
    if beside:
        (tmp_path / "other.mtl").write_text(beside, encoding="utf-8")
    shown = shown.replace("{folder}", str(tmp_path))
    shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
    assert said(tmp_path / name, content.replace("{folder}", str(tmp_path))) == (
        f"! the model M cannot be imported: it names {shown}, which is a pipe or a device; name a "
        "file"
    )


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "colours").write_text("newmtl a\nmap_Kd colours\n", encoding="utf-8")
    (tmp_path / "other.mtl").symlink_to("colours")
    assert said(tmp_path / "m.obj", USED) == ""


def test_a_name_that_no_file_can_have_is_of_none(tmp_path: Path) -> None:
    assert said(tmp_path / "m.obj", f"mtllib {'a/' * 5000}\n{OBJ}") == ""
