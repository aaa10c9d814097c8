"""The containers and buffers of glTF files: what is read of them, and what is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.gltf_files import GltfFile, glb
from tests.unit.gltf_changes import EXPORT, reason
from viewbatch.model_files import read

COPY = "; copy or download it again"


@pytest.mark.parametrize("uri", ["a%20%C3%A4.bin", "./a ä.bin", "b/../a%20ä.bin", r"b\..\a ä.bin"])
def test_a_buffer_is_found_by_what_its_uri_means(tmp_path: Path, uri: str) -> None:
    file = GltfFile()
    (tmp_path / "b").mkdir()
    (tmp_path / "a ä.bin").write_bytes(file.binary)
    file.tree["buffers"][0]["uri"] = uri
    assert read(file.save(tmp_path / "x.gltf")).faces == 4


WHOLE = GltfFile().glb()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", f"the file is empty{COPY}"),
        (WHOLE[:15], f"it ends after 15 bytes, within its header{COPY}"),
        (WHOLE[:99], f"its header says {len(WHOLE)} bytes, and the file ends after 99{COPY}"),
        (
            WHOLE + b"1234",
            f"its header says {len(WHOLE)} bytes, and the file has {len(WHOLE) + 4}{COPY}",
        ),
        (glb(b"{}", version=1), f"it is GLB of version 1, and Blender reads version 2{EXPORT}"),
        (
            WHOLE[:16] + b"J\nON" + WHOLE[20:],
            rf"its first chunk is 'J\nON', and must be 'JSON'{EXPORT}",
        ),
        (
            WHOLE[:12] + b"\xff\xff\0\0" + WHOLE[16:],
            f"a chunk of 65535 bytes has {len(WHOLE) - 20} left in the file{EXPORT}",
        ),
        (
            glb(b"{}", length=26) + b"123456",
            f"a chunk's header of 8 bytes has 6{EXPORT}",
        ),
        (b"solid", "it starts neither as GLB nor as JSON; name a glTF file"),
        (
            b"\xef\xbb\xbf{}",
            "it starts with a byte order mark, which glTF forbids and Blender refuses; save it "
            "as UTF-8 without one",
        ),
        (
            b'{"a": 1,\n "b" 2}',
            "its JSON breaks off at line 2, column 6 (Expecting ':' delimiter)" + EXPORT,
        ),
        (b'{"a": "\xff"}', f"its JSON is not UTF-8 at byte 7{EXPORT}"),
        (b'{"a": NaN}', f"its JSON has NaN, which is no number of JSON{EXPORT}"),
        (b'{"a": -1e400}', f"its JSON has the number -1e400, which is too large{EXPORT}"),
        (b'{"a": -' + b"9" * 5000 + b"}", f"its JSON has an integer of 5000 digits{EXPORT}"),
        (
            b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
            f"its JSON is nested more than 100 levels deep{EXPORT}",
        ),
        (
            b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}",
            f"its JSON is nested more than 100 levels deep{EXPORT}",
        ),
        (glb(b"[1]"), f"its JSON is an array, and must be an object{EXPORT}"),
        (b"{}", f"its JSON has no asset{EXPORT}"),
        (b'{"asset": {}}', f"asset has no version{EXPORT}"),
        (
            b'{"asset": {"version": "1.0"}}',
            f"it is glTF of version '1.0', and Blender reads version '2.0'{EXPORT}",
        ),
        (
            b'{"asset": {"version": "2.0"}}',
            "no node of it has a mesh with triangles; name a model with surfaces",
        ),
    ],
)
def test_a_container_that_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    if content == glb(b"{}", length=26) + b"123456":
        content = content[:8] + (30).to_bytes(4, "little") + content[12:]
    path = tmp_path / "a.glb"
    path.write_bytes(content)
    assert reason(path) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        "../secret.bin",
        "a/../../secret.bin",
        r"..\secret.bin",
        "%2e%2e/secret.bin",
    ],
)
def test_a_buffer_outside_the_folder_is_refused(tmp_path: Path, uri: str) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(100))
    (tmp_path / "model").mkdir()
    file = GltfFile()
    file.tree["buffers"][0]["uri"] = uri
    assert reason(file.save(tmp_path / "model" / "a.gltf")) == (
        f"buffers[0].uri is {uri!a}, and files are read by relative paths alone; put the file "
        "beside the model and name it there"
        if uri[0] == "/"
        else f"buffers[0].uri is {uri!a}, which leaves the model's folder; put the file beside the "
        "model and name it there"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes have names here")
def test_a_pipe_is_no_buffer_and_nobody_waits_for_it(tmp_path: Path) -> None:
    file = GltfFile()
    file.tree["buffers"][0]["uri"] = "pipe"
    os.mkfifo(tmp_path / "pipe")
    assert reason(file.save(tmp_path / "a.gltf")).startswith("buffers[0].uri is 'pipe', and there")


def test_a_file_beside_another_is_read_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    GltfFile().save(tmp_path / "there" / "a.gltf")
    monkeypatch.chdir(tmp_path)
    assert read(Path("there", "a.gltf")).faces == 4
    shutil.move(tmp_path / "there" / "a.bin", tmp_path / "a.bin")
    assert reason(Path("there", "a.gltf")) == (
        "buffers[0].uri is 'a.bin', and there is no such file; copy it with the model, or save "
        "the model as GLB"
    )
