"""What a .blend file takes from elsewhere, from another Blender, and what is wrong in it."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender import versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.model import import_model
from viewbatch.dataset.png import encode_png
from viewbatch.errors import ModelError


def linking_file(folder: Path) -> tuple[Path, Path]:
    """A file with a cube of its own that links one of another file, and that other file."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "linked")
    part = scenes.save_blend(folder / "part.blend")
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "own")
    with bpy.data.libraries.load(str(part), link=True) as (_, wanted):
        wanted.objects = ["linked"]
    scene.collection.objects.link(wanted.objects[0])
    return scenes.save_blend(folder / "model.blend"), part


def test_objects_of_another_file_are_rendered(tmp_path: Path, capture: Capture) -> None:
    """Also those without a material, whose slots cannot be written."""
    model, _ = linking_file(tmp_path)
    stage, _ = scenes.staged(model, capture)
    assert [record.name for record in stage.objects] == ["linked", "own"]
    assert list(stage.materials) == ["viewbatch.plain"]


def test_a_missing_file_is_named(
    tmp_path: Path, capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    model, part = linking_file(tmp_path)
    part.unlink()
    stage, _ = scenes.staged(model, capture)
    assert [record.name for record in stage.objects] == ["own"]
    assert warnings(caplog) == [
        f"the model links to the file {part}, which is not there; what it takes from it is left out"
    ]


def test_what_another_file_no_longer_holds_is_named(
    tmp_path: Path, capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    model, part = linking_file(tmp_path)
    scenes.add_cube(scenes.empty_scene(), "renamed")
    scenes.save_blend(part)
    scenes.staged(model, capture)
    assert warnings(caplog) == [
        f"the model links to linked in the file {part}, which has no such thing; it is left out"
    ]


@pytest.mark.skipif(os.name != "posix", reason="makes a pipe")
def test_an_image_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    picture = tmp_path / "pipe.png"
    picture.write_bytes(encode_png(np.zeros((2, 2, 3), "u1")))
    material = bpy.data.materials.new("image")
    scenes.nodes_of(material).nodes.new("ShaderNodeTexImage").image = bpy.data.images.load(
        str(picture)
    )
    cube.data.materials.append(material)
    path = scenes.save_blend(tmp_path / "model.blend")
    picture.unlink()
    os.mkfifo(picture)
    with pytest.raises(ModelError) as caught:
        import_model(path)
    assert str(caught.value) == (
        f"the model {path} cannot be imported: it names pipe.png, which is a pipe or a device; "
        "name a file"
    )


def test_fluids_write_nothing_and_are_left_out(
    tmp_path: Path, capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    """Blender writes their caches wherever the file says, and ends where it cannot."""
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    fluid = cube.modifiers.new("fluid", "FLUID")
    fluid.fluid_type = "DOMAIN"
    fluid.domain_settings.cache_directory = str(tmp_path / "cache")
    path = scenes.save_blend(tmp_path / "model.blend")
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    stage, _ = scenes.staged(path, capture, "model.frame=3")
    assert [record.name for record in stage.objects] == ["cube"]
    assert not (tmp_path / "cache").exists()
    assert warnings(caplog) == [
        "the model simulates fluids, which is left out, since that writes files; apply the "
        "modifiers of type Fluid before it is saved"
    ]


def changed_header(path: Path, *, version: bytes | None = None, big_endian: bool = False) -> Path:
    """A file that claims to come from elsewhere."""
    scenes.add_cube(scenes.empty_scene(), "cube")
    scenes.save_blend(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"v")
    if version is not None:
        digits = len(data[at + 1 :].split(b"REND")[0])
        data[at + 1 : at + 1 + digits] = version.rjust(digits, b"0")
    if big_endian:
        data[at : at + 1] = b"V"
    path.write_bytes(data)
    return path


def test_a_file_of_a_newer_blender_is_warned_of(
    tmp_path: Path, capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    path = changed_header(tmp_path / "model.blend", version=b"999")
    stage, _ = scenes.staged(path, capture)
    assert [record.name for record in stage.objects] == ["cube"]
    assert warnings(caplog) == [
        f"the model was saved by Blender 9.99, which is newer than this {versions.text()}: what "
        "only the newer one knows is lost"
    ]


def test_a_file_that_only_a_newer_blender_reads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.blend"
    path.write_bytes(b"BLENDER17-02v0907" + bytes(100))
    with pytest.raises(ModelError) as caught:
        import_model(path)
    assert str(caught.value) == (
        f"the model {path} was saved by Blender 9.7, and this {versions.text()} cannot read it; "
        "use Blender 9.7 or newer"
    )


@pytest.mark.skipif(versions.READS_BIG_ENDIAN, reason="Blender up to 4.5 reads such files")
def test_a_big_endian_file_is_refused(tmp_path: Path) -> None:
    path = changed_header(tmp_path / "model.blend", big_endian=True)
    with pytest.raises(ModelError) as caught:
        import_model(path)
    assert str(caught.value) == (
        f"the model {path} was saved on a big-endian machine, and this Blender {versions.text()} "
        "no longer reads such files; save it again with a Blender up to 4.5"
    )


def test_faces_with_vertices_that_do_not_exist_are_left_out_with_a_warning(
    tmp_path: Path, capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    cube = scenes.add_cube(scenes.empty_scene(), "cube")
    cube.data.name = "damaged"
    cube.data.loops[0].vertex_index = 1_000_000
    stage, _ = scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert stage.bounds.size == (2, 2, 2)
    assert warnings(caplog) == [
        "the mesh damaged of the model contradicts itself, as in faces with vertices that do not "
        "exist; Blender corrected it or left the faces out"
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_coordinates_that_are_no_numbers_are_refused(
    tmp_path: Path, capture: Capture, value: float
) -> None:
    cube = scenes.add_cube(scenes.empty_scene(), "cube")
    coordinates = np.array([v.co for v in cube.data.vertices], dtype=np.float32)
    coordinates[3, 0] = value
    cube.data.attributes["position"].data.foreach_set("vector", coordinates.ravel())
    with pytest.raises(ModelError) as caught:
        scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert str(caught.value) == (
        f"the object 'cube' of the model {tmp_path / 'model.blend'} has coordinates that are not "
        "finite numbers; repair it, and export it again"
    )


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
