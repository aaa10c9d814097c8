"""Which glTF files are refused, and in which words: no Blender takes part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.gltf_files import TETRAHEDRON, GltfFile, chain
from tests.unit.gltf_changes import (
    EXPORT,
    POINTS,
    PRIMITIVE,
    Change,
    all_of,
    draco,
    image,
    of_mode,
    put,
    reason,
    skinned,
    sparse,
    without,
)

CORNERS = ("accessors", 1)


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
        (
            put("buffers", 0, uri="x" * 300),
            f"buffers[0].uri is '{'x' * 60}...', and there is no such file; copy it with the "
            "model, or save the model as GLB",
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
