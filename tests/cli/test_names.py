"""Names inside of a model, as people and programs make them, break nothing."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import ROOT, Host, is_log, settings
from tests.gltf_files import glb
from viewbatch.dataset import Dataset
from viewbatch.errors import one_line

NAMES = [
    "plain", '"quoted"', "it's", "a/b", "../../etc/passwd", "back\\slash", "new\nline", "tab\t",
    "\x1b[31mred", "😀" * 50, "é" * 200, "x" * 300, "x" * 299 + "y", "\u202etfel", "equal", "equal",
    "", " ", "%s %d {x}", "<script>", "日本語", "a,b;c=d", "\u2028line", "null", "viewbatch.ground",
    "ground", "viewbatch.camera",
]  # fmt: skip

QUICK = [
    "render.resolution_x=64", "render.resolution_y=64", "render.samples=1",
    "render.cycles.use_denoising=false", "verify.at_end=true", "verify.noise_views=0",
    'plugins.enabled=["depth", "mask", "material", "bounding_box", "point_cloud"]',
    "camera.location.mode=fibonacci", 'camera.location.fibonacci.inc_max="pi/4"',
    'objects.categories={"new\\nline" = "new", "😀" = "😀"}',
]  # fmt: skip


def write_glb(path: Path, names: Sequence[str]) -> None:
    """A floor of squares, each with a node, a material and a texture that is missing, so named."""
    square = struct.pack("<12f", 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0)
    square += struct.pack("<6H", 0, 1, 2, 0, 2, 3)
    count = range(len(names))
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [*count]}],
        "nodes": [
            {"name": name, "mesh": i, "translation": [1.2 * (i % 6), 0, 1.2 * (i // 6)]}
            for i, name in enumerate(names)
        ],
        "meshes": [
            {"name": name, "primitives": [
                {"attributes": {"POSITION": 0}, "indices": 1, "material": i}
            ]}
            for i, name in enumerate(names)
        ],
        "materials": [
            {"name": name, "pbrMetallicRoughness": {"baseColorTexture": {"index": i}}}
            for i, name in enumerate(names)
        ],
        "textures": [{"source": i} for i in count],
        "images": [{"uri": f"missing_{i}.png", "name": name} for i, name in enumerate(names)],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3",
             "min": [0, 0, 0], "max": [1, 0, 1]},
            {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 48},
                        {"buffer": 0, "byteOffset": 48, "byteLength": 12}],
        "buffers": [{"byteLength": len(square)}],
    }  # fmt: skip
    path.write_bytes(glb(json.dumps(tree).encode(), square))


@pytest.fixture(scope="module")
def run(host: Host, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A dataset of a model with all of the names, and what its making printed."""
    here = tmp_path_factory.mktemp("names")
    write_glb(here / "model.glb", NAMES)
    result = host.run("model.glb", "out", "3", *settings(QUICK), cwd=here)
    assert result.code == 0, result.stderr
    return here / "out", result.stderr


def test_every_object_has_an_id_and_a_name_of_its_own(run: tuple[Path, str]) -> None:
    dataset = Dataset.open(run[0])
    assert dataset.missing == []
    objects = dataset.record.objects
    assert [entry.id for entry in objects] == list(range(1, len(NAMES) + 1))
    names = [entry.name for entry in objects]
    assert len(set(names)) == len(names)
    # Blender cuts names, between letters, and makes them differ by a number at their end.
    shortened = [re.sub(r"\.\d{3}$", "", name) for name in names]
    for name in shortened:
        assert name.startswith("Mesh_") or any(wanted.startswith(name) for wanted in NAMES), name
    for name in NAMES:
        assert not name or any(name.startswith(kept) for kept in shortened), name
    seen = {int(i) for view in dataset.views for i in np.unique(view.read("mask"))}
    assert seen == {0, *(entry.id for entry in objects)}


def test_files_hold_the_names_and_nothing_lies_outside(run: tuple[Path, str]) -> None:
    folder = run[0]
    by_name = {entry.name: entry.category for entry in Dataset.open(folder).record.objects}
    assert by_name["new\nline"] == "new\nline"
    assert by_name["plain"] == "object"
    kinds = {path.suffix for path in folder.iterdir()}
    assert kinds == {".exr", ".png", ".json", ".toml", ".ply", ".log", ".txt"} & kinds
    for path in folder.iterdir():
        assert path.is_file()
        assert path.name.isascii()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model.glb", "out"]


def test_messages_about_them_stay_on_a_line_each(run: tuple[Path, str]) -> None:
    folder, told = run
    [log] = [path for path in folder.iterdir() if is_log(path.name)]
    for text in (told, log.read_text(encoding="utf-8")):
        assert all(one_line(line) == line for line in text.split("\n"))
    warnings = [line for line in told.split("\n") if line.startswith("warning: ")]
    assert len(warnings) >= len(NAMES)
    assert all("missing_" in line for line in warnings if "texture" in line)


def script(name: str, *arguments: str, cwd: Path) -> Any:
    done = subprocess.run(
        [sys.executable, str(ROOT / name), *arguments],
        cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False,
        env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_converters_and_helpers_survive_them(run: tuple[Path, str], tmp_path: Path) -> None:
    # Where the tests run on another Blender's Python, it lacks what converters need.
    pytest.importorskip("pycocotools")
    pytest.importorskip("pycolmap")
    folder = run[0]
    script("compat/to_coco/to_coco.py", str(folder), str(tmp_path / "coco"), cwd=tmp_path)
    trees = [json.loads(p.read_text("utf-8")) for p in (tmp_path / "coco").rglob("*.json")]
    [coco] = [tree for tree in trees if "categories" in tree]
    assert {category["name"] for category in coco["categories"]} >= {"new\nline", "😀", "object"}
    script("compat/to_colmap/to_colmap.py", str(folder), str(tmp_path / "colmap"), cwd=tmp_path)
    script("scripts/verify/verify.py", str(folder), cwd=tmp_path)
    listed = script("scripts/boxes/boxes.py", str(folder), cwd=tmp_path).stdout
    assert all(one_line(line) == line for line in listed.split("\n"))
    assert "new\\nline" in listed
    assert "\\x1b[31mred" in listed
