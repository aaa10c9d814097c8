"""scripts/suzanne: the committed models are what the program makes, and keep its promises."""

import importlib.metadata
import io
import itertools
import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.suzanne import block_shapes
from scripts.suzanne import suzanne as suzanne_program
from scripts.suzanne.blocks import toys
from scripts.suzanne.room import furnished_room

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "scripts" / "suzanne" / "suzanne.py"
MODELS = ROOT / "references" / "models"
REQUIREMENTS = re.findall(r'"(\w+==[0-9.]+)"', PROGRAM.read_text(encoding="utf-8"))
NAMES = ["suzanne.glb", "blocks.glb", "room.glb"]
TOYS = ["letter_block", "pattern_block", "ball", "ring", "doll", "arch", "roof"]
SHELL = ["floor", "ceiling", "wall_left", "wall_right", "wall_back", "wall_door"]
FURNITURE = ["rug", "table", "vase", "sofa", "shelf", "lamp", "ball", "crate", "picture"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


class Glb:
    """Just enough of a glTF reader; positions in Blender's axes: z up, metres."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        magic, version, size, json_size = struct.unpack_from("<4sIII", data)
        assert (magic, version, size) == (b"glTF", 2, len(data))
        self.tree = json.loads(data[20 : 20 + json_size])
        self.binary = data[20 + json_size + 8 :]

    def view(self, index: int) -> bytes:
        view = self.tree["bufferViews"][index]
        start = view.get("byteOffset", 0)
        return self.binary[start : start + view["byteLength"]]

    def accessor(self, index: int) -> np.ndarray[Any, Any]:
        accessor = self.tree["accessors"][index]
        dtype = {5123: "<u2", 5125: "<u4", 5126: "<f4"}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[accessor["type"]]
        values = np.frombuffer(self.view(accessor["bufferView"]), dtype)
        return values[: accessor["count"] * width].reshape(-1, width)

    def primitives(self) -> Iterator[tuple[str, dict[str, Any], np.ndarray[Any, Any]]]:
        """(name of the object, primitive, its points in world)."""
        for node in self.tree["nodes"]:
            for primitive in self.tree["meshes"][node["mesh"]]["primitives"]:
                points = self.accessor(primitive["attributes"]["POSITION"]).astype(np.float64)
                x, y, z, w = node.get("rotation", (0, 0, 0, 1))
                axis = np.array([x, y, z])
                points = points + 2 * np.cross(axis, np.cross(axis, points) + w * points)
                points = points + np.array(node.get("translation", (0, 0, 0)))
                yield node["name"], primitive, points[:, [0, 2, 1]] * (1, -1, 1)


@pytest.fixture(scope="module")
def blocks() -> Glb:
    return Glb(MODELS / "blocks.glb")


@pytest.fixture(scope="module")
def room() -> Glb:
    return Glb(MODELS / "room.glb")


@pytest.fixture(scope="module", params=["blocks.glb", "room.glb"])
def textured(request: pytest.FixtureRequest) -> Glb:
    return Glb(MODELS / request.param)


@pytest.fixture(scope="module")
def suzanne() -> Glb:
    return Glb(MODELS / "suzanne.glb")


def test_the_process_makes_the_committed_bytes(tmp_path: Path) -> None:
    installed = importlib.metadata.version("bpy")
    if f"bpy=={installed}" not in REQUIREMENTS:
        pytest.skip(f"the models are those of {REQUIREMENTS[0]}; this is {installed}")
    folder = tmp_path / "made" / "here"
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(folder / name) for name in NAMES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (folder / name).read_bytes() == (MODELS / name).read_bytes(), name


def test_the_pins_are_the_projects() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert len(REQUIREMENTS) == 2
    assert all(f'"{requirement}"' in project for requirement in REQUIREMENTS)


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = run(tmp_path / "file" / "models")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"suzanne.py: cannot write to {tmp_path / 'file' / 'models'}: Not a directory; "
        "name a folder that can be written to\n"
    )


def test_a_python_without_blender_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)
    assert suzanne_program.main([str(tmp_path / "models")]) == 2
    assert capsys.readouterr().err == (
        "suzanne.py: the module bpy is missing; run this with uv, or in Blender "
        "with --background --python\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_arguments_follow_two_dashes_or_are_plain_pythons() -> None:
    program = str(PROGRAM)
    arguments = suzanne_program.script_arguments
    assert arguments([program, "out"]) == ["out"]
    assert arguments(["blender", "--python", program, "--", "out"]) == ["out"]
    assert arguments(["blender", "--python", program]) == [], "those are Blender's own"


def test_no_argument_is_a_mistake_and_touches_nothing() -> None:
    done = run()
    assert done.returncode == 2
    assert done.stderr == (
        "usage: suzanne.py [-h] folder\n"
        "suzanne.py: error: the following arguments are required: folder\n"
    )


def test_suzanne_is_small_centred_and_coloured(suzanne: Glb) -> None:
    assert (MODELS / "suzanne.glb").stat().st_size < 400_000
    assert {name for name, _, _ in suzanne.primitives()} == {"suzanne"}
    points = np.concatenate([points for _, _, points in suzanne.primitives()])
    low, high = points.min(axis=0), points.max(axis=0)
    assert (low + high) / 2 == pytest.approx([0, 0, 0], abs=1e-6)
    assert high[0] - low[0] == pytest.approx(2, abs=1e-6)
    # The muzzle, its foremost part, is in front (-y) and in the lower half.
    assert points[points[:, 1].argmin(), 2] < high[2] / 2
    colors = {m["name"]: m["pbrMetallicRoughness"] for m in suzanne.tree["materials"]}
    assert list(colors) == ["skin", "eyes", "pupils"]
    assert all(min(color["baseColorFactor"][:3]) < 0.7 for color in colors.values())


def test_blocks_stand_away_from_the_origin_on_one_plane(blocks: Glb) -> None:
    assert (MODELS / "blocks.glb").stat().st_size < 1_200_000
    placed = {name: points for name, _, points in blocks.primitives()}
    assert list(placed) == TOYS
    everything = np.concatenate(list(placed.values()))
    low, high = everything.min(axis=0), everything.max(axis=0)
    # Positions are float32 up to 4: 2.4e-7 each.
    assert (low + high) / 2 == pytest.approx([3, -2, 1.5], abs=1e-6)
    assert [points[:, 2].min() for points in placed.values()] == pytest.approx([1] * 7, abs=1e-6)
    assert high[2] == pytest.approx(2, abs=1e-6)


def test_no_toy_touches_another(blocks: Glb) -> None:
    """Seen from above, some line separates every two toys by at least a centimetre."""
    angles = np.linspace(0, np.pi, 720, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    spans = {name: (points[:, :2] @ directions).T for name, _, points in blocks.primitives()}
    for (one, a), (other, b) in itertools.combinations(spans.items(), 2):
        gaps = np.maximum(a.min(axis=1) - b.max(axis=1), b.min(axis=1) - a.max(axis=1))
        assert gaps.max() > 0.01, (one, other)


def test_the_room_has_a_shell_and_furniture_that_stands_inside(room: Glb) -> None:
    assert (MODELS / "room.glb").stat().st_size < 1_000_000
    placed = {name: points for name, _, points in room.primitives()}
    assert list(placed) == [*SHELL, *FURNITURE]
    assert placed["floor"][:, 2].max() == pytest.approx(0, abs=1e-6)
    assert placed["ceiling"][:, 2].min() == pytest.approx(2.6, abs=1e-6)
    inside = np.concatenate([placed[name] for name in FURNITURE])
    assert (np.abs(inside[:, :2]) <= (2.5 + 1e-6, 2 + 1e-6)).all()
    assert inside[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert inside[:, 2].max() < 2


def test_all_is_closed_and_faces_outwards(textured: Glb) -> None:
    for name, primitive, points in textured.primitives():
        # glTF splits vertices along seams of the texture; equal positions are one vertex.
        local = textured.accessor(primitive["attributes"]["POSITION"])
        _, welded = np.unique(local, axis=0, return_inverse=True)
        corners = textured.accessor(primitive["indices"]).reshape(-1, 3)
        triangles = welded.reshape(-1)[corners]
        assert all(len(set(triangle)) == 3 for triangle in triangles.tolist()), name
        edges = np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)])
        forward = {tuple(edge) for edge in edges.tolist()}
        assert len(forward) == len(edges), f"{name}: an edge is used twice in one direction"
        assert forward == {(b, a) for a, b in forward}, f"{name} has a hole"
        a, b, c = np.moveaxis(points[corners] - points.mean(axis=0), 1, 0)
        assert (a * np.cross(b, c)).sum() / 6 > 0.001, f"{name} is inside out"  # cubic metres


def test_every_toy_has_a_texture_of_its_own_with_detail_everywhere(blocks: Glb) -> None:
    materials = [primitive["material"] for _, primitive, _ in blocks.primitives()]
    assert sorted(materials) == list(range(7))
    for name, primitive, _ in blocks.primitives():
        uvs = blocks.accessor(primitive["attributes"]["TEXCOORD_0"])
        assert uvs.min() >= 0, name
        assert uvs.max() <= 1, name
        material = blocks.tree["materials"][primitive["material"]]
        texture = material["pbrMetallicRoughness"]["baseColorTexture"]["index"]
        image = blocks.tree["images"][blocks.tree["textures"][texture]["source"]]
        assert image["mimeType"] == "image/jpeg"
        with Image.open(io.BytesIO(blocks.view(image["bufferView"]))) as opened:
            grey = np.asarray(opened.convert("L")).astype(np.float64)
        height, width = (size // 16 * 16 for size in grey.shape)
        patches = grey[:height, :width].reshape(height // 16, 16, width // 16, 16)
        # More than the 1 to 2 levels of JPEG's noise; not in all patches, since the rows of
        # the image next to a pole show the same few millimetres over and over.
        assert np.percentile(patches.std(axis=(1, 3)), 10) > 4, name


@pytest.mark.parametrize("toy", [*toys(), *furnished_room()], ids=lambda toy: toy.name)
def test_shapes_agree_with_themselves(toy: Any) -> None:
    """Normals point away from the faces, and texels lie where texture coordinates say."""
    shape: block_shapes.Shape = toy.shape
    assert np.linalg.norm(shape.normals, axis=-1) == pytest.approx(1, abs=1e-12)
    height, width = shape.texels.shape[:2]
    corner = 0
    for face in shape.faces:
        points, uvs = shape.points[face], shape.corner_uvs[corner : corner + len(face)]
        corner += len(face)
        fan = [np.cross(b - points[0], c - points[0]) for b, c in itertools.pairwise(points[1:])]
        out = np.sum(fan, axis=0) / np.linalg.norm(np.sum(fan, axis=0))
        # A face spans at most a quarter of the angle between its vertices' normals.
        assert (shape.normals[face] @ out).min() > 0.9
        middle = uvs.mean(axis=0)
        texel = shape.texels[int((1 - middle[1]) * height), int(middle[0] * width)]
        if len(face) <= 4:  # the middle of a concave cap is not on the cap
            # Half a texel (2 mm), the sagitta of a face of a curved shape, a rounded rim.
            assert np.linalg.norm(texel - points.mean(axis=0)) < 0.035
    assert corner == len(shape.corner_uvs)
