"""Models far from their origin: the same depth as at the origin, cameras in their own frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.dataset import Dataset

QUICK = (
    "render.resolution_x=48", "render.resolution_y=40", "render.samples=1",
    "render.cycles.use_denoising=false", 'plugins.enabled=["depth", "mask", "normal", "position"]',
)  # fmt: skip
# float32 holds these, so the model is the same one wherever it stands.
FAR = (1048576.0, -524288.0, 65536.0)


def model(tmp_path: Path, name: str, build: Any) -> Path:
    scene = scenes.empty_scene()
    build(scene)
    return scenes.save_blend(tmp_path / f"{name}.blend")


def steps(scene: Any, vertices_at: Any, object_at: Any) -> None:
    """A cube and a smaller one on it, neither of which is symmetric about the middle."""
    for name, half, center in (("base", 1.0, (0, 0, 0)), ("top", 0.5, (0.25, 0.5, 1.5))):
        cube = scenes.add_cube(scene, name, np.add(center, vertices_at), half)
        cube.location = object_at


def pairs(near: Dataset, far: Dataset) -> Any:
    return zip(near.views, far.views, strict=True)


@pytest.mark.parametrize("where", ["object", "vertices", "both_ways"])
def test_depth_and_ids_are_those_at_the_origin(tmp_path: Path, where: str) -> None:
    at = {
        "object": ((0, 0, 0), FAR),
        "vertices": (FAR, (0, 0, 0)),
        # In world it stands at the origin, and its mesh is far from its own.
        "both_ways": (FAR, np.negative(FAR)),
    }[where]
    near_model = model(tmp_path, "near", lambda scene: steps(scene, (0, 0, 0), (0, 0, 0)))
    far_model = model(tmp_path, "far", lambda scene: steps(scene, *at))
    near = scenes.generate(near_model, tmp_path / "near", 4, *QUICK)
    far = scenes.generate(far_model, tmp_path / "far", 4, *QUICK)
    offset = np.array(far.record.model.offset_m)
    assert near.record.model.offset_m == (0.0, 0.0, 0.0)
    expected = (0, 0, 0) if where == "both_ways" else FAR
    np.testing.assert_allclose(offset, np.add(expected, near.record.bounds.center), atol=1e-9)
    np.testing.assert_allclose(
        far.record.bounds.center, np.add(expected, near.record.bounds.center), atol=1e-9
    )
    assert [o.name for o in far.record.objects] == ["base", "top"]
    for a, b in pairs(near, far):
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
        depth = b.read("depth")
        np.testing.assert_allclose(depth, a.read("depth"), rtol=2e-6)
        # The camera stands in the model's own coordinates.
        np.testing.assert_allclose(
            b.camera.center_in_world, a.camera.center_in_world + expected, atol=1e-6
        )
        points = b.camera.unproject(depth)[depth > 0]
        position = b.read("position")[depth > 0].astype(np.float64) + offset
        np.testing.assert_allclose(position, points, atol=1e-5)


def test_without_the_move_the_depth_would_be_wrong(tmp_path: Path, monkeypatch: Any) -> None:
    """What the move is for: it is not there for nothing."""
    from viewbatch.blender import recenter

    monkeypatch.setattr(recenter, "COARSEST", np.inf)
    near_model = model(tmp_path, "near", lambda scene: steps(scene, (0, 0, 0), (0, 0, 0)))
    far_model = model(tmp_path, "far", lambda scene: steps(scene, (0, 0, 0), FAR))
    near = scenes.generate(near_model, tmp_path / "near", 1, *QUICK)
    far = scenes.generate(far_model, tmp_path / "far", 1, *QUICK)
    [(a, b)] = pairs(near, far)
    both = (a.read("depth") > 0) & (b.read("depth") > 0)
    assert np.abs(b.read("depth")[both] / a.read("depth")[both] - 1).max() > 1e-3


@pytest.mark.parametrize("normalize", ["unit_sphere", "unit_cube"])
def test_a_far_model_can_be_normalised(tmp_path: Path, normalize: str) -> None:
    override = f"model.normalize={normalize}"
    near_model = model(tmp_path, "near", lambda scene: steps(scene, (0, 0, 0), (0, 0, 0)))
    far_model = model(tmp_path, "far", lambda scene: steps(scene, FAR, (0, 0, 0)))
    near = scenes.generate(near_model, tmp_path / "near", 2, *QUICK, override)
    far = scenes.generate(far_model, tmp_path / "far", 2, *QUICK, override)
    assert far.record.model.offset_m == (0.0, 0.0, 0.0)
    for a, b in pairs(near, far):
        np.testing.assert_allclose(b.read("depth"), a.read("depth"), rtol=3e-6)
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
    corner = np.array([*np.add(FAR, (-1, 1, -1)), 1.0])
    here = near.record.model.world_from_model @ [-1, 1, -1, 1]
    np.testing.assert_allclose(far.record.model.world_from_model @ corner, here, atol=1e-6)


def test_instances_modifiers_and_materials_survive_the_move(tmp_path: Path) -> None:
    import bpy

    def build(scene: Any) -> None:
        shared = scenes.add_cube(scene, "a", half=0.5)
        shared.modifiers.new("bevel", "BEVEL").width = 0.1
        shared.data.materials.append(scenes.emission("red", (1, 0, 0)))
        shared.location = FAR
        twin = bpy.data.objects.new("b", shared.data)
        scene.collection.objects.link(twin)
        twin.location = np.add(FAR, (2, 0, 0))
        twin.scale = (1, -2, 1)
        twin.material_slots[0].link = "OBJECT"
        twin.material_slots[0].material = scenes.emission("green", (0, 1, 0))
        text = bpy.data.objects.new("c", bpy.data.curves.new("c", "FONT"))
        text.data.body, text.data.extrude = "M", 0.1
        scene.collection.objects.link(text)
        text.location = np.add(FAR, (-2, 0, 0))

    overrides = [*QUICK, 'plugins.enabled=["depth", "mask", "linear"]', "render.filter_size=0",
                 "light.mode=none"]  # fmt: skip
    dataset = scenes.generate(model(tmp_path, "far", build), tmp_path / "out", 3, *overrides)
    assert [o.name for o in dataset.record.objects] == ["a", "b", "c"]
    size = np.subtract(dataset.record.bounds.maximum, dataset.record.bounds.minimum)
    assert size[1] == pytest.approx(2.0, abs=1e-5)
    for view in dataset.views:
        ids, color = view.read("mask"), view.read("linear").astype(np.float64)
        np.testing.assert_allclose(color[ids == 1][:, :2] @ [0, 1], 0, atol=1e-3)
        np.testing.assert_allclose(color[ids == 2][:, :2] @ [1, 0], 0, atol=1e-3)
        assert set(np.unique(ids)) <= {0, 1, 2, 3}
    assert any((view.read("mask") == 3).any() for view in dataset.views)


def test_a_model_of_its_own_size_from_the_origin_is_not_moved(tmp_path: Path) -> None:
    near = model(tmp_path, "near", lambda scene: steps(scene, (40, 0, 0), (0, 30, 0)))
    dataset = scenes.generate(near, tmp_path / "out", 1, *QUICK)
    assert dataset.record.model.offset_m == (0.0, 0.0, 0.0)
