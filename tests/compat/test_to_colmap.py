"""compat/to_colmap: COLMAP itself finds the true surface with the project's files."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pycolmap
import pytest
import trimesh
from PIL import Image

from compat.to_colmap.dense import read_map, write_map
from compat.to_colmap.reconstruction import fused, surface_distances, triangulated, undistorted
from tests.compat.datasets import CENTRED, ROOT, converted, make, run, surface
from tests.verify.damage import refresh_hashes
from viewbatch.dataset import Dataset
from viewbatch.dataset.exr import read_exr, write_exr

NAME = "to_colmap"
Array = npt.NDArray[Any]


def names(folder: Path) -> dict[str, int]:
    """Index of the view that each image shows, by its name in COLMAP."""
    views = json.loads((folder / "conversion.json").read_text())["views"]
    return {Path(name).name: index for name, index in views.items()}


def by_colmap(sparse: Path) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Each image's name, and what COLMAP projects (n, 3) points in world to."""
    model = pycolmap.Reconstruction(sparse)
    for image in model.images.values():
        matrix = image.cam_from_world().matrix()

        def project(points: Array, image: Any = image, matrix: Array = matrix) -> Array:
            in_cam: Array = points @ matrix[:, :3].T + matrix[:, 3]
            return np.asarray(image.camera.img_from_cam(in_cam))

        yield image.name, project


def by_text(sparse: Path) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """The same by the text files, as 3D Gaussian splatting and nerfstudio read them."""
    cameras = {}
    for line in (sparse / "cameras.txt").read_text().splitlines():
        if not line.startswith("#"):
            number, model, _, _, *params = line.split()
            assert model == "PINHOLE"
            cameras[number] = [float(param) for param in params]
    lines = [n for n in (sparse / "images.txt").read_text().splitlines() if n[:1] != "#"]
    for line in lines[::2]:
        _, *pose, camera, name = line.split()
        w, x, y, z, *translation = (float(value) for value in pose)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

        def project(
            points: Array,
            rotation: Array = rotation,
            t: Any = translation,
            k: Any = cameras[camera],
        ) -> Array:
            a, b, c = rotation @ points.T + np.array(t)[:, None]
            return np.stack([k[0] * a / c + k[2], k[1] * b / c + k[3]], axis=-1)

        yield name, project


def largest_error_px(dataset: Dataset, folder: Path, read: Any = by_colmap) -> float:
    """How far the surface lands from its pixels, by the files alone."""
    index = names(folder)
    errors = []
    for name, project in read(folder / "sparse" / "0"):
        points, pixels = surface(dataset.view(index[name]))
        errors.append(np.abs(project(points) - pixels).max())
    assert len(errors) == len(index)
    return float(np.max(errors))  # NaN, where something lies behind a camera, stays NaN


@pytest.fixture(scope="module")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("colmap") / "blocks"
    converted(NAME, shifted.folder, path, "--split", "every:4", "--dense", "--points", "3000")
    return path


@pytest.fixture(scope="module")
def mesh(shifted: Dataset) -> trimesh.Trimesh:
    return trimesh.load_mesh(shifted.folder / "mesh.ply", process=False)


# The sparse model


@pytest.mark.parametrize("read", [by_colmap, by_text])
def test_the_surface_lands_on_its_pixels(shifted: Dataset, folder: Path, read: Any) -> None:
    assert largest_error_px(shifted, folder, read) < 0.01


def test_the_text_holds_what_the_binary_files_hold(folder: Path, tmp_path: Path) -> None:
    """COLMAP and 3D Gaussian splatting read the binary files, nerfstudio the text."""
    sparse = folder / "sparse" / "0"
    stems = ("cameras", "images", "points3D")
    files = sorted(f"{stem}.{suffix}" for stem in stems for suffix in ("bin", "txt"))
    assert sorted(path.name for path in sparse.iterdir()) == [*files, "test.txt"]
    text = pycolmap.Reconstruction()
    text.read_text(sparse)
    text.write_binary(tmp_path)
    for stem in stems:
        # Text has no order of points that COLMAP would keep: compared as sets of bytes.
        again, bytes_ = ((d / f"{stem}.bin").read_bytes() for d in (tmp_path, sparse))
        assert len(again) == len(bytes_)
    binary = pycolmap.Reconstruction()
    binary.read_binary(sparse)
    for number, point in binary.points3D.items():
        other = text.points3D[number]
        assert (point.xyz == other.xyz).all()
        assert (point.color == other.color).all()
    for number, image in binary.images.items():
        other = text.images[number]
        np.testing.assert_array_equal(
            image.cam_from_world().matrix(), other.cam_from_world().matrix()
        )
        assert [p.xy.tolist() for p in image.points2D] == [p.xy.tolist() for p in other.points2D]
        assert [p.point3D_id for p in image.points2D] == [p.point3D_id for p in other.points2D]


def test_images_have_ids_from_one_without_gaps(folder: Path) -> None:
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    assert {number: image.name for number, image in model.images.items()} == {
        number: f"{number - 1:03d}.png" for number in range(1, 9)
    }
    assert list(model.cameras) == [1]


def test_points_lie_on_the_surface_and_project_to_their_observations(
    folder: Path, shifted: Dataset, mesh: trimesh.Trimesh
) -> None:
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    assert model.num_points3D() > 2000
    model.update_point_3d_errors()
    assert max(point.error for point in model.points3D.values()) < 0.01
    points = np.array([point.xyz for point in model.points3D.values()])[::20]
    # Depth is float32, and the frame has few pixels at grazing angles.
    assert surface_distances(mesh, points).max() < 1e-4 * shifted.record.bounds.radius


def test_tracks_hold_the_views_that_nothing_hides_a_point_from(
    folder: Path, mesh: trimesh.Trimesh
) -> None:
    """By rays, in which the depth maps have no part."""
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    points = np.array([point.xyz for point in model.points3D.values()])
    numbers = list(model.points3D)
    free_and_seen = free = seen = 0
    for image in model.images.values():
        center = image.projection_center()
        directions = points - center
        hit = mesh.ray.intersects_first(np.tile(center, (len(points), 1)), directions)
        # A ray ends on the surface at its own point, or is stopped before.
        normals, origins = mesh.face_normals[hit], mesh.triangles[hit][:, 0]
        reach = np.einsum("ij,ij->i", origins - center, normals)
        reach /= np.einsum("ij,ij->i", directions, normals)
        is_free = (hit >= 0) & (reach > 1 - 0.5 / image.camera.mean_focal_length())
        observed = {p.point3D_id for p in image.points2D}
        is_seen = np.array([number in observed for number in numbers])
        seen += is_seen.sum()
        free += is_free.sum()
        free_and_seen += (is_free & is_seen).sum()
    assert free_and_seen / seen > 0.995
    # Beside edges, where a depth map of so few pixels cannot tell, it says no.
    assert free_and_seen / free > 0.5


def test_colours_of_points_are_those_of_the_images(folder: Path) -> None:
    """Each is that of a pixel in which the point is the very centre, of some view."""
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    own: set[int] = set()
    for image in model.images.values():
        with Image.open(folder / "images" / image.name) as picture:
            levels = np.asarray(picture.convert("RGBA"))[..., :3]
        for point in image.points2D:
            column, row = np.floor(point.xy).astype(int)
            if (levels[row, column] == model.point3D(point.point3D_id).color).all():
                own.add(point.point3D_id)
    # Of the rest, their own view does not see them: they lie at its outlines.
    assert len(own) > 0.7 * model.num_points3D()


def test_points_come_from_the_views_that_train(shifted: Dataset, tmp_path: Path) -> None:
    """What is held out lends neither its depth nor its colour to points3D."""
    split = tmp_path / "split.json"
    split.write_text('{"train": [1], "test": [0, 2, 3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    sparse = tmp_path / "out" / "sparse" / "0"
    points = pycolmap.Reconstruction(sparse).points3D.values()
    pixels = dict(by_colmap(sparse))["001.png"](np.array([point.xyz for point in points]))
    # Each is the centre of a pixel of view 1.
    np.testing.assert_allclose(pixels % 1, 0.5, atol=1e-6)


# Images, masks, lists


def test_images_are_the_dataset_s_own_bytes_and_masks_its_ids(
    shifted: Dataset, folder: Path
) -> None:
    for name, index in names(folder).items():
        view = shifted.view(index)
        assert (folder / "images" / name).read_bytes() == view.path("render").read_bytes()
        with Image.open(folder / "masks" / f"{name}.png") as mask:
            assert mask.mode == "L"
            kept = np.asarray(mask)
        np.testing.assert_array_equal(kept, np.where(view.read("mask") > 0, 255, 0))


def test_a_split_is_written_for_3d_gaussian_splatting_and_nerfstudio(
    shifted: Dataset, folder: Path, tmp_path: Path
) -> None:
    held_out = ["000.png", "004.png"]
    train = ["001.png", "002.png", "003.png", "005.png", "006.png", "007.png"]
    assert (folder / "sparse" / "0" / "test.txt").read_text().split() == held_out
    for part, listed in (("train", train), ("val", held_out), ("test", held_out)):
        assert (folder / f"{part}_list.txt").read_text().split() == listed
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 2], "val": [5], "test": [3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    sparse = tmp_path / "out" / "sparse" / "0"
    assert (sparse / "test.txt").read_text().split() == ["003.png", "005.png"]
    assert (tmp_path / "out" / "val_list.txt").read_text().split() == ["005.png"]
    assert (tmp_path / "out" / "test_list.txt").read_text().split() == ["003.png"]


def test_without_a_split_there_are_no_lists(shifted: Dataset, tmp_path: Path) -> None:
    converted(NAME, shifted.folder, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("test.txt"))
    assert not list((tmp_path / "out").glob("*_list.txt"))


def test_jpeg_images_stay_and_their_masks_are_named_after_them(tmp_path: Path) -> None:
    settings = ("render.image_settings.file_format=JPEG", "render.film_transparent=false")
    dataset = make(tmp_path / "in", 3, *CENTRED, *settings)
    converted(NAME, dataset.folder, tmp_path / "out")
    assert names(tmp_path / "out") == {"000.jpg": 0, "001.jpg": 1, "002.jpg": 2}
    masks = sorted(path.name for path in (tmp_path / "out" / "masks").iterdir())
    assert masks == ["000.jpg.png", "001.jpg.png", "002.jpg.png"]
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_each_calibration_is_a_camera(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 3, *CENTRED, "camera.lens.focal_length=[40.0, 60.0]")
    converted(NAME, dataset.folder, tmp_path / "out")
    model = pycolmap.Reconstruction(tmp_path / "out" / "sparse" / "0")
    assert sorted(model.cameras) == [1, 2, 3]
    assert largest_error_px(dataset, tmp_path / "out") < 0.01
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


# COLMAP's own programs


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Images with enough pixels to match features in."""
    path = tmp_path_factory.mktemp("toys") / "out"
    script, config = ROOT / "generate-batch.py", ROOT / "compat" / NAME / "known_pose_way.toml"
    model = ROOT / "references" / "models" / "blocks.glb"
    settings = [
        "render.samples=8", "camera.location.mode=orbit",
        "camera.location.orbit.turns=0.3", "camera.location.orbit.radius=0.7",
    ]  # fmt: skip
    words = [word for setting in settings for word in ("--set", setting)]
    subprocess.run(
        [sys.executable, script, model, path, "10", "--config", config, *words],
        check=True, capture_output=True,
    )  # fmt: skip
    return Dataset.open(path)


@pytest.fixture(scope="module")
def project(toys: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("project") / "toys"
    converted(NAME, toys.folder, path, "--dense")
    return path


def toys_distances(toys: Dataset, points: Array) -> Array:
    """How far points lie from the surface, in radii of the scene."""
    mesh = trimesh.load_mesh(toys.folder / "mesh.ply", process=False)
    chosen = np.random.default_rng(0).permutation(len(points))[:500]
    return surface_distances(mesh, points[chosen]) / toys.record.bounds.radius


def test_features_are_triangulated_from_the_known_poses(toys: Dataset, project: Path) -> None:
    model = triangulated(project)
    assert model.num_reg_images() == 10
    assert model.num_points3D() > 50
    assert model.compute_mean_reprojection_error() < 0.6
    known = pycolmap.Reconstruction(project / "sparse" / "0")
    for number, image in known.images.items():
        np.testing.assert_allclose(
            model.image(number).cam_from_world().matrix(), image.cam_from_world().matrix(),
            rtol=0, atol=1e-12,
        )  # fmt: skip
    assert model.camera(1).params.tolist() == known.camera(1).params.tolist()
    points = np.array([point.xyz for point in model.points3D.values()])
    # Features are found to a third of a pixel, and neighbours stand 11 degrees apart.
    assert np.median(toys_distances(toys, points)) < 5e-3
    # Features lie on the toys alone, which the masks keep.
    with closing(sqlite3.connect(project / "database.db")) as database:
        rows = database.execute(
            "SELECT images.name, rows, cols, data FROM keypoints JOIN images "
            "ON images.image_id = keypoints.image_id"
        ).fetchall()
    assert len(rows) == 10
    for name, count, columns, data in rows:
        with Image.open(project / "masks" / f"{name}.png") as image:
            mask = np.asarray(image)
        x, y = np.frombuffer(data, np.float32).reshape(count, columns)[:, :2].astype(int).T
        assert mask[y, x].all()


def test_undistorting_changes_nothing(project: Path) -> None:
    folder = undistorted(project)
    for name in names(project):
        image = (folder / "images" / name).read_bytes()
        assert image == (project / "images" / name).read_bytes()
    camera = pycolmap.Reconstruction(folder / "sparse").camera(1)
    known = pycolmap.Reconstruction(project / "sparse" / "0").camera(1)
    assert camera.params.tolist() == known.params.tolist()


def test_depth_and_normal_maps_are_fused_to_the_true_surface(
    toys: Dataset, project: Path, tmp_path: Path
) -> None:
    points = fused(project)
    assert len(points) > 5000
    median = np.median(toys_distances(toys, points))
    assert median < 5e-5
    # The same with cameras whose first pixel has its centre at (0.5, 0.5), as in sparse/0.
    shutil.copytree(project / "dense", tmp_path / "dense")
    shutil.rmtree(tmp_path / "dense" / "sparse")
    shutil.copytree(project / "sparse" / "0", tmp_path / "dense" / "sparse")
    assert np.median(toys_distances(toys, fused(tmp_path))) > 10 * median


def test_maps_without_a_surface_are_fused_to_no_points(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "dense", tmp_path / "dense")
    for path in (tmp_path / "dense" / "stereo" / "depth_maps").iterdir():
        write_map(path, np.zeros_like(read_map(path)))
    assert fused(tmp_path).shape == (0, 3)


def test_normals_that_face_elsewhere_are_not_fused(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "dense", tmp_path / "dense")
    for path in (tmp_path / "dense" / "stereo" / "normal_maps").iterdir():
        write_map(path, read_map(path)[..., [1, 2, 0]])
    assert len(fused(tmp_path)) < 0.5 * len(fused(project))


def test_depth_maps_are_read_by_colmap(shifted: Dataset, folder: Path) -> None:
    for name, index in names(folder).items():
        depth = pycolmap.DepthMap()
        depth.read(folder / "dense" / "stereo" / "depth_maps" / f"{name}.geometric.bin")
        np.testing.assert_array_equal(depth.to_array(), shifted.view(index).read("depth"))


def test_normals_in_world_and_in_cam_give_the_same_maps(folder: Path, tmp_path: Path) -> None:
    """`shifted` has them in world."""
    from tests.compat.datasets import SHIFTED

    dataset = make(tmp_path / "in", 1, *SHIFTED, "plugins.normal.frame=cam")
    converted(NAME, dataset.folder, tmp_path / "out", "--dense")
    name = Path("dense") / "stereo" / "normal_maps" / "000.png.geometric.bin"
    found, wanted = read_map(tmp_path / "out" / name), read_map(folder / name)
    assert found.any()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1.5e-3)  # two roundings to half


def test_the_whole_way_is_one_command(toys: Dataset, tmp_path: Path) -> None:
    script = ROOT / "compat" / NAME / "known_pose_way.py"
    done = subprocess.run(
        [sys.executable, script, toys.folder, tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    numbers = r"[0-9.e-]+"
    for name in ("points3D of sparse/0", "triangulated", "fused"):
        line = rf"^{name:22} \d+ points; from the surface: median {numbers} mm, 95 % within"
        assert re.search(rf"{line} {numbers} mm$", done.stdout, re.MULTILINE), done.stdout


def test_the_whole_way_can_end_without_a_point(shifted: Dataset, tmp_path: Path) -> None:
    """Of so few pixels no features match."""
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    for path in dataset.glob("00[2-7]_view.json"):
        path.unlink()
    script = ROOT / "compat" / NAME / "known_pose_way.py"
    done = subprocess.run(
        [sys.executable, script, dataset, tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, triangulated_line, fused_line = done.stdout.splitlines()
    assert triangulated_line == f"{'triangulated':22} 0 points"
    assert fused_line.startswith(f"{'fused':22} 2 points; ")


def test_the_whole_way_needs_the_mesh(centred: Dataset, tmp_path: Path) -> None:
    script = ROOT / "compat" / NAME / "known_pose_way.py"
    done = subprocess.run(
        [sys.executable, script, centred.folder, tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        f'known_pose_way.py: {centred.folder} has no mesh.ply; add "mesh" to [plugins] enabled '
        "and render again\n",
    )


def test_a_colmap_program_of_any_version_opens_database_and_model(
    shifted: Dataset, tmp_path: Path
) -> None:
    program = shutil.which("colmap")
    if program is None:
        pytest.skip("no colmap program here")
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder)
    (tmp_path / "text").mkdir()
    sparse = folder / "sparse" / "0"
    for words in (
        ["database_cleaner", "--type", "features", "--database_path", folder / "database.db"],
        ["model_converter", "--input_path", sparse, "--output_path", tmp_path / "text",
         "--output_type", "TXT"],
    ):  # fmt: skip
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    again = dict(by_text(tmp_path / "text"))
    for name, index in names(folder).items():
        points, pixels = surface(shifted.view(index))
        assert np.abs(again[name](points) - pixels).max() < 0.01


def test_the_check_leaves_the_database_as_it_is(shifted: Dataset, tmp_path: Path) -> None:
    """COLMAP adds tables to what it opens, which older versions cannot read."""
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder)
    before = (folder / "database.db").read_bytes()
    assert converted(NAME, "--verify", shifted.folder, folder).code == 0
    assert (folder / "database.db").read_bytes() == before
    assert not list(folder.glob("database.db-*"))


# What cannot be converted whole


@pytest.mark.parametrize(
    ("plugins", "options", "kind"),
    [
        ('["mask"]', [], "depth"),
        ('["depth"]', [], "mask"),
        ('["depth", "mask"]', ["--dense"], "normal"),
    ],
)
def test_a_plugin_that_is_needed_is_named(
    tmp_path: Path, plugins: str, options: list[str], kind: str
) -> None:
    folder = tmp_path / "in"
    make(folder, 1, *CENTRED, f"plugins.enabled={plugins}")
    result = run(NAME, folder, tmp_path / "out", *options)
    assert (result.code, result.said) == (
        2,
        [
            f"to_colmap.py: view 0 of {folder} has no {kind}, which this format needs; add "
            f'"{kind}" to [plugins] enabled and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_views_without_a_common_point_give_a_warning(shifted: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, shifted.folder, tmp_path / "out", "--views", "3")
    assert result.said == [
        "warning: two views see no point of the surface in common, so points3D is empty, which "
        "COLMAP takes and 3D Gaussian splatting and nerfstudio do not; choose views that overlap"
    ]
    assert pycolmap.Reconstruction(tmp_path / "out" / "sparse" / "0").num_points3D() == 0
    assert converted(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, far.folder, tmp_path / "out")
    assert result.said == [
        "warning: the model lies far from its origin: sparse/0 is exact, but stereo_fusion and 3D "
        "Gaussian splatting compute in float32, whose numbers are coarse there; set "
        "model.normalize and render again"
    ]
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


@pytest.mark.parametrize("text", ["0", "-5", "many", "1.5"])
def test_a_number_of_points_that_is_none(shifted: Dataset, tmp_path: Path, text: str) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", f"--points={text}")
    assert (result.code, result.said) == (
        2,
        [
            f"to_colmap.py: argument --points: expected a number of at least 1, found '{text}'; "
            "--help lists the arguments"
        ],
    )


# Breaking it


def edited(folder: Path, change: Callable[[Any], None]) -> None:
    """Write the sparse model anew with a change."""
    sparse = folder / "sparse" / "0"
    model = pycolmap.Reconstruction(sparse)
    change(model)
    model.write_text(sparse)
    model.write_binary(sparse)


def half_a_pixel(folder: Path) -> None:
    def change(model: Any) -> None:
        model.camera(1).principal_point_x += 0.5

    edited(folder, change)


def turned(folder: Path, turn: Callable[[Array], Array]) -> None:
    """Change each `cam_from_world`, (3, 4)."""

    def change(model: Any) -> None:
        for frame in model.frames.values():
            frame.rig_from_world = pycolmap.Rigid3d(turn(frame.rig_from_world.matrix()))

    edited(folder, change)


def flipped(folder: Path) -> None:
    turned(folder, lambda matrix: np.diag([1.0, -1.0, -1.0]) @ matrix)


def transposed(folder: Path) -> None:
    turned(folder, lambda matrix: np.c_[matrix[:, :3].T, matrix[:, 3]])


def camera_to_world(folder: Path) -> None:
    turned(folder, lambda matrix: np.linalg.inv(np.r_[matrix, [[0, 0, 0, 1]]])[:3])


@pytest.fixture(scope="module")
def small(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "out"
    converted(NAME, shifted.folder, path, "--points", "500", "--dense", "--views", "0:3")
    assert run(NAME, "--verify", shifted.folder, path).code == 0
    return path


@pytest.fixture
def fresh(small: Path, tmp_path: Path) -> Path:
    """A conversion to damage."""
    return Path(shutil.copytree(small, tmp_path / "out"))


def told(shifted: Dataset, folder: Path) -> str:
    """What the check finds wrong, after the words that are always the same."""
    result = run(NAME, "--verify", shifted.folder, folder)
    assert result.code == 1
    start = f"to_colmap.py: {folder} does not agree with {shifted.folder}: "
    (line,) = result.said
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.parametrize("damage", [half_a_pixel, flipped, transposed, camera_to_world])
def test_a_small_fault_of_the_cameras_is_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None]
) -> None:
    damage(fresh)
    assert not largest_error_px(shifted, fresh) < 0.01
    assert "surface points: " in told(shifted, fresh)


def moved_points(folder: Path) -> None:
    def change(model: Any) -> None:
        for point in model.points3D.values():
            point.xyz = point.xyz * 1.001

    edited(folder, change)


def text_alone(folder: Path) -> None:
    path = folder / "sparse" / "0" / "cameras.txt"
    path.write_text(path.read_text().replace(" 120 90 ", " 120 91 "))


def swapped_masks(folder: Path) -> None:
    one, other = folder / "masks" / "000.png.png", folder / "masks" / "001.png.png"
    one.rename(folder / "kept")
    other.rename(one)
    (folder / "kept").rename(other)


def swapped_images(folder: Path) -> None:
    shutil.copyfile(folder / "images" / "001.png", folder / "images" / "000.png")


def missing_mask(folder: Path) -> None:
    (folder / "masks" / "002.png.png").unlink()


def masks_removed(folder: Path) -> None:
    shutil.rmtree(folder / "masks")


def images_removed(folder: Path) -> None:
    shutil.rmtree(folder / "images")


def one_image_more(folder: Path) -> None:
    """COLMAP goes through folders in folders too."""
    (folder / "images" / "more").mkdir()
    shutil.copyfile(folder / "images" / "001.png", folder / "images" / "more" / "003.jpeg")


def last_view_removed(folder: Path) -> None:
    (folder / "images" / "002.png").unlink()
    (folder / "masks" / "002.png.png").unlink()
    image_in_sparse_removed(folder)


def image_in_sparse_removed(folder: Path) -> None:
    def change(model: Any) -> None:
        model.deregister_frame(model.image(3).frame_id)
        for number in [number for number in model.images if number == 3]:
            del model.images[number]

    edited(folder, change)


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))


def swapped_dense_images(folder: Path) -> None:
    path = folder / "dense" / "images" / "000.png"
    path.unlink()  # it may be the file in images/ under a second name
    shutil.copyfile(folder / "images" / "001.png", path)


def dense_images_removed(folder: Path) -> None:
    shutil.rmtree(folder / "dense" / "images")


def dense_removed(folder: Path) -> None:
    shutil.rmtree(folder / "dense")


def second_poses(folder: Path) -> None:
    (folder / "dense" / "sparse" / "frames.bin").write_bytes(b"")


def nothing_to_fuse(folder: Path) -> None:
    (folder / "dense" / "stereo" / "fusion.cfg").write_text("")


def nothing_to_match(folder: Path) -> None:
    (folder / "dense" / "stereo" / "patch-match.cfg").write_text("")


def lists_without_a_split(folder: Path) -> None:
    (folder / "val_list.txt").write_text("000.png\n")


FILES = 3 * 5 + 5
"""Images, masks, images of dense/, two maps each; two configurations and three of the model."""

BEYOND = ", which is not of this conversion"


def renumbered(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "database.db")) as database, database:
        database.execute("UPDATE images SET image_id = 9 WHERE image_id = 3")


def nearer(folder: Path) -> None:
    for path in (folder / "dense" / "stereo" / "depth_maps").iterdir():
        write_map(path, read_map(path) * np.float32(0.999))


def interleaved(folder: Path) -> None:
    for path in (folder / "dense" / "stereo" / "normal_maps").iterdir():
        normals = read_map(path)
        write_map(path, normals.reshape(3, *normals.shape[:2]).transpose(1, 2, 0))


def with_corner_centres(folder: Path) -> None:
    for path in (folder / "dense" / "sparse").iterdir():
        shutil.copyfile(folder / "sparse" / "0" / path.name, path)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (moved_points, "points3D: "),
        (text_alone, "sparse/0: text and binary differ"),
        (swapped_masks, "masks: "),
        (swapped_images, "colours: "),
        (missing_mask, f"files: {FILES - 1} of {FILES}, without masks/002.png.png"),
        (masks_removed, f"files: {FILES - 3} of {FILES}, without masks/000.png.png"),
        (images_removed, f"files: {FILES - 3} of {FILES}, without images/000.png"),
        (one_image_more, f"files: {FILES} of {FILES}, and images/more/003.jpeg{BEYOND}"),
        (last_view_removed, f"files: {FILES - 2} of {FILES}, without images/002.png"),
        (no_views, "files: no view in conversion.json"),
        (
            image_in_sparse_removed,
            "images in sparse/0: 2 of 3",
        ),
        (swapped_dense_images, "dense: colours: "),
        (dense_images_removed, f"files: {FILES - 3} of {FILES}, without dense/images/000.png"),
        (dense_removed, f"files: 6 of {FILES}, without dense/images/000.png"),
        (second_poses, f"files: {FILES} of {FILES}, and dense/sparse/frames.bin{BEYOND}"),
        (nothing_to_fuse, "dense: fusion.cfg: not as it was written"),
        (nothing_to_match, "dense: patch-match.cfg: not as it was written"),
        (lists_without_a_split, "split: val_list.txt is not that of 3 train"),
        (renumbered, "database: 1 cameras, 3 images as sparse/0"),
        (nearer, "dense: depth: "),
        (interleaved, "dense: normals: "),
        (with_corner_centres, "dense: surface points: "),
    ],
)
def test_other_faults_are_noticed(
    shifted: Dataset, fresh: Path, damage: Callable[[Path], None], word: str
) -> None:
    damage(fresh)
    assert told(shifted, fresh).startswith(word)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("sparse/0/test.txt", None),
        ("sparse/0/test.txt", ["000.png"]),
        ("train_list.txt", None),
        ("train_list.txt", ["001.png", "002.png"]),
        ("val_list.txt", None),
        ("test_list.txt", ["004.png", "000.jpg"]),
    ],
)
def test_lists_of_another_split_are_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, name: str, lines: list[str] | None
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    assert run(NAME, "--verify", shifted.folder, broken).code == 0
    (broken / name).unlink()
    if lines is not None:
        (broken / name).write_text("".join(f"{line}\n" for line in lines))
    assert told(shifted, broken) == f"split: {name} is not that of 6 train, 2 test"


@pytest.mark.parametrize(
    "split", [None, {"train": "all"}, {"train": ["0"]}, {"rest": [0]}, {"test": [0]}]
)
def test_a_record_without_its_split_is_refused(
    shifted: Dataset, fresh: Path, split: object
) -> None:
    path = fresh / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "split": split}))
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert (result.code, result.said) == (
        2,
        [f"to_colmap.py: {path} lacks the split; convert again"],
    )


def test_binary_files_of_the_right_size_that_colmap_cannot_read(
    shifted: Dataset, fresh: Path
) -> None:
    path = fresh / "sparse" / "0" / "images.bin"
    data = bytearray(path.read_bytes())
    data[8 + 4 + 7 * 8] = 99  # the first image's camera
    path.write_bytes(data)
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert result.said[-1].startswith(f"to_colmap.py: COLMAP cannot read {fresh}/sparse/0: ")


@pytest.mark.parametrize(
    ("name", "keep"),
    [("cameras.bin", 5), ("images.bin", 100), ("points3D.bin", 0), ("points3D.bin", 5000)],
)
@pytest.mark.parametrize("place", ["sparse/0", "dense/sparse"])
def test_binary_files_that_were_cut_short_are_noticed(
    shifted: Dataset, fresh: Path, place: str, name: str, keep: int
) -> None:
    path = fresh / place / name
    path.write_bytes(path.read_bytes()[:keep])
    assert (
        told(shifted, fresh)
        == {
            "sparse/0": "sparse/0: text and binary differ",
            "dense/sparse": "dense: sparse: not the cameras, images and points of sparse/0",
        }[place]
    )


@pytest.mark.parametrize(
    ("name", "keep", "message"),
    [
        ("sparse/0/images.txt", None, "COLMAP cannot read {folder}/sparse/0: "),
        (
            "sparse/0/images.bin",
            None,
            "{folder}/sparse/0/images.bin cannot be read: No such file or directory",
        ),
        ("sparse/0/points3D.txt", 3000, "COLMAP cannot read {folder}/sparse/0: "),
        ("database.db", 300, "COLMAP cannot read {folder}/database.db: "),
        ("database.db", None, "COLMAP cannot read {folder}/database.db: "),
        ("masks/001.png.png", 50, "{folder}/masks/001.png.png cannot be read as an image: "),
        (
            "dense/stereo/depth_maps/000.png.geometric.bin",
            50,
            "{folder}/dense/stereo/depth_maps/000.png.geometric.bin cannot be read as a map of "
            "COLMAP: ",
        ),
    ],
)
def test_what_cannot_be_read_is_named(
    shifted: Dataset, fresh: Path, name: str, keep: int | None, message: str
) -> None:
    path = fresh / name
    if keep is not None:
        path.write_bytes(path.read_bytes()[:keep])
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    (line,) = result.said
    assert line.startswith(f"to_colmap.py: {message.format(folder=fresh)}")


def test_a_dense_model_of_other_images_is_named(shifted: Dataset, fresh: Path) -> None:
    path = fresh / "dense" / "sparse" / "images.bin"
    path.write_bytes(path.read_bytes().replace(b"002.png", b"009.png"))
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert result.said[-1] == (f"to_colmap.py: {path.parent} has no image 002.png; convert again")


def test_normals_of_another_frame_are_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Dataset.open(shutil.copytree(shifted.folder, tmp_path / "in"))
    view = dataset.view(0)
    path = view.path("normal")
    write_exr(
        path,
        read_exr(path),
        cam_from_world=view.camera.cam_from_world,
        attributes={"viewbatch/quantity": "surface normal in model"},
    )
    refresh_hashes(view)
    result = run(NAME, dataset.folder, tmp_path / "out", "--dense")
    assert result.code == 2
    assert result.said[-1] == (
        f"to_colmap.py: {path} holds 'surface normal in model', expected surface normals in world "
        "or cam; render it again"
    )
