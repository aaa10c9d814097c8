"""Lenses: what was asked for against what is recorded, and against Cycles' own positions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender.capture import Capture
from viewbatch.blender.lens import Lens
from viewbatch.dataset import Dataset
from viewbatch.geometry import Intrinsics, look_at
from viewbatch.passes import Pass

pytestmark = pytest.mark.every_blender

EYE = (0.4, -3.0, 0.7)


def explicit(k: Intrinsics) -> list[str]:
    return [
        "camera.lens.mode=intrinsics",
        *(f"camera.lens.intrinsics.{name}={getattr(k, name)!r}"
          for name in ("width", "height", "fx", "fy", "cx", "cy")),
    ]  # fmt: skip


def random_intrinsics(rng: np.random.Generator) -> Intrinsics:
    width, height = (int(v) for v in rng.integers(4, 3000, 2))
    fx = width * math.exp(rng.uniform(math.log(0.02), math.log(2.0)))
    return Intrinsics(
        width=width,
        height=height,
        fx=fx,
        fy=fx * math.exp(rng.uniform(-0.3, 0.3)),
        cx=width * rng.uniform(-0.2, 1.2),
        cy=height * rng.uniform(-0.2, 1.2),
    )


def test_explicit_intrinsics_are_honoured_to_a_ten_thousandth_of_a_pixel() -> None:
    rng = np.random.default_rng(3)
    for _ in range(2000):
        wanted = random_intrinsics(rng)
        found = Lens.nearest(wanted).intrinsics
        assert (found.width, found.height) == (wanted.width, wanted.height)
        for name in ("fx", "fy", "cx", "cy"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1.2e-4)


@pytest.mark.parametrize(
    "wanted",
    [
        Intrinsics(width=41, height=29, fx=37.25, fy=37.25, cx=20.5, cy=14.5),
        Intrinsics(width=29, height=41, fx=31.5, fy=44.0, cx=11.25, cy=23.0),
        Intrinsics(width=40, height=30, fx=52.0, fy=33.0, cx=43.5, cy=-2.25),
        Intrinsics(width=40, height=30, fx=0.9, fy=0.7, cx=20.0, cy=15.0),
    ],
    ids=["plain", "portrait", "outside", "very_wide"],
)
def test_positions_project_to_their_pixels_with_explicit_intrinsics(
    capture: Capture, wanted: Intrinsics
) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "room", half=4.0)
    studio = scenes.Studio.of(scene, capture, *explicit(wanted))
    camera = studio.look(EYE, look_at(EYE, (0.5, 1.0, 0.25)), near=1e-4)
    frame = studio.ground_truth(frozenset({Pass.POSITION, Pass.DEPTH}))
    pixels, _ = camera.project(frame[Pass.POSITION])
    error = np.abs(pixels - wanted.pixel_centers())
    # Nearly every ray of a lens this wide runs beside the image plane.
    assert error.max() < (1e-5 if wanted.fx > 10 else 1e-3) * wanted.width


@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
@pytest.mark.parametrize("angle", [0.02, 0.9, 3.0])
def test_field_of_view_is_the_angle_across_the_side_of_the_sensor(fit: str, angle: float) -> None:
    config, _ = scenes.configured(
        "camera.lens.mode=field_of_view", f"camera.lens.field_of_view={angle}",
        f"camera.sensor_fit={fit}", "render.resolution_x=300", "render.resolution_y=400",
        "camera.sensor_height=20",
    )  # fmt: skip
    k = Lens.configured(config.camera, config.render, 50.0).intrinsics
    side, focal = (300, k.fx) if fit == "HORIZONTAL" else (400, k.fy)
    assert 2 * math.atan(side / 2 / focal) == pytest.approx(angle, abs=1e-6)


def test_the_frame_of_explicit_intrinsics_replaces_the_resolution() -> None:
    wanted = Intrinsics(width=64, height=48, fx=60.0, fy=61.0, cx=30.0, cy=25.0)
    config, _ = scenes.configured(
        *explicit(wanted), "render.resolution_percentage=50", "render.pixel_aspect_x=2",
        "camera.lens.shift_x=0.25",
    )  # fmt: skip
    k = Lens.configured(config.camera, config.render, 50.0).intrinsics
    assert (k.width, k.height) == (64, 48)
    assert (k.fx, k.fy) == pytest.approx((60.0, 61.0), abs=1e-5)


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube")
    return scenes.save_blend(tmp_path / "cube.blend")


QUICK = (
    "render.resolution_x=24", "render.resolution_y=20", "render.samples=1",
    "render.cycles.use_denoising=false",
)  # fmt: skip


def test_a_range_of_focal_lengths_gives_each_view_its_own(cube: Path, tmp_path: Path) -> None:
    overrides = [*QUICK, "camera.lens.focal_length=[30.0, 90.0]"]
    eight: Dataset = scenes.generate(cube, tmp_path / "eight", 8, *overrides)
    lengths = [view.record.camera.drawn["focal_length_mm"] for view in eight.views]
    assert len(set(lengths)) == 8
    assert 30 <= min(lengths) < 50 < 70 < max(lengths) <= 90
    for view, length in zip(eight.views, lengths, strict=True):
        assert view.camera.intrinsics.fx == pytest.approx(length / 36 * 24, rel=1e-7)
        # Each stands where its own lens frames the target alike.
        depth = view.read("depth")
        assert view.camera.intrinsics.width == depth.shape[1]
        assert 0.05 < view.record.coverage < 0.9
        points = view.camera.unproject(depth)[depth > 0]
        np.testing.assert_allclose(np.abs(points).max(axis=-1), 1, atol=1e-5)
    # View i depends on the seed and i alone.
    three = scenes.generate(cube, tmp_path / "three", 3, *overrides)
    for a, b in zip(three.views, eight.views, strict=False):
        assert a.record.to_json() == b.record.to_json()


def test_without_a_range_nothing_is_drawn(cube: Path, tmp_path: Path) -> None:
    dataset = scenes.generate(cube, tmp_path / "out", 1, *QUICK)
    assert "focal_length_mm" not in dataset.views[0].record.camera.drawn
