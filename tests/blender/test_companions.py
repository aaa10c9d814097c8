"""What a model reads beside its own file is known by its hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.gltf_files import GltfFile
from viewbatch import model_files
from viewbatch.blender import companions
from viewbatch.blender.model import import_model
from viewbatch.dataset.png import encode_png
from viewbatch.errors import UsageError

OBJ = "mtllib own.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\n"


def picture(path: Path, red: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode_png(np.full((2, 2, 3), red, "u1")))


def textured(folder: Path, texture: str) -> Path:
    (folder / "model").mkdir()
    model = folder / "model" / "model.obj"
    model.write_text(OBJ, encoding="utf-8")
    (folder / "model" / "own.mtl").write_text(f"newmtl a\nmap_Kd {texture}\n", encoding="utf-8")
    return model


def found(model: Path) -> dict[str, str]:
    findings = model_files.read(model)
    import_model(model)
    return companions.hashes(model, findings.companions)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_material_files_and_textures_of_obj(tmp_path: Path) -> None:
    model = textured(tmp_path, "skins/red.png")
    picture(model.parent / "skins" / "red.png", 200)
    assert found(model) == {
        "own.mtl": sha256(model.parent / "own.mtl"),
        "skins/red.png": sha256(model.parent / "skins" / "red.png"),
    }


def test_what_lies_elsewhere_goes_by_its_name(tmp_path: Path) -> None:
    model = textured(tmp_path, "../red.png")
    picture(tmp_path / "red.png", 200)
    assert found(model)["red.png"] == sha256(tmp_path / "red.png")


def test_what_lies_outside_the_models_folder_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = textured(tmp_path, "../red.png")
    outside = [tmp_path / f"{name}.png" for name in ("blue", "green", "red", "white")]
    for path in outside:
        picture(path, 200)
    found(model)
    assert caplog.messages == [
        f"the model reads a file from outside its folder ({outside[2]}), and images may show it"
    ]
    caplog.clear()
    companions.hashes(model, outside)
    assert caplog.messages == [
        "the model reads 4 files from outside its folder "
        f"({', '.join(map(str, outside[:3]))}, ...), and images may show them"
    ]


def test_what_is_missing_or_no_file_has_no_hash(tmp_path: Path) -> None:
    model = textured(tmp_path, "skins")
    (model.parent / "skins").mkdir()
    assert set(found(model)) == {"own.mtl"}
    model.parent.joinpath("own.mtl").write_text("newmtl a\nmap_Kd gone.png\n", encoding="utf-8")
    assert set(found(model)) == {"own.mtl"}


def test_buffers_and_images_of_gltf(tmp_path: Path) -> None:
    """Blender packs them, and knows them no more."""
    file = GltfFile()
    file.texture({"uri": "a%20b.png"})
    picture(tmp_path / "a b.png", 90)
    model = file.save(tmp_path / "model.gltf")
    names = {path.name for path in tmp_path.iterdir()} - {"model.gltf"}
    assert found(model) == {name: sha256(tmp_path / name) for name in names}
    assert "a b.png" in names


@pytest.mark.skipif(os.name != "posix", reason="a name that is no text needs POSIX")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode(b"\xff.bin")
    name.write_bytes(b"?")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert companions.hashes(tmp_path / "model.gltf", [name]) == {"\\xff.bin": sha256(name)}


def test_tiles_of_one_image(tmp_path: Path) -> None:
    for number in (1001, 1002):
        picture(tmp_path / f"tile.{number}.png", number % 7)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.load(str(tmp_path / "tile.1001.png"))
    image.source = "TILED"
    image.tiles.new(1002)
    image.filepath = str(tmp_path / "tile.<UDIM>.png")
    assert set(companions.hashes(tmp_path / "model.blend", [])) == {
        "tile.1001.png", "tile.1002.png",
    }  # fmt: skip


def test_a_dataset_is_not_continued_with_another_texture(tmp_path: Path) -> None:
    model = textured(tmp_path, "red.png")
    picture(model.parent / "red.png", 200)
    quick = ("render.resolution_x=16", "render.resolution_y=16", "render.samples=1")
    scenes.generate(model, tmp_path / "out", 1, *quick)
    picture(model.parent / "red.png", 10)
    with pytest.raises(UsageError) as caught:
        scenes.generate(model, tmp_path / "out", 2, *quick)
    assert str(caught.value) == (
        f"the dataset in {tmp_path / 'out'} was made of another model "
        "(model.companions.red.png); name another folder, or replace it with --overwrite"
    )


@pytest.mark.parametrize("elsewhere", ["a", "z"])
def test_companions_stand_by_name_wherever_they_lie(tmp_path: Path, elsewhere: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    paths = [tmp_path / "model" / "own.png", tmp_path / elsewhere / "other.png"]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    names = list(companions.hashes(tmp_path / "model" / "model.obj", paths))
    assert names == ["other.png", "own.png"]
