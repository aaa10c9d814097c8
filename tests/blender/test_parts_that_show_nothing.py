"""What shows nothing changes nothing; where nothing else is left, words say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.extremes import Build, made
from viewbatch.errors import ModelError


def alone(scene: Any) -> None:
    scenes.add_cube(scene, "good")


def with_nothing(scene: Any) -> None:
    """Beside a good object: one of size 0, one without faces, a wire, a hidden one."""
    alone(scene)
    point = scenes.add_cube(scene, "point")
    point.scale = (0, 0, 0)
    scenes.add_mesh(scene, "no_faces", [(9, 9, 9), (1, 2, 3)], [])
    wire = bpy.data.meshes.new("wire")
    wire.from_pydata([(0, 0, 0), (7, 7, 7)], [(0, 1)], [])
    scene.collection.objects.link(bpy.data.objects.new("wire", wire))
    scenes.add_cube(scene, "hidden", center=(20, 0, 0)).hide_render = True


@pytest.mark.parametrize("far", [0.0, 2.0**20])
def test_what_shows_nothing_changes_nothing(tmp_path: Path, far: float) -> None:
    def moved(build: Callable[[Any], None]) -> Build:
        def at(scene: Any) -> None:
            build(scene)
            for each in scene.objects:
                each.location.x += far

        return at

    clean = made(tmp_path / "clean", moved(alone))
    messy = made(tmp_path / "messy", moved(with_nothing))
    assert [entry.name for entry in messy.record.objects] == ["good", "point"]
    assert messy.record.bounds == clean.record.bounds
    for a, b in zip(clean.views, messy.views, strict=True):
        np.testing.assert_array_equal(a.read("depth"), b.read("depth"))
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))


@pytest.mark.parametrize("far", [0.0, 2.0**20])
def test_a_vertex_of_no_face_may_lie_anywhere(tmp_path: Path, far: float) -> None:
    def cube(scene: Any, *more: Sequence[float]) -> None:
        points = [*scenes.cube_points(center=(far, 0, 0)), *more]
        scenes.add_mesh(scene, "cube", points, scenes.CUBE_FACES)

    clean = made(tmp_path / "clean", cube)
    messy = made(tmp_path / "messy", lambda scene: cube(scene, (1e30, 0, 0)))
    assert messy.record.bounds == clean.record.bounds
    for a, b in zip(clean.views, messy.views, strict=True):
        np.testing.assert_array_equal(a.read("depth"), b.read("depth"))


@pytest.mark.parametrize(
    "build", [lambda _: None, lambda scene: setattr(scenes.add_cube(scene, "c"), "hide_render", 1)],
    ids=["empty", "hidden"],
)  # fmt: skip
def test_a_scene_that_shows_nothing_is_refused(tmp_path: Path, build: Build) -> None:
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build)
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} holds no mesh with faces, or hides them all from "
        "rendering"
    )
