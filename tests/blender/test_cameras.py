"""Recorded cameras against what Blender rendered; Cycles' own position pass is the judge.

The camera stands in a closed room, so every pixel has a surface. Cycles is float32: in a
room of 4 m a coordinate is rounded by up to 2.4e-7 m, a handful of times, and seen from
3 m with a focal length of twice the image's width that is 1.6e-7 of the width each. So
1e-6 of the width is the bound, and what is wrong by convention is wrong by 1e-3 or more.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from tests.blender import scenes
from viewbatch.blender.camera import BlenderPose, new_camera
from viewbatch.blender.capture import Capture
from viewbatch.blender.engine import configure
from viewbatch.geometry import Camera, transform_points
from viewbatch.passes import Pass

pytestmark = pytest.mark.every_blender

ROOM_M = 4.0
CAMERAS_PER_GROUP = 36
SHAPES = {"landscape": (59, 37), "portrait": (35, 60), "almost_square": (41, 40)}
FITS = ("AUTO", "HORIZONTAL", "VERTICAL")
# 1e-6 of the width, and float32's step at the size of such coordinates.
TOLERANCE = 1e-6


@pytest.fixture
def room() -> Any:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "room", half=ROOM_M)
    return scene


def random_camera(rng: np.random.Generator, fit: str, width: int, height: int) -> list[str]:
    """Overrides of a camera with everything unlike: sensor sides, shifts, pixel sides."""
    percentage = int(rng.choice([100, 50, 33, 150, 201]))
    aspect_x, aspect_y = rng.choice([(1.0, 1.0), (1.5, 1.0), (1.0, 1.25), (4.0, 3.0)])
    return [
        f"camera.sensor_fit={fit}",
        f"camera.sensor_width={rng.uniform(24, 40)}",
        f"camera.sensor_height={rng.uniform(16, 30)}",
        f"camera.lens.focal_length={rng.uniform(16, 32)}",
        f"camera.lens.shift_x={rng.uniform(-0.4, 0.4)}",
        f"camera.lens.shift_y={rng.uniform(-0.4, 0.4)}",
        # One more than the percentage needs: Blender has something to round.
        f"render.resolution_x={width * 100 // percentage + 1}",
        f"render.resolution_y={height * 100 // percentage + 1}",
        f"render.resolution_percentage={percentage}",
        f"render.pixel_aspect_x={aspect_x}",
        f"render.pixel_aspect_y={aspect_y}",
    ]


def largest_error(studio: scenes.Studio, location: Any, rotation: Any) -> float:
    """How far, in widths, a rendered position projects from the centre of its pixel."""
    camera = studio.look(location, rotation)
    position = studio.ground_truth(frozenset({Pass.POSITION}))[Pass.POSITION]
    k = camera.intrinsics
    assert position.shape == (k.height, k.width, 3)
    pixels, depth = camera.project(position)
    assert depth.min() > 0
    return float(np.abs(pixels - k.pixel_centers()).max()) / max(k.width, k.height)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_positions_project_to_the_centres_of_their_pixels(
    room: Any, capture: Capture, fit: str, shape: str
) -> None:
    rng = np.random.default_rng([FITS.index(fit), list(SHAPES).index(shape)])
    errors = []
    for _ in range(CAMERAS_PER_GROUP):
        studio = scenes.Studio.of(room, capture, *random_camera(rng, fit, *SHAPES[shape]))
        errors.append(largest_error(studio, rng.uniform(-0.5, 0.5, 3), scenes.random_rotation(rng)))
        bpy.data.objects.remove(room.camera)
    assert max(errors) < TOLERANCE


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        # 101x57 at 50 % is 50x28. fx = 50 mm / 36 mm * 50 px, and pixels are square.
        (
            ["render.resolution_x=101", "render.resolution_y=57",
             "render.resolution_percentage=50"],
            (50, 28, 50 / 36 * 50, 50 / 36 * 50, 25.0, 14.0),
        ),
        # Portrait with AUTO: the longer side, 60 px, has the 36 mm, as if it were the width.
        # Both shifts are in units of it; positive ones show more on the right and above.
        (
            ["render.resolution_x=40", "render.resolution_y=60", "camera.lens.shift_x=0.1",
             "camera.lens.shift_y=0.2"],
            (40, 60, 50 / 36 * 60, 50 / 36 * 60, 20 - 6.0, 30 + 12.0),
        ),
        # A pixel twice as wide as high: 30x40 pixels are 60x40 wide, so the width is longer.
        (
            ["render.resolution_x=30", "render.resolution_y=40", "render.pixel_aspect_x=2",
             "camera.lens.shift_x=0.1", "camera.lens.shift_y=0.1"],
            (30, 40, 50 / 36 * 30, 50 / 36 * 60, 15 - 3.0, 20 + 6.0),
        ),
        (
            ["render.resolution_x=60", "render.resolution_y=40", "camera.sensor_fit=VERTICAL",
             "render.pixel_aspect_y=2", "camera.lens.shift_x=0.1", "camera.lens.shift_y=0.1"],
            (60, 40, 50 / 24 * 80, 50 / 24 * 40, 30 - 8.0, 20 + 4.0),
        ),
    ],
    ids=["percentage", "portrait", "wide_pixels", "tall_pixels"],
)  # fmt: skip
def test_intrinsics_are_those_drawn_by_hand_and_those_rendered(
    room: Any, capture: Capture, overrides: list[str], expected: tuple[float, ...]
) -> None:
    studio = scenes.Studio.of(room, capture, *overrides)
    rng = np.random.default_rng(3)
    assert largest_error(studio, (0.3, -0.2, 0.1), scenes.random_rotation(rng)) < TOLERANCE
    k = studio.look((0, 0, 0), np.eye(3)).intrinsics
    # Blender holds the shift as float32: 1e-7 of 60 px.
    found = (k.width, k.height, k.fx, k.fy, k.cx, k.cy)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("focal_mm", [8.0, 300.0])
def test_wide_and_long_lenses(room: Any, capture: Capture, focal_mm: float) -> None:
    studio = scenes.Studio.of(
        room, capture, "render.resolution_x=60", "render.resolution_y=44",
        f"camera.lens.focal_length={focal_mm}",
    )  # fmt: skip
    rng = np.random.default_rng(4)
    # The same rounding in metres is seen larger by a longer lens.
    tolerance = TOLERANCE * max(1.0, focal_mm / 36)
    for _ in range(8):
        assert largest_error(studio, rng.uniform(-1, 1, 3), scenes.random_rotation(rng)) < tolerance


@pytest.mark.parametrize("fit", FITS)
def test_blenders_own_projection_agrees(fit: str) -> None:
    """`world_to_camera_view` ignores the percentage, so at 100 % only."""
    scene = scenes.empty_scene()
    rng = np.random.default_rng(7)
    for _ in range(40):
        width, height = (int(v) for v in rng.integers(20, 3000, 2))
        overrides = random_camera(rng, fit, width, height)
        overrides += ["render.resolution_percentage=100"]
        config, _ = scenes.configured(*overrides)
        configure(scene, config.render)
        camera_object = new_camera(config.camera.dof)
        scene.collection.objects.link(camera_object)
        scene.camera = camera_object
        lens = scenes.lens_of(config)
        lens.apply(scene)
        pose = BlenderPose.nearest((1.0, -2.0, 0.5), scenes.random_rotation(rng))
        pose.place(camera_object)
        bpy.context.view_layer.update()
        k = lens.intrinsics
        camera = Camera(intrinsics=k, cam_from_world=pose.cam_from_world)
        in_image = rng.uniform(0.1, 0.9, (20, 2)) * (k.width, k.height)
        in_cam = k.rays(in_image) * rng.uniform(2, 9, (20, 1))
        points = transform_points(camera.world_from_cam, in_cam)
        for point, (u, v) in zip(points, in_image, strict=True):
            x, y, _ = world_to_camera_view(scene, camera_object, Vector(point))
            # From the lower left corner, in widths and heights; float32 throughout.
            assert x == pytest.approx(u / k.width, abs=2e-6)
            assert 1 - y == pytest.approx(v / k.height, abs=2e-6)
        bpy.data.objects.remove(camera_object)
