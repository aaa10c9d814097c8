"""compat/to_nerf: what nerfstudio's rules make of the files lies on the true surface."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.compat.converters import converted
from tests.compat.datasets import CENTRED, make, surface
from tests.compat.to_nerf.shots import (
    NAME,
    PARTS,
    SEVEN_OBJECTS,
    Array,
    largest_error_px,
    lifted,
    read_nerfstudio,
    view_of,
)
from viewbatch.dataset import Dataset
from viewbatch.dataset.ply import read_vertices


def read_depth(path: Path) -> Array:
    """As nerfstudio reads it, with its default unit of a millimetre."""
    if path.suffix == ".npy":
        return np.asarray(np.load(path) * 1e-3)
    with Image.open(path) as image:
        assert image.mode == "I;16"
        return np.asarray(image).astype(np.float64) * 1e-3


def test_the_surface_lands_on_its_pixels(shifted: Dataset, studio: Path) -> None:
    assert largest_error_px(shifted, studio) < 0.01


def test_pixels_with_their_depth_lie_on_the_surface(shifted: Dataset, studio: Path) -> None:
    for shot in read_nerfstudio(studio):
        view = shifted.view(view_of(studio, shot))
        points, pixels = surface(view)
        columns, rows = (pixels - 0.5).astype(int).T
        assert shot.depth is not None
        depth = read_depth(shot.depth)
        assert np.array_equal(depth > 0, view.read("depth") > 0)
        errors = np.linalg.norm(lifted(shot, depth)[rows, columns] - points, axis=-1)
        # Float32, whose errors grow where a surface is seen at a grazing angle.
        assert np.median(errors) < 2e-6 * shifted.record.bounds.radius
        assert errors.max() < 1e-3 * shifted.record.bounds.radius


def test_depths_can_be_whole_millimetres_as_instant_ngp_needs_them(
    shifted: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--depths", "png")
    meta = json.loads((folder / "transforms.json").read_text())
    for frame in meta["frames"]:
        view = shifted.view(int(Path(frame["file_path"]).stem))
        depth = read_depth(folder / frame["depth_file_path"])
        wanted = np.asarray(view.read("depth"))
        assert np.array_equal(depth > 0, wanted > 0)
        assert np.abs(depth - wanted).max() < 0.000501
        with Image.open(folder / frame["depth_path"]) as image:
            assert np.array_equal(np.asarray(image) * meta["integer_depth_scale"], depth)
    assert converted(NAME, "--verify", shifted.folder, folder).code == 0


def test_masks_show_what_has_an_id_in_one_channel(shifted: Dataset, studio: Path) -> None:
    for shot in read_nerfstudio(studio):
        assert shot.mask is not None
        with Image.open(shot.mask) as image:
            assert image.mode == "L"
            levels = np.asarray(image)
        ids = shifted.view(view_of(studio, shot)).read("mask")
        assert np.array_equal(levels, np.where(ids > 0, 255, 0))


def test_images_are_the_dataset_s_own_bytes(shifted: Dataset, studio: Path) -> None:
    for shot in read_nerfstudio(studio):
        view = shifted.view(view_of(studio, shot))
        assert shot.path.read_bytes() == view.path("render").read_bytes()


def test_points_are_those_of_the_views_that_train_with_their_colours(
    shifted: Dataset, studio: Path
) -> None:
    meta = json.loads((studio / "transforms.json").read_text())
    header = (studio / meta["ply_file_path"]).read_bytes().split(b"end_header")[0].decode()
    assert [line for line in header.splitlines() if line.startswith("property")] == [
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {color}" for color in ("red", "green", "blue")),
    ]
    cloud = read_vertices(studio / meta["ply_file_path"])
    points = np.stack([cloud[axis] for axis in "xyz"], axis=-1).astype(np.float64)
    colors = np.stack([cloud[name] for name in ("red", "green", "blue")], axis=-1)
    assert len(points) > 1000
    explained = np.zeros(len(points), bool)
    for shot in read_nerfstudio(studio, "train"):
        x, y, z = np.linalg.inv(shot.pose)[:3] @ np.c_[points, np.ones(len(points))].T
        u, v = shot.cx + shot.fx * x / -z, shot.cy - shot.fy * y / -z
        view = shifted.view(view_of(studio, shot))
        depth = np.asarray(view.read("depth"))
        height, width = depth.shape
        inside = (u > 0) & (u < width) & (v > 0) & (v < height)
        rows, columns = v[inside].astype(int), u[inside].astype(int)
        with Image.open(shot.path) as image:
            levels = np.asarray(image)[rows, columns]
        # Points stand at pixel centres of the view that they come from.
        explained[inside] |= (
            (np.hypot(u[inside] % 1 - 0.5, v[inside] % 1 - 0.5) < 1e-3)
            & (np.abs(-z[inside] - depth[rows, columns]) < 1e-5 * -z[inside])
            & np.all(levels[:, :3] == colors[inside], axis=-1)
            & (levels[:, 3] >= 128)
        )
    assert explained.all()


def test_the_split_stands_in_lists_of_which_none_is_missing(studio: Path) -> None:
    names = {part: [s.path.stem for s in read_nerfstudio(studio, part)] for part in PARTS}
    assert names == {
        "train": ["001", "002", "003", "005", "006", "007"],
        "val": ["000", "004"],
        "test": ["000", "004"],
    }


def test_without_a_split_nerfstudio_makes_its_own(shifted: Dataset, tmp_path: Path) -> None:
    converted(NAME, shifted.folder, tmp_path / "out")
    meta = json.loads((tmp_path / "out" / "transforms.json").read_text())
    assert len(meta["frames"]) == 8
    assert not [key for key in meta if key.endswith("_filenames")]


def test_a_file_of_parts_can_lack_the_test_part(shifted: Dataset, tmp_path: Path) -> None:
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 5], "val": [2]}')
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--split", split)
    names = {part: [s.path.stem for s in read_nerfstudio(folder, part)] for part in PARTS}
    assert names == {"train": ["001", "005"], "val": ["002"], "test": ["002"]}
    assert len(read_nerfstudio(folder)) == 3


def test_different_intrinsics_stand_in_the_frames(zoomed: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, zoomed.folder, folder)
    assert "fl_x" not in json.loads((folder / "transforms.json").read_text())
    assert len({shot.fx for shot in read_nerfstudio(folder)}) == 2
    assert largest_error_px(zoomed, folder) < 0.01
    assert converted(NAME, "--verify", zoomed.folder, folder).code == 0


def test_instant_ngp_s_box_has_the_objects_in_its_unit_cube_and_all_points(
    shifted: Dataset, studio: Path
) -> None:
    meta = json.loads((studio / "transforms.json").read_text())
    cloud = read_vertices(studio / "points.ply")
    points = np.stack([cloud[axis] for axis in "xyz"], axis=-1)
    bounds = shifted.record.bounds
    corners = np.array([bounds.minimum, bounds.maximum]) * meta["scale"] + meta["offset"]
    assert corners.min() > 0
    assert corners.max() < 1
    assert np.allclose(corners.mean(axis=0), 0.5)
    times = meta["aabb_scale"]
    assert times in (1, 2, 4, 8, 16, 32, 64, 128)
    reach = np.abs(points * meta["scale"] + meta["offset"] - 0.5).max()
    assert reach <= times / 2
    assert times == 1 or reach > times / 4


def test_jpeg_stays_jpeg(bare: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, bare.folder, folder, "--no-masks", "--depths", "none", "--no-points")
    entries = sorted(path.name for path in folder.iterdir())
    assert entries == ["conversion.json", "images", "transforms.json"]
    shots = read_nerfstudio(folder)
    assert [shot.path.name for shot in shots] == ["000.jpg", "001.jpg"]
    assert [shot.mask or shot.depth for shot in shots] == [None, None]
    assert shots[1].path.read_bytes() == bare.view(1).path("render").read_bytes()


def test_views_without_a_surface_make_no_points(tmp_path: Path) -> None:
    aside = ('camera.location.radius_unit="scene"', "camera.lens.shift_x=5")
    dataset = make(tmp_path / "in", 1, *CENTRED, *aside)
    result = converted(NAME, dataset.folder, tmp_path / "out")
    assert result.said == [
        f"{SEVEN_OBJECTS}; no view that trains shows a surface, so there is no points.ply"
    ]
    assert "ply_file_path" not in json.loads((tmp_path / "out" / "transforms.json").read_text())


def test_a_model_far_from_its_origin_is_exact_in_the_files(tmp_path: Path) -> None:
    model = tmp_path / "far.obj"
    corners = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    faces = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    model.write_text(
        "".join(f"v {4e6 + x} {y} {z}\n" for x, y, z in corners)
        + "".join(f"f {face}\n" for face in faces)
    )
    settings = ("render.resolution_x=60", "render.resolution_y=40")
    dataset = make(tmp_path / "in", 2, *settings, model=model)
    result = converted(NAME, dataset.folder, tmp_path / "out")
    assert result.said == [
        "warning: the model lies far from its origin: transforms.json and points.ply are exact, "
        "but their readers compute in float32, whose numbers are coarse there; set "
        "model.normalize and render again"
    ]
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0
