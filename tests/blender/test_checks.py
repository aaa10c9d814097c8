"""Poses that must not be: inside of things, too near, too little or too much of the target."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender.capture import Capture
from viewbatch.blender.checks import CUT_OFF, INSIDE, NEAR, SMALL, PoseChecks, read_surfaces
from viewbatch.config.camera import ChecksConfig
from viewbatch.dataset import Dataset
from viewbatch.errors import UsageError
from viewbatch.geometry import Bounds, Camera, Intrinsics, look_at, rigid

K = Intrinsics(width=60, height=40, fx=50.0, fy=50.0, cx=30.0, cy=20.0)
UNIT = Bounds(minimum=(-1, -1, -1), maximum=(1, 1, 1), radius=math.sqrt(3))
QUICK = (
    "render.resolution_x=24", "render.resolution_y=24", "render.samples=1",
    "render.cycles.use_denoising=false",
)  # fmt: skip


def camera_at(eye: Any, target: Any = (0.0, 0.0, 0.0), k: Intrinsics = K) -> Camera:
    rotation = look_at(tuple(map(float, eye)), target)
    return Camera(intrinsics=k, cam_from_world=rigid(rotation, -rotation @ np.array(eye)))


def checks(capture: Capture, scene: Any, room: Any = None, **limits: Any) -> PoseChecks:
    """Of a scene whose objects are all targets, and whose bounds are those of a unit cube."""
    for number, scene_object in enumerate(scene.collection.objects, start=1):
        scene_object.pass_index = number
    studio = scenes.Studio.of(scene, capture)
    ids = range(1, len(scene.collection.objects) + 1)
    surfaces = capture.evaluated(studio.scene, partial(read_surfaces, target_ids=ids))
    config = {
        "outside_geometry": True, "margin": 0.0, "min_coverage": 0.0, "max_cut_off": 1.0,
        "attempts": 10,
    }  # fmt: skip
    return PoseChecks(ChecksConfig(**{**config, **limits}), surfaces, UNIT, room)


@pytest.mark.parametrize("flipped", [False, True], ids=["outwards", "inwards"])
def test_inside_of_a_closed_surface_whichever_way_its_faces_turn(
    capture: Capture, flipped: bool
) -> None:
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    cube.rotation_euler = (0.3, 0.2, 0.1)
    if flipped:
        cube.data.flip_normals()
    judge = checks(capture, scene)
    for eye in ((0, 0, 0.1), (0.6, -0.5, 0.4), (-0.9, 0.2, 0)):
        assert judge.reason(camera_at(eye, (5.0, 4.0, 3.0))) == INSIDE
    for eye in ((0, 0, 1.6), (1.3, -1.2, 1.4), (3, 0, 0)):
        assert judge.reason(camera_at(eye)) is None


def test_an_open_surface_has_no_inside(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_mesh(scene, "box without a lid", scenes.cube_points(), scenes.CUBE_FACES[:-1])
    assert checks(capture, scene).reason(camera_at((0, 0, 0.2), (5.0, 4.0, 3.0))) is None


def test_between_the_walls_of_a_thick_room_is_outside_and_in_them_inside(capture: Capture) -> None:
    scene = scenes.empty_scene()
    outer, inner = scenes.cube_points(2.0), scenes.cube_points(1.5)
    faces = [*scenes.CUBE_FACES, *([i + 8 for i in reversed(f)] for f in scenes.CUBE_FACES)]
    scenes.add_mesh(scene, "room", np.concatenate([outer, inner]), faces)
    judge = checks(capture, scene)
    assert judge.reason(camera_at((0.5, 0.2, 0.1), (5.0, 1.0, 0.0))) is None
    assert judge.reason(camera_at((1.75, 0.2, 0.1), (5.0, 1.0, 0.0))) == INSIDE


def test_what_encloses_all_places_is_the_room_itself(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "room", half=4.0)
    scenes.add_cube(scene, "table", (1, 1, -3), half=0.5)
    room = (np.full(3, -3.5), np.full(3, 3.5))
    judge = checks(capture, scene, room)
    assert judge.reason(camera_at((0, 0, 0), (1.0, 2.0, 0.5))) is None
    assert judge.reason(camera_at((1, 1.2, -3.1), (5.0, 2.0, 0.5))) == INSIDE
    assert checks(capture, scene).reason(camera_at((0, 0, 0), (1.0, 2.0, 0.5))) == INSIDE


def test_the_margin_is_the_distance_to_the_nearest_surface(capture: Capture) -> None:
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    cube.scale = (2.0, 1.0, 0.5)  # in world from -2 to 2, -1 to 1, -0.5 to 0.5
    judge = checks(capture, scene, margin=0.25 / math.sqrt(3))
    for axis, edge in ((0, 2.0), (1, 1.0), (2, 0.5)):
        eye = np.zeros(3)
        eye[axis] = edge + 0.24
        assert judge.reason(camera_at(eye, (0.1, 0.2, 0.0))) == NEAR
        eye[axis] = edge + 0.26
        assert judge.reason(camera_at(eye, (0.1, 0.2, 0.0))) is None


def test_the_margin_holds_for_stretched_and_flat_things(capture: Capture) -> None:
    """The nearest point in an object's own frame is another one than in world."""
    scene = scenes.empty_scene()
    ball = scenes.add_cube(scene, "stretched", half=0.5)
    ball.rotation_euler, ball.scale = (0.0, 0.0, math.pi / 4), (20.0, 0.5, 2.0)
    plate = scenes.add_mesh(scene, "flat", [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)],
                            [(0, 1, 2, 3)])  # fmt: skip
    plate.location, plate.scale = (0, 0, 9), (1, 1, 0)
    margin = 0.5
    judge = checks(capture, scene, margin=margin / math.sqrt(3))
    rng = np.random.default_rng(2)
    along = np.array([math.cos(math.pi / 4), math.sin(math.pi / 4), 0])
    across = np.array([-along[1], along[0], 0])
    up = np.array([0.0, 0.0, 1.0])
    found = set()
    for _ in range(200):
        u, v, w = rng.uniform((-12, -2, -2.5), (12, 2, 2.5))
        outside = np.maximum(np.abs((u, v, w)) - (10, 0.25, 1), 0)
        distance = float(np.linalg.norm(outside))
        if distance == 0 or abs(distance - margin) < 1e-3:
            continue
        reason = judge.reason(camera_at(u * along + v * across + w * up, (50.0, 1.0, 2.0)))
        assert reason == (NEAR if distance < margin else None)
        found.add(reason)
    assert found == {NEAR, None}
    for height, reason in ((0.45, NEAR), (0.55, None)):
        assert judge.reason(camera_at((0.3, 0.2, 9 + height), (5.0, 0.0, 9.0))) == reason


def test_a_cupboard_in_a_room_of_one_mesh_with_thick_walls_is_no_place(capture: Capture) -> None:
    scene = scenes.empty_scene()
    faces, points = [], []
    for half, center in ((2.0, (0, 0, 0)), (1.5, (0, 0, 0)), (0.3, (0.8, 0.8, -1.1))):
        faces += [[i + 8 * len(points) for i in face] for face in scenes.CUBE_FACES]
        points.append(scenes.cube_points(half, center))
    scenes.add_mesh(scene, "room", np.concatenate(points), faces)
    judge = checks(capture, scene, (np.full(3, -1.2), np.full(3, 1.2)))
    assert judge.reason(camera_at((0, 0.2, 0), (1.0, 2.0, 0.5))) is None
    assert judge.reason(camera_at((0.8, 0.7, -1.15), (5.0, 2.0, 0.5))) == INSIDE


def test_a_ground_that_masks_show_is_no_target(tmp_path: Path) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    dataset = scenes.generate(
        scenes.save_blend(tmp_path / "cube.blend"), tmp_path / "out", 6, *QUICK,
        "ground.mode=plane", "ground.in_masks=true", "camera.checks.min_coverage=0.25",
        "camera.location.quasi_random.r_max=4",
    )  # fmt: skip
    assert min(view.record.coverage for view in dataset.views) > 0.2


def test_coverage_is_the_share_of_the_frame(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    # The near face at a depth of 4 spans 25 px of 60 and of 40.
    camera = camera_at((0, -5, 0))
    judge = checks(capture, scene)
    assert judge.coverage(camera) == pytest.approx(25 * 25 / 2400, abs=0.03)
    assert checks(capture, scene, min_coverage=0.22).reason(camera) is None
    assert checks(capture, scene, min_coverage=0.3).reason(camera) == SMALL


def test_what_hides_the_target_lowers_its_coverage(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    wall = scenes.add_cube(scene, "wall", (0, -2.5, 0), half=1.0)
    judge = checks(capture, scene)
    wall.pass_index = 0
    surfaces = capture.evaluated(scene, partial(read_surfaces, target_ids={1}))
    hidden = PoseChecks(judge._config, surfaces, UNIT, None)
    assert hidden.coverage(camera_at((0, -5, 0))) == 0
    # It is in the frame all the same.
    assert hidden.cut_off(camera_at((0, -5, 0))) == 0


def test_cut_off_is_the_share_of_the_outline_outside_of_the_frame(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_mesh(scene, "square", [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)],
                    [(0, 1, 2, 3)])  # fmt: skip
    judge = checks(capture, scene)
    whole = camera_at((0, -5, 0))
    assert judge.cut_off(whole) == 0
    # Looking past it: the square spans 25 px each way about u = 30 - 50 * tan, and half of it
    # is outside where its middle is on the frame's edge.
    half = Camera(
        intrinsics=Intrinsics(width=60, height=40, fx=50, fy=50, cx=0.0, cy=20.0),
        cam_from_world=whole.cam_from_world,
    )
    assert judge.cut_off(half) == pytest.approx(0.5, abs=0.03)
    assert checks(capture, scene, max_cut_off=0.4).reason(half) == CUT_OFF
    assert checks(capture, scene, max_cut_off=0.6).reason(half) is None
    away = camera_at((0, -5, 0), (0.0, -9.0, 0.0))
    assert judge.cut_off(away) == 1.0


def forest(tmp_path: Path) -> Path:
    """A target among spheres that fill a good part of the shell where cameras are drawn."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    rng = np.random.default_rng(0)
    for i in range(40):
        direction = rng.normal(size=3)
        center = direction / np.linalg.norm(direction) * 6
        scenes.add_cube(scene, f"tree{i}", center, half=0.9)
    return scenes.save_blend(tmp_path / "forest.blend")


FOREST = (
    *QUICK, 'objects.exclude_pattern="tree"', "camera.location.mode=random",
    "camera.location.radius_unit=scene", "camera.location.random.r_min=5",
    "camera.location.random.r_max=9", "camera.location.random.inc_max=pi",
    "camera.checks.margin=0.1", "camera.checks.min_coverage=0.05",
)  # fmt: skip


def test_rejected_draws_are_repeated_and_counted(tmp_path: Path) -> None:
    model = forest(tmp_path)
    dataset: Dataset = scenes.generate(model, tmp_path / "out", 12, *FOREST)
    rejected: dict[str, int] = {}
    for view in dataset.views:
        assert view.record.coverage > 0.04
        depth = view.read("depth")
        assert depth[depth > 0].min() > 0.05
        for reason, count in view.record.camera.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    assert set(rejected) == {INSIDE, NEAR, SMALL}
    # Each view by itself: the third of three is the third of twelve.
    again = scenes.generate(model, tmp_path / "again", 3, *FOREST)
    for a, b in zip(again.views, dataset.views, strict=False):
        assert a.record.to_json() == b.record.to_json()


def test_a_pose_that_cannot_be_drawn_again_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        scenes.generate(
            forest(tmp_path), tmp_path / "out", 40, *FOREST, "camera.location.mode=orbit",
            "camera.location.orbit.radius=6",
        )  # fmt: skip
    assert "camera.location: no pose for view" in str(caught.value)
    assert not (tmp_path / "out" / "000_render.png").exists()


def test_limits_that_nothing_meets_end_after_the_attempts(tmp_path: Path) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    model = scenes.save_blend(tmp_path / "cube.blend")
    with pytest.raises(UsageError) as caught:
        scenes.generate(
            model, tmp_path / "out", 2, *QUICK, "camera.checks.min_coverage=0.99",
            "camera.checks.attempts=7",
        )  # fmt: skip
    assert str(caught.value).startswith(
        f"camera.location: no pose for view 0 in 7 draws: 7 times {SMALL}; "
    )
    assert not (tmp_path / "out").exists()


def test_a_default_run_needs_no_rays(tmp_path: Path, monkeypatch: Any) -> None:
    from viewbatch.blender import cameras

    def fail(_: Any, **__: Any) -> None:
        raise AssertionError("trees were built")

    monkeypatch.setattr(cameras, "read_surfaces", fail)
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    dataset = scenes.generate(scenes.save_blend(tmp_path / "c.blend"), tmp_path / "o", 2, *QUICK)
    assert [view.record.camera.rejected for view in dataset.views] == [{}, {}]
