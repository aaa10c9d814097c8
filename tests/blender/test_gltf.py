"""glTF files of every kind in Blender: imported whole, and as many faces as were counted."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from PIL import Image

from tests.gltf_files import DRACO, SIDES, TETRAHEDRON, GltfFile, chain, nested, quantized
from viewbatch.blender import draco, versions
from viewbatch.blender.model import check_imported, import_model
from viewbatch.errors import ModelError
from viewbatch.model_files import Findings, read

REFERENCES = Path(__file__).resolve().parents[2] / "references" / "models"


def faces() -> int:
    return sum(len(mesh.polygons) for mesh in bpy.data.meshes)


def of_mode(mode: int) -> Callable[[GltfFile], None]:
    """Beside a tetrahedron, a mesh whose six indices name some vertices again."""

    def change(file: GltfFile) -> None:
        corners = file.numbers(np.array([0, 1, 2, 3, 0, 2], "u1"))
        file.tree["meshes"].append(
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": corners, "mode": mode}]}
        )
        file.tree["nodes"].append({"mesh": 1})

    return change


def repeated(file: GltfFile) -> None:
    file.primitive["indices"] = file.numbers(
        np.array([0, 2, 1, 0, 2, 1, 1, 2, 0, 0, 0, 1, 0, 1, 3, 3, 1, 0], "u2")
    )


def morph(file: GltfFile) -> None:
    file.primitive["targets"] = [{"POSITION": 0}]
    file.tree["nodes"] += [{"mesh": 0, "weights": [1]}, {"mesh": 0, "weights": [1]}]


def skinned(file: GltfFile) -> None:
    file.primitive["attributes"] |= {
        "JOINTS_0": file.numbers(np.zeros((4, 4), "u1")),
        "WEIGHTS_0": file.numbers(np.tile(np.array([1, 0, 0, 0], "f4"), (4, 1))),
    }
    file.tree["skins"] = [{"joints": [2, 3]}]
    file.tree["nodes"] = [{"mesh": 0, "skin": 0}, {"mesh": 0}, {"children": [3]}, {}]


def sparse(file: GltfFile) -> None:
    accessor = file.tree["accessors"][0]
    del accessor["bufferView"]
    accessor["sparse"] = {
        "count": 3,
        "indices": {
            "bufferView": file.view(np.array([1, 2, 3], "u2").tobytes()),
            "componentType": 5123,
        },
        "values": {"bufferView": file.view(TETRAHEDRON[1:].tobytes())},
    }


def deep(file: GltfFile) -> None:
    file.tree["nodes"] = chain(500)
    for thing in (file.tree["asset"], file.tree["meshes"][0], file.tree["nodes"][0]):
        thing["extras"] = {"a": nested(90)}


def unused_vertices(file: GltfFile) -> None:
    points = np.vstack([TETRAHEDRON, [[np.nan] * 3]]).astype("f4")
    file.primitive["attributes"]["POSITION"] = file.numbers(points)


@pytest.mark.parametrize(
    "change",
    [
        *(pytest.param(of_mode(mode), id=f"mode {mode}") for mode in range(7)),
        repeated,
        morph,
        skinned,
        sparse,
        quantized,
        deep,
        unused_vertices,
    ],
)
def test_all_faces_are_imported(tmp_path: Path, change: Callable[[GltfFile], None]) -> None:
    file = GltfFile()
    change(file)
    path = file.save(tmp_path / "a.glb")
    findings = read(path)
    import_model(path)
    check_imported(path, findings)
    assert faces() == findings.faces


@pytest.mark.parametrize("name", ["suzanne", "blocks", "room"])
def test_our_models_are_imported_with_all_their_faces(name: str) -> None:
    path = REFERENCES / f"{name}.glb"
    import_model(path)
    assert faces() == read(path).faces


def test_faces_that_are_missing_in_words(tmp_path: Path) -> None:
    path = GltfFile(sides=SIDES).save(tmp_path / "a.glb")
    import_model(path)
    check_imported(path, Findings(faces=4))
    check_imported(path, Findings())
    with pytest.raises(ModelError) as caught:
        check_imported(path, Findings(faces=5))
    assert str(caught.value) == (
        f"the model {path} cannot be imported whole: Blender made 4 of its 5 faces; repair the "
        "file, or save it in another format"
    )


@pytest.mark.parametrize(
    ("kind", "mime", "extensions"),
    [
        ("WEBP", "image/webp", {"EXT_texture_webp": {"source": 0}}),
        ("PNG", "image/jpeg", {}),
        ("PNG", "image/png", {"KHR_texture_basisu": {"source": 0}}),
    ],
)
def test_textures_that_are_read(
    tmp_path: Path, kind: str, mime: str, extensions: dict[str, object]
) -> None:
    """WebP, an image whose kind is told wrong, and one beside a KTX2 that is not read."""
    encoded = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(encoded, kind)
    file = GltfFile()
    source = {} if kind == "WEBP" else {"source": 0}
    file.texture(
        {"bufferView": file.view(encoded.getvalue()), "mimeType": mime},
        {**source, "extensions": extensions},
    )
    file.tree["extensionsUsed"] = list(extensions)
    path = file.save(tmp_path / "a.glb")
    read(path)
    import_model(path)
    [image] = [image for image in bpy.data.images if image.users]
    assert tuple(image.size) == (8, 4)
    assert np.array(image.pixels).reshape(4, 8, 4)[0, 0] == pytest.approx([1, 0, 0, 1], abs=0.02)


@pytest.mark.parametrize(
    ("extension", "advice"),
    [
        (
            "KHR_texture_basisu",
            "convert its KTX2 textures to PNG, for example with gltf-transform ktxdecompress",
        ),
        (
            "EXT_meshopt_compression",
            "save it without that compression, or use Blender 5.2",
        ),
        ("ACME_geometry", "save it without that extension"),
    ],
)
def test_an_extension_that_blender_lacks_in_words(
    tmp_path: Path, extension: str, advice: str
) -> None:
    if "meshopt" in extension and bpy.app.version >= (5, 2, 0):
        pytest.skip("this Blender knows it")
    file = GltfFile()
    file.needs(extension)
    path = file.save(tmp_path / "a.glb")
    read(path)
    with pytest.raises(ModelError) as caught:
        import_model(path)
    assert str(caught.value) == (
        f"the model {path} cannot be imported: it needs the glTF extension {extension}, which "
        f"Blender {versions.text()} does not know; {advice}"
    )


@pytest.fixture
def importer(monkeypatch: pytest.MonkeyPatch) -> object:
    """The importer's part for Draco, which is afterwards as it was."""
    found = importlib.import_module(versions.DRACO_IMPORTER)
    monkeypatch.setattr(found, "dll_path", found.dll_path)
    return found


@pytest.mark.usefixtures("importer")
@pytest.mark.parametrize("content", [None, b"no library"])
def test_a_library_for_draco_that_is_none_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    library = tmp_path / "libextern_draco.so"
    if content is not None:
        library.write_bytes(content)
    monkeypatch.setenv(draco.VARIABLE, str(library))
    with pytest.raises(ModelError) as caught:
        draco.check(Path("a.glb"))
    assert str(caught.value) == (
        f"the model a.glb is compressed with Draco, and {library} is not the library that "
        "decompresses it; set BLENDER_EXTERN_DRACO_LIBRARY_PATH to the libextern_draco of "
        "Blender 4.5 or 5.0"
    )


@pytest.mark.usefixtures("importer")
@pytest.mark.parametrize(
    ("data", "corners", "told"),
    [
        (DRACO[:40] + bytes(36), 12, "Unable to decode"),
        (DRACO, 15, "Index count of accessor and decoded index count does not match"),
    ],
)
def test_draco_data_that_is_damaged_in_words(
    tmp_path: Path, data: bytes, corners: int, told: str
) -> None:
    """Blender would make a mesh with one vertex of it, or of whatever came out."""
    file = GltfFile()
    file.compress(data)
    file.tree["accessors"][1]["count"] = corners
    path = file.save(tmp_path / "a.glb")
    try:
        draco.check(path)
    except ModelError as error:
        pytest.skip(str(error))
    with pytest.raises(ModelError) as caught:
        import_model(path)
    assert str(caught.value) == (
        f"the model {path} cannot be imported: its Draco data is damaged ({told}); copy or "
        "export it again"
    )
