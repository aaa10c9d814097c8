"""glTF files that need more than every Blender has, or ask for more than they may have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Host
from tests.gltf_files import GltfFile

VARIABLE = "BLENDER_EXTERN_DRACO_LIBRARY_PATH"
TINY = ["--set", "render.resolution_x=16", "--set", "render.resolution_y=16"]


@pytest.fixture(scope="module")
def library() -> Path:
    """The file that decompresses Draco, of the Blender that runs the tests."""
    bpy = pytest.importorskip("bpy")
    found = sorted(Path(bpy.utils.resource_path("LOCAL")).rglob("*extern_draco.*"))
    if not found:
        pytest.skip("this Blender has no library for Draco")
    return found[0]


def test_draco_is_decompressed_where_a_library_is(host: Host, here: Path, library: Path) -> None:
    file = GltfFile()
    file.compress()
    file.save(here / "a.glb")
    result = host.run("a.glb", "out", "1", *TINY, cwd=here, env={VARIABLE: str(library)})
    assert result.code == 0, result.stderr


def test_draco_without_a_library_in_words(host: Host, here: Path) -> None:
    file = GltfFile()
    file.compress()
    file.save(here / "a.glb")
    result = host.run("a.glb", "out", "1", *TINY, cwd=here, env={VARIABLE: ""})
    if result.code == 0:
        pytest.skip("this Blender brings the library")
    last = result.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"error: the model a\.glb is compressed with Draco, which this build of Blender \d\.\d+\."
        rf"\d+ cannot decompress; use Blender 4\.5 or 5\.0, set {VARIABLE} to the file \S+ of one "
        r"of them, or decompress the model, for example with gltf-transform copy",
        last,
    )
    assert (result.code, result.has_trace) == (2, False)


def test_what_is_no_image_is_told_and_ends_in_no_dataset(host: Host, here: Path) -> None:
    """Not even where a texture's path leads out of the model's folder to it."""
    secret = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAC3NzaC1lZDI1NTE5\n"
    (here / "secret").write_bytes(secret)
    (here / "model").mkdir()
    file = GltfFile()
    file.texture({"uri": "../secret"})
    file.save(here / "model" / "a.gltf")
    result = host.run("model/a.gltf", "out", "1", *TINY, cwd=here)
    assert result.code == 0, result.stderr
    warnings = [line for line in result.stderr.splitlines() if "texture" in line]
    assert warnings == [
        f"warning: the texture secret of the model cannot be read ({here / 'secret'}); what uses "
        "it is drawn in magenta"
    ]
    files = [path for path in (here / "out").rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        content = path.read_bytes()
        assert secret not in content
        assert b"AAAAC3" not in content


def test_an_image_that_is_missing_is_told_once(host: Host, here: Path) -> None:
    file = GltfFile()
    file.texture({"uri": "wood%20.png"})
    file.save(here / "a.gltf")
    result = host.run("a.gltf", "out", "1", *TINY, cwd=here)
    assert result.code == 0, result.stderr
    warnings = [line for line in result.stderr.splitlines() if "wood" in line]
    assert warnings == [
        f"warning: the texture wood .png of the model cannot be read ({here / 'wood .png'}); what "
        "uses it is drawn in magenta"
    ]
