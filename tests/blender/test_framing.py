"""What counts as the model: bounds, ids, axes, scale, normalisation.

The models are made in Blender, saved, and taken in again by the generator's own import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from tests.blender.raycast import Array, assert_rendered, triangles_hit
from viewbatch.blender.capture import Capture
from viewbatch.blender.scene import Stage
from viewbatch.errors import ModelError
from viewbatch.geometry import look_at, transform_points
from viewbatch.passes import Pass

SMALL = ["render.resolution_x=61", "render.resolution_y=44", "camera.lens.shift_x=0.05"]
# float32 coordinates of a few metres.
FLOAT32 = 1e-6


def assert_box(stage: Stage, minimum: npt.ArrayLike, maximum: npt.ArrayLike) -> None:
    np.testing.assert_allclose(stage.bounds.minimum, minimum, atol=FLOAT32)
    np.testing.assert_allclose(stage.bounds.maximum, maximum, atol=FLOAT32)


def names(stage: Stage) -> list[str]:
    return [record.name for record in stage.objects]


def test_modifiers_count_as_they_are_rendered(tmp_path: Path, capture: Capture) -> None:
    """A cube subdivided once, by hand: Catmull and Clark, 1978.

    Face points stay at (1, 0, 0), edge points come to (3/4, 3/4, 0) and corners to
    (5/9, 5/9, 5/9), so the box stays what it was, and the sphere becomes smaller.
    """
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    modifier = cube.modifiers.new("subdivision", "SUBSURF")
    modifier.levels, modifier.render_levels, modifier.use_limit_surface = 0, 1, False
    for name, offset, shown in [("only seen", 5.0, False), ("only rendered", 2.0, True)]:
        row = cube.modifiers.new(name, "ARRAY")
        row.use_relative_offset, row.use_constant_offset = False, True
        row.constant_offset_displace = (0, offset, 0)
        row.show_viewport, row.show_render = not shown, shown
    stage, _ = scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert_box(stage, (-1, -1, -1), (1, 3, 1))
    # From the centre (0, 1, 0) the farthest is the face point (0, 3, 0).
    assert stage.bounds.radius == pytest.approx(2, abs=FLOAT32)


def test_only_rendered_faces_count(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    # Two vertices that no face uses, one of them far away.
    points = [*scenes.cube_points(0.5, (3, -2, 1)), (90, 0, 0), (0, 0, 0)]
    scenes.add_mesh(scene, "part", points, scenes.CUBE_FACES)
    scenes.add_cube(scene, "hidden", (20, 0, 0)).hide_render = True
    scenes.add_cube(scene, "unseen", (0, 20, 0)).visible_camera = False
    scenes.add_mesh(scene, "points", [(0, 0, 50), (0, 1, 50)], [])
    bpy.data.meshes["points"].edges.add(1)
    for name, data in [
        ("empty", None),
        ("lamp", bpy.data.lights.new("lamp", "POINT")),
        ("camera", bpy.data.cameras.new("camera")),
        ("armature", bpy.data.armatures.new("armature")),
    ]:
        other = bpy.data.objects.new(name, data)
        other.location = (-70, 70, -70)
        scene.collection.objects.link(other)
    # Hidden from the screen alone, which is no matter of rendering.
    scenes.add_cube(scene, "screen", (3, 0, 1), 0.5).hide_viewport = False
    bpy.data.objects["screen"].hide_set(True)
    stage, _ = scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture)
    assert names(stage) == ["part", "screen"]
    assert_box(stage, (2.5, -2.5, 0.5), (3.5, 0.5, 1.5))


def test_nothing_to_render_is_an_error(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "hidden").hide_render = True
    path = scenes.save_blend(tmp_path / "model.blend")
    with pytest.raises(ModelError) as caught:
        scenes.staged(path, capture)
    expected = f"the model {path} holds no mesh with faces, or hides them all from rendering"
    assert str(caught.value) == expected


def test_instances_of_a_collection_count_and_share_an_id(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    parts = bpy.data.collections.new("parts")  # in no scene: only its instances are there
    scenes.add_cube(scene, "part", (0.5, 0, 0), 0.5, into=parts)
    scenes.add_cube(scene, "alone", (0, 0, 3), 0.5)
    for x, scale in [(-2.0, 1.0), (2.0, 2.0)]:
        instance = bpy.data.objects.new(f"instance {x}", None)
        instance.instance_type, instance.instance_collection = "COLLECTION", parts
        instance.location, instance.scale = (x, 0, 0), (scale, scale, scale)
        scene.collection.objects.link(instance)
    path = scenes.save_blend(tmp_path / "model.blend")
    stage, config = scenes.staged(path, capture, *SMALL)
    assert names(stage) == ["alone", "part"]
    assert_box(stage, (-2, -1, -1), (4, 1, 3.5))
    studio = scenes.Studio(stage.scene, capture, config)
    camera = studio.look((1, -14, 1), look_at((1, -14, 1), (1, 0, 1)))
    ids = studio.ground_truth()[Pass.OBJECT_ID]
    for point, expected in [((-1.5, -0.5, 0), 2), ((3, -1, 0), 2), ((0, -0.5, 3), 1)]:
        (u, v), _ = camera.project(point)
        assert ids[int(v), int(u)] == expected, point


def test_excluded_objects_hide_but_have_no_id(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "toy")
    scenes.add_cube(scene, "glass pane", (0.5, -3, 0), 0.6)
    stage, config = scenes.staged(
        scenes.save_blend(tmp_path / "model.blend"), capture, *SMALL,
        "objects.exclude_pattern='pane$'",
    )  # fmt: skip
    assert names(stage) == ["toy"]
    assert_box(stage, (-1, -1, -1), (1, 1, 1))
    assert stage.everything.minimum[1] == pytest.approx(-3.6, abs=FLOAT32)
    studio = scenes.Studio(stage.scene, capture, config)
    camera = studio.look((0.2, -9, 0.3), look_at((0.2, -9, 0.3), (0, 0, 0)))
    frame = studio.ground_truth()
    triangles = [scenes.triangles_in_world(bpy.data.objects[n]) for n in ("toy", "glass pane")]
    expected = triangles_hit(camera, np.concatenate(triangles))
    assert_rendered(frame[Pass.DEPTH], expected)
    # The first twelve triangles are the toy's.
    toy = (expected.face >= 0) & (expected.face < 12)
    np.testing.assert_array_equal(frame[Pass.OBJECT_ID], toy.astype(np.uint32))
    assert 0 < toy.sum() < (expected.face >= 0).sum()


def test_excluding_everything_is_an_error(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "toy")
    path = scenes.save_blend(tmp_path / "model.blend")
    with pytest.raises(ModelError, match=r"exclude_pattern 't' matches every object"):
        scenes.staged(path, capture, "objects.exclude_pattern='t'")


def nested_model(path: Path) -> Path:
    """Two boxes, off the origin, one of them a scaled and turned child of the other."""
    scene = scenes.empty_scene()
    first = scenes.add_cube(scene, "first", (5, 1, 0), 1.0)
    first.location, first.rotation_euler = (10, -20, 30), (0.3, 0.2, 1.0)
    second = scenes.add_cube(scene, "second", (0, 0, 4), 0.5)
    second.scale = (1, 3, 2)
    second.parent = first
    bpy.context.view_layer.update()
    second.matrix_parent_inverse = first.matrix_world.inverted()
    return scenes.save_blend(path)


def all_triangles() -> Array:
    return np.concatenate(
        [scenes.triangles_in_world(bpy.data.objects[name]) for name in ("first", "second")]
    )


@pytest.mark.parametrize("normalize", ["none", "unit_sphere", "unit_cube"])
@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_normalised_and_scaled_models_are_where_they_are_said_to_be(
    tmp_path: Path, capture: Capture, normalize: str, scale: float
) -> None:
    path = nested_model(tmp_path / "model.blend")
    in_model = all_triangles()
    stage, config = scenes.staged(
        path, capture, *SMALL, f'model.normalize="{normalize}"', f"model.scale={scale}"
    )
    in_world = transform_points(stage.world_from_model, in_model)
    corners = in_world.reshape(-1, 3)
    # float32 coordinates of up to 100 m.
    np.testing.assert_allclose(stage.bounds.minimum, corners.min(axis=0), atol=2e-5)
    np.testing.assert_allclose(stage.bounds.maximum, corners.max(axis=0), atol=2e-5)
    center = (corners.min(axis=0) + corners.max(axis=0)) / 2
    farthest = np.linalg.norm(corners - center, axis=1).max()
    assert stage.bounds.radius == pytest.approx(farthest, rel=2e-6)
    match normalize:
        case "unit_sphere":
            np.testing.assert_allclose(stage.bounds.center, 0, atol=2e-6)
            assert stage.bounds.radius == pytest.approx(1, rel=2e-6)
        case "unit_cube":
            np.testing.assert_allclose(stage.bounds.center, 0, atol=2e-6)
            assert max(stage.bounds.size) == pytest.approx(1, rel=2e-6)
        case _:
            np.testing.assert_array_equal(
                stage.world_from_model, np.diag([scale, scale, scale, 1.0])
            )
    bpy.context.view_layer.update()
    # And that is what is rendered. 1e-5 of the size is float32's rounding off the origin.
    studio = scenes.Studio(stage.scene, capture, config)
    away = 5 * stage.bounds.radius
    eye = tuple(c + away * d for c, d in zip(stage.bounds.center, (0.6, -0.64, 0.48), strict=True))
    camera = studio.look(eye, look_at(eye, stage.bounds.center), 0.1 * away, 3 * away)
    depth = studio.ground_truth()[Pass.DEPTH]
    expected = triangles_hit(camera, in_world)
    np.testing.assert_array_equal(depth > 0, expected.depth > 0)
    assert np.abs(depth - expected.depth).max() < 1e-5 * away


BOX_SIZE = (1.0, 2.0, 3.0)


def write_box(path: Path) -> Path:
    """An OBJ or PLY of a box from the origin to `BOX_SIZE`, in the file's coordinates."""
    points = (scenes.cube_points(0.5) + 0.5) * BOX_SIZE
    if path.suffix == ".obj":
        lines = [f"v {x} {y} {z}" for x, y, z in points]
        lines += ["f " + " ".join(str(i + 1) for i in face) for face in scenes.CUBE_FACES]
    else:
        lines = ["ply", "format ascii 1.0", "element vertex 8"]
        lines += [f"property float {axis}" for axis in "xyz"]
        lines += ["element face 6", "property list uchar int vertex_indices", "end_header"]
        lines += [f"{x} {y} {z}" for x, y, z in points]
        lines += ["4 " + " ".join(map(str, face)) for face in scenes.CUBE_FACES]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


@pytest.mark.parametrize("suffix", [".obj", ".ply"])
@pytest.mark.parametrize("up", ["auto", "x", "y", "z", "-x", "-y", "-z"])
def test_the_named_axis_of_the_file_points_up(
    tmp_path: Path, capture: Capture, suffix: str, up: str
) -> None:
    path = write_box(tmp_path / f"box{suffix}")
    stage, _ = scenes.staged(path, capture, f'model.up_axis="{up}"')
    axis = up if up != "auto" else {".obj": "y", ".ply": "z"}[suffix]
    size = BOX_SIZE["xyz".index(axis[-1])]
    low, high = (-size, 0.0) if axis.startswith("-") else (0.0, size)
    assert (stage.bounds.minimum[2], stage.bounds.maximum[2]) == pytest.approx(
        (low, high), abs=FLOAT32
    )
    assert sorted(stage.bounds.size) == pytest.approx(sorted(BOX_SIZE), abs=FLOAT32)
    [record] = stage.objects
    # Turned, not mirrored.
    assert np.linalg.det(record.world_from_object[:3, :3]) == pytest.approx(1, abs=FLOAT32)
    # The rest of a usual y-up file: x stays, z comes towards the viewer, at -y.
    if axis == "y":
        assert_box(stage, (0, -3, 0), (1, 0, 2))
    if axis == "z":
        assert_box(stage, (0, 0, 0), BOX_SIZE)


def colored_views(tmp_path: Path, size_m: float) -> list[tuple[Any, Any]]:
    """(mask, colour) of two default views of a lopsided shape of this size."""
    scene = scenes.empty_scene()
    points = scenes.cube_points(0.5) * (1, 0.6, 0.4) + (3, -2, 5)
    tower = scenes.cube_points(0.2, (3.2, -2.05, 5.3))
    for name, part in [("base", points), ("tower", tower)]:
        scenes.add_mesh(scene, name, part * size_m, scenes.CUBE_FACES)
    dataset = scenes.generate(
        scenes.save_blend(tmp_path / "model.blend"), tmp_path / "out", 2, "render.resolution_x=64",
        "render.resolution_y=48", "render.samples=64", "render.cycles.use_denoising=false",
        'render.image_settings.file_format="OPEN_EXR"',
    )  # fmt: skip
    return [(view.read("mask"), view.read("render")) for view in dataset.views]


def test_a_screw_and_a_house_look_alike(tmp_path: Path) -> None:
    expected = colored_views(tmp_path / "metre", 1.0)
    assert all(0.02 < (mask > 0).mean() < 0.6 for mask, _ in expected)
    for size_m in (1e-3, 300.0):
        folder = tmp_path / str(size_m)
        for (mask, color), (other_mask, other_color) in zip(
            colored_views(folder, size_m), expected, strict=True
        ):
            # Rounding may move a pixel's centre across an outline.
            assert np.count_nonzero(mask != other_mask) <= 1
            # 64 samples of a matt surface: 5 % a pixel, so 0.2 % in the mean of hundreds.
            seen = (mask > 0) & (other_mask > 0)
            assert color[seen].mean() == pytest.approx(other_color[seen].mean(), rel=0.01)
            assert color.mean() == pytest.approx(other_color.mean(), rel=0.01)


@pytest.mark.parametrize("overrides", [("model.scale=2",), ("model.normalize=unit_cube",)])
def test_a_transformed_model_keeps_the_relations_of_its_objects(
    tmp_path: Path, capture: Capture, overrides: tuple[str, ...]
) -> None:
    """A collection that is instanced and in the scene too, and a limit in world space."""
    scene = scenes.empty_scene()
    parts = bpy.data.collections.new("parts")
    scene.collection.children.link(parts)
    scenes.add_cube(scene, "part", (3, 0, 0), 1.0, into=parts)
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", parts
    instance.location = (0, 5, 0)
    scene.collection.objects.link(instance)
    limit = scenes.add_cube(scene, "limited", (0, 0, 0), 0.5).constraints.new("LIMIT_LOCATION")
    limit.use_min_z, limit.min_z = True, 4.0
    path = scenes.save_blend(tmp_path / "model.blend")
    plain, _ = scenes.staged(path, capture, *SMALL)
    assert_box(plain, (-0.5, -1, -1), (4, 6, 4.5))
    stage, _ = scenes.staged(path, capture, *SMALL, *overrides)
    corners = transform_points(stage.world_from_model, [plain.bounds.minimum, plain.bounds.maximum])
    assert_box(stage, corners[0], corners[1])
    size = 14.0 if overrides == ("model.scale=2",) else 1.0
    assert max(stage.bounds.size) == pytest.approx(size, abs=FLOAT32)


def test_what_the_camera_cannot_see_does_not_count(tmp_path: Path, capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "seen", (0, 0, 0), 0.5)
    light_only = bpy.data.collections.new("light only")
    scene.collection.children.link(light_only)
    scenes.add_cube(scene, "indirect", (9, 0, 0), 0.5, into=light_only)
    scene.view_layers[0].layer_collection.children["light only"].indirect_only = True
    parts = bpy.data.collections.new("parts")
    scenes.add_cube(scene, "part", (0, 9, 0), 0.5, into=parts)
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", parts
    instance.visible_camera = False
    scene.collection.objects.link(instance)
    scenes.add_cube(scene, "holdout", (0, 0, 3), 0.5).is_holdout = True
    stage, _ = scenes.staged(scenes.save_blend(tmp_path / "model.blend"), capture, *SMALL)
    assert names(stage) == ["holdout", "seen"]
    assert_box(stage, (-0.5, -0.5, -0.5), (0.5, 0.5, 3.5))


def test_automatic_clip_planes_enclose_a_model_off_the_axis(tmp_path: Path) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    path = scenes.save_blend(tmp_path / "model.blend")
    wide = ["camera.target=[6,0,0]", "camera.lens.focal_length=14", "camera.location.mode=uniform",
            "camera.location.uniform.radius=5", "camera.location.radius_unit=scene",
            "camera.checks.margin=0", "camera.checks.outside_geometry=false",
            "camera.location.uniform.inc_start=pi/2", "camera.location.uniform.inc_stop=pi/2",
            "render.samples=1", "render.cycles.use_denoising=false"]  # fmt: skip
    found = scenes.generate(path, tmp_path / "auto", 4, *SMALL, *wide)
    judge = scenes.generate(
        path, tmp_path / "open", 4, *SMALL, *wide, "camera.clip_start=0.001", "camera.clip_end=1e3"
    )
    # The cameras beside the target see the cube at the edge of the frame.
    assert found.view(1).read("depth").any()
    for view in found.views:
        np.testing.assert_allclose(
            view.read("depth"), judge.view(view.index).read("depth"), rtol=1e-5
        )


@pytest.mark.parametrize(("extension", "drawn"), [(".fbx", True), (".glb", False)])
def test_a_material_that_only_an_fbx_file_calls_transparent_is_drawn(
    tmp_path: Path, capture: Capture, extension: str, drawn: bool
) -> None:
    """Many exporters write an opacity of 0 for opaque materials; glTF means what it says."""
    scene = scenes.empty_scene()
    material = bpy.data.materials.new("paint")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Alpha"].default_value = 0.0
    scenes.add_cube(scene, "cube").data.materials.append(material)
    path = tmp_path / f"model{extension}"
    export = {".fbx": bpy.ops.export_scene.fbx, ".glb": bpy.ops.export_scene.gltf}[extension]
    export(filepath=str(path))
    stage, config = scenes.staged(path, capture, *SMALL)
    eye = (0.0, -6.0, 0.0)
    studio = scenes.Studio(stage.scene, capture, config)
    studio.look(eye, look_at(eye, (0, 0, 0)))
    assert bool(studio.ground_truth()[Pass.OBJECT_ID].any()) == drawn
