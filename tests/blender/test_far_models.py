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


def mesh_of(dataset: Dataset) -> np.ndarray:
    """(n, 3) vertices of mesh.ply."""
    data = (dataset.folder / "mesh.ply").read_bytes()
    header, _, body = data.partition(b"end_header\n")
    count = int(next(w for w in header.split(b"\n") if w.startswith(b"element vertex")).split()[2])
    return np.frombuffer(body, dtype="<f8", count=3 * count).reshape(-1, 3)


def both(tmp_path: Path, build: Any, *overrides: str) -> tuple[Dataset, Dataset]:
    """A scene built at the origin, and the same far from it."""
    options = [*QUICK, 'plugins.enabled=["depth", "mask", "mesh"]', *overrides]
    found = []
    for name, at in (("near", (0.0, 0.0, 0.0)), ("far", FAR)):
        path = model(tmp_path, name, lambda scene, at=at: build(scene, at))
        found.append(scenes.generate(path, tmp_path / f"out_{name}", 2, *options))
    return found[0], found[1]


def turned(at: Any, overrides: Any) -> np.ndarray:
    """Where a point of the file comes to stand."""
    x, y, z = at
    if "model.up_axis=y" in overrides:
        x, y, z = x, -z, y
    return np.array((x, y, z)) * (2.0 if "model.scale=2" in overrides else 1.0)


def sheared(scene: Any, at: Any) -> None:
    import bpy

    parent = bpy.data.objects.new("parent", None)
    scene.collection.objects.link(parent)
    parent.location, parent.scale = at, (1, 1, -4)
    for name, x in (("a", 0.0), ("b", 2.0)):
        cube = scenes.add_cube(scene, name, half=0.5)
        cube.parent, cube.location, cube.rotation_euler = parent, (x, 0, 0), (0.8, 0.3, 0)


def posed(scene: Any, at: Any) -> None:
    import bpy

    frame = bpy.data.objects.new("frame", bpy.data.armatures.new("frame"))
    scene.collection.objects.link(frame)
    frame.location = at
    bpy.context.view_layer.objects.active = frame
    bpy.ops.object.mode_set(mode="EDIT")
    frame.data.edit_bones.new("bone").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    skin = scenes.add_cube(scene, "skin", half=0.5)
    skin.parent = frame
    skin.vertex_groups.new(name="bone").add(range(8), 1, "REPLACE")
    skin.modifiers.new("armature", "ARMATURE").object = frame
    bone = frame.pose.bones["bone"]
    bone.rotation_mode, bone.rotation_euler = "XYZ", (0.5, 0.2, 0.1)
    scenes.add_cube(scene, "reference", half=0.5).location = np.add(at, (2, 0, 0))


def scattered(scene: Any, at: Any) -> None:
    """A cube whose nodes replace it by cones on its corners."""
    import bpy

    cube = scenes.add_cube(scene, "cube")
    cube.location = at
    nodes = bpy.data.node_groups.new("scatter", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        nodes.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    start, end = (nodes.nodes.new(f"NodeGroup{way}") for way in ("Input", "Output"))
    on_points = nodes.nodes.new("GeometryNodeInstanceOnPoints")
    cone = nodes.nodes.new("GeometryNodeMeshCone")
    cone.inputs["Radius Bottom"].default_value = 0.25
    cone.inputs["Depth"].default_value = 0.5
    nodes.links.new(start.outputs[0], on_points.inputs["Points"])
    nodes.links.new(cone.outputs["Mesh"], on_points.inputs["Instance"])
    nodes.links.new(on_points.outputs["Instances"], end.inputs[0])
    cube.modifiers.new("scatter", "NODES").node_group = nodes


@pytest.mark.parametrize("build", [sheared, posed, scattered])
@pytest.mark.parametrize(
    "overrides", [(), ("model.up_axis=y", "model.scale=2")], ids=["as_it_is", "turned"]
)
def test_whatever_a_model_is_made_of_comes_along(
    tmp_path: Path, build: Any, overrides: tuple[str, ...]
) -> None:
    near, far = both(tmp_path, build, *overrides)
    offset = turned(FAR, overrides)
    # Blender keeps an object's place as float32, in which FAR is exact and other places are
    # as much as 0.03 m beside.
    tolerance = 0.07 * (2 if overrides else 1)
    here, there = mesh_of(near), mesh_of(far) - offset
    assert here.shape == there.shape
    size = here.max(axis=0) - here.min(axis=0)
    np.testing.assert_allclose(there.max(axis=0) - there.min(axis=0), size, atol=tolerance)
    np.testing.assert_allclose(there.mean(axis=0), here.mean(axis=0), atol=tolerance)
    for a, b in pairs(near, far):
        depth = b.read("depth")
        points = b.camera.unproject(depth)[depth > 0] - offset
        margin = 1e-4 * float(size.max())
        assert (points > there.min(axis=0) - margin).all()
        assert (points < there.max(axis=0) + margin).all()
        assert b.record.coverage == pytest.approx(a.record.coverage, rel=0.2)


def test_places_of_objects_are_those_of_the_file(tmp_path: Path) -> None:
    near, far = both(tmp_path, lambda scene, at: steps(scene, (0.5, 0, 0), at))
    for a, b in zip(near.record.objects, far.record.objects, strict=True):
        expected = a.world_from_object.copy()
        expected[:3, 3] += FAR
        np.testing.assert_allclose(b.world_from_object, expected, atol=1e-9)


@pytest.mark.parametrize("axis", ["auto", "z"])
def test_an_importers_quarter_turn_is_exact(tmp_path: Path, axis: str) -> None:
    """Its float32 half of pi would put the model decimetres beside its place."""
    corners = scenes.cube_points(center=(500000, 4000000, 100))
    faces = [" ".join(str(i + 1) for i in face) for face in scenes.CUBE_FACES]
    lines = [f"v {x} {y} {z}" for x, y, z in corners] + [f"f {face}" for face in faces]
    path = tmp_path / "cube.obj"
    path.write_text("\n".join(lines) + "\n")
    dataset = scenes.generate(path, tmp_path / "out", 1, *QUICK, f"model.up_axis={axis}")
    expected = (500000, -100, 4000000) if axis == "auto" else (500000, 4000000, 100)
    np.testing.assert_allclose(dataset.record.bounds.center, expected, atol=1e-6)


def test_hair_that_is_left_out_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def build(scene: Any) -> None:
        cube = scenes.add_cube(scene, "furry")
        cube.location = FAR
        cube.modifiers.new("hair", "PARTICLE_SYSTEM")
        cube.particle_systems[0].settings.type = "HAIR"

    scenes.generate(model(tmp_path, "far", build), tmp_path / "out", 1, *QUICK)
    assert (
        "the model stands far from its origin, where hair, point clouds and volumes cannot be "
        "rendered exactly; those of furry are left out"
    ) in caplog.messages


def test_vertices_that_were_rounded_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = model(tmp_path, "far", lambda scene: steps(scene, FAR, (0, 0, 0)))
    scenes.generate(path, tmp_path / "out", 1, *QUICK)
    assert (
        "the model's vertices lie so far from the origin that Blender reads them in steps of "
        "0.12 m; for exact ones, subtract an offset from the file's coordinates"
    ) in caplog.messages
