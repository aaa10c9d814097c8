"""What is found in glTF files, and in which words: no Blender takes part."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.gltf_files import DRACO, SIDES, TETRAHEDRON, GltfFile, chain, chunk, glb, nested
from viewbatch.errors import ModelError
from viewbatch.model_files import Findings, read

MODELS = Path(__file__).resolve().parents[2] / "references" / "models"
EXPORT = "; export it again"
COPY = "; copy or download it again"
Change = Callable[[GltfFile], object]


def reason(path: Path) -> str:
    """Why a file is refused, without what every such sentence starts with."""
    with pytest.raises(ModelError) as caught:
        read(path)
    start, _, rest = str(caught.value).partition(" cannot be imported: ")
    assert start == f"the model {path}"
    return rest


def at(*path: str | int) -> Callable[[GltfFile], dict[str, object]]:
    """Looks up an object in a file's JSON."""

    def look(file: GltfFile) -> dict[str, object]:
        found: object = file.tree
        for step in path:
            found = found[step]  # type: ignore[index]
        assert isinstance(found, dict)
        return found

    return look


def put(*path: str | int, **values: object) -> Change:
    return lambda file: at(*path)(file).update(values)


def without(*path: str | int) -> Change:
    return lambda file: at(*path[:-1])(file).pop(str(path[-1]))


POINTS = ("accessors", 0)
CORNERS = ("accessors", 1)
PRIMITIVE = ("meshes", 0, "primitives", 0)
NODE = ("nodes", 0)


def sparse(count: int, *indices: int) -> Change:
    def change(file: GltfFile) -> None:
        where = file.view(np.array(indices, "u2").tobytes())
        what = file.view(np.zeros((len(indices), 3), "f4").tobytes())
        file.tree["accessors"][0]["sparse"] = {
            "count": count,
            "indices": {"bufferView": where, "componentType": 5123},
            "values": {"bufferView": what},
        }

    return change


def skinned(joint: int = 0, matrix: float = 1, count: int = 1) -> Change:
    def change(file: GltfFile) -> None:
        file.primitive["attributes"] |= {
            "JOINTS_0": file.numbers(np.full((4, 4), joint, "u1")),
            "WEIGHTS_0": file.numbers(np.full((4, 4), 0.25, "f4")),
        }
        matrices = np.full((count, 16), matrix, "f4")
        file.tree["skins"] = [{"joints": [1], "inverseBindMatrices": file.numbers(matrices)}]
        file.tree["nodes"] = [{"mesh": 0, "skin": 0}, {}]

    return change


def draco(data: bytes = DRACO, name: str = "POSITION") -> Change:
    return lambda file: file.compress(data, {name: 0})


def image(uri: str) -> Change:
    return lambda file: file.texture({"uri": uri})


def all_of(*changes: Change) -> Change:
    return lambda file: [change(file) for change in changes]


def meshopt(file: GltfFile, view: int, **more: object) -> None:
    """Make a view a compressed one, in a buffer that stands for what it unpacks to."""
    stored = file.tree["bufferViews"][view]
    file.tree["bufferViews"][view] = {
        **stored, "buffer": 1, "extensions": {"EXT_meshopt_compression": {**stored, **more}},
    }  # fmt: skip
    file.tree["buffers"].append({"byteLength": 1 << 10})


def image_in_meshopt(file: GltfFile) -> None:
    view = file.view(b"image")
    meshopt(file, view)
    file.texture({"bufferView": view, "mimeType": "image/png"})


def sparse_in_meshopt(file: GltfFile) -> None:
    sparse(1, 2)(file)
    meshopt(file, file.tree["accessors"][0]["sparse"]["values"]["bufferView"])


def of_an_empty_buffer(file: GltfFile) -> None:
    file.tree["bufferViews"][0]["buffer"] = 1
    file.tree["buffers"].append({"byteLength": 48})


def instanced_nowhere(file: GltfFile) -> None:
    places = file.numbers(np.full((2, 3), np.nan, "f4"))
    file.tree["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    file.tree["nodes"][0]["extensions"] = {
        "EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}
    }


def two_parents(file: GltfFile) -> None:
    file.tree["nodes"] = [{"mesh": 0, "children": [2]}, {"children": [2]}, {}]


def quantized(file: GltfFile) -> None:
    points = np.hstack([TETRAHEDRON * 32767, np.zeros((4, 1))]).astype("i2")
    file.primitive["attributes"]["POSITION"] = file.numbers(points, normalized=True)
    file.tree["accessors"][-1]["type"] = "VEC3"
    file.tree["bufferViews"][-1]["byteStride"] = 8
    file.needs("KHR_mesh_quantization")


def longer_buffer(file: GltfFile) -> None:
    file.binary += bytes(100)


def morph(file: GltfFile) -> None:
    file.primitive["targets"] = [{"POSITION": 0}]
    file.tree["nodes"] += [{"mesh": 0, "weights": [1]}, {"mesh": 0, "weights": [1]}]


def points_too(file: GltfFile) -> None:
    file.tree["meshes"][0]["primitives"].append({"attributes": {"POSITION": 0}, "mode": 0})


def of_mode(mode: int, *corners: int) -> Change:
    def change(file: GltfFile) -> None:
        file.primitive.update(mode=mode, indices=file.numbers(np.array(corners, "u1")))

    return change


@pytest.mark.parametrize(
    ("change", "faces"),
    [
        pytest.param(lambda _: None, 4, id="a tetrahedron"),
        pytest.param(without("scene"), 4, id="no default scene"),
        pytest.param(put(scenes=[{"nodes": [0]}, {"nodes": [0]}]), 4, id="two scenes"),
        pytest.param(put("nodes", 0, extras={"a": nested(80)}, camera=None), 4, id="extras"),
        pytest.param(put(nodes=chain(500)), 4, id="500 nodes in a chain"),
        pytest.param(put(nodes=[{"mesh": 0}, {"mesh": 0}]), 4, id="instances of a mesh"),
        pytest.param(morph, 8, id="two instances with other weights"),
        pytest.param(put(nodes=[{"mesh": 0}], extensionsUsed=["ACME_x"]), 4, id="an extension"),
        pytest.param(of_mode(4, 0, 1, 2, 2, 0, 1, 1, 1, 2, 1, 2, 3), 2, id="faces that are none"),
        pytest.param(of_mode(5, 0, 1, 2, 3, 0), 3, id="a strip"),
        pytest.param(of_mode(6, 0, 1, 2, 3), 2, id="a fan"),
        pytest.param(of_mode(4, 0, 0, 1, 0, 1, 2), 1, id="a face without a size"),
        pytest.param(all_of(without(*PRIMITIVE, "indices"), put(*POINTS, count=3)), 1, id="none"),
        pytest.param(points_too, 4, id="points beside faces"),
        pytest.param(sparse(2, 1, 3), 4, id="sparse"),
        pytest.param(all_of(without(*POINTS, "bufferView"), sparse(1, 2)), 4, id="sparse zeros"),
        pytest.param(quantized, 4, id="quantized"),
        pytest.param(skinned(), 4, id="a skin"),
        pytest.param(longer_buffer, 4, id="a buffer longer than needed"),
        pytest.param(put("buffers", 0, byteLength=1), 4, id="more data than it says"),
        pytest.param(image("../textures/wood%20.png"), 4, id="an image beside the folder"),
        pytest.param(draco(), None, id="draco"),
    ],
)
@pytest.mark.parametrize("name", ["a.glb", "a.gltf"])
def test_a_good_file_is_accepted(
    tmp_path: Path, change: Change, faces: int | None, name: str
) -> None:
    file = GltfFile()
    change(file)
    assert read(file.save(tmp_path / name)) == Findings(faces=faces, draco=faces is None)


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.glb")), ids=lambda path: path.name)
def test_our_models_are_accepted(path: Path) -> None:
    assert (read(path).faces or 0) > 1000


@pytest.mark.parametrize("uri", ["a%20%C3%A4.bin", "./a ä.bin", "b/../a%20ä.bin", r"b\..\a ä.bin"])
def test_a_buffer_is_found_by_what_its_uri_means(tmp_path: Path, uri: str) -> None:
    file = GltfFile()
    (tmp_path / "b").mkdir()
    (tmp_path / "a ä.bin").write_bytes(file.binary)
    file.tree["buffers"][0]["uri"] = uri
    assert read(file.save(tmp_path / "x.gltf")).faces == 4


def test_chunks_that_nobody_knows_are_skipped(tmp_path: Path) -> None:
    file = GltfFile()
    body = file.glb()[12:] + chunk(b"ACME", b"anything")
    (tmp_path / "a.glb").write_bytes(
        b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body
    )
    assert read(tmp_path / "a.glb").faces == 4


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
    ("change", "expected"),
    [
        (put(meshes={}), "meshes is an object, and must be an array"),
        (put("nodes", 0, mesh=True), "nodes[0].mesh is true, and must be an integer of 0 or more"),
        (put("nodes", 0, mesh=0.0), "nodes[0].mesh is 0.0, and must be an integer of 0 or more"),
        (put("nodes", 0, mesh=-1), "nodes[0].mesh is -1, and must be an integer of 0 or more"),
        (put("nodes", 0, mesh=1), "nodes[0].mesh is 1, and the file has 1 meshes"),
        (put("nodes", 0, skin=0), "nodes[0].skin is 0, and the file has 0 skins"),
        (put("nodes", 0, children=[7]), "nodes[0].children[0] is 7, and the file has 1 nodes"),
        (
            put("nodes", 0, name="\ud800"),
            r"nodes[0].name is '\ud800', and must be text that UTF-8 can write",
        ),
        (
            put("nodes", 0, name="a\0"),
            r"nodes[0].name is 'a\x00', and must be text without a null character",
        ),
        (put("nodes", 0, scale=[1, 1]), "nodes[0].scale has 2 items, and must have 3"),
        (put("nodes", 0, scale=[1, "a\n", 1]), r"nodes[0].scale[1] is 'a\n', and must be a number"),
        (
            put("nodes", 0, translation=[0, 1e39, 0]),
            "nodes[0].translation[1] is 1e+39, and must be a number that 32 bits can hold",
        ),
        (put("nodes", 0, extensions=[]), "nodes[0].extensions is an array, and must be an object"),
        (
            put("nodes", 0, extensions={"A\n": 1}),
            r"nodes[0].extensions.'A\n' is 1, and must be an object",
        ),
        (put(scene=1), "scene is 1, and the file has 1 scenes"),
        (put("scenes", 0, nodes=[1]), "scenes[0].nodes[0] is 1, and the file has 1 nodes"),
        (
            put(*PRIMITIVE, mode=7),
            "meshes[0].primitives[0].mode is 7, and must be one of 0, 1, 2, 3, 4, 5, 6",
        ),
        (
            put(*PRIMITIVE, indices=2),
            "meshes[0].primitives[0].indices is 2, and the file has 2 accessors",
        ),
        (
            put(*PRIMITIVE, attributes={"POSITION": 9}),
            "meshes[0].primitives[0].attributes.POSITION is 9, and the file has 2 accessors",
        ),
        (
            put(*PRIMITIVE, material=0),
            "meshes[0].primitives[0].material is 0, and the file has 0 materials",
        ),
        (
            put(*POINTS, type="VEC5"),
            "accessors[0].type is 'VEC5', and must be one of SCALAR, VEC2, VEC3, VEC4, MAT2, "
            "MAT3, MAT4",
        ),
        (
            put(*POINTS, componentType=5124),
            "accessors[0].componentType is 5124, and must be one of 5120, 5121, 5122, 5123, "
            "5125, 5126",
        ),
        (put(*POINTS, count=-1), "accessors[0].count is -1, and must be an integer of 0 or more"),
        (without(*POINTS, "count"), "accessors[0] has no count"),
        (
            put(*POINTS, bufferView=2),
            "accessors[0].bufferView is 2, and the file has 2 bufferViews",
        ),
        (put("bufferViews", 0, buffer=1), "bufferViews[0].buffer is 1, and the file has 1 buffers"),
        (
            put(materials=[{"normalTexture": {"index": 0}}]),
            "materials[0].normalTexture.index is 0, and the file has 0 textures",
        ),
        (put(textures=[{"source": 0}]), "textures[0].source is 0, and the file has 0 images"),
        (put(textures=[{"sampler": 0}]), "textures[0].sampler is 0, and the file has 0 samplers"),
        (put(skins=[{"joints": []}]), "skins[0].joints has 0 items, and must have 1 or more"),
        (
            put(extensionsRequired=["A"]),
            "extensionsRequired names 'A', and extensionsUsed does not, which Blender refuses",
        ),
        (put("nodes", 0, children=[0]), "nodes[0] is its own ancestor"),
        (
            put(nodes=[{"children": [1]}, {"children": [2]}, {"children": [0]}]),
            "nodes[0] is its own ancestor",
        ),
        (two_parents, "nodes[2] is a child of nodes[0] and of nodes[1], and may have one parent"),
        (
            put(*POINTS, count=10**18),
            f"accessors[0] ends at byte {12 * 10**18} of bufferViews[0], which has 48 bytes",
        ),
        (
            put(*POINTS, byteOffset=1),
            "accessors[0] ends at byte 49 of bufferViews[0], which has 48 bytes",
        ),
        (
            all_of(without(*POINTS, "bufferView"), put(*POINTS, count=10**18)),
            f"accessors[0] claims {10**18} elements and has no data",
        ),
        (
            put("bufferViews", 0, byteStride=8),
            "bufferViews[0].byteStride is 8, which does not fit accessors[0], whose elements "
            "have 12 bytes",
        ),
        (
            put("bufferViews", 1, byteLength=100),
            "bufferViews[1] ends at byte 148 of buffers[0], which has 72 bytes",
        ),
        (
            put("buffers", 0, byteLength=100),
            "buffers[0] has 72 of its 100 bytes; copy or download it again",
        ),
        (
            sparse(2, 1),
            "accessors[0].sparse.indices ends at byte 4 of bufferViews[2], which has 2 bytes",
        ),
        (sparse(1, 4), "accessors[0].sparse changes element 4 of 4"),
        (sparse(5, *range(5)), "accessors[0].sparse changes 5 of 4 elements"),
        (
            of_mode(4, 0, 1, 4),
            "meshes[0].primitives[0] uses vertex 4 in accessors[2], and has 4 vertices",
        ),
        (
            of_mode(4, 0, 1, 2, 3),
            "meshes[0].primitives[0] has 4 indices, which make no whole triangles",
        ),
        (of_mode(5, 0, 1), "meshes[0].primitives[0] has 2 indices, which make no whole triangle"),
        (of_mode(1, 0, 1, 2), "meshes[0].primitives[0] has 3 indices, which make no whole lines"),
        (
            of_mode(0, 0, 1, 2),
            "no node of it has a mesh with triangles; name a model with surfaces",
        ),
        (put(nodes=[{}]), "no node of it has a mesh with triangles; name a model with surfaces"),
        (
            put(*CORNERS, componentType=5122),
            "meshes[0].primitives[0].indices is accessors[1] of SCALAR and component type "
            "5122, and must be SCALAR of unsigned integers",
        ),
        (
            put(*POINTS, type="VEC2"),
            "meshes[0].primitives[0].attributes.POSITION is accessors[0] of type VEC2, and "
            "must be VEC3",
        ),
        (
            lambda f: f.primitive["attributes"].update(NORMAL=f.numbers(TETRAHEDRON[:3])),
            "meshes[0].primitives[0].attributes.NORMAL has 3 of 4 vertices",
        ),
        (
            skinned(joint=1),
            "meshes[0].primitives[0] is moved by joint 1, and skins[0] of nodes[0] has 1",
        ),
        (
            skinned(matrix=np.inf),
            "skins[0].inverseBindMatrices has matrices that are not finite numbers",
        ),
        (skinned(count=0), "skins[0].inverseBindMatrices has 0 elements of type MAT4 for 1 joints"),
        (draco(b"draco\2\2\1\1\0\0"), "bufferViews[2] is no mesh of Draco's"),
        (
            draco(name="NORMAL"),
            "meshes[0].primitives[0].extensions.KHR_draco_mesh_compression has NORMAL, and the "
            "mesh does not",
        ),
        (
            all_of(draco(), without(*PRIMITIVE, "indices"), put(*POINTS, count=3)),
            "meshes[0].primitives[0].extensions.KHR_draco_mesh_compression belongs to a mesh "
            "without indices",
        ),
        (
            of_an_empty_buffer,
            "bufferViews[0] is of buffers[1], which has no uri and no binary chunk",
        ),
        (image_in_meshopt, "bufferViews[2] is of buffers[1], which is empty"),
        (
            sparse_in_meshopt,
            "accessors[0].sparse.values is compressed, which Blender does not read",
        ),
        (
            instanced_nowhere,
            "nodes[0] has a TRANSLATION of an instance that is no finite number",
        ),
        (
            put("buffers", 0, uri="data:text/plain,abc"),
            "buffers[0].uri holds data that is not base64, which Blender does not read",
        ),
        (
            put("buffers", 0, uri="data:;base64,QUJ*"),
            "buffers[0].uri holds data that is damaged base64",
        ),
        (
            put("buffers", 0, uri="data:;base64,QUJD"),
            "buffers[0] has 3 of its 72 bytes; copy or download it again",
        ),
        (
            put("buffers", 0, uri="gone.bin"),
            "buffers[0].uri is 'gone.bin', and there is no such file; copy it with the model, "
            "or save the model as GLB",
        ),
        (put("buffers", 0, uri="%00"), "buffers[0].uri is '%00', which names no file"),
        (
            image("https://example.org/a.png"),
            "images[0].uri is 'https://example.org/a.png', and files are read by relative "
            "paths alone; put the file beside the model and name it there",
        ),
        (
            image("file:///etc/passwd"),
            "images[0].uri is 'file:///etc/passwd', and files are read by relative paths "
            "alone; put the file beside the model and name it there",
        ),
        (
            image(r"C:\a.png"),
            r"images[0].uri is 'C:\\a.png', and files are read by relative paths alone; put "
            r"the file beside the model and name it there",
        ),
        (
            image("%2Fetc/passwd"),
            "images[0].uri is '%2Fetc/passwd', and files are read by relative paths alone; put "
            "the file beside the model and name it there",
        ),
        (
            image("../" * 50 + "dev/zero"),
            "images[0].uri is "
            "'../../../../../../../../../../../../../../../../../../../../...', which is no "
            "file",
        ),
        (image("."), "images[0].uri is '.', which is no file"),
        (
            lambda f: f.texture({}),
            "images[0] has neither uri nor bufferView, and must have one of them",
        ),
        (
            lambda f: f.texture({"uri": "a", "bufferView": 0}),
            "images[0] has both uri and bufferView, and must have one of them",
        ),
        (
            lambda f: f.texture(
                {"uri": "a.ktx2"}, {"extensions": {"KHR_texture_basisu": {"source": 0}}}
            ),
            "textures[0] is given as KHR_texture_basisu alone, which Blender does not read; "
            "convert its KTX2 textures to PNG, for example with gltf-transform ktxdecompress",
        ),
        (
            lambda f: f.texture(
                {"uri": "a.dds"}, {"extensions": {"MSFT_texture_dds": {"source": 0}}}
            ),
            "textures[0] is given as MSFT_texture_dds alone, which Blender does not read; save "
            "its textures as PNG",
        ),
    ],
)
def test_a_file_that_is_refused(tmp_path: Path, change: Change, expected: str) -> None:
    file = GltfFile()
    change(file)
    told = reason(file.save(tmp_path / "a.glb"))
    assert told == (expected if ";" in expected else expected + EXPORT)


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


def test_a_chain_of_nodes_that_is_too_long(tmp_path: Path) -> None:
    file = GltfFile()
    file.tree["nodes"] = chain(501)
    assert reason(file.save(tmp_path / "a.glb")) == (
        "nodes[500] is 500 levels below its root, and Blender's importer is known to follow 499; "
        "flatten the tree of nodes"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("attribute", ["POSITION", "WEIGHTS_0"])
def test_numbers_that_are_not_finite(tmp_path: Path, value: float, attribute: str) -> None:
    file = GltfFile()
    skinned()(file)
    values = {"POSITION": TETRAHEDRON.copy(), "WEIGHTS_0": np.full((4, 4), 0.25, "f4")}[attribute]
    values[1:3, 2] = value
    file.primitive["attributes"][attribute] = file.numbers(values)
    what = {"POSITION": "coordinates", "WEIGHTS_0": "weights"}[attribute]
    assert reason(file.save(tmp_path / "a.glb")) == (
        f"2 of 4 vertices of meshes[0].primitives[0] have {what} that are not finite numbers; "
        "repair the mesh and export it again"
    )


def test_vertices_that_nothing_uses_may_be_anything(tmp_path: Path) -> None:
    file = GltfFile(np.vstack([TETRAHEDRON, [[np.nan] * 3]]), SIDES)
    assert read(file.save(tmp_path / "a.glb")).faces == 4


def test_a_damaged_file_is_accepted_or_refused_in_one_line(tmp_path: Path) -> None:
    """Cut at 60 lengths and changed at 100 places; nothing else may come of it."""
    rng = random.Random(6)
    model = GltfFile()
    all_of(skinned(), sparse(2, 0, 3), image("data:image/png;base64,QUJD"))(model)
    model.tree["buffers"][0]["uri"] = "a.bin"
    model.save(tmp_path / "a.gltf")
    whole = [model.glb(), (tmp_path / "a.gltf").read_bytes(), (MODELS / "suzanne.glb").read_bytes()]
    outcomes: list[str] = []
    for data in whole:
        text = data.rfind(b"}") + 1 if len(data) < 10_000 else 2000
        damaged = [data[: rng.randrange(len(data))] for _ in range(60)]
        for i in range(100):
            changed = bytearray(data)
            changed[rng.randrange(text if i % 2 else len(data))] = (
                rng.choice(b'0123456789-.,:"[]{}') if i % 4 else rng.randrange(256)
            )
            damaged.append(bytes(changed))
        for content in damaged:
            path = tmp_path / "b.gltf"
            path.write_bytes(content)
            try:
                outcomes.append(str(read(path).faces))
            except ModelError as error:
                outcomes.append(str(error))
    assert not [told for told in outcomes if len(told.splitlines()) != 1]
    assert len(set(outcomes)) > 50


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


def test_the_crafted_file_is_what_it_says() -> None:
    """A test of the tests' own writer: its JSON is that of the tree."""
    file = GltfFile()
    length = int.from_bytes(file.glb()[12:16], "little")
    assert json.loads(file.glb()[20 : 20 + length]) == file.tree
