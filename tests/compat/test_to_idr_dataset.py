"""compat/to_idr_dataset: what IDR's and NeuS's loaders make of the files is our camera."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.compat.datasets import (
    CENTRED,
    SHIFTED,
    assert_settings_refused,
    converted,
    make,
    repeated,
    run,
    surface,
)
from viewbatch.dataset import Dataset

NAME = "to_idr_dataset"
Array = npt.NDArray[Any]

SCAN = "IDR itself looks for folders called scan1, scan2 and so on, not out"
BLACK = "the format has no alpha, so images are put on black (--background chooses a grey)"
ONE = "the 7 objects become one in the masks"


def views_of(folder: Path) -> list[int]:
    """Indices of the views that the images show, in the order in which loaders sort them."""
    names = json.loads((folder / "conversion.json").read_text())["views"]
    images = sorted(path.name for path in (folder / "image").iterdir())
    return [names[f"image/{name}"] for name in images]


def loaded(
    folder: Path, number: int, dtype: Any = np.float64, file: str = "cameras.npz"
) -> tuple[Array, Array, Array, Array]:
    """(K, cam_from_unit, centre in the unit sphere's frame, world_from_unit) of an image.

    As `load_K_Rt_from_P` of both loaders, which work in float32, has them.
    """
    with np.load(folder / file) as matrices:
        world_mat = matrices[f"world_mat_{number}"].astype(dtype)
        scale_mat = matrices[f"scale_mat_{number}"].astype(dtype)
    k, rotation, center, *_ = cv2.decomposeProjectionMatrix((world_mat @ scale_mat)[:3])
    return k / k[2, 2], rotation, (center[:3] / center[3])[:, 0], scale_mat


def largest_error_px(dataset: Dataset, folder: Path, dtype: Any = np.float64) -> float:
    """How far the surface lands from its pixels, whose centres are integers here."""
    worst = 0.0
    for number, index in enumerate(views_of(folder)):
        points, pixels = surface(dataset.view(index))
        k, rotation, center, scale_mat = loaded(folder, number, dtype)
        in_unit = (
            np.linalg.inv(scale_mat.astype(np.float64)) @ np.c_[points, np.ones(len(points))].T
        )
        x, y, z = rotation @ (in_unit[:3] - center[:, None])
        # The inverse of IDR's `lift`, which knows a skew.
        u = (k[0, 0] * x + k[0, 1] * y) / z + k[0, 2]
        v = k[1, 1] * y / z + k[1, 2]
        off = np.abs(np.stack([u, v], axis=-1) - (pixels - 0.5))
        worst = max(worst, float(np.where(z[:, None] > 0, off, np.inf).max()))
    return worst


@pytest.fixture(scope="module")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("idr") / "scan7"
    result = converted(NAME, shifted.folder, path, "--background", "0.5")
    assert result.said == [
        f"warning: the format has no alpha, so images are put on grey of 0.5; {ONE}"
    ]
    return path


def test_the_surface_lands_on_its_pixels(shifted: Dataset, folder: Path) -> None:
    assert run(NAME, "--verify", shifted.folder, folder).code == 0
    assert largest_error_px(shifted, folder) < 0.01
    assert largest_error_px(shifted, folder, np.float32) < 0.01


def test_opencv_decomposes_the_matrices_to_our_cameras(shifted: Dataset, folder: Path) -> None:
    assert views_of(folder) == [view.index for view in shifted.views]
    for number, view in enumerate(shifted.views):
        k, rotation, center, scale_mat = loaded(folder, number)
        ours = view.camera.intrinsics
        expected = [[ours.fx, 0, ours.cx - 0.5], [0, ours.fy, ours.cy - 0.5], [0, 0, 1]]
        # Float64 through a QR decomposition of numbers up to a few hundred.
        np.testing.assert_allclose(k, expected, atol=1e-9)
        np.testing.assert_allclose(rotation, view.camera.cam_from_world[:3, :3], atol=1e-9)
        in_world = (scale_mat @ [*center, 1.0])[:3]
        np.testing.assert_allclose(in_world, view.camera.center_in_world, atol=1e-9)


def test_the_object_lies_in_the_unit_sphere_and_fills_it(shifted: Dataset, folder: Path) -> None:
    reach = []
    for number, view in enumerate(shifted.views):
        points = view.read("position")[view.read("mask") > 0]
        *_, scale_mat = loaded(folder, number)
        in_unit = np.linalg.inv(scale_mat) @ np.c_[points, np.ones(len(points))].T
        reach.append(np.linalg.norm(in_unit[:3], axis=0).max())
    assert 0.8 < max(reach) < 1


@pytest.mark.parametrize(
    ("options", "factor"), [((), 1.1), (("--margin", "0.5"), 1.5), (("--margin", "0"), 1.0)]
)
def test_the_scale_brings_the_unit_sphere_to_world(
    shifted: Dataset, tmp_path: Path, options: tuple[str, ...], factor: float
) -> None:
    converted(NAME, shifted.folder, tmp_path / "out", *options)
    bounds = shifted.record.bounds
    for number in range(len(shifted.views)):
        *_, scale_mat = loaded(tmp_path / "out", number)
        assert scale_mat[3].tolist() == [0, 0, 0, 1]
        np.testing.assert_allclose(scale_mat[:3, :3], factor * bounds.radius * np.eye(3))
        assert scale_mat[:3, 3].tolist() == list(bounds.center)
    assert run(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_neus_finds_the_same_under_its_own_name(folder: Path) -> None:
    for number in range(len(views_of(folder))):
        for ours, theirs in zip(
            loaded(folder, number), loaded(folder, number, file="cameras_sphere.npz"), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_images_have_three_channels_on_the_background(shifted: Dataset, folder: Path) -> None:
    soft = 0
    for number, view in enumerate(shifted.views):
        with Image.open(folder / "image" / f"{number:03d}.png") as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            levels = np.asarray(image, dtype=np.float64)
        with Image.open(view.path("render")) as image:
            *color, alpha = np.moveaxis(np.asarray(image.convert("RGBA")) / 255, -1, 0)
        expected = np.stack([c * alpha + 128 / 255 * (1 - alpha) for c in color], axis=-1) * 255
        assert np.abs(levels - expected).max() <= 1
        soft += np.count_nonzero((alpha > 0) & (alpha < 1))
    assert soft


def test_masks_are_the_objects_to_both_loaders(shifted: Dataset, folder: Path) -> None:
    for number, view in enumerate(shifted.views):
        path = folder / "mask" / f"{number:03d}.png"
        seen = view.read("mask") > 0
        with Image.open(path) as image:
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image) > 127.5, seen)
        np.testing.assert_array_equal(cv2.imread(str(path))[..., 0] / 256.0 > 0.5, seen)


def test_numbers_have_no_gaps_where_views_are_left_out(shifted: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "scan1"
    converted(NAME, shifted.folder, folder, "--views", "1,4,6")
    for kind in ("image", "mask"):
        names = sorted(path.name for path in (folder / kind).iterdir())
        assert names == ["000.png", "001.png", "002.png"]
    with np.load(folder / "cameras.npz") as matrices:
        assert set(matrices) == {f"{kind}_mat_{i}" for kind in ("world", "scale") for i in range(3)}
    assert views_of(folder) == [1, 4, 6]
    assert largest_error_px(shifted, folder) < 0.01
    assert run(NAME, "--verify", shifted.folder, folder).code == 0


def test_a_thousand_views_and_more_keep_their_order(shifted: Dataset, tmp_path: Path) -> None:
    dataset = repeated(shifted, tmp_path / "in", 1001)
    converted(NAME, dataset.folder, tmp_path / "scan1", "--link")
    assert views_of(tmp_path / "scan1") == list(range(1001))
    assert (tmp_path / "scan1" / "mask" / "1000.png").exists()
    assert (tmp_path / "scan1" / "mask" / "0999.png").exists()


def test_held_out_views_are_left_out_with_a_warning(shifted: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, shifted.folder, tmp_path / "out", "--split", "every:4")
    assert result.said == [
        "warning: IDR has no split: only the train views are converted, and 2 test views are left "
        f"out (convert them to a folder of their own with --views); {BLACK}; {ONE}; {SCAN}"
    ]
    assert result.stdout.startswith(f"{tmp_path / 'out'}: 6 views (6 train)\n")
    assert views_of(tmp_path / "out") == [1, 2, 3, 5, 6, 7]
    assert largest_error_px(shifted, tmp_path / "out") < 0.01


def test_different_intrinsics_and_jpeg_are_carried(tmp_path: Path) -> None:
    settings = (
        "camera.lens.focal_length=[40.0, 60.0]", "render.film_transparent=false",
        'render.image_settings.file_format="JPEG"',
    )  # fmt: skip
    dataset = make(tmp_path / "in", 2, *SHIFTED, *settings)
    result = converted(NAME, dataset.folder, tmp_path / "scan1")
    assert result.said == [f"warning: {ONE}"]
    assert len({view.camera.intrinsics.fx for view in dataset.views}) == 2
    assert largest_error_px(dataset, tmp_path / "scan1") < 0.01
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0


def test_a_model_far_from_its_origin_is_brought_near(tmp_path: Path) -> None:
    """In float32, which both loaders have, numbers near a million are 0.06 apart."""
    cube = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    faces = ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4")
    lines = [f"v {1048576 + x} {z} {524288 - y}" for x, y, z in cube]
    model = tmp_path / "far.obj"
    model.write_text("\n".join([*lines, *(f"f {face}" for face in faces)]) + "\n")
    dataset = make(tmp_path / "in", 2, *CENTRED, model=model)
    result = converted(NAME, dataset.folder, tmp_path / "scan1")
    assert result.said == [
        f"warning: {BLACK}; the model stands far from the origin, where float32, in which IDR and "
        "NeuS compute, is too coarse: the cameras are in world minus model.offset_m of dataset.json"
    ]
    # Positions are float32 and minus the offset too.
    assert largest_error_px(dataset, tmp_path / "scan1", np.float32) < 0.01
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0


def test_the_ground_is_no_part_of_the_object(tmp_path: Path) -> None:
    ground = ('ground.mode="plane"', "ground.in_masks=true")
    dataset = make(tmp_path / "in", 2, *CENTRED, *ground)
    assert dataset.record.objects[-1].name == "ground"
    folder = tmp_path / "out"
    result = converted(NAME, dataset.folder, folder)
    assert result.said == [f"warning: {BLACK}; {ONE}; the ground is left out of the masks; {SCAN}"]
    for number, view in enumerate(dataset.views):
        with Image.open(folder / "mask" / f"{number:03d}.png") as image:
            share = np.mean(np.asarray(image) == 255)
        # Coverage does not count the ground.
        assert share == pytest.approx(view.record.coverage)
        assert share < np.mean(view.read("mask") > 0)
    assert run(NAME, "--verify", dataset.folder, folder).code == 0

    binary = make(tmp_path / "binary", 1, *CENTRED, *ground, 'plugins.mask.mode="binary"')
    refused = run(NAME, binary.folder, tmp_path / "none")
    assert refused.code == 2
    assert refused.said == [
        f"{NAME}.py: the masks of {binary.folder} are binary and show the ground, so that it "
        "cannot be told from the object; set ground.in_masks = false, or plugins.mask.mode = "
        '"instance", and render again'
    ]
    assert not (tmp_path / "none").exists()


def test_binary_masks_do(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.mask.mode="binary"')
    converted(NAME, dataset.folder, tmp_path / "scan1")
    assert run(NAME, "--verify", dataset.folder, tmp_path / "scan1").code == 0


def test_cameras_inside_the_sphere_are_warned_of(centred: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, centred.folder, tmp_path / "out", "--margin", "20")
    assert result.said == [
        f"warning: {BLACK}; {ONE}; 8 of 8 cameras stand inside the unit sphere, and IDR and NeuS "
        f"expect them outside; {SCAN}"
    ]


def test_without_masks_the_plugin_is_named(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.enabled=["depth"]')
    result = run(NAME, dataset.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: view 0 of {dataset.folder} has no mask, which this format needs; add "
            '"mask" to [plugins] enabled and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_images_of_two_sizes_are_refused(two_sizes: Dataset, tmp_path: Path) -> None:
    result = run(NAME, two_sizes.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: view 0 of {two_sizes.folder} has 120x90 pixels and view 1 60x45, but IDR "
            "takes images of one size; choose views of one size with --views"
        ],
    )
    converted(NAME, two_sizes.folder, tmp_path / "out", "--views", "1")


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--background", "2", "expected a grey from 0 to 1, found '2'"),
        ("--background", "white", "expected a grey from 0 to 1, found 'white'"),
        ("--margin", "-0.1", "expected a number of at least 0, found '-0.1'"),
        ("--margin", "inf", "expected a number of at least 0, found 'inf'"),
    ],
)
def test_bad_numbers_are_refused(
    shifted: Dataset, tmp_path: Path, option: str, value: str, problem: str
) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", f"{option}={value}")
    assert result.code == 2
    assert [line.split(": ", 2)[2] for line in result.said] == [
        f"{problem}; --help lists the arguments"
    ]


# Breaking it


def rewritten(folder: Path, change: Callable[[str, Array], Array]) -> None:
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            changed = {key: change(key, matrices[key]) for key in matrices}
        np.savez(folder / file, **changed)


def half_a_pixel(key: str, matrix: Array) -> Array:
    return np.array([[1, 0, 0.5, 0], *np.eye(4)[1:]]) @ matrix if "world" in key else matrix


def flipped(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([1.0, -1, 1, 1]) if "world" in key else matrix


def transposed(key: str, matrix: Array) -> Array:
    if "world" in key:
        k, rotation, center, *_ = cv2.decomposeProjectionMatrix(matrix[:3])
        turned = rotation.T
        matrix = np.vstack([k @ np.c_[turned, -turned @ (center[:3] / center[3])], [0, 0, 0, 1]])
    return matrix


@pytest.mark.parametrize("change", [half_a_pixel, flipped, transposed])
def test_a_small_fault_of_the_cameras_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, change: Callable[[str, Array], Array]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, change)
    assert not largest_error_px(shifted, broken) < 0.01
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    assert f"{broken} does not agree with {shifted.folder}: surface points: " in result.stderr


def inverted(key: str, matrix: Array) -> Array:
    return np.linalg.inv(matrix) if "scale" in key else matrix


def without_centre(key: str, matrix: Array) -> Array:
    return np.diag(np.diag(matrix)) if "scale" in key else matrix


def too_small(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([0.9, 0.9, 0.9, 1]) if "scale" in key else matrix


def twice(key: str, matrix: Array) -> Array:
    return matrix @ np.diag([2.0, 2, 2, 1]) if "scale" in key else matrix


def homogeneous(key: str, matrix: Array) -> Array:
    return matrix * 2 if "scale" in key else matrix


@pytest.mark.parametrize("change", [inverted, without_centre, too_small, twice, homogeneous])
def test_another_unit_sphere_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, change: Callable[[str, Array], Array]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, change)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    bounds = shifted.record.bounds
    centre = ", ".join(f"{value:.6g}" for value in bounds.center)
    assert (
        f"unit sphere in world: radius {1.1 * bounds.radius:.6g} m, centre ({centre}): 0 of 8 views"
    ) in result.stderr


def different_scales(folder: Path) -> None:
    """Each is good alone, but the views then have no unit sphere in common."""
    rewritten(folder, lambda key, m: m @ np.diag([1.1, 1.1, 1.1, 1]) if key[-6:] == "_mat_3" else m)


def named_by_view(folder: Path) -> None:
    """The number of a view that was left out is missing."""
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            np.savez(folder / file, **{key.replace("_0", "_8"): matrices[key] for key in matrices})


def one_file_only(folder: Path) -> None:
    np.savez(folder / "cameras_sphere.npz", world_mat_0=np.eye(4), scale_mat_0=np.eye(4))


def masks_of_ones(folder: Path) -> None:
    for path in (folder / "mask").iterdir():
        with Image.open(path) as image:
            levels = np.asarray(image)
        Image.fromarray(levels // 255).save(path)


def shifted_mask(folder: Path) -> None:
    path = folder / "mask" / "002.png"
    with Image.open(path) as image:
        levels = np.asarray(image)
    Image.fromarray(np.roll(levels, 1, axis=1)).save(path)


def no_mask(folder: Path) -> None:
    (folder / "mask" / "007.png").unlink()


def last_view_removed(folder: Path) -> None:
    no_mask(folder)
    (folder / "image" / "007.png").unlink()


def stale_jpeg(folder: Path) -> None:
    """IDR's loader takes JPEG as well."""
    with Image.open(folder / "image" / "007.png") as image:
        image.save(folder / "image" / "008.jpg")


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))


def cameras_removed(folder: Path) -> None:
    (folder / "cameras_sphere.npz").unlink()


def one_matrix_more(folder: Path) -> None:
    for file in ("cameras.npz", "cameras_sphere.npz"):
        with np.load(folder / file) as matrices:
            np.savez(folder / file, world_mat_8=np.eye(4), **matrices)


def four_channels(folder: Path) -> None:
    path = folder / "image" / "002.png"
    with Image.open(path) as image:
        clear = image.convert("RGBA")
    clear.save(path)


def swapped_images(folder: Path) -> None:
    first, second = (folder / "image" / f"{number:03d}.png" for number in (0, 1))
    data = first.read_bytes(), second.read_bytes()
    first.write_bytes(data[1])
    second.write_bytes(data[0])


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (different_scales, "surface points: "),
        (named_by_view, "matrices: 16 of 16, without scale_mat_0\n"),
        (one_matrix_more, "matrices: 17 of 16\n"),
        (one_file_only, "cameras_sphere.npz: differs from cameras.npz"),
        (masks_of_ones, "masks: "),
        (shifted_mask, "masks: "),
        (no_mask, "files: 17 of 18, without mask/007.png\n"),
        (last_view_removed, "files: 16 of 18, without image/007.png\n"),
        (stale_jpeg, "files: 18 of 18, and image/008.jpg, which is not of this conversion\n"),
        (no_views, "files: no view in conversion.json\n"),
        (cameras_removed, "files: 17 of 18, without cameras_sphere.npz\n"),
        (four_channels, "colours: "),
        (swapped_images, "colours: "),
    ],
)
def test_other_damage_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    damage(broken)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    assert f"{broken} does not agree with {shifted.folder}: {answer}" in result.stderr


def no_archive(folder: Path) -> Path:
    (folder / "cameras.npz").write_bytes(b"PK")
    return folder / "cameras.npz"


def cut_archive(folder: Path) -> Path:
    path = folder / "cameras.npz"
    path.write_bytes(path.read_bytes()[:500])
    return path


def one_array(folder: Path) -> Path:
    path = folder / "cameras_sphere.npz"
    with path.open("wb") as file:
        np.save(file, np.eye(4))
    return path


def text(folder: Path) -> Path:
    np.savez(folder / "cameras.npz", world_mat_0="K")
    return folder / "cameras.npz"


def objects(folder: Path) -> Path:
    np.savez(folder / "cameras.npz", world_mat_0=np.array([{}]))
    return folder / "cameras.npz"


@pytest.mark.parametrize("damage", [no_archive, cut_archive, one_array, text, objects])
def test_cameras_that_cannot_be_read_are_named(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Path], Path]
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    path = damage(broken)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 2
    assert result.said[0].startswith(f"{NAME}.py: {path} cannot be read as matrices: ")


@pytest.mark.parametrize(
    ("matrix", "answer"),
    [
        (np.eye(3), "{path} has a scale_mat_0 that is no 4x4 matrix of numbers; convert again"),
        (np.full((4, 4), np.nan), "{path} has a scale_mat_0 that is no 4x4 matrix of numbers; "
         "convert again"),
        (np.zeros((4, 4)), "{path} has a scale_mat_0 without an inverse; convert again"),
    ],
)  # fmt: skip
def test_matrices_of_another_form_are_named(
    shifted: Dataset, folder: Path, tmp_path: Path, matrix: Array, answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    rewritten(broken, lambda key, old: matrix if key == "scale_mat_0" else old)
    result = run(NAME, "--verify", shifted.folder, broken)
    message = answer.format(path=broken / "cameras.npz")
    assert (result.code, result.said) == (2, [f"{NAME}.py: {message}"])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting background; convert again"),
        (
            {"background": 2, "margin": 0.1},
            "has 2 for the setting background, which no conversion has; convert again",
        ),
        (
            {"background": 0, "margin": "x"},
            "has 'x' for the setting margin, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset, folder: Path, tmp_path: Path, settings: dict[str, object], problem: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    assert_settings_refused(NAME, shifted, broken, settings, problem)


def test_a_mask_that_is_no_image_is_named(shifted: Dataset, folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "scan1"))
    (broken / "mask" / "003.png").write_bytes(b"none")
    result = run(NAME, "--verify", shifted.folder, broken)
    path = broken / "mask" / "003.png"
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {path} cannot be read as an image: cannot identify image file '{path}'; "
            "convert again"
        ],
    )
