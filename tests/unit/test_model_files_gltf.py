"""Which glTF files are accepted, and what is found in them: no Blender takes part."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.gltf_files import SIDES, TETRAHEDRON, GltfFile, chain, chunk, nested, quantized
from tests.unit.gltf_changes import (
    POINTS,
    PRIMITIVE,
    Change,
    all_of,
    draco,
    image,
    of_mode,
    put,
    skinned,
    sparse,
    without,
)
from viewbatch.errors import ModelError
from viewbatch.model_files import Findings, read

MODELS = Path(__file__).resolve().parents[2] / "references" / "models"


def longer_buffer(file: GltfFile) -> None:
    file.binary += bytes(100)


def morph(file: GltfFile) -> None:
    file.primitive["targets"] = [{"POSITION": 0}]
    file.tree["nodes"] += [{"mesh": 0, "weights": [1]}, {"mesh": 0, "weights": [1]}]


def points_too(file: GltfFile) -> None:
    file.tree["meshes"][0]["primitives"].append({"attributes": {"POSITION": 0}, "mode": 0})


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
        pytest.param(image(f"{'x' * 300}.png"), 4, id="an image of a name that no file can have"),
        pytest.param(draco(), None, id="draco"),
    ],
)
@pytest.mark.parametrize("name", ["a.glb", "a.gltf"])
def test_a_good_file_is_accepted(
    tmp_path: Path, change: Change, faces: int | None, name: str
) -> None:
    file = GltfFile()
    change(file)
    found = read(file.save(tmp_path / name))
    assert replace(found, companions=()) == Findings(faces=faces, draco=faces is None)
    assert (tmp_path / "a.bin" in found.companions) == (name == "a.gltf")


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.glb")), ids=lambda path: path.name)
def test_our_models_are_accepted(path: Path) -> None:
    assert (read(path).faces or 0) > 1000


def test_chunks_that_nobody_knows_are_skipped(tmp_path: Path) -> None:
    file = GltfFile()
    body = file.glb()[12:] + chunk(b"ACME", b"anything")
    (tmp_path / "a.glb").write_bytes(
        b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body
    )
    assert read(tmp_path / "a.glb").faces == 4


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


def test_the_crafted_file_is_what_it_says() -> None:
    """A test of the tests' own writer: its JSON is that of the tree."""
    file = GltfFile()
    length = int.from_bytes(file.glb()[12:16], "little")
    assert json.loads(file.glb()[20 : 20 + length]) == file.tree
