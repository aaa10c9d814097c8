"""compat/to_nerf: what nerfstudio's and NeRF's rules make of the files lies on the true surface."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.compat.datasets import CENTRED, converted, make, repeated, run, surface
from viewbatch.dataset import Dataset
from viewbatch.dataset.ply import read_vertices

NAME = "to_nerf"
Array = npt.NDArray[Any]

SEVEN_OBJECTS = "warning: masks/ does not tell the 7 objects from each other"
OUT_OF_REACH = (
    "warning: readers of this layout look for objects up to 1.3 from the origin on each axis and 2 "
    "to 6 from the camera, and these reach to 4.27 and are up to 8.05 away; set model.normalize "
    "and the cameras as references/configs/nerf_synthetic.toml does, or tell the reader"
)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What a reader has of an image."""

    path: Path
    fx: float
    fy: float
    cx: float
    cy: float
    pose: Array
    """(4, 4) camera-to-world of a camera that looks along -z, y up."""
    mask: Path | None = None
    depth: Path | None = None


def read_nerfstudio(folder: Path, part: str | None = None) -> list[Shot]:
    """As nerfstudio's parser goes through transforms.json, all frames or those of a part."""
    meta = json.loads((folder / "transforms.json").read_text())
    assert meta["camera_model"] in ("OPENCV", "PINHOLE")
    assert not any(meta.get(key) for key in ("k1", "k2", "k3", "k4", "p1", "p2"))
    frames = sorted(meta["frames"], key=lambda frame: folder / frame["file_path"])
    shots = []
    for frame in frames:
        # What the file has is fixed for all frames; otherwise each frame must have it.
        lens = {
            key: float(meta[key] if key in meta else frame[key])
            for key in ("fl_x", "fl_y", "cx", "cy", "w", "h")
        }
        with Image.open(folder / frame["file_path"]) as image:
            assert image.size == (lens["w"], lens["h"])
            assert np.asarray(image).shape[2:] in ((3,), (4,))
        shots.append(
            Shot(
                path=folder / frame["file_path"],
                fx=lens["fl_x"], fy=lens["fl_y"], cx=lens["cx"], cy=lens["cy"],
                pose=np.array(frame["transform_matrix"]),
                mask=folder / frame["mask_path"] if "mask_path" in frame else None,
                depth=folder / frame["depth_file_path"] if "depth_file_path" in frame else None,
            )
        )  # fmt: skip
    assert sum(shot.mask is not None for shot in shots) in (0, len(shots))
    assert sum(shot.depth is not None for shot in shots) in (0, len(shots))
    if part is None:
        return shots
    wanted = {folder / name for name in meta[f"{part}_filenames"]}
    assert wanted <= {shot.path for shot in shots}
    return [shot for shot in shots if shot.path in wanted]


def read_blender(folder: Path, part: str | None = None) -> list[Shot]:
    """As nerf-pytorch's load_blender does it, the frames of all parts or of one."""
    metas = {
        name: json.loads((folder / f"transforms_{name}.json").read_text())
        for name in ("train", "val", "test")
    }
    found = {
        name: [(folder / (f["file_path"] + ".png"), f["transform_matrix"]) for f in meta["frames"]]
        for name, meta in metas.items()
    }
    images = []
    for frames in found.values():
        assert frames
        for path, _ in frames:
            with Image.open(path) as image:
                images.append(np.asarray(image))
    # It stacks them, with four channels.
    height, width, _ = np.array(images)[..., :4].shape[1:]
    assert {image.shape for image in images} == {(height, width, 4)}
    focal = 0.5 * width / np.tan(0.5 * metas["test"]["camera_angle_x"])
    return [
        # nerfstudio and instant-ngp put the principal point in the middle, and pixel centres
        # at halves.
        Shot(path=path, fx=focal, fy=focal, cx=width / 2, cy=height / 2, pose=np.array(pose))
        for name, frames in found.items()
        if part in (None, name)
        for path, pose in frames
    ]


def read(folder: Path) -> list[Shot]:
    """The shots of either layout."""
    blender = (folder / "transforms_train.json").exists()
    return read_blender(folder) if blender else read_nerfstudio(folder)


def view_of(folder: Path, shot: Shot) -> int:
    """The index of the view that an image shows."""
    views: dict[str, int] = json.loads((folder / "conversion.json").read_text())["views"]
    return views[shot.path.resolve().relative_to(folder.resolve()).as_posix()]


def largest_error_px(dataset: Dataset, folder: Path) -> float:
    """How far the surface lands from its pixels, by the files alone."""
    worst = 0.0
    for shot in read(folder):
        points, pixels = surface(dataset.view(view_of(folder, shot)))
        x, y, z = np.linalg.inv(shot.pose)[:3] @ np.c_[points, np.ones(len(points))].T
        found = np.stack([shot.cx + shot.fx * x / -z, shot.cy - shot.fy * y / -z], axis=-1)
        # A point behind the camera has no pixel.
        worst = max(worst, float(np.where(z[:, None] < 0, np.abs(found - pixels), np.inf).max()))
    return worst


def lifted(shot: Shot, depth_m: Array) -> Array:
    """(H, W, 3) what the pixels of a planar depth map show, as nerfstudio's rays go."""
    rows, columns = np.indices(depth_m.shape) + 0.5
    rays = [(columns - shot.cx) / shot.fx, -(rows - shot.cy) / shot.fy, -np.ones(depth_m.shape)]
    points = np.stack(rays, axis=-1) * depth_m[..., None]
    return points @ shot.pose[:3, :3].T + shot.pose[:3, 3]


def read_depth(path: Path) -> Array:
    """As nerfstudio reads it, with its default unit of a millimetre."""
    if path.suffix == ".npy":
        return np.asarray(np.load(path) * 1e-3)
    with Image.open(path) as image:
        assert image.mode == "I;16"
        return np.asarray(image).astype(np.float64) * 1e-3


@pytest.fixture(scope="module")
def studio(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nerfstudio") / "blocks"
    assert converted(NAME, shifted.folder, path, "--split", "every:4").said == [SEVEN_OBJECTS]
    return path


@pytest.fixture(scope="module")
def synthetic(centred: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "blocks"
    result = converted(NAME, centred.folder, path, "--layout", "blender", "--split", "every:4")
    assert result.said == [OUT_OF_REACH]
    return path


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Upright, where Blender's own angle is the vertical one, with NeRF's scale and cameras."""
    return make(
        tmp_path_factory.mktemp("portrait") / "out", 4, *CENTRED,
        "render.resolution_x=80", "render.resolution_y=120", 'model.normalize="unit_sphere"',
        'camera.location.mode="random"', 'camera.location.radius_unit="scene"',
        "camera.location.random.r_min=4.03", "camera.location.random.r_max=4.03",
    )  # fmt: skip


@pytest.fixture(scope="module")
def zoomed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views with different focal lengths."""
    folder = tmp_path_factory.mktemp("zoomed") / "out"
    return make(folder, 2, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Images alone, and those JPEG."""
    return make(
        tmp_path_factory.mktemp("bare") / "out", 2, "render.resolution_x=60",
        "render.resolution_y=40", "plugins.enabled=[]",
        'render.image_settings.file_format="JPEG"',
    )  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two views without alpha."""
    return make(
        tmp_path_factory.mktemp("filled") / "out", 2, *CENTRED, "render.resolution_x=60",
        "render.resolution_y=40", "render.film_transparent=false",
    )  # fmt: skip


# nerfstudio's layout


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


PARTS = ("train", "val", "test")


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--depths", "none", "--no-points"],
            'has no mask, which this format needs; add "mask" to [plugins] enabled and render '
            "again, or do without masks with --no-masks",
        ),
        (
            ["--no-masks", "--depths", "none"],
            'has no depth, which this format needs; add "depth" to [plugins] enabled and render '
            "again, or do without it with --depths none --no-points",
        ),
        (
            ["--no-masks", "--no-points"],
            'has no depth, which this format needs; add "depth" to [plugins] enabled and render '
            "again, or do without it with --depths none --no-points",
        ),
    ],
)
def test_a_dataset_that_lacks_something_is_told_what_to_do(
    bare: Dataset, tmp_path: Path, options: list[str], message: str
) -> None:
    result = run(NAME, bare.folder, tmp_path / "out", *options)
    assert (result.code, result.said) == (2, [f"to_nerf.py: view 0 of {bare.folder} {message}"])
    assert not (tmp_path / "out").exists()


def test_depths_that_16_bits_cannot_hold_are_refused(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, "model.scale=20")
    result = run(NAME, dataset.folder, tmp_path / "out", "--depths", "png")
    farthest = np.asarray(dataset.view(0).read("depth")).max()
    assert result.code == 2
    assert result.said == [
        f"to_nerf.py: view 0 of {dataset.folder} has a surface {farthest:.4g} m away, and 16 bits "
        "of millimetres end at 65.535 m; choose --depths npy, or set model.normalize and render "
        "again"
    ]


@pytest.mark.parametrize("scale", [1e-5, 1e-1])
def test_depths_of_whole_millimetres_that_are_coarse_give_a_warning(
    tmp_path: Path, scale: float
) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, f"model.scale={scale}")
    size_m = 2 * dataset.record.bounds.radius
    result = converted(NAME, dataset.folder, tmp_path / "out", "--depths", "png")
    assert result.said == [
        f"{SEVEN_OBJECTS}; depths of whole millimetres are coarse for objects {size_m:.3g} m wide; "
        "choose --depths npy, or set model.normalize and render again"
    ]
    assert converted(NAME, dataset.folder, tmp_path / "npy").said == [SEVEN_OBJECTS]


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


# The layout of NeRF's synthetic scenes


def test_blender_the_surface_lands_on_its_pixels(centred: Dataset, synthetic: Path) -> None:
    assert largest_error_px(centred, synthetic) < 0.01


def test_blender_the_angle_is_horizontal_also_upright(portrait: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, portrait.folder, folder, "--layout", "blender", "--split", "every:4")
    # Its scale is the one that readers expect.
    assert result.said == []
    assert largest_error_px(portrait, folder) < 0.01
    k = portrait.view(0).camera.intrinsics
    angle = json.loads((folder / "transforms_test.json").read_text())["camera_angle_x"]
    assert angle == pytest.approx(2 * np.arctan(40 / k.fx), abs=1e-12)
    assert converted(NAME, "--verify", portrait.folder, folder).code == 0


def test_blender_depth_lifts_to_the_surface(centred: Dataset, synthetic: Path) -> None:
    for shot in read_blender(synthetic):
        view = centred.view(view_of(synthetic, shot))
        points, pixels = surface(view)
        columns, rows = (pixels - 0.5).astype(int).T
        found = lifted(shot, np.asarray(view.read("depth"), dtype=np.float64))[rows, columns]
        errors = np.linalg.norm(found - points, axis=-1) / centred.record.bounds.radius
        assert np.median(errors) < 2e-6
        assert errors.max() < 1e-3


def test_blender_val_borrows_the_views_of_test(synthetic: Path) -> None:
    names = {
        part: [s.path.relative_to(synthetic).as_posix() for s in read_blender(synthetic, part)]
        for part in PARTS
    }
    assert names == {
        "train": [f"train/r_{index}.png" for index in (1, 2, 3, 5, 6, 7)],
        "val": ["test/r_0.png", "test/r_4.png"],
        "test": ["test/r_0.png", "test/r_4.png"],
    }
    frame = json.loads((synthetic / "transforms_train.json").read_text())["frames"][0]
    assert frame["file_path"] == "./train/r_1"


def test_blender_parts_have_folders(centred: Dataset, tmp_path: Path) -> None:
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 5], "val": [2], "test": [0, 3]}')
    folder = tmp_path / "out"
    converted(NAME, centred.folder, folder, "--layout", "blender", "--split", split)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert names == ["test/r_0.png", "test/r_3.png", "train/r_1.png", "train/r_5.png",
                     "val/r_2.png"]  # fmt: skip
    assert [shot.path.name for shot in read_blender(folder, "val")] == ["r_2.png"]


def test_blender_without_a_split_lists_the_views_that_train(
    centred: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, centred.folder, folder, "--layout", "blender", "--link")
    assert result.said == [
        f"{OUT_OF_REACH}; no view is held out, so transforms_val.json and transforms_test.json "
        "list those that train; hold some out with --split every:8"
    ]
    names = [shot.path.name for shot in read_blender(folder, "train")]
    assert names == [f"r_{index}.png" for index in range(8)]
    assert [shot.path.name for shot in read_blender(folder, "test")] == names
    assert [shot.path.name for shot in read_blender(folder, "val")] == names
    assert (folder / "train" / "r_3.png").samefile(centred.view(3).path("render"))
    assert converted(NAME, "--verify", centred.folder, folder).code == 0


def test_blender_images_without_alpha_get_one(bare: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, bare.folder, folder, "--layout", "blender")
    for shot in read_blender(folder, "train"):
        with Image.open(bare.view(view_of(folder, shot)).path("render")) as image:
            wanted = np.asarray(image)
        with Image.open(shot.path) as image:
            levels = np.asarray(image)
        assert np.array_equal(levels[..., :3], wanted)
        assert levels[..., 3].min() == 255


def test_blender_only_what_is_out_of_reach_is_named(tmp_path: Path) -> None:
    of_unit_size = (
        *CENTRED, 'model.normalize="unit_sphere"', 'camera.location.mode="random"',
        'camera.location.radius_unit="scene"', "render.resolution_x=60", "render.resolution_y=40",
    )  # fmt: skip
    end = (
        "; set model.normalize and the cameras as references/configs/nerf_synthetic.toml does, or "
        "tell the reader"
    )
    for name, radius, found in (("near", 2.1, "come as near as"), ("far", 9, "are up to")):
        path = "camera.location.random"
        radii = (f"{path}.r_min={radius}", f"{path}.r_max={radius}")
        dataset = make(tmp_path / name, 2, *of_unit_size, *radii)
        result = converted(
            NAME, dataset.folder, tmp_path / f"{name}_out", "--layout", "blender", "--split",
            "every:2",
        )  # fmt: skip
        (said,) = result.said
        assert said.startswith(
            "warning: readers of this layout look for objects 2 to 6 from the camera, and these "
            f"{found} "
        )
        assert said.endswith(end)


def test_blender_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(
        NAME, far.folder, tmp_path / "out", "--layout", "blender", "--split", "every:2"
    )
    (said,) = result.said
    assert said.endswith(
        "; the model lies far from its origin: the three files are exact, but their readers "
        "compute in float32, whose numbers are coarse there; set model.normalize and render again"
    )
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


def lens_refusal(dataset: Dataset, faults: str) -> str:
    return (
        f"to_nerf.py: {dataset.folder} does not fit --layout blender, which has one field of view "
        f"for all images and nothing else of a lens: {faults}; or use --layout nerfstudio, which "
        "has all of it"
    )


def test_blender_refuses_a_shifted_lens_and_pixels_that_are_not_square(
    shifted: Dataset, tmp_path: Path
) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", "--layout", "blender")
    assert result.code == 2
    assert result.said == [
        lens_refusal(
            shifted,
            "the principal point is (54, 40.5) px and the middle of the frame (60, 45) (set "
            "camera.lens.shift_x and shift_y to 0); fx is 166.667 px and fy 208.333 px (set "
            "render.pixel_aspect_x and pixel_aspect_y to 1)",
        )
    ]
    assert not (tmp_path / "out").exists()


def test_blender_refuses_different_intrinsics(zoomed: Dataset, tmp_path: Path) -> None:
    result = run(NAME, zoomed.folder, tmp_path / "out", "--layout", "blender")
    assert result.code == 2
    assert result.said == [
        lens_refusal(
            zoomed,
            "the intrinsics vary from view to view (set camera.lens.focal_length to one number)",
        )
    ]
    # One view has one lens.
    one = converted(NAME, zoomed.folder, tmp_path / "one", "--layout", "blender", "--views", "1")
    assert one.code == 0
    assert largest_error_px(zoomed, tmp_path / "one") < 0.01


@pytest.mark.parametrize("option", [["--depths", "npy"], ["--no-masks"], ["--no-points"]])
def test_blender_has_no_options_of_the_other_layout(
    centred: Dataset, tmp_path: Path, option: list[str]
) -> None:
    result = run(NAME, centred.folder, tmp_path / "out", "--layout", "blender", *option)
    assert result.code == 2
    assert result.said == [
        "to_nerf.py: --depths, --no-masks and --no-points are of --layout nerfstudio, and --layout "
        "blender has only images; leave them out"
    ]


# Breaking it


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every file of frames."""
    for path in folder.glob("transforms*.json"):
        tree = json.loads(path.read_text())
        change(tree)
        path.write_text(json.dumps(tree))


def edit_poses(folder: Path, change: Callable[[Array], Array]) -> None:
    def of_frames(tree: dict[str, Any]) -> None:
        for frame in tree["frames"]:
            frame["transform_matrix"] = change(np.array(frame["transform_matrix"])).tolist()

    edit(folder, of_frames)


def half_a_pixel(folder: Path) -> None:
    def shift(tree: dict[str, Any]) -> None:
        if "cx" in tree:
            tree["cx"] += 0.5
        else:  # at the side of the frame, 60 px from its middle
            tree["camera_angle_x"] = 2 * np.arctan(60.5 / 60 * np.tan(tree["camera_angle_x"] / 2))

    edit(folder, shift)


def flipped(folder: Path) -> None:
    """As if cameras looked along +z with y down."""
    edit_poses(folder, lambda pose: pose @ np.diag([1.0, -1.0, -1.0, 1.0]))


def transposed(folder: Path) -> None:
    def change(pose: Array) -> Array:
        pose[:3, :3] = pose[:3, :3].T
        return pose

    edit_poses(folder, change)


def world_to_camera(folder: Path) -> None:
    edit_poses(folder, np.linalg.inv)


def looking_away(folder: Path) -> None:
    """What is in front of such a camera is seen at the same pixels from behind."""
    edit_poses(folder, lambda pose: pose @ np.diag([-1.0, -1.0, -1.0, 1.0]))


@pytest.mark.parametrize(
    "damage", [half_a_pixel, flipped, transposed, world_to_camera, looking_away]
)
@pytest.mark.parametrize("layout", ["nerfstudio", "blender"])
def test_a_small_fault_is_noticed(
    centred: Dataset, tmp_path: Path, layout: str, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "out"
    converted(NAME, centred.folder, folder, "--layout", layout)
    assert run(NAME, "--verify", centred.folder, folder).code == 0
    damage(folder)
    assert not largest_error_px(centred, folder) < 0.01
    result = run(NAME, "--verify", centred.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {centred.folder}: surface points:" in result.stderr


def another_image(folder: Path) -> None:
    (folder / "images" / "000.png").write_bytes((folder / "images" / "001.png").read_bytes())


def another_mask(folder: Path) -> None:
    (folder / "masks" / "000.png").write_bytes((folder / "masks" / "001.png").read_bytes())


def depth_in_metres(folder: Path) -> None:
    path = folder / "depths" / "003.npy"
    np.save(path, np.load(path) / 1000)


def points_moved(folder: Path) -> None:
    path = folder / "points.ply"
    data = bytearray(path.read_bytes())
    start = data.index(b"end_header\n") + len(b"end_header\n")
    data[start : start + 4] = np.float32(0.3).tobytes()  # the first point's x
    path.write_bytes(data)


def frame_removed(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"].pop())


def part_emptied(folder: Path) -> None:
    edit(folder, lambda tree: tree["val_filenames"].clear())


def frame_twice(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"].append(tree["frames"][0]))


def parts_swapped(folder: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        train, test = tree["train_filenames"], tree["test_filenames"]
        tree.update(train_filenames=test, test_filenames=train)

    edit(folder, change)


def lists_removed(folder: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        for part in PARTS:
            del tree[f"{part}_filenames"]

    edit(folder, change)


def distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(k1=0.5))


def fisheye(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(camera_model="OPENCV_FISHEYE"))


def moved_again(folder: Path) -> None:
    """As if the frames were those of another world."""
    rows = np.eye(4, dtype=int)[:3].tolist()
    edit(folder, lambda tree: tree.update(applied_transform=rows))


def scaled_again(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(applied_scale=2.0))


def points_not_named(folder: Path) -> None:
    edit(folder, lambda tree: tree.pop("ply_file_path"))


def points_of_a_number(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(ply_file_path=1))


def other_cube(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(scale=tree["scale"] * 2))


def other_corner(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(offset=[0, 0, 0]))


def smaller_box(folder: Path) -> None:
    edit(folder, lambda tree: tree.update(aabb_scale=0.5))


def without(folder: Path, *keys: str, frames: int) -> None:
    """Remove keys from the first frames."""

    def change(tree: dict[str, Any]) -> None:
        for frame in tree["frames"][:frames]:
            for key in keys:
                del frame[key]

    edit(folder, change)


def one_mask_not_named(folder: Path) -> None:
    """nerfstudio wants masks of all frames, or of none."""
    without(folder, "mask_path", frames=1)


def masks_not_named(folder: Path) -> None:
    without(folder, "mask_path", frames=8)


def depths_not_named(folder: Path) -> None:
    without(folder, "depth_file_path", frames=8)


def one_frame_distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"][3].update(k2=0.1))


def last_image_removed(folder: Path) -> None:
    (folder / "images" / "007.png").unlink()


def last_view_removed(folder: Path) -> None:
    frame_removed(folder)
    for path in folder.glob("*/007.*"):
        path.unlink()


def one_image_more(folder: Path) -> None:
    shutil.copy(folder / "images" / "007.png", folder / "images" / "008.jpg")


def masks_removed(folder: Path) -> None:
    shutil.rmtree(folder / "masks")
    masks_not_named(folder)


def points_removed(folder: Path) -> None:
    (folder / "points.ply").unlink()
    points_not_named(folder)


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))


def scaled_poses(folder: Path) -> None:
    """Pixels stay where they are, depth does not."""
    edit_poses(folder, lambda pose: pose @ np.diag([2.0, 2.0, 2.0, 1.0]))


def other_last_rows(folder: Path) -> None:
    edit_poses(folder, lambda pose: np.vstack([pose[:3], [0, 0, 0, 2]]))


BEYOND = ", which is not of this conversion"


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (another_image, "colours: "),
        (another_mask, "masks: "),
        (depth_in_metres, "depths in npy: "),
        (points_moved, "file: aabb_scale is 1; points.ply: "),
        (frame_removed, "images: 7 of 8 have a frame\n"),
        (frame_twice, "images: 8 of 8 have a frame, images/000.png has several\n"),
        (part_emptied, "split: 6 train, 0 val, 2 test\n"),
        (parts_swapped, "split: 2 train, 2 val, 6 test\n"),
        (lists_removed, "split: none\n"),
        (distorted, "file: k1 is 0.5\n"),
        (fisheye, "file: camera_model is 'OPENCV_FISHEYE'\n"),
        (moved_again, "file: applied_transform is [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]\n"),
        (scaled_again, "file: applied_scale is 2.0\n"),
        (points_not_named, "file: ply_file_path is None\n"),
        (points_of_a_number, "file: ply_file_path is 1\n"),
        (other_cube, "file: scale is "),
        (other_corner, "file: offset is [0, 0, 0]\n"),
        (smaller_box, "file: aabb_scale is 0.5\n"),
        (one_mask_not_named, "frames: 7 of 8 have the keys that were written\n"),
        (masks_not_named, "frames: 0 of 8 have the keys that were written\n"),
        (depths_not_named, "frames: 0 of 8 have the keys that were written\n"),
        (one_frame_distorted, "frames: 7 of 8 have the keys that were written\n"),
        (last_image_removed, "files: 25 of 26, without images/007.png\n"),
        (last_view_removed, "files: 23 of 26, without depths/007.npy\n"),
        (one_image_more, f"files: 26 of 26, and images/008.jpg{BEYOND}\n"),
        (masks_removed, "files: 18 of 26, without masks/000.png\n"),
        (points_removed, "files: 25 of 26, without points.ply\n"),
        (no_views, "files: no view in conversion.json\n"),
        (scaled_poses, "poses: 0 of 8 rigid; points.ply: "),
        (other_last_rows, "poses: 0 of 8 rigid\n"),
    ],
)
def test_what_lies_beside_the_cameras_is_checked_too(
    shifted: Dataset, tmp_path: Path, damage: Callable[[Path], None], what: str
) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--split", "every:4")
    damage(folder)
    result = run(NAME, "--verify", shifted.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {shifted.folder}: {what}" in result.stderr


def test_depths_that_instant_ngp_reads_otherwise_are_noticed(
    shifted: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--depths", "png")
    kept = (folder / "transforms.json").read_text()
    edit(folder, lambda tree: tree.update(integer_depth_scale=0.0011))
    start = f"{folder} does not agree with {shifted.folder}: "
    result = run(NAME, "--verify", shifted.folder, folder)
    assert (result.code, result.stderr.count(f"{start}file: integer_depth_scale is 0.0011\n")) == (
        1,
        1,
    )
    (folder / "transforms.json").write_text(kept)
    edit(folder, lambda tree: tree["frames"][0].update(depth_path="depths/001.png"))
    result = run(NAME, "--verify", shifted.folder, folder)
    assert (result.code, start + "depths in png: " in result.stderr) == (1, True)


def files_swapped(folder: Path) -> None:
    train, test = (folder / f"transforms_{part}.json" for part in ("train", "test"))
    train.rename(folder / "kept")
    test.rename(train)
    (folder / "kept").rename(test)


def opaque(folder: Path) -> None:
    path = folder / "train" / "r_7.png"
    with Image.open(path) as image:
        without_alpha = image.convert("RGB")
    without_alpha.save(path)


def frame_distorted(folder: Path) -> None:
    edit(folder, lambda tree: tree["frames"][1].update(k1=0.1))


def image_of_a_part_removed(folder: Path) -> None:
    (folder / "train" / "r_7.png").unlink()


def image_of_no_part(folder: Path) -> None:
    (folder / "val").mkdir()
    shutil.copy(folder / "train" / "r_7.png", folder / "val" / "r_9.png")


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (files_swapped, "split: 2 train, 2 val, 6 test\n"),
        (opaque, "channels: RGB, RGBA\n"),
        (frame_distorted, "frames: 7 of 10 have the keys that were written\n"),
        (distorted, "file: k1 is 0.5\n"),
        (image_of_a_part_removed, "files: 10 of 11, without train/r_7.png\n"),
        (image_of_no_part, f"files: 11 of 11, and val/r_9.png{BEYOND}\n"),
        (no_views, "files: no view in conversion.json\n"),
    ],
)
def test_blender_faults_are_noticed(
    filled: Dataset, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    """Of images that were opaque, so that alpha changes no colour."""
    folder = tmp_path / "out"
    dataset = repeated(filled, tmp_path / "in", 8)
    converted(NAME, dataset.folder, folder, "--layout", "blender", "--split", "every:4")
    damage(folder)
    result = run(NAME, "--verify", dataset.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {dataset.folder}: {answer}" in result.stderr


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("camera_angle_x", 0, "camera_angle_x is 0"),
        ("camera_angle_x", 4, "camera_angle_x is 4"),
        ("file_path", ["a"], "file_path is ['a']"),
    ],
)
def test_blender_values_of_another_form_are_named(
    centred: Dataset, synthetic: Path, tmp_path: Path, key: str, value: object, problem: str
) -> None:
    folder = Path(shutil.copytree(synthetic, tmp_path / "out"))
    path = folder / "transforms_train.json"
    tree = json.loads(path.read_text())
    (tree if key in tree else tree["frames"][0])[key] = value
    path.write_text(json.dumps(tree))
    result = run(NAME, "--verify", centred.folder, folder)
    assert (result.code, result.said) == (
        2,
        [f"to_nerf.py: {path} is not what was written: {problem}; convert again"],
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (None, "lacks the setting layout; convert again"),
        (
            {"layout": "nsvf"},
            "has 'nsvf' for the setting layout, which no conversion has; convert again",
        ),
        (
            {"masks": "yes"},
            "has 'yes' for the setting masks, which no conversion has; convert again",
        ),
        (
            {"depths": "exr"},
            "has 'exr' for the setting depths, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset,
    studio: Path,
    tmp_path: Path,
    settings: dict[str, object] | None,
    problem: str,
) -> None:
    folder = Path(shutil.copytree(studio, tmp_path / "out"))
    path = folder / "conversion.json"
    record = json.loads(path.read_text())
    record["settings"] = {} if settings is None else {**record["settings"], **settings}
    path.write_text(json.dumps(record))
    result = run(NAME, "--verify", shifted.folder, folder)
    assert (result.code, result.said) == (2, [f"to_nerf.py: {path} {problem}"])


BROKEN_MATRIX = '{"frames": [{"file_path": "images/000.png", "transform_matrix": [[1.0]], ' + (
    '"w": 120, "h": 90, "fl_x": 1, "fl_y": 1, "cx": 60, "cy": 45}]}'
)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "transforms.json",
            "{",
            "cannot be read as JSON: Expecting property name enclosed in double quotes: line 1 "
            "column 2 (char 1)",
        ),
        ("transforms.json", "[]", "holds no JSON object"),
        (
            "transforms.json",
            "{}",
            "is not what was written: the key 'frames' is missing; convert again",
        ),
        (
            "transforms.json",
            BROKEN_MATRIX,
            "is not what was written: a transform_matrix of shape (1, 1) where 4x4 is expected; "
            "convert again",
        ),
        *(
            ("transforms.json", (key, value), f"is not what was written: {problem}; convert again")
            for key, value, problem in (
                ("file_path", ["a"], "file_path is ['a']"),
                ("mask_path", 1, "mask_path is 1"),
                ("depth_file_path", None, "depth_file_path is None"),
                ("transform_matrix", None, "a transform_matrix of shape () where 4x4 is expected"),
            )
        ),
        ("transforms.json", ("w", 120.0), "is not what was written: w is 120.0; convert again"),
        ("points.ply", "ply", "is not the PLY file that was written; convert again"),
        ("depths/000.npy", "", "cannot be read: No data left in file"),
        ("masks/000.png", "", "cannot be read: cannot identify image file '{path}'"),
    ],
)
def test_a_file_that_is_no_longer_whole_is_named(
    shifted: Dataset, studio: Path, tmp_path: Path, name: str, text: Any, message: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(studio, folder)
    path = folder / name
    if isinstance(text, str):
        path.write_text(text)
    else:
        key, value = text
        edit(folder, lambda tree: (tree if key in tree else tree["frames"][0]).update({key: value}))
    result = run(NAME, "--verify", shifted.folder, folder)
    assert result.code == 2
    # After a bar that was interrupted, the sentence stands on the bar's line.
    assert result.stderr.endswith(f"to_nerf.py: {path} {message.format(path=path)}\n")


def test_an_image_that_is_gone_is_named(centred: Dataset, synthetic: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(synthetic, folder)
    path = folder / "train" / "r_2.png"
    path.unlink()
    result = run(NAME, "--verify", centred.folder, folder)
    assert (result.code, result.said) == (
        1,
        [
            f"to_nerf.py: {folder} does not agree with {centred.folder}: files: 10 of 11, without "
            "train/r_2.png"
        ],
    )
