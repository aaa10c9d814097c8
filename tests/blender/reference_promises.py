"""What each configuration of references/configs promises to make."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from viewbatch.config import Config
from viewbatch.dataset import Dataset, View
from viewbatch.dataset.exr import read_exr
from viewbatch.dataset.ply import read_vertices
from viewbatch.dataset.reader import hash_file
from viewbatch.geometry import fit_distance, transform_points
from viewbatch.plugin import BUILT_IN

TAU = 2 * math.pi
Check = Callable[[Dataset, Config], None]


@dataclass(frozen=True)
class Promise:
    """What comes out of a file: the kinds of files of each view, and what `check` asserts."""

    check: Check
    kinds: Collection[str] = ("render", "depth", "mask")
    views: int = 3


def eyes(dataset: Dataset) -> npt.NDArray[np.float64]:
    """(n, 3) where the cameras stand, from the centre of the target."""
    centers = [view.camera.center_in_world for view in dataset.views]
    return np.stack(centers) - dataset.record.bounds.center


def drawn(dataset: Dataset, key: str) -> list[float]:
    return [view.record.camera.drawn[key] for view in dataset.views]


def levels(view: View, kind: str) -> npt.NDArray[np.uint8]:
    """A PNG or JPEG file as it is, in 8 bits."""
    with Image.open(view.path(kind)) as image:
        return np.asarray(image)


def png_bits(path: Path) -> int:
    """Bits per channel, of the header (https://www.w3.org/TR/png-3/#11IHDR)."""
    return path.read_bytes()[24]


def corners(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return image[[0, 0, -1, -1], [0, -1, 0, -1]]


def clear_at_the_corners(dataset: Dataset, kind: str = "render") -> None:
    for view in dataset.views:
        image = levels(view, kind)
        assert image.shape[2] == 4
        assert not corners(image)[:, 3].any()
        assert image[..., 3].max() == 255


def turntable(dataset: Dataset, config: Config) -> None:  # noqa: ARG001
    clear_at_the_corners(dataset)
    places = eyes(dataset)
    assert places[0][0] == pytest.approx(0, abs=1e-6)
    assert places[0][1] < 0
    # A step is a turn about z, the same for all.
    angle = TAU / len(places)
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    np.testing.assert_allclose(np.roll(places, -1, axis=0), places @ turn.T, atol=1e-5)


def hdri(dataset: Dataset, config: Config) -> None:
    path = Path(config.world.hdri.path)
    assert dict(dataset.record.inputs) == {"world.hdri.path": hash_file(path)}
    assert len(set(drawn(dataset, "hdri_rotation_rad"))) == 1
    assert (eyes(dataset)[:, 2] > 0).all()
    # The image is seen around the object, which it lights.
    seen = [corners(levels(view, "render")) for view in dataset.views]
    assert len(np.unique(np.concatenate(seen), axis=0)) > 4
    for view in dataset.views:
        assert levels(view, "render")[view.read("mask") > 0].max() > 60


def stereo(dataset: Dataset, config: Config) -> None:
    for left, right in zip(dataset.views[::2], dataset.views[1::2], strict=True):
        right_from_left = right.camera.cam_from_world @ left.camera.world_from_cam
        bounds = dataset.record.bounds
        baseline = config.camera.stereo.baseline
        baseline *= fit_distance(left.camera.intrinsics, bounds.radius)
        expected = np.eye(4)
        expected[0, 3] = -baseline
        np.testing.assert_allclose(right_from_left, expected, atol=1e-6)
        depth = left.read("depth")
        assert depth.min() > 0  # nothing but object and ground
        k = left.camera.intrinsics
        disparity = k.fx * baseline / depth * config.render.width / k.width
        assert disparity[left.read("mask") > 0].max() < 192
        assert disparity[left.read("mask") > 0].min() > 60


def preview(dataset: Dataset, config: Config) -> None:
    assert dataset.record.engine == "EEVEE"
    assert config.render.width == config.render.resolution_x // 2
    assert eyes(dataset)[:, 2].min() < 0 < eyes(dataset)[:, 2].max()
    for view in dataset.views:
        image, seen = levels(view, "render"), view.read("mask") > 0
        assert len(np.unique(image[seen], axis=0)) > 10


def splatting(dataset: Dataset, config: Config) -> None:  # noqa: ARG001
    clear_at_the_corners(dataset)
    assert eyes(dataset)[:, 2].min() < 0 < eyes(dataset)[:, 2].max()
    cloud = read_vertices(dataset.folder / "point_cloud.ply")
    assert 100 < len(cloud) <= 100_000
    points = np.stack([cloud[axis] for axis in "xyz"], axis=-1)
    bounds = dataset.record.bounds
    assert (points > np.array(bounds.minimum) - 1e-4).all()
    assert (points < np.array(bounds.maximum) + 1e-4).all()


def mvsnet(dataset: Dataset, config: Config) -> None:
    assert config.render.width % 32 == config.render.height % 32 == 0
    for view in dataset.views:
        assert view.path("render").suffix == ".jpg"
        k = view.camera.intrinsics
        assert math.degrees(2 * math.atan(k.width / 2 / k.fx)) == pytest.approx(25, abs=0.5)
        extrinsics = np.loadtxt(view.path("camera_extrinsics"))
        np.testing.assert_array_equal(extrinsics, view.camera.cam_from_world[:3])
        black_and_white(view)
    calibration = np.loadtxt(dataset.folder / "camera_intrinsics.txt")
    np.testing.assert_array_equal(calibration, dataset.views[0].camera.intrinsics.matrix)


def black_and_white(view: View) -> None:
    np.testing.assert_array_equal(levels(view, "mask_png"), (view.read("mask") > 0) * 255)


def nerf(dataset: Dataset, config: Config) -> None:
    clear_at_the_corners(dataset)
    assert (config.render.width, config.render.height) == (800, 800)
    bounds = dataset.record.bounds
    assert bounds.center == pytest.approx((0, 0, 0), abs=1e-6)
    assert bounds.radius == pytest.approx(1, abs=1e-6)
    places = eyes(dataset)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 4.031128874, atol=1e-5)
    assert (places[:, 2] > 0).all()
    for view in dataset.views:
        k = view.camera.intrinsics
        assert 2 * math.atan(k.width / 2 / k.fx) == pytest.approx(0.6911112070083618, abs=1e-6)


def nsvf(dataset: Dataset, config: Config) -> None:  # noqa: ARG001
    clear_at_the_corners(dataset, "masked")
    *box, voxel = np.loadtxt(dataset.folder / "bounding_box.txt")
    bounds = dataset.record.bounds
    assert box == [*bounds.minimum, *bounds.maximum]
    assert 100 < np.prod(np.array(bounds.size) / voxel) < 1000
    for view in dataset.views:
        lengths = np.linalg.norm(view.camera.intrinsics.rays(), axis=-1)
        np.testing.assert_allclose(view.read("distance"), view.read("depth") * lengths, rtol=1e-6)


def dtu(dataset: Dataset, config: Config) -> None:
    wanted = config.camera.lens.intrinsics
    assert (wanted.width, wanted.height, wanted.fx, wanted.fy) == (1600, 1200, 2892.33, 2883.18)
    bounds = dataset.record.bounds
    assert (eyes(dataset)[:, 1] < -abs(eyes(dataset)[:, 0])).all()  # in front, and not behind
    for view in dataset.views:
        black_and_white(view)
        projection = np.loadtxt(view.path("camera_projection_matrix"))
        np.testing.assert_array_equal(projection, view.camera.px_from_world)
    matrices = json.loads((dataset.folder / "normalization_matrix.json").read_text())
    vertices = read_vertices(dataset.folder / "mesh.ply")
    points = np.stack([vertices[axis] for axis in "xyz"], axis=-1)
    in_unit = transform_points(np.array(matrices["unit_from_world"]), points)
    assert np.linalg.norm(in_unit, axis=1).max() == pytest.approx(1, abs=1e-6)
    assert points.min(axis=0) == pytest.approx(bounds.minimum, abs=1e-6)


def photogrammetry(dataset: Dataset, config: Config) -> None:
    rings = np.round(drawn(dataset, "inclination_rad"), 6)
    np.testing.assert_allclose(np.unique(rings), np.radians([30, 45, 60, 75]), atol=1e-6)
    assert config.render.cycles.use_denoising is False
    low, radius = dataset.record.bounds.minimum[2], dataset.record.bounds.radius
    for view in dataset.views:
        depth = view.read("depth")
        ground = view.camera.unproject(depth)[(depth > 0) & (view.read("mask") == 0)]
        assert len(ground) > 100
        np.testing.assert_allclose(ground[:, 2], low, atol=1e-3 * radius)
        colors = levels(view, "render")[(depth > 0) & (view.read("mask") == 0)]
        assert np.ptp(colors[:, 0]) > 50  # light and dark squares


def room(dataset: Dataset, config: Config) -> None:
    bounds = dataset.record.bounds
    for view, eye in zip(dataset.views, eyes(dataset), strict=True):
        assert (np.abs(eye) < np.array(bounds.size) / 2).all()
        distance = np.linalg.norm(view.camera.unproject(view.read("depth")) - eye, axis=-1)
        assert distance[view.read("depth") > 0].min() > config.camera.checks.margin
        # The structure is seen everywhere, and lit.
        structure = view.read("semantic") == 1
        assert structure.any()
        assert levels(view, "render")[structure].mean() > 40
    assert dataset.record.categories[0] == "structure"
    structure_names = {o.name for o in dataset.record.objects if o.category == "structure"}
    assert structure_names == {
        "floor", "ceiling", "wall_left", "wall_right", "wall_back", "wall_door",
    }  # fmt: skip


def segmentation(dataset: Dataset, config: Config) -> None:
    assert set(dataset.record.inputs) == {"world.backdrop.path"}
    assert {o.category for o in dataset.record.objects} == {"block", "toy"}
    focal_lengths = drawn(dataset, "focal_length_mm")
    assert len(set(focal_lengths)) == len(focal_lengths)
    low, high = config.camera.lens.focal_length  # type: ignore[misc] - a range
    assert low <= min(focal_lengths) <= max(focal_lengths) <= high
    assert len({json.dumps(view.record.camera.drawn["lamps"]) for view in dataset.views}) > 1
    category_of = {o.id: dataset.record.categories.index(o.category) + 1
                   for o in dataset.record.objects}  # fmt: skip
    for view in dataset.views:
        ids = view.read("mask")
        np.testing.assert_array_equal(levels(view, "mask_png"), ids)
        assert png_bits(view.path("mask_png")) == 16
        boxes = view.record.notes["boxes_px"]
        assert [box["id"] for box in boxes] == np.unique(ids[ids > 0]).tolist()
        for number in np.unique(ids[ids > 0]).tolist():
            assert (view.read("semantic")[ids == number] == category_of[number]).all()
        # Around the objects there is a picture, not one colour.
        assert len(np.unique(levels(view, "render")[ids == 0], axis=0)) > 10


def real_camera(dataset: Dataset, config: Config) -> None:
    wanted = config.camera.lens.intrinsics
    # The calibration as it is published counts from the centre of the first pixel.
    assert (wanted.cx, wanted.cy) == (318.643040 + 0.5, 255.313989 + 0.5)
    matrix = np.loadtxt(dataset.folder / "camera_intrinsics.txt")
    full_from_small = wanted.width / dataset.views[0].camera.intrinsics.width
    expected = [[wanted.fx, 0, wanted.cx], [0, wanted.fy, wanted.cy]]
    np.testing.assert_allclose(matrix[:2] * full_from_small, expected, atol=1e-3)


def pose_file(dataset: Dataset, config: Config) -> None:
    assert set(dataset.record.inputs) == {"camera.location.file.path"}
    places = [(0, -6, 0), (6, 0, 0), (0, 6, 0), (-6, 0, 0), (0, 0, 6)]
    frames = json.loads(Path(config.camera.location.file.path).read_text())["frames"]
    for view, place, frame in zip(dataset.views, places, frames, strict=True):
        assert view.camera.center_in_world == pytest.approx(place, abs=1e-9)
        k = view.camera.intrinsics
        assert (k.width, k.height, k.fx) == (480, 360, pytest.approx(720, abs=1e-4))
        # It looks at the origin, which is in the middle.
        pixel, depth = view.camera.project((0, 0, 0))
        assert pixel == pytest.approx((240, 180), abs=1e-3)
        assert depth == pytest.approx(6)
        assert view.record.camera.drawn["file"]["pose"] == frame["file_path"]


def within_their_textures(dataset: Dataset) -> None:
    """All texture coordinates of blocks.glb lie within 0 to 1."""
    for view in dataset.views:
        uv = view.read("uv")[view.read("depth") > 0][:, :2]
        assert (uv >= 0).all()
        assert (uv <= 1).all()


def everything(dataset: Dataset, config: Config) -> None:
    assert set(config.plugins.enabled) == {p.stem for p in BUILT_IN.glob("[!_]*.py")}
    assert eyes(dataset)[:, 2].min() < 0 < eyes(dataset)[:, 2].max()
    assert set(dataset.record.files) == {
        "bounding_box.txt", "camera_intrinsics.txt", "mesh.ply", "normalization_matrix.json",
        "point_cloud.ply",
    }  # fmt: skip
    within_their_textures(dataset)


def video(dataset: Dataset, config: Config) -> None:
    assert config.render.width * 9 == config.render.height * 16
    inclinations, azimuths = drawn(dataset, "inclination_rad"), drawn(dataset, "azimuth_rad")
    steps = len(dataset.views) - 1
    np.testing.assert_allclose(np.diff(inclinations), (1 / 5 - 0.4) * math.pi / steps)
    np.testing.assert_allclose(np.diff(azimuths), 1.5 * TAU / steps)


def product(dataset: Dataset, config: Config) -> None:  # noqa: ARG001
    for view in dataset.views:
        assert png_bits(view.path("render")) == 16
        alpha = levels(view, "render")[..., 3]
        around = view.read("mask") == 0
        assert alpha[~around].max() == 255
        # The shadow, and beyond it nothing.
        assert 0 == alpha[around].min() < alpha[around].max()


def decomposition(dataset: Dataset, config: Config) -> None:  # noqa: ARG001
    lamps = [view.record.camera.drawn["lamps"] for view in dataset.views]
    assert len({json.dumps(drawn) for drawn in lamps}) == len(lamps)
    assert {tuple(lamp["color"]) for of_view in lamps for lamp in of_view} == {(1, 1, 1)}
    for view in dataset.views:
        seen = view.read("mask") > 0
        linear, albedo = view.read("linear")[seen][:, :3], view.read("albedo")[seen]
        assert 0 < albedo.min() <= albedo.max() <= 1
        shading = linear.astype(float) / albedo
        assert (shading >= 0).all()
        assert np.ptp(shading) > 0.1


def gpu(dataset: Dataset, config: Config) -> None:
    assert config.render.cycles.device == "GPU"
    kinds = ("CPU", "OPTIX: ", "CUDA: ", "HIP: ", "ONEAPI: ", "METAL: ")
    assert dataset.record.device.startswith(kinds)


def sharp(dataset: Dataset, config: Config) -> None:
    within_their_textures(dataset)
    for view in dataset.views:
        channels = read_exr(view.path("render"))
        assert {values.dtype for values in channels.values()} == {np.dtype(np.float32)}
        color, empty = view.read("render"), view.read("depth") == 0
        # No pixel at an edge is a mixture: the background is its colour to the last bit.
        background = np.unique(color[empty][:, :3])
        assert background.tolist() == [np.float32(config.world.strength)]
        assert (color[~empty][:, :3] != background).any(axis=1).all()
        assert (view.read("distance") >= view.read("depth")).all()


def close(dataset: Dataset, config: Config) -> None:
    for view in dataset.views:
        # The check estimates with rays.
        assert view.record.coverage > config.camera.checks.min_coverage - 0.05
        fit = fit_distance(view.camera.intrinsics, dataset.record.bounds.radius)
        assert view.record.camera.drawn["radius_m"] < fit
    rolls = drawn(dataset, "roll_rad")
    assert len(set(rolls)) == len(rolls)
    assert max(map(abs, rolls)) <= math.pi / 18


STANDARD = ("render", "depth", "mask")
PROMISES = {
    "all_ground_truth": Promise(
        everything,
        [*STANDARD, "semantic", "material", "normal", "position", "uv", "albedo", "linear",
         "masked", "points", "camera_extrinsics", "camera_projection_matrix"],
        views=4,
    ),
    "close_ups": Promise(close),
    "colmap_photogrammetry": Promise(photogrammetry, views=8),
    "dtu_arc": Promise(dtu, [*STANDARD, "mask_png", "normal", "camera_projection_matrix"]),
    "eevee_preview": Promise(preview, views=4),
    "gaussian_splatting": Promise(splatting, [*STANDARD, "points"], views=4),
    "gpu": Promise(gpu, views=1),
    "hdri_hemisphere": Promise(hdri),
    "instance_segmentation": Promise(
        segmentation, [*STANDARD, "mask_png", "semantic"], views=4
    ),
    "intrinsic_images": Promise(
        decomposition, [*STANDARD, "normal", "position", "material", "albedo", "linear"]
    ),
    "intrinsics_of_a_real_camera": Promise(real_camera, views=1),
    "mvsnet": Promise(mvsnet, [*STANDARD, "mask_png", "camera_extrinsics"]),
    "nerf_synthetic": Promise(nerf, [*STANDARD, "normal"]),
    "nsvf": Promise(nsvf, [*STANDARD, "distance", "masked"]),
    "object_turntable": Promise(turntable, views=5),
    "poses_from_file": Promise(pose_file, views=5),
    "product_shot": Promise(product),
    "room": Promise(room, [*STANDARD, "normal", "semantic"]),
    "sharp_ground_truth": Promise(sharp, [*STANDARD, "distance", "normal", "position", "uv"]),
    "spiral_video": Promise(video, ["render"], views=4),
    "stereo_pairs": Promise(stereo, views=4),
}  # fmt: skip
