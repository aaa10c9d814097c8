"""Models of any size and at any place: rendered as exactly as any, or refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.extremes import QUICK, Build, assert_exact, made, mesh_triangles
from viewbatch.dataset import Dataset
from viewbatch.errors import ModelError

SUZANNE = scenes.ROOT / "references" / "models" / "suzanne.glb"
SCALED = (
    *QUICK, 'plugins.enabled=["depth", "mask", "normal", "linear"]', "render.samples=4",
    "ground.mode=plane", "ground.in_masks=true", "light.mode=three_point",
)  # fmt: skip


@pytest.fixture(scope="module")
def of_scale_1(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Suzanne, two metres across."""
    return scenes.generate(SUZANNE, tmp_path_factory.mktemp("scale") / "out", 3, *SCALED)


def assert_alike(dataset: Dataset, original: Dataset, scale: float) -> None:
    """The same images, with lengths multiplied."""
    assert dataset.record.bounds.radius == pytest.approx(scale * original.record.bounds.radius)
    for a, b in zip(dataset.views, original.views, strict=True):
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
        np.testing.assert_allclose(
            a.read("depth").astype(np.float64) / scale, b.read("depth"), rtol=1e-5
        )
        normals = (view.read("normal").astype(np.float64) for view in (a, b))
        np.testing.assert_allclose(*normals, atol=2e-3)
        # Of half floats up to 2, whose steps are 1e-3, but where the last bit of a ray decides
        # between light and shadow.
        colors = (view.read("linear").astype(np.float64) for view in (a, b))
        difference = np.abs(np.subtract(*colors)).max(axis=-1)
        assert np.quantile(difference, 0.98) < 3e-3


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6, 5e7])
def test_a_model_of_any_size_gives_the_same_images(
    tmp_path: Path, of_scale_1: Dataset, scale: float
) -> None:
    """From a micrometre to beyond the size of the Earth: camera, clip planes, lamps, ground."""
    dataset = scenes.generate(SUZANNE, tmp_path / "out", 3, *SCALED, f"model.scale={scale:f}")
    assert_alike(dataset, of_scale_1, scale)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_a_file_in_any_unit_can_be_normalised(tmp_path: Path, scale: float) -> None:
    def cube_of(scale: float) -> Build:
        points = scale * scenes.cube_points(0.5, (0.25, 0.5, 0))
        return lambda scene: scenes.add_mesh(scene, "cube", points, scenes.CUBE_FACES)

    overrides = ("model.normalize=unit_cube", "verify.at_end=false")
    original = made(tmp_path / "1", cube_of(1.0), *overrides)
    dataset = made(tmp_path / "scaled", cube_of(scale), *overrides)
    for a, b in zip(dataset.views, original.views, strict=True):
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
        np.testing.assert_allclose(a.read("depth"), b.read("depth"), rtol=1e-5)


@pytest.mark.parametrize(
    ("half", "radius"), [(1e-40, "1.73e-40"), (5e-7, "8.66e-07"), (6e7, "1.04e+08"),
                         (1e30, "1.73e+30"), (3e38, "5.2e+38")],
)  # fmt: skip
def test_a_size_that_float32_cannot_render_is_refused(
    tmp_path: Path, half: float, radius: str
) -> None:
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, lambda scene: scenes.add_cube(scene, "cube", half=half))
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} has a radius of {radius} m, and images are exact "
        "from 1e-06 to 1e+08 m; change its size with model.scale or model.normalize"
    )
    assert not (tmp_path / "out").exists()


def test_an_excluded_object_beyond_all_depth_is_refused(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube")
        scenes.add_cube(scene, "sky", half=4e9)

    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build, "objects.exclude_pattern=sky")
    assert str(refusal.value) == (
        f"what is rendered of the model {tmp_path / 'model.blend'}, with the ground and excluded "
        "objects, has a radius of 6.93e+09 m, and depth ends at 2e+09 m; choose a smaller "
        "ground.size, or remove such objects from the model"
    )


def test_a_place_that_no_camera_can_be_recorded_at_is_refused(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube").location = (1e12, 0, 0)

    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build)
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} stands 1e+12 m from its origin and has a radius of "
        "1.73 m, which is too far for exact cameras; move it nearer, or set model.normalize"
    )
    dataset = made(tmp_path / "normalised", build, "model.normalize=unit_sphere")
    assert dataset.record.bounds.radius == pytest.approx(1.0)


@pytest.mark.parametrize("far", [1e6, 1e7, 1e9])
@pytest.mark.parametrize("half", [1.0, 1e3])
def test_far_and_small_or_large(tmp_path: Path, far: float, half: float) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube", half=half).location = (far, -far, far)

    dataset = made(tmp_path, build)
    triangles = mesh_triangles(dataset)
    place = np.array([np.float32(far)] * 3, dtype=np.float64) * (1, -1, 1)
    np.testing.assert_allclose(np.abs(triangles - place), half, rtol=1e-6)
    assert_exact(dataset, triangles)


def test_far_and_tiny(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube", half=1e-3).location = (1048576, 0, 0)

    dataset = made(tmp_path, build)
    assert dataset.record.bounds.radius == pytest.approx(1e-3 * 3**0.5)
    assert_exact(dataset, mesh_triangles(dataset))
