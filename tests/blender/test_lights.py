"""Lamps: where they stand, how bright they are, and that size plays no part in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.blender import scenes
from tests.blender.colors import srgb
from viewbatch.blender.camera import BlenderPose
from viewbatch.blender.capture import Capture
from viewbatch.blender.scene import Stage
from viewbatch.geometry import look_at, spherical_direction
from viewbatch.geometry.transforms import Vector3
from viewbatch.passes import Pass

SMALL = ["render.resolution_x=24", "render.resolution_y=24", "render.samples=32",
         "render.cycles.use_denoising=false", "render.cycles.use_adaptive_sampling=false",
         "materials.color=[0.5,0.5,0.5]"]  # fmt: skip
MODES = ["uniform", "random", "three_point", "camera"]
TYPES = ["POINT", "SUN", "AREA", "SPOT"]
CENTER = np.array([2.0, -1.0, 3.0])
HALF = 0.5
RADIUS = HALF * math.sqrt(3)
FLOAT32 = 1e-6


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A cube away from the origin."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube", CENTER, HALF)
    return scenes.save_blend(tmp_path / "model.blend")


def lamps(stage: Stage) -> list[Any]:
    """The lamps of a scene, in the order in which they were made."""
    return [o for o in stage.scene.collection.objects if o.type == "LIGHT"]


def pose(eye: Sequence[float], target: Sequence[float] = tuple(CENTER)) -> BlenderPose:
    x, y, z = (float(v) for v in eye)
    tx, ty, tz = (float(v) for v in target)
    return BlenderPose.nearest((x, y, z), look_at((x, y, z), (tx, ty, tz)))


def directions(found: Sequence[Any]) -> npt.NDArray[np.float64]:
    """(n, 3) from the cube's centre to lamps, in units of its bounding radius."""
    return (np.array([lamp.location for lamp in found]) - CENTER) / RADIUS


def aims(lamp: Any) -> npt.NDArray[np.float64]:
    """The unit vector along which a lamp shines: Blender's -z."""
    w, x, y, z = lamp.rotation_quaternion
    axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    return -axis


def assert_aimed(found: Sequence[Any]) -> None:
    for lamp in found:
        to_center = CENTER - np.array(lamp.location)
        np.testing.assert_allclose(aims(lamp), to_center / np.linalg.norm(to_center), atol=1e-5)


def grey_sphere(path: Path, half_segments: int = 24) -> Path:
    """A sphere of radius 1 at the origin, without material."""
    n, m = half_segments, 2 * half_segments
    points = [
        spherical_direction(math.pi * i / n, math.tau * j / m)
        for i in range(n + 1)
        for j in range(m)
    ]
    faces = [
        (i * m + j, (i + 1) * m + j, (i + 1) * m + (j + 1) % m, i * m + (j + 1) % m)
        for i in range(n)
        for j in range(m)
    ]
    scene = scenes.empty_scene()
    scenes.add_mesh(scene, "sphere", points, faces)
    return scenes.save_blend(path)


def seen(
    model: Path, capture: Capture, direction: Vector3, *overrides: str, distance: float = 3.3
) -> npt.NDArray[np.float64]:
    """(n, 3) linear colours of the target's pixels, from `distance` bounding radii away."""
    stage, config = scenes.staged(model, capture, *SMALL, *overrides)
    studio = scenes.Studio(stage.scene, capture, config)
    radius, center = stage.bounds.radius, stage.bounds.center
    x, y, z = (c + distance * radius * d for c, d in zip(center, direction, strict=True))
    rotation = look_at((x, y, z), center)
    studio.look((x, y, z), rotation, 1e-3 * radius, 1e3 * radius)
    stage.lights.prepare(0, BlenderPose.nearest((x, y, z), rotation))
    color = studio.color()
    ids = studio.ground_truth(frozenset({Pass.OBJECT_ID}))[Pass.OBJECT_ID]
    pixels: npt.NDArray[np.float64] = color[ids > 0][:, :3].astype(np.float64)
    return pixels


@pytest.mark.parametrize("mode", MODES)
def test_default_lamps_expose_grey_well_from_all_around(
    tmp_path: Path, capture: Capture, mode: str
) -> None:
    sphere = grey_sphere(tmp_path / "sphere.blend")
    for inclination, azimuth in [(0.9, -1.2), (1.4, 1.2), (0.6, 3.0)]:
        color = seen(
            sphere, capture, spherical_direction(inclination, azimuth), f'light.mode="{mode}"'
        )
        assert 0.3 < srgb(color).mean() < 0.8
        assert (color > 1).mean() < 0.02, "nothing is burnt out"


@pytest.mark.parametrize("mode", MODES)
def test_a_screw_and_a_house_are_equally_bright(model: Path, capture: Capture, mode: str) -> None:
    # Of the cube of 1 m: 1 mm and 300 m.
    means = [
        seen(
            model, capture, spherical_direction(0.9, -1.2), f'light.mode="{mode}"',
            f"model.scale={scale}",
        ).mean()
        for scale in (1e-3, 1.0, 3e2)
    ]  # fmt: skip
    assert means[0] > 0.1
    np.testing.assert_allclose(means, means[0], rtol=0.01)


@pytest.mark.parametrize("kind", TYPES)
def test_lamps_on_rings(model: Path, capture: Capture, kind: str) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, f'light.uniform.type="{kind}"', "light.uniform.amount=4",
        'light.uniform.inclinations=["pi/2","pi/4"]', "light.uniform.radius=3",
        "light.uniform.energy=50", "light.uniform.size=0.5",
    )  # fmt: skip
    found = lamps(stage)
    # The second ring is turned by half a step.
    expected = [spherical_direction(math.pi / 2, math.pi / 2 * i) for i in range(4)]
    expected += [spherical_direction(math.pi / 4, math.pi / 2 * (i + 0.5)) for i in range(4)]
    np.testing.assert_allclose(directions(found), 3 * np.array(expected), atol=1e-5)
    assert_aimed(found)
    data = found[0].data
    assert data.type == kind
    # All light the target as brightly as a small AREA lamp of 50 W from 3 m away: on its axis
    # P / (pi d^2), where a POINT gives P / (4 pi d^2) and a SUN's energy is the irradiance.
    expected = {"AREA": 50, "POINT": 200, "SPOT": 200, "SUN": 50 / (math.pi * 9) / RADIUS**2}
    assert data.energy == pytest.approx(expected[kind] * RADIUS**2, rel=1e-6)
    sizes = {
        "AREA": "size",
        "SUN": "angle",
        "POINT": "shadow_soft_size",
        "SPOT": "shadow_soft_size",
    }
    expected_size = 0.5 if kind == "SUN" else 0.5 * RADIUS
    assert getattr(data, sizes[kind]) == pytest.approx(expected_size, rel=1e-6)
    if kind == "SPOT":
        # The bounding sphere, seen from the edge of a lamp three radii away, and a soft edge.
        assert data.spot_size == pytest.approx(2.4 * math.asin(1.5 / 3), rel=1e-6)
    assert stage.lights.drawn(0) == {}
    before = [lamp.matrix_basis.copy() for lamp in found]
    stage.lights.prepare(3, pose((5, 5, 5)))
    assert [lamp.matrix_basis for lamp in found] == before


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_every_type_lights_the_target_in_every_mode(
    model: Path, capture: Capture, mode: str, kind: str
) -> None:
    def mean(energy: float, size: float) -> float:
        keys = ("energy_min", "energy_max") if mode == "random" else ("energy",)
        return float(
            seen(
                model, capture, spherical_direction(0.9, -1.2), f'light.mode="{mode}"',
                f'light.{mode}.type="{kind}"', f"light.{mode}.size={size}", "world.strength=0.0",
                *(f"light.{mode}.{key}={energy}" for key in keys),
            ).mean()
        )  # fmt: skip

    dark, once, twice = mean(0, 1), mean(40, 1), mean(80, 1)
    assert dark == 0
    assert once > 0.01
    # Light adds up; reflections are clamped where they are very bright, as from a sun.
    assert twice == pytest.approx(2 * once, rel=0.1)
    # However small: at size 0 too there is light.
    assert mean(40, 0) > 0.01


@pytest.mark.parametrize("mode", ["uniform", "three_point", "camera"])
def test_types_of_lamps_are_about_equally_bright(model: Path, capture: Capture, mode: str) -> None:
    """Whatever the type, with the same energy; large lamps differ in softness, so small ones."""
    means = {
        kind: seen(
            model, capture, spherical_direction(0.9, -1.2), f'light.mode="{mode}"',
            f'light.{mode}.type="{kind}"', f"light.{mode}.size=0.05", "world.strength=0.0",
            "render.cycles.sample_clamp_indirect=0",
        ).mean()
        for kind in TYPES
    }  # fmt: skip
    for kind, mean in means.items():
        assert mean == pytest.approx(means["AREA"], rel=0.15), kind


def test_drawn_lamps_are_recorded_as_they_are(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, "seed=3", 'light.mode="random"', 'light.random.draw="view"',
        "light.random.amount_min=1", "light.random.amount_max=6", 'light.random.type="SPOT"',
        "light.random.color_min=[0.2,0.4,0.6]", "light.random.color_max=[0.3,0.5,0.7]",
        "light.random.energy_min=10", "light.random.energy_max=20", "light.random.radius_min=2",
        "light.random.radius_max=3", 'light.random.inc_min="pi/4"', 'light.random.inc_max="pi/3"',
    )  # fmt: skip
    made = lamps(stage)
    assert len(made) == 6
    counts = set()
    for index in (4, 0, 11, 1, 2, 3):
        stage.lights.prepare(index, pose((5, 5, 5)))
        recorded = stage.lights.drawn(index)["lamps"]
        shining = [lamp for lamp in lamps(stage) if lamp.data.energy > 0]
        assert lamps(stage) == made, "none is added or removed"
        assert len(recorded) == len(shining)
        counts.add(len(recorded))
        for lamp, record in zip(shining, recorded, strict=True):
            assert set(record) == {"location_m", "energy_w", "color"}
            assert tuple(record["location_m"]) == tuple(lamp.location)
            assert record["energy_w"] == pytest.approx(lamp.data.energy, rel=FLOAT32)
            np.testing.assert_allclose(record["color"], lamp.data.color, rtol=FLOAT32)
            assert 40 <= record["energy_w"] / RADIUS**2 <= 80
            assert (np.array([0.2, 0.4, 0.6]) <= record["color"]).all()
            assert (np.array([0.3, 0.5, 0.7]) >= record["color"]).all()
        offsets = directions(shining)
        distances = np.linalg.norm(offsets, axis=1)
        assert ((distances >= 2 - 1e-5) & (distances <= 3 + 1e-5)).all()
        inclinations = np.arccos(offsets[:, 2] / distances)
        low, high = math.pi / 4 - 1e-5, math.pi / 3 + 1e-5
        assert ((inclinations >= low) & (inclinations <= high)).all()
        for lamp, distance in zip(shining, distances, strict=True):
            spot_size = min(math.pi, 2.4 * math.asin(min(1, 2 / distance)))
            assert lamp.data.spot_size == pytest.approx(spot_size, rel=1e-5)
        assert_aimed(shining)
    assert len(counts) > 1


def test_lamps_drawn_once_are_those_of_every_view(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(model, capture, *SMALL, 'light.mode="random"', "seed=8")
    places = [tuple(lamp.location) for lamp in lamps(stage)]
    recorded = stage.lights.drawn(0)
    assert [tuple(r["location_m"]) for r in recorded["lamps"]] == places[: len(recorded["lamps"])]
    stage.lights.prepare(9, pose((5, 5, 5)))
    assert [tuple(lamp.location) for lamp in lamps(stage)] == places
    assert stage.lights.drawn(9) == recorded


def test_a_drawn_sun_is_recorded_as_irradiance(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, 'light.mode="random"', 'light.random.type="SUN"',
        "light.random.energy_min=20", "light.random.energy_max=20",
        "light.random.radius_min=5", "light.random.radius_max=5",
    )  # fmt: skip
    for record in stage.lights.drawn(0)["lamps"]:
        assert set(record) == {"location_m", "irradiance_w_m2", "color"}
        assert record["irradiance_w_m2"] == pytest.approx(20 / (math.pi * 25), rel=1e-12)


def test_three_points(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, 'light.mode="three_point"', "light.three_point.energy=100",
        "light.three_point.fill=0.5", "light.three_point.back=0.25",
        'light.three_point.azimuth="pi/6"', "light.three_point.radius=5",
        "light.three_point.size=1.5",
    )  # fmt: skip
    found = lamps(stage)
    expected = [
        spherical_direction(math.pi / 4, math.pi / 6),
        spherical_direction(math.pi / 3, math.pi / 6 + math.pi / 2),
        spherical_direction(math.pi / 4, math.pi / 6 - 3 * math.pi / 4),
    ]
    np.testing.assert_allclose(directions(found), 5 * np.array(expected), atol=1e-5)
    assert_aimed(found)
    energies = [lamp.data.energy / RADIUS**2 for lamp in found]
    np.testing.assert_allclose(energies, [100, 50, 25], rtol=FLOAT32)
    assert [lamp.data.size for lamp in found] == pytest.approx([1.5 * RADIUS] * 3, rel=FLOAT32)
    assert stage.lights.drawn(0) == {}


def test_by_default_key_and_fill_are_in_front_and_the_back_light_behind(
    model: Path, capture: Capture
) -> None:
    """A model's front is where -y is."""
    stage, _ = scenes.staged(model, capture, *SMALL, 'light.mode="three_point"')
    key, fill, back = directions(lamps(stage))
    assert key[1] == pytest.approx(key[0])
    assert key[1] < -1
    assert fill[1] == pytest.approx(-fill[0])
    assert fill[1] < -1
    assert back[1] > 1
    assert back[0] == pytest.approx(0, abs=1e-5)


def test_a_lamp_moves_with_the_camera(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(
        model, capture, *SMALL, 'light.mode="camera"', "light.camera.offset=[0.5,-1.0,2.0]",
        'light.camera.type="SPOT"',
    )  # fmt: skip
    [lamp] = lamps(stage)
    for eye in [(8.0, -1.0, 3.0), (2.0, 7.0, 4.0), (-3.0, -5.0, 0.5)]:
        camera = pose(eye)
        stage.lights.prepare(0, camera)
        in_cam = camera.cam_from_world @ [*lamp.location, 1]
        np.testing.assert_allclose(in_cam[:3], RADIUS * np.array([0.5, -1, 2]), atol=1e-5)
        assert_aimed([lamp])
        distance = np.linalg.norm(directions([lamp])[0])
        spot_size = min(math.pi, 2.4 * math.asin(min(1, 2 / distance)))
        assert lamp.data.spot_size == pytest.approx(spot_size, rel=1e-5)
    assert stage.lights.drawn(0) == {}


def test_a_lamp_on_the_targets_centre_shines_where_the_camera_looks(
    model: Path, capture: Capture
) -> None:
    """There is nothing to aim at, as for a camera inside of the target."""
    stage, _ = scenes.staged(model, capture, *SMALL, 'light.mode="camera"')
    x, y, z = stage.bounds.center
    stage.lights.prepare(0, pose((x, y, z), (x + 1, y - 2, z)))
    [lamp] = lamps(stage)
    assert tuple(lamp.location) == (x, y, z)
    np.testing.assert_allclose(aims(lamp), np.array([1, -2, 0]) / math.sqrt(5), atol=1e-6)


def test_no_lamps(model: Path, capture: Capture) -> None:
    stage, _ = scenes.staged(model, capture, *SMALL, 'light.mode="none"')
    stage.lights.prepare(0, pose((5, 5, 5)))
    assert lamps(stage) == []
    assert stage.lights.drawn(0) == {}


def test_lamps_are_not_seen(tmp_path: Path, capture: Capture) -> None:
    """Not from where they shine, nor in depth."""
    model = grey_sphere(tmp_path / "sphere.blend", 4)
    for kind in TYPES:
        stage, config = scenes.staged(
            model, capture, *SMALL, f'light.uniform.type="{kind}"', "world.strength=0.25",
            "light.uniform.amount=1",
        )  # fmt: skip
        studio = scenes.Studio(stage.scene, capture, config)
        [lamp] = lamps(stage)
        x, y, z = lamp.location
        # Past the sphere, looking at the lamp.
        eye = (x - 3 * y, y + 3 * x, z)
        studio.look(eye, look_at(eye, (x, y, z)))
        assert studio.color()[12, 12, :3] == pytest.approx((0.25, 0.25, 0.25), abs=1e-5)
        assert studio.ground_truth(frozenset({Pass.DEPTH}))[Pass.DEPTH][12, 12] == 0
