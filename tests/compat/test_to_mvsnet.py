"""compat/to_mvsnet: what the readers of MVSNet and its kin make of the files is true.

The readers here parse as those do: MVSNet's own by words, those in PyTorch by lines.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import trimesh
from PIL import Image

from compat.to_mvsnet import pairs
from compat.to_mvsnet.depth import Surfaces, bracket
from tests.compat.datasets import CENTRED, SHIFTED, converted, make, run, surface
from tests.verify.damage import rewrite
from viewbatch.dataset import Dataset, View

NAME = "to_mvsnet"
Array = npt.NDArray[Any]

LAYOUTS = ("mvsnet", "dtu", "blendedmvs")
NEAR = (
    *SHIFTED,
    "camera.location.quasi_random.inc_min='pi/4'",
    "camera.location.quasi_random.azi_max='pi/2'",
)
VIEWS = 14

ONE = "all objects are one, as neither depth nor masks tell them apart"
ALPHA = "the format has no alpha, so images are put on black (--background chooses a grey)"
FEW = (
    "with {} views each has {}, and readers that expect 10 (MVSNet's own of DTU) fail; "
    "they need 11 views"
)
SIZE = "networks need sizes that are multiples of 32, and 120x90 is not; render another size"


@dataclass(frozen=True)
class Names:
    """Where a layout's loaders look for what they read of a view, by its number."""

    image: Callable[[int], str]
    camera: Callable[[int], str]
    depth: Callable[[int], str]
    pairs: str
    step: int
    center: float


NAMES = {
    "mvsnet": Names(
        image=lambda n: f"images/{n:0>8}.jpg",
        camera=lambda n: f"cams/{n:0>8}_cam.txt",
        depth=lambda n: f"depths/{n:0>8}.pfm",
        pairs="pair.txt",
        step=1,
        center=0.5,
    ),
    "dtu": Names(
        image=lambda n: f"Rectified/scan1_train/rect_{n + 1:0>3}_3_r5000.png",
        camera=lambda n: f"Cameras/train/{n:0>8}_cam.txt",
        depth=lambda n: f"Depths/scan1_train/depth_map_{n:0>4}.pfm",
        pairs="Cameras/pair.txt",
        step=4,
        center=0.0,
    ),
    "blendedmvs": Names(
        image=lambda n: f"blended_images/{n:08d}.jpg",
        camera=lambda n: f"cams/{n:08d}_cam.txt",
        depth=lambda n: f"rendered_depth_maps/{n:08d}.pfm",
        pairs="cams/pair.txt",
        step=1,
        center=0.5,
    ),
}


def read_camera(path: Path) -> tuple[Array, Array, list[float]]:
    """(W2C, K, depth line), which readers by line and by word must find alike."""
    lines = [line.rstrip() for line in path.read_text().splitlines()]
    extrinsics = np.array(" ".join(lines[1:5]).split(), dtype=float).reshape((4, 4))
    intrinsics = np.array(" ".join(lines[7:10]).split(), dtype=float).reshape((3, 3))
    depths = [float(word) for word in lines[11].split()]
    assert (lines[0], lines[5], lines[6], lines[10]) == ("extrinsic", "", "intrinsic", "")
    words = path.read_text().split()
    assert len(words) == 31
    assert np.array_equal(np.array(words[1:17], dtype=float).reshape(4, 4), extrinsics)
    assert np.array_equal(np.array(words[18:27], dtype=float).reshape(3, 3), intrinsics)
    assert [float(word) for word in words[27:]] == depths
    return extrinsics, intrinsics, depths


def read_pfm(path: Path) -> Array:
    """(H, W), row 0 on top, by the rules of MVSNet's own reader, the strictest."""
    with path.open("rb") as file:
        assert file.readline().decode().rstrip() == "Pf"
        size = re.match(r"^(\d+)\s(\d+)\s$", file.readline().decode())
        assert size is not None
        scale = float(file.readline().decode().rstrip())
        values = np.frombuffer(file.read(), "<f" if scale < 0 else ">f")
    return np.flipud(values.reshape(int(size[2]), int(size[1])))


def read_pairs(path: Path) -> dict[int, list[tuple[int, float]]]:
    """(source, score) of each view."""
    lines = path.read_text().splitlines()
    found = {}
    for i in range(int(lines[0])):
        words = lines[2 * i + 2].split()
        sources = [int(word) for word in words[1::2]]
        assert len(sources) == int(words[0])
        found[int(lines[2 * i + 1])] = list(zip(sources, map(float, words[2::2]), strict=True))
    return found


def layout_of(folder: Path) -> str:
    layout: str = json.loads((folder / "conversion.json").read_text())["settings"]["layout"]
    return layout


def numbered(dataset: Dataset, folder: Path) -> list[View]:
    """The view of each number, as conversion.json says."""
    views = json.loads((folder / "conversion.json").read_text())["views"]
    image = NAMES[layout_of(folder)].image
    return [dataset.view(views[image(n)]) for n in range(len(set(views.values())))]


def largest_error_px(dataset: Dataset, folder: Path, center: float | None = None) -> float:
    """How far the true surface lands from its pixels, by the written cameras."""
    names = NAMES[layout_of(folder)]
    center = names.center if center is None else center
    worst = 0.0
    for number, view in enumerate(numbered(dataset, folder)):
        points, pixels = surface(view)
        extrinsics, k, _ = read_camera(folder / names.camera(number))
        x, y, z = extrinsics[:3] @ np.c_[points, np.ones(len(points))].T
        if not (z > 0).all():
            return np.inf
        found = np.stack([k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]], axis=-1)
        # The layout's pixel j is ours of number j * step.
        wanted = (pixels - 0.5) / names.step + center
        worst = max(worst, float(np.abs(found - wanted).max()))
    return worst


def lifted_errors(dataset: Dataset, folder: Path) -> Array:
    """How far the written depth, lifted by its camera, lies from the surface, in bounding radii."""
    names, errors = NAMES[layout_of(folder)], []
    for number, view in enumerate(numbered(dataset, folder)):
        extrinsics, k, _ = read_camera(folder / names.camera(number))
        depth = read_pfm(folder / names.depth(number))
        rows, columns = np.nonzero(depth)
        pixels = np.c_[columns + names.center, rows + names.center, np.ones(len(rows))]
        in_cam = (pixels @ np.linalg.inv(k).T) * depth[rows, columns][:, None]
        lifted = (in_cam - extrinsics[:3, 3]) @ extrinsics[:3, :3]
        position = np.asarray(view.read("position"), dtype=float)
        true = position[rows * names.step, columns * names.step]
        errors.append(np.linalg.norm(lifted - true, axis=-1))
    return np.concatenate(errors) / dataset.record.bounds.radius


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Views near enough to each other to be matched."""
    return make(tmp_path_factory.mktemp("near") / "out", VIEWS, *NEAR)


@pytest.fixture(scope="module")
def folders(near: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A conversion to each layout."""
    path = tmp_path_factory.mktemp("mvsnet")
    for layout in LAYOUTS:
        converted(NAME, near.folder, path / layout, "--layout", layout)
    return {layout: path / layout for layout in LAYOUTS}


@pytest.fixture(scope="module")
def mesh(near: Dataset) -> trimesh.Trimesh:
    """The model, as the generator's plugin wrote it."""
    found = trimesh.load(near.folder / "mesh.ply", process=False)
    assert isinstance(found, trimesh.Trimesh)
    return found


# Geometry


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_surface_lands_on_its_pixels(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    assert largest_error_px(near, folders[layout]) < 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
def test_depth_lifts_its_pixels_to_the_surface(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    errors = lifted_errors(near, folders[layout])
    # Float32, whose errors grow where a surface is seen at a grazing angle.
    assert np.median(errors) < 2e-6
    assert errors.max() < 1e-3


@pytest.mark.parametrize(
    ("layout", "centers", "center"),
    [("mvsnet", "integer", 0.0), ("blendedmvs", "integer", 0.0), ("dtu", "half", 0.5)],
)
def test_pixel_centres_can_be_those_of_other_readers(
    near: Dataset, tmp_path: Path, layout: str, centers: str, center: float
) -> None:
    folder = tmp_path / "out"
    converted(NAME, near.folder, folder, "--layout", layout, "--pixel-centers", centers)
    assert largest_error_px(near, folder, center) < 0.01
    assert converted(NAME, "--verify", near.folder, folder).code == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_depth_is_the_dataset_s_and_0_where_there_is_none(
    near: Dataset, folders: dict[str, Path], layout: str
) -> None:
    names = NAMES[layout]
    for number, view in enumerate(numbered(near, folders[layout])):
        depth = read_pfm(folders[layout] / names.depth(number))
        assert np.array_equal(depth, view.read("depth")[:: names.step, :: names.step])
        assert (depth == 0).any()


@pytest.mark.parametrize(
    ("layout", "planes"), [("mvsnet", 192), ("dtu", 192), ("blendedmvs", 192), ("mvsnet", 32)]
)
def test_planes_bracket_what_is_seen_tightly(
    near: Dataset, folders: dict[str, Path], tmp_path: Path, layout: str, planes: int
) -> None:
    folder = folders[layout]
    if planes != 192:
        folder = tmp_path / "out"
        converted(NAME, near.folder, folder, "--layout", layout, "--depth-planes", str(planes))
    for number, view in enumerate(numbered(near, folder)):
        _, _, line = read_camera(folder / NAMES[layout].camera(number))
        minimum, interval, count, maximum = line
        assert count == planes
        assert maximum == pytest.approx(minimum + interval * (planes - 1), rel=1e-12)
        depth = view.read("depth")
        # Two planes at either end, but for what changes with the margin itself.
        assert (depth[depth > 0].min() - minimum) / interval == pytest.approx(2, abs=0.1)
        assert (maximum - depth.max()) / interval == pytest.approx(2, abs=0.1)


def test_readers_in_pytorch_count_no_plane_more(folders: dict[str, Path]) -> None:
    """Of arbitrary numbers, a range of floats has one plane too many in a fifth of the cases."""
    for path in (folders["dtu"] / "Cameras" / "train").iterdir():
        _, _, (minimum, interval, _, _) = read_camera(path)
        for scale in (1.0, 1.06):
            step = interval * scale
            values = np.arange(minimum, step * 192 + minimum, step, dtype=np.float32)
            assert len(values) == 192


@pytest.mark.parametrize("planes", [8, 192])
@pytest.mark.parametrize(("near_m", "far_m"), [(3.0, 3.0), (0.01, 900.0), (5.0, 6.0)])
def test_planes_start_in_front_of_the_camera(near_m: float, far_m: float, planes: int) -> None:
    found = bracket(np.array([[near_m, 0.0, far_m]], dtype=np.float32), planes)
    assert 0 < found.minimum < np.float32(near_m)
    assert np.float32(far_m) < found.maximum
    assert found.interval > 0


# Pairs


def weight_of_angle(degrees: Array) -> Array:
    """COLMAP's points to MVSNet's scores, as published with MVSNet."""
    sigma = np.where(degrees <= 5, 1.0, 10.0)
    weight: Array = np.exp(-((degrees - 5) ** 2) / (2 * sigma**2))
    return weight


def brute_force(views: list[View], mesh: trimesh.Trimesh) -> Array:
    """(n, n) scores by every pixel that shows a surface, and a ray to each camera."""
    points = np.concatenate([surface(view)[0] for view in views])
    seen = np.zeros((len(views), len(points)), dtype=bool)
    sight = np.zeros((len(views), len(points), 3))
    for number, view in enumerate(views):
        pixels, z = view.camera.project(points)
        k = view.camera.intrinsics
        inside = ((pixels > 0) & (pixels < [k.width, k.height])).all(axis=-1) & (z > 0)
        origin = view.camera.center_in_world
        away = points - origin
        length = np.linalg.norm(away, axis=-1)
        sight[number] = -away / length[:, None]
        start = np.broadcast_to(origin, points.shape)
        places, rays, _ = mesh.ray.intersects_location(start, away, multiple_hits=False)
        hit = np.zeros(len(points))
        hit[rays] = np.linalg.norm(places - origin, axis=-1)
        seen[number] = inside & (np.abs(hit - length) < 1e-4 * length)
    scores = np.zeros((len(views), len(views)))
    for i in range(len(views)):
        for j in range(i):
            both = seen[i] & seen[j]
            cosine = (sight[i, both] * sight[j, both]).sum(axis=-1)
            degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            scores[i, j] = scores[j, i] = weight_of_angle(degrees).sum()
    return scores


def assert_ranks(listed: list[list[int]], brute: Array) -> None:
    """No source stands before one that is clearly better, and the best are there."""
    for row, sources in zip(brute, listed, strict=True):
        true = row[sources]
        assert (np.maximum.accumulate(true[::-1])[::-1] * 0.8 <= true).all()
        assert true.min() >= 0.8 * np.sort(row)[::-1][len(sources) - 1]


@pytest.fixture(scope="module")
def brute(near: Dataset, mesh: trimesh.Trimesh) -> Array:
    return brute_force(near.views, mesh)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sources_rank_as_by_every_pixel(
    folders: dict[str, Path], brute: Array, layout: str
) -> None:
    found = read_pairs(folders[layout] / NAMES[layout].pairs)
    assert list(found) == list(range(VIEWS))
    assert_ranks([[source for source, _ in found[i]] for i in range(VIEWS)], brute)
    for number, sources in found.items():
        scores = [score for _, score in sources]
        assert scores == sorted(scores, reverse=True)
        assert number not in dict(sources)
        # What a score counts is pixels; those beside outlines are not known to be seen.
        assert 0.3 < scores[0] / brute[number].max() < 1.1


def test_fewer_points_rank_as_well(
    near: Dataset, brute: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of very many views of one thing, where all pairs of all points would take minutes."""
    cloud = pairs.draw(near.views, Surfaces.OBJECTS, ground=0)
    monkeypatch.setattr(pairs, "_PAIRS_PER_VIEW", 10_000)
    scores = pairs.pair_scores(near.views, cloud)
    assert_ranks(pairs.best_sources(scores).tolist(), brute)
    monkeypatch.setattr(pairs, "_PAIRS_PER_VIEW", 10**9)
    assert not np.array_equal(scores, pairs.pair_scores(near.views, cloud))


def test_scores_are_those_of_colmap_to_mvsnet() -> None:
    random = np.random.default_rng(0)
    centers, points = random.normal([0, 0, 9], 1, (6, 3)), random.normal(size=(300, 3))
    weights, seen = random.uniform(1, 2, 300), random.uniform(size=(6, 300)) < 0.7
    found = pairs.scores_of(centers, points, weights, seen)
    for i in range(6):
        for j in range(6):
            both = seen[i] & seen[j]
            a, b = centers[i] - points[both], centers[j] - points[both]
            cosine = (a * b).sum(axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
            degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            score = 0.0 if i == j else (weights[both] * weight_of_angle(degrees)).sum()
            assert found[i, j] == pytest.approx(score, rel=1e-3)


def test_readers_that_step_over_22_words_find_every_view(folders: dict[str, Path]) -> None:
    words = (folders["dtu"] / "Cameras" / "pair.txt").read_text().split()
    assert [int(words[22 * i + 1]) for i in range(int(words[0]))] == list(range(VIEWS))
    assert {words[22 * i + 2] for i in range(VIEWS)} == {"10"}
    assert len(words) == 1 + 22 * VIEWS


# Images, masks, numbers


def test_dtu_has_every_light_in_rgb_and_masks_of_its_depth(
    near: Dataset, folders: dict[str, Path]
) -> None:
    folder = folders["dtu"]
    for number, view in enumerate(numbered(near, folder)):
        names = [
            f"Rectified/scan1_train/rect_{number + 1:0>3}_{light}_r5000.png" for light in range(7)
        ]
        with Image.open(folder / names[0]) as image:
            assert (image.mode, image.size) == ("RGB", (120, 90))
            levels = np.asarray(image).astype(int)
        assert len({(folder / name).read_bytes() for name in names}) == 1
        with Image.open(view.path("render")) as image:
            own = np.asarray(image).astype(float)
        assert np.abs(levels - own[..., :3] * own[..., 3:] / 255).max() <= 1
        with Image.open(folder / f"Depths/scan1_train/depth_visual_{number:0>4}.png") as image:
            mask = np.asarray(image, dtype=np.float32) / 255
        assert np.array_equal(mask > 0.5, read_pfm(folder / NAMES["dtu"].depth(number)) > 0)


def test_masks_lie_beside_mvsnet_s_images(near: Dataset, folders: dict[str, Path]) -> None:
    for number, view in enumerate(numbered(near, folders["mvsnet"])):
        with Image.open(folders["mvsnet"] / f"masks/{number:08d}.png") as image:
            assert np.array_equal(np.asarray(image), (view.read("mask") > 0) * 255)


def test_masked_images_are_black_where_there_is_no_depth(near: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, near.folder, folder, "--layout", "blendedmvs", "--background", "1")
    assert f"warning: {ONE}; the format has no alpha, so images are put on grey of 1" in result.said
    for number, view in enumerate(numbered(near, folder)):
        shown = view.read("mask") > 0
        levels = {}
        for end in ("", "_masked"):
            with Image.open(folder / f"blended_images/{number:08d}{end}.jpg") as image:
                assert (image.format, image.mode) == ("JPEG", "RGB")
                levels[end] = np.asarray(image).astype(int)
        assert levels[""][0, 0].min() > 250
        assert levels["_masked"][~shown].mean() < 1
        assert np.abs(levels["_masked"] - levels[""])[shown].mean() < 2
    assert converted(NAME, "--verify", near.folder, folder).code == 0


def test_jpeg_is_taken_as_it_is(tmp_path: Path) -> None:
    dataset = make(
        tmp_path / "in", 2, *CENTRED, 'render.image_settings.file_format="JPEG"',
        "render.film_transparent=false",
    )  # fmt: skip
    result = converted(NAME, dataset.folder, tmp_path / "out", "--link")
    assert result.said[0] == f"warning: {ONE}; {FEW.format(2, '1 source')}"
    for number, view in enumerate(dataset.views):
        assert (tmp_path / f"out/images/{number:08d}.jpg").samefile(view.path("render"))
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_views_are_numbered_without_gaps(near: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = converted(NAME, near.folder, folder, "--views", "2,5,8,11,13", "--layout", "dtu")
    assert result.said == [f"warning: {ONE}; {ALPHA}; {FEW.format(5, '4 sources')}; {SIZE}"]
    assert [view.index for view in numbered(near, folder)] == [2, 5, 8, 11, 13]
    assert list(read_pairs(folder / "Cameras/pair.txt")) == [0, 1, 2, 3, 4]
    assert largest_error_px(near, folder) < 0.01
    assert converted(NAME, "--verify", near.folder, folder).code == 0


def test_only_train_views_are_converted(near: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, near.folder, tmp_path / "out", "--split", "every:7")
    assert result.said == [
        "warning: the format of MVSNet has no split: only the train views are converted, and 2 "
        "test views are left out (convert them to a folder of their own with --views); "
        f"{ONE}; {ALPHA}"
    ]
    assert [view.index for view in numbered(near, tmp_path / "out")] == [
        *range(1, 7),
        *range(8, 14),
    ]


# What counts


@pytest.fixture(scope="module")
def grounded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Objects on a ground without an id."""
    return make(
        tmp_path_factory.mktemp("grounded") / "out", 3, *CENTRED,
        'ground.mode="plane"', "ground.size=12.0", "render.film_transparent=false",
    )  # fmt: skip


def test_only_what_has_an_id_counts_unless_all_is_asked_for(
    grounded: Dataset, tmp_path: Path
) -> None:
    ranges = {}
    for surfaces in ("objects", "all"):
        folder = tmp_path / surfaces
        converted(NAME, grounded.folder, folder, "--surfaces", surfaces)
        assert converted(NAME, "--verify", grounded.folder, folder).code == 0
        for number, view in enumerate(numbered(grounded, folder)):
            depth = view.read("depth")
            counts = depth > 0 if surfaces == "all" else view.read("mask") > 0
            written = read_pfm(folder / NAMES["mvsnet"].depth(number))
            assert np.array_equal(written, np.where(counts, depth, 0))
            ranges[surfaces] = read_camera(folder / NAMES["mvsnet"].camera(number))[2][3]
            assert ranges[surfaces] == pytest.approx(written.max(), rel=0.1)
    assert ranges["objects"] < 0.8 * ranges["all"]


def test_the_ground_is_no_object_also_where_masks_show_it(tmp_path: Path) -> None:
    settings = (*CENTRED, 'ground.mode="plane"', "ground.size=12.0", "ground.in_masks=true")
    dataset = make(tmp_path / "in", 3, *settings)
    assert dataset.record.objects[-1].name == "ground"
    folder = tmp_path / "out"
    left_out = "the ground is left out of depth and masks"
    assert converted(NAME, dataset.folder, folder).said == [
        f"warning: {ONE}; {left_out}; {ALPHA}; {FEW.format(3, '2 sources')}"
    ]
    assert converted(NAME, "--verify", dataset.folder, folder).code == 0
    ground = dataset.record.objects[-1].id
    for number, view in enumerate(numbered(dataset, folder)):
        ids, depth = view.read("mask"), view.read("depth")
        assert (ids == ground).any()
        written = read_pfm(folder / NAMES["mvsnet"].depth(number))
        assert np.array_equal(written, np.where((ids > 0) & (ids != ground), depth, 0))
        _, _, line = read_camera(folder / NAMES["mvsnet"].camera(number))
        assert line[3] == pytest.approx(written.max(), rel=0.1)

    binary = make(tmp_path / "binary", 1, *settings, 'plugins.mask.mode="binary"')
    result = run(NAME, binary.folder, tmp_path / "none")
    assert (result.code, result.said) == (
        2,
        [
            f"to_mvsnet.py: the masks of {binary.folder} are binary and show the ground, so that "
            "it cannot be told from the object; set ground.in_masks = false, or "
            'plugins.mask.mode = "instance", and render again, or choose --surfaces all'
        ],
    )


def test_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, far.folder, tmp_path / "out")
    warning = (
        "the model lies far from its origin: the cameras are exact, but MVSNet and its kin compute "
        "in float32, whose numbers are coarse there; set model.normalize and render again"
    )
    (said,) = result.said
    assert said.startswith(f"warning: {ALPHA}; {warning}; {FEW.format(4, '3 sources')}")
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


def showing(dataset: Dataset, folder: Path, ids: dict[int, int]) -> Dataset:
    """A copy in which some views show nothing but the object with an id; 0 is nothing at all."""
    shutil.copytree(dataset.folder, folder)
    for index, number in ids.items():
        view = Dataset.open(folder).view(index)
        mask = np.asarray(view.read("mask"))
        shown = (mask == number) & (mask > 0)
        for kind in ("mask", "depth"):
            rewrite(
                view,
                kind,
                lambda values, shown=shown: np.where(shown, values, values.dtype.type(0)),
            )
    return Dataset.open(folder)


def test_views_of_nothing_are_left_out(near: Dataset, tmp_path: Path) -> None:
    dataset = showing(near, tmp_path / "in", {3: 0})
    result = converted(NAME, dataset.folder, tmp_path / "out", "--views", "0:5")
    assert result.said == [
        "warning: 1 of 5 views show no surface that counts (the first is view 3) and are left out; "
        f"{ONE}; {ALPHA}; {FEW.format(4, '3 sources')}"
    ]
    assert [view.index for view in numbered(dataset, tmp_path / "out")] == [0, 1, 2, 4]
    result = run(NAME, "in", "none", "--views", "2,3", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            "to_mvsnet.py: 1 of the 2 chosen views of in show a surface that counts, and "
            "multi-view stereo needs two; choose other views, or --surfaces all"
        ],
    )
    assert not (tmp_path / "none").exists()


def test_sources_that_see_nothing_of_a_view_are_told(near: Dataset, tmp_path: Path) -> None:
    dataset = showing(near, tmp_path / "in", {0: 1, 1: 2})
    result = converted(NAME, dataset.folder, tmp_path / "out", "--views", "0,1,2")
    alone = "2 of 3 views share no surface with some of their sources, whose score is 0"
    assert result.said == [f"warning: {ONE}; {ALPHA}; {FEW.format(3, '2 sources')}; {alone}"]
    found = read_pairs(tmp_path / "out" / "pair.txt")
    assert found[0][0][0] == 2
    assert found[0][1] == (1, 0.0)
    assert converted(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


@pytest.mark.parametrize(("enabled", "kind"), [(["mask"], "depth"), (["depth"], "mask")])
def test_what_is_missing_is_named_with_its_plugin(
    tmp_path: Path, enabled: list[str], kind: str
) -> None:
    make(tmp_path / "in", 2, *CENTRED, f"plugins.enabled={json.dumps(enabled)}")
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"to_mvsnet.py: view 0 of in has no {kind}, which this format needs; add "
            f'"{kind}" to [plugins] enabled and render again'
        ],
    )
    assert run(NAME, "in", "out", "--surfaces", "all", cwd=tmp_path).code == (kind == "depth") * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--depth-planes", "7"),
            "--depth-planes: expected a whole number of at least 8, found '7'",
        ),
        (("--background", "2"), "--background: expected a grey from 0 to 1, found '2'"),
        (("--background", "x"), "--background: expected a grey from 0 to 1, found 'x'"),
        (
            ("--surfaces", "ground"),
            "--surfaces: invalid choice: 'ground' (choose from 'objects', 'all')",
        ),
        (
            ("--layout", "eth3d"),
            "--layout: invalid choice: 'eth3d' (choose from 'mvsnet', 'dtu', 'blendedmvs')",
        ),
    ],
)
def test_bad_options_get_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run(NAME, "in", "out", *arguments, cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [f"to_mvsnet.py: argument {message}; --help lists the arguments"],
    )


# Breaking it


def edit_cameras(folder: Path, change: Callable[[Array, Array], None]) -> None:
    """Write each camera again, with what a function makes of its matrices in place."""
    names = NAMES[layout_of(folder)]
    for path in (folder / names.camera(0)).parent.glob("*_cam.txt"):
        extrinsics, k, line = read_camera(path)
        change(extrinsics, k)
        path.write_text(
            "\n".join([
                "extrinsic", *(" ".join(map(repr, row)) for row in extrinsics.tolist()), "",
                "intrinsic", *(" ".join(map(repr, row)) for row in k.tolist()), "",
                " ".join(map(repr, line[:2])) + f" {int(line[2])} {line[3]!r}", "",
            ])
        )  # fmt: skip


def half_a_pixel(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del extrinsics
        k[0, 2] -= 0.5

    edit_cameras(folder, change)


def flipped(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del k
        extrinsics[1:3] *= -1

    edit_cameras(folder, change)


def transposed(folder: Path) -> None:
    def change(extrinsics: Array, k: Array) -> None:
        del k
        extrinsics[:3, :3] = extrinsics[:3, :3].T.copy()

    edit_cameras(folder, change)


def full_size(folder: Path) -> None:
    """DTU's cameras as if its loaders scaled them."""

    def change(extrinsics: Array, k: Array) -> None:
        del extrinsics
        k[:2] *= 4

    edit_cameras(folder, change)


@pytest.mark.parametrize(
    ("layout", "damage"),
    [
        *[(layout, half_a_pixel) for layout in LAYOUTS],
        ("mvsnet", flipped),
        ("blendedmvs", transposed),
        ("dtu", full_size),
    ],
)
def test_a_small_fault_of_a_camera_is_noticed(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    layout: str,
    damage: Callable[[Path], None],
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders[layout], folder)
    assert run(NAME, "--verify", near.folder, folder).code == 0
    damage(folder)
    assert not largest_error_px(near, folder) < 0.01
    assert not lifted_errors(near, folder).max() < 1e-3
    result = run(NAME, "--verify", near.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {near.folder}: surface points:" in result.stderr


def upside_down(folder: Path) -> None:
    for path in (folder / "depths").iterdir():
        values = read_pfm(path)
        path.write_bytes(b"Pf\n120 90\n-1.0\n" + values.astype("<f4").tobytes())


def test_depth_upside_down_is_noticed(
    near: Dataset, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders["mvsnet"], folder)
    upside_down(folder)
    assert not lifted_errors(near, folder).max() < 1e-3
    result = run(NAME, "--verify", near.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {near.folder}: depth:" in result.stderr


def of_other_views(folder: Path) -> None:
    """Every view gets the sources of the next one."""
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    rows = [line.split() for line in lines[2::2]]
    moved = [*rows[1:], rows[0]]
    for number, row in enumerate(moved):
        # A view is no source of its own: the view whose row it was takes its place.
        moved[number] = [
            str((number + 1) % VIEWS) if i % 2 == 1 and word == str(number) else word
            for i, word in enumerate(row)
        ]
    lines[2::2] = [" ".join(row) for row in moved]
    path.write_text("\n".join(lines) + "\n")


def worst_first(folder: Path) -> None:
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    rows = [line.split() for line in lines[2::2]]
    lines[2::2] = [
        " ".join([row[0], *(word for i in range(len(row) - 2, 0, -2) for word in row[i : i + 2])])
        for row in rows
    ]
    path.write_text("\n".join(lines) + "\n")


def narrow(folder: Path) -> None:
    for path in (folder / "cams").iterdir():
        _, _, (minimum, interval, planes, maximum) = read_camera(path)
        lines = path.read_text().splitlines()
        minimum += 4 * interval
        lines[11] = f"{minimum!r} {interval!r} {int(planes)} {maximum!r}"
        path.write_text("\n".join(lines) + "\n")


def other_images(folder: Path) -> None:
    first, second = folder / "images" / "00000000.jpg", folder / "images" / "00000001.jpg"
    levels = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(levels)


def inverted(folder: Path) -> None:
    for path in (folder / "masks").iterdir():
        with Image.open(path) as image:
            levels = np.asarray(image)
        Image.fromarray(255 - levels).save(path)


def one_missing(folder: Path) -> None:
    (folder / "depths" / "00000004.pfm").unlink()


def edit_rows(folder: Path, change: Callable[[int, list[str]], list[str]]) -> None:
    """Write the sources of each view again."""
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    lines[2::2] = [" ".join(change(i, line.split())) for i, line in enumerate(lines[2::2])]
    path.write_text("\n".join(lines) + "\n")


def a_thousand_times(folder: Path) -> None:
    def change(number: int, row: list[str]) -> list[str]:
        del number
        row[2::2] = [repr(1000 * float(word)) for word in row[2::2]]
        return row

    edit_rows(folder, change)


def no_numbers(folder: Path) -> None:
    def change(number: int, row: list[str]) -> list[str]:
        row[2] = "nan" if number == 3 else row[2]
        return row

    edit_rows(folder, change)


def nine_for_one(folder: Path) -> None:
    edit_rows(folder, lambda number, row: ["9", *row[1:-2]] if number == 3 else row)


def its_own_source(folder: Path) -> None:
    edit_rows(folder, lambda number, row: [row[0], "3", *row[2:]] if number == 3 else row)


def edit_lines(folder: Path, change: Callable[[list[str]], None]) -> None:
    """Write the camera of one view again."""
    path = folder / "cams" / "00000003_cam.txt"
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")


def half_as_many_planes(folder: Path) -> None:
    def change(lines: list[str]) -> None:
        minimum, interval, _, maximum = lines[11].split()
        lines[11] = f"{minimum} {2 * float(interval)!r} 97 {maximum}"

    edit_lines(folder, change)


def other_maximum(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(11, lines[11].rpartition(" ")[0] + " 99"))


def without_keyword(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(6, "camera"))


def without_empty_line(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(5, "1 2 3"))


def scaled(folder: Path) -> None:
    """Pixels stay where they are, depth does not."""

    def change(lines: list[str]) -> None:
        for i in range(1, 4):
            lines[i] = " ".join(repr(2 * float(word)) for word in lines[i].split())

    edit_lines(folder, change)


def doubled(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(4, "0.0 0.0 0.0 2.0"))


def looking_away(folder: Path) -> None:
    def change(lines: list[str]) -> None:
        for i in range(1, 4):
            lines[i] = " ".join(repr(-float(word)) for word in lines[i].split())

    edit_lines(folder, change)


def stale_image(folder: Path) -> None:
    Image.new("RGB", (120, 90)).save(folder / "images" / "00000014.png")


def last_view_removed(folder: Path) -> None:
    for path in folder.rglob("00000013*"):
        path.unlink()


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))


BEYOND = ", which is not of this conversion"


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (of_other_views, "scores: median "),
        (worst_first, "order: not falling; sources: have "),
        (a_thousand_times, "scores: median "),
        (no_numbers, "scores: median nan of the best, largest nan "),
        (nine_for_one, "pair.txt: does not list 10 other views for each of 14\n"),
        (its_own_source, "pair.txt: does not list 10 other views for each of 14\n"),
        (half_as_many_planes, "depth planes: "),
        (other_maximum, "depth planes: "),
        (without_keyword, "cam.txt: 13 of 14 with keywords and empty lines in their places\n"),
        (without_empty_line, "cam.txt: 13 of 14 with keywords and empty lines in their places\n"),
        (scaled, "poses: 13 of 14 rigid\n"),
        (doubled, "poses: 13 of 14 rigid\n"),
        (looking_away, "poses: 13 of 14 rigid; surface points: "),
        (stale_image, f"files: 57 of 57, and images/00000014.png{BEYOND}\n"),
        (last_view_removed, "files: 53 of 57, without cams/00000013_cam.txt\n"),
        (no_views, "files: no view in conversion.json\n"),
        (narrow, "depth planes: "),
        (other_images, "colours: "),
        (inverted, "masks: "),
        (one_missing, "files: 56 of 57, without depths/00000004.pfm\n"),
    ],
)
def test_what_is_no_camera_is_checked_too(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    damage: Callable[[Path], None],
    names: str,
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders["mvsnet"], folder)
    damage(folder)
    result = run(NAME, "--verify", near.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {near.folder}: {names}" in result.stderr


def edited(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new, 1))

    return damage


def small_mask(folder: Path) -> None:
    Image.new("L", (60, 90)).save(folder / "Depths/scan1_train/depth_visual_0001.png")


@pytest.mark.parametrize(
    ("layout", "damage", "message"),
    [
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b"intrinsic\n", b"intrinsic\n0.0 "),
            "out/cams/00000001_cam.txt is not a camera of 4x4, 3x3 and 4 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b"192", b"many"),
            "out/cams/00000001_cam.txt cannot be read as a camera: could not convert string to "
            "float: 'many'; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"120 90 \n"),
            "out/depths/00000001.pfm has no header of a PFM file; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"120 91\n"),
            "out/depths/00000001.pfm does not hold 120x91 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"90 120\n"),
            "out/depths/00000001.pfm has 90x120 pixels, expected 120x90; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"\n-1", b"\n-..."),
            "out/depths/00000001.pfm has no header of a PFM file; convert again",
        ),
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b" 192 ", b" nan "),
            "out/cams/00000001_cam.txt is not a camera of 4x4, 3x3 and 4 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("pair.txt", b"14\n", b"all\n"),
            "out/pair.txt cannot be read as pairs of views: invalid literal for int() with base "
            "10: 'all'; convert again",
        ),
        (
            "mvsnet",
            edited("conversion.json", b"images/00000001.jpg", b"masks/00000001.png"),
            "out was not made with images/00000001.jpg, so there is no view to compare it with; "
            "remove it, or convert again",
        ),
        (
            "dtu",
            small_mask,
            "out/Depths/scan1_train/depth_visual_0001.png has 60x90 pixels, expected 30x23; "
            "convert again",
        ),
        (
            "dtu",
            edited("Rectified/scan1_train/rect_002_3_r5000.png", b"IHDR", b"XHDR"),
            "out/Rectified/scan1_train/rect_002_3_r5000.png is not the image "
            "Rectified/scan1_train/rect_002_0_r5000.png; convert again",
        ),
        (
            "dtu",
            edited("Depths/scan1_train/depth_visual_0001.png", b"PNG", b"GNP"),
            "out/Depths/scan1_train/depth_visual_0001.png cannot be read as an image: cannot "
            "identify image file 'out/Depths/scan1_train/depth_visual_0001.png'; convert again",
        ),
    ],
)
def test_files_that_readers_would_refuse_are_named(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    layout: str,
    damage: Callable[[Path], None],
    message: str,
) -> None:
    # Not a hard link in sight: a damaged light must not damage the others.
    shutil.copytree(folders[layout], tmp_path / "out")
    damage(tmp_path / "out")
    result = run(NAME, "--verify", near.folder, "out", cwd=tmp_path)
    assert result.code == 2
    assert result.said[-1] == f"to_mvsnet.py: {message}"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (None, "lacks the setting layout; convert again"),
        (
            {"layout": "eth3d"},
            "has 'eth3d' for the setting layout, which no conversion has; convert again",
        ),
        ({"layout": []}, "has [] for the setting layout, which no conversion has; convert again"),
        ({"surfaces": 1}, "has 1 for the setting surfaces, which no conversion has; convert again"),
        (
            {"background": "1"},
            "has '1' for the setting background, which no conversion has; convert again",
        ),
        (
            {"first_pixel_center_px": "a"},
            "has 'a' for the setting first_pixel_center_px, which no conversion has; convert again",
        ),
        (
            {"depth_planes": 0},
            "has 0 for the setting depth_planes, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    settings: dict[str, object] | None,
    problem: str,
) -> None:
    folder = Path(shutil.copytree(folders["mvsnet"], tmp_path / "out"))
    path = folder / "conversion.json"
    record = json.loads(path.read_text())
    record["settings"] = {} if settings is None else {**record["settings"], **settings}
    path.write_text(json.dumps(record))
    result = run(NAME, "--verify", near.folder, folder)
    assert (result.code, result.said) == (2, [f"to_mvsnet.py: {path} {problem}"])


def test_another_layout_than_the_record_s_is_noticed(
    near: Dataset, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["mvsnet"], tmp_path / "out"))
    path = folder / "conversion.json"
    path.write_text(path.read_text().replace('"mvsnet"', '"dtu"'))
    result = run(NAME, "--verify", near.folder, folder)
    assert result.code == 1
    assert "does not agree" in result.said[-1]
    assert ": files: 14 of " in result.said[-1]
    assert "without Cameras/pair.txt" in result.said[-1]
