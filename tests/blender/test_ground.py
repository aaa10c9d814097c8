"""The ground: its place, its looks, and that ground truth knows it for what it is."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from tests.blender.raycast import assert_rendered, convex_hit, in_front, triangles_hit
from viewbatch.blender.capture import Capture
from viewbatch.blender.scene import Stage
from viewbatch.config.scene import GroundMode
from viewbatch.dataset.ply import read_vertices
from viewbatch.geometry import Camera, look_at
from viewbatch.passes import Frame, Pass

SMALL = ["render.resolution_x=48", "render.resolution_y=32", "render.samples=4",
         "render.cycles.use_denoising=false"]  # fmt: skip
PASSES = frozenset({Pass.DEPTH, Pass.OBJECT_ID, Pass.NORMAL, Pass.POSITION})
CENTER = (2.0, -1.0, 3.0)
RADIUS = math.sqrt(3)
Z = 2.0 - 1e-4 * RADIUS
"""Of the ground: just below the cube's lowest vertices."""
EYE = (6.0, -9.0, 9.0)
BOTH = pytest.mark.parametrize("mode", ["plane", "shadow_catcher"])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A cube of side 2, not at the origin, that is called as the ground is."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "ground", CENTER)
    return scenes.save_blend(tmp_path / "model.blend")


def staged(model: Path, capture: Capture, *overrides: str) -> tuple[Stage, scenes.Studio, Camera]:
    stage, config = scenes.staged(model, capture, *SMALL, *overrides)
    studio = scenes.Studio(stage.scene, capture, config)
    return stage, studio, studio.look(EYE, look_at(EYE, CENTER))


def square(side: float, z: float = Z) -> npt.NDArray[np.float64]:
    """(2, 3, 3) triangles of a square below the cube's centre."""
    x, y, half = *CENTER[:2], side / 2
    a, b, c, d = ((x + i * half, y + j * half, z) for i, j in [(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return np.array([[a, b, c], [a, c, d]])


def ground_truth(model: Path, capture: Capture, *overrides: str) -> tuple[Stage, Camera, Frame]:
    stage, studio, camera = staged(model, capture, *overrides)
    return stage, camera, studio.ground_truth(PASSES)


@BOTH
@pytest.mark.parametrize("clear", ["false", "true"])
def test_depth_ids_and_normals_of_the_ground(
    model: Path, capture: Capture, mode: str, clear: str
) -> None:
    """A square of 4 bounding radii, against the closed form of square and cube."""
    stage, camera, frame = ground_truth(
        model, capture, f'ground.mode="{mode}"', "ground.size=4", f"render.film_transparent={clear}"
    )
    normals = np.concatenate([np.eye(3), -np.eye(3)])
    offsets = normals @ CENTER + 1
    cube = convex_hit(camera, normals, offsets)
    floor = triangles_hit(camera, square(4 * RADIUS))
    both = in_front(cube, floor)
    assert_rendered(frame[Pass.DEPTH], both)
    is_floor = both.face >= 1_000_000
    assert is_floor.sum() > 100
    np.testing.assert_array_equal(frame[Pass.OBJECT_ID], (both.depth > 0) & ~is_floor)
    np.testing.assert_allclose(
        frame[Pass.NORMAL][is_floor], [(0, 0, 1)] * is_floor.sum(), atol=1e-6
    )
    np.testing.assert_allclose(frame[Pass.POSITION][is_floor][:, 2], Z, atol=1e-5)
    assert [(o.id, o.name, o.category) for o in stage.objects] == [(1, "ground", "object")]
    assert stage.categories == ["object"]


@BOTH
def test_it_hides_what_is_behind_it(model: Path, capture: Capture, mode: str) -> None:
    stage, config = scenes.staged(model, capture, *SMALL, f'ground.mode="{mode}"')
    studio = scenes.Studio(stage.scene, capture, config)
    eye = (2.5, -1.2, -6.0)
    studio.look(eye, look_at(eye, CENTER))
    frame = studio.ground_truth(PASSES)
    assert not frame[Pass.OBJECT_ID].any()
    assert frame[Pass.DEPTH].all()


@BOTH
def test_masks_show_it_on_request(tmp_path: Path, capture: Capture, mode: str) -> None:
    """Under the id after all objects, and in the last category."""
    scene = scenes.empty_scene()
    for number, name in enumerate(["wheel", "ground", "zebra"]):
        scenes.add_cube(scene, name, (CENTER[0] + 3 * number, *CENTER[1:]))
    model = scenes.save_blend(tmp_path / "three.blend")
    stage, _, frame = ground_truth(
        model, capture, f'ground.mode="{mode}"', "ground.in_masks=true",
        'objects.categories.round="wheel"', 'objects.exclude_pattern="zebra"',
    )  # fmt: skip
    assert [(o.id, o.name, o.category) for o in stage.objects] == [
        (1, "ground", "object"), (2, "wheel", "round"), (3, "ground", "ground"),
    ]  # fmt: skip
    assert stage.categories == ["round", "object", "ground"]
    x, y, _ = stage.bounds.center
    at = stage.objects[-1].world_from_object
    np.testing.assert_allclose(at[:3, 3], (x, y, 2 - 1e-4 * stage.bounds.radius), atol=1e-6)
    np.testing.assert_array_equal(at[:3, :3], np.eye(3))
    ids, position = frame[Pass.OBJECT_ID], frame[Pass.POSITION]
    on_ground = (frame[Pass.DEPTH] > 0) & (np.abs(position[..., 2] - at[2, 3]) < 5e-5)
    assert on_ground.sum() > 100
    assert (ids[on_ground] == 3).all()
    assert (ids[~on_ground] != 3).all()


def test_a_category_of_that_name_is_not_there_twice(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, 'ground.mode="plane"', "ground.in_masks=true",
        'objects.categories.ground="road"', 'objects.categories.object="x"',
    )  # fmt: skip
    assert stage.categories == ["ground", "object"]


@BOTH
def test_it_counts_in_what_is_rendered_alone(model: Path, capture: Capture, mode: str) -> None:
    without, _ = scenes.staged(model, capture, *SMALL)
    for in_masks in ("true", "false"):
        stage, _ = scenes.staged(
            model, capture, *SMALL, f'ground.mode="{mode}"', "ground.size=10",
            f"ground.in_masks={in_masks}",
        )  # fmt: skip
        assert stage.bounds == without.bounds
        assert stage.ground is not None
        half = 5 * RADIUS
        np.testing.assert_allclose(stage.everything.minimum, (2 - half, -1 - half, Z), rtol=1e-6)
        np.testing.assert_allclose(stage.everything.maximum, (2 + half, -1 + half, 4), rtol=1e-6)
    assert without.ground is None
    assert without.everything == without.bounds


def test_it_lies_under_the_model_wherever_that_is_put(model: Path, capture: Capture) -> None:
    """Normalised and turned: the ground stays level, in proportion, and unscaled."""
    stage, _ = scenes.staged(
        model, capture, *SMALL, 'ground.mode="plane"', 'model.normalize="unit_sphere"',
        'model.up_axis="x"', "ground.in_masks=true", "ground.size=6",
    )  # fmt: skip
    at = stage.objects[-1].world_from_object
    np.testing.assert_array_equal(at[:3, :3], np.eye(3))
    np.testing.assert_allclose(at[:3, 3], (0, 0, -1 / math.sqrt(3) - 1e-4), atol=1e-6)
    np.testing.assert_allclose(stage.everything.maximum[:2], (3, 3), rtol=1e-6)


def looks(model: Path, capture: Capture, *overrides: str) -> tuple[Frame, npt.NDArray[np.float64]]:
    """Ground truth, and colour under a plain white world alone, without the model's shadow."""
    stage, studio, _ = staged(
        model, capture, 'light.mode="none"', "world.strength=1.0", "world.color=[1.0,1.0,1.0]",
        "ground.roughness=1.0", *overrides,
    )  # fmt: skip
    # Of the cube nothing must be seen or reflected here.
    for each in bpy.data.objects:
        if each.type == "MESH" and each is not stage.ground:
            each.visible_diffuse = each.visible_glossy = each.visible_shadow = False
    return studio.ground_truth(PASSES), studio.color()[..., :3].astype(np.float64)


def inner(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(H, W) what is two pixels and more inside, which no filter of the colour render blurs."""
    padded = np.pad(mask, 2, mode="edge")
    height, width = mask.shape
    shifted = [padded[i : i + height, j : j + width] for i in range(5) for j in range(5)]
    return np.all(shifted, axis=0)


def test_a_plain_ground_has_its_colour(model: Path, capture: Capture) -> None:
    frame, color = looks(model, capture, 'ground.mode="plane"', "ground.color=[0.5,0.25,0.0]",
                         "render.samples=64")  # fmt: skip
    on_ground = (frame[Pass.OBJECT_ID] == 0) & (frame[Pass.DEPTH] > 0)
    # A white matt world gives back the colour; the coat of the material adds a little.
    mean = color[on_ground].mean(axis=0)
    np.testing.assert_allclose(mean, (0.5, 0.25, 0.0), atol=0.08)
    assert mean[0] - mean[1] == pytest.approx(mean[1] - mean[2], abs=0.03)


def test_roughness_of_the_ground(model: Path, capture: Capture) -> None:
    material = {}
    for roughness in (0.0, 0.9):
        stage, _ = scenes.staged(
            model, capture, *SMALL, 'ground.mode="plane"', f"ground.roughness={roughness}"
        )
        [slot] = stage.ground.material_slots
        shader = next(n for n in slot.material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        material[roughness] = shader.inputs["Roughness"].default_value
    assert material == pytest.approx({0.0: 0.0, 0.9: 0.9})


@pytest.mark.parametrize("square_size", [0.5, 1.3])
def test_squares_of_a_checkerboard(model: Path, capture: Capture, square_size: float) -> None:
    """Column and row of a square, counted from below the target's centre, say its colour."""
    frame, color = looks(
        model, capture, 'ground.mode="plane"', 'ground.pattern="checkerboard"',
        f"ground.square_size={square_size}", "ground.color=[0.8,0.0,0.0]",
        "ground.second_color=[0.0,0.0,0.8]", "render.samples=64",
        "render.resolution_x=96", "render.resolution_y=64", "ground.size=8",
    )  # fmt: skip
    on_ground = (frame[Pass.OBJECT_ID] == 0) & (frame[Pass.DEPTH] > 0)
    in_squares = (frame[Pass.POSITION][..., :2] - CENTER[:2]) / (square_size * RADIUS)
    even = np.floor(in_squares).sum(axis=-1) % 2 == 0
    first, second = inner(on_ground & even), inner(on_ground & ~even)
    assert first.sum() > 30
    assert second.sum() > 30
    # The coat of the material gives back a little of the white all around.
    np.testing.assert_allclose(color[first], [(0.8, 0, 0)] * first.sum(), atol=0.1)
    np.testing.assert_allclose(color[second], [(0, 0, 0.8)] * second.sum(), atol=0.1)


def test_a_shadow_catcher_shows_its_shadow_alone(tmp_path: Path, capture: Capture) -> None:
    """On a clear film: nothing but darkness where the sun is hidden."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube", CENTER)
    model = scenes.save_blend(tmp_path / "cube.blend")
    _, studio, _ = staged(
        model, capture, 'ground.mode="shadow_catcher"', "render.film_transparent=true",
        "world.strength=0.0", 'light.uniform.type="SUN"', "light.uniform.energy=3.0",
        "light.uniform.size=0.0", "light.uniform.amount=1", 'light.uniform.inclinations=["pi/4"]',
        "render.samples=16", "render.cycles.max_bounces=0", "render.resolution_x=96",
        "render.resolution_y=64",
    )  # fmt: skip
    eye = (-6.0, -4.0, 11.0)
    studio.look(eye, look_at(eye, CENTER))
    frame, color = studio.ground_truth(PASSES), studio.color()
    on_ground = inner((frame[Pass.OBJECT_ID] == 0) & (frame[Pass.DEPTH] > 0))
    assert not color[on_ground][:, :3].any()
    # The sun stands at azimuth 0: a point lies in shadow if the ray towards +x and up hits the
    # cube, which is 2 high and, at its foot, throws a shadow of 2 tan(pi/4) towards -x.
    x, y, _ = np.moveaxis(frame[Pass.POSITION].astype(np.float64), -1, 0)
    length = 2 * math.tan(math.pi / 4)
    within = (np.abs(y - CENTER[1]) < 0.95) & (x > 1 - length + 0.05) & (x < 1 - 0.05)
    outside = (np.abs(y - CENTER[1]) > 1.05) | (x < 1 - length - 0.05) | (x > 3.05)
    shadow, light = inner(within) & on_ground, inner(outside) & on_ground
    assert shadow.sum() > 10
    assert light.sum() > 100
    np.testing.assert_allclose(color[shadow], [(0, 0, 0, 1)] * shadow.sum(), atol=1e-3)
    np.testing.assert_allclose(color[light], 0, atol=1e-3)


def test_no_ground(model: Path, capture: Capture) -> None:
    stage, _, frame = ground_truth(model, capture, f'ground.mode="{GroundMode.NONE}"',
                                   "ground.in_masks=true")  # fmt: skip
    assert stage.categories == ["object"]
    assert not frame[Pass.DEPTH][frame[Pass.OBJECT_ID] == 0].any()


def test_the_point_cloud_and_the_mesh_are_of_the_model_alone(tmp_path: Path) -> None:
    """Also where masks show the ground."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    dataset = scenes.generate(
        scenes.save_blend(tmp_path / "cube.blend"), tmp_path / "out", 2, *SMALL,
        'ground.mode="plane"', "ground.in_masks=true", "render.samples=1",
        'plugins.enabled=["depth", "mask", "point_cloud", "mesh"]',
    )  # fmt: skip
    for name in ("point_cloud.ply", "mesh.ply"):
        vertices = read_vertices(dataset.folder / name)
        assert len(vertices) >= 8
        for axis in "xyz":
            assert np.abs(vertices[axis]).max() < 1 + 1e-5
