"""scripts/diff_datasets: what was changed is named with its size, and nothing else is."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.diff_datasets import measures
from scripts.diff_datasets.command import main
from scripts.diff_datasets.comparison import Comparison, compare
from scripts.diff_datasets.tolerances import Tolerances
from tests.compat.datasets import ROOT, make, repeated
from tests.scripts.conftest import Refusal
from tests.verify.damage import edit_pose, edit_record, rewrite
from viewbatch.dataset import Dataset, View
from viewbatch.geometry import invert_rigid, rigid

PROGRAM = ROOT / "scripts" / "diff_datasets" / "diff_datasets.py"
SETTINGS = (
    "render.resolution_x=100",
    "render.resolution_y=80",
    'plugins.enabled=["depth", "mask", "normal", "position", "linear", "uv", "point_cloud", '
    '"camera_extrinsics", "bounding_box"]',
    "plugins.mask.png=true",
)
DEFAULT = Tolerances()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(tmp_path_factory.mktemp("diff") / "a", 4, *SETTINGS)


@pytest.fixture(scope="module")
def resampled(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Of other colour images, and in nothing else another one."""
    return make(tmp_path_factory.mktemp("diff") / "b", 4, *SETTINGS, "render.samples=6")


@pytest.fixture
def pair(good: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The current folder holds the dataset as `a`, and as `b`, which is to be changed."""
    shutil.copytree(good.folder, tmp_path / "a")
    shutil.copytree(good.folder, tmp_path / "b")
    monkeypatch.chdir(tmp_path)
    return Dataset.open("b")


def compared(**tolerances: float) -> Comparison:
    found = compare(
        Dataset.open("a"),
        Dataset.open("b"),
        Tolerances(**tolerances),
        lambda items, _: iter(items),
    )
    # What is written is what is found, however the numbers are.
    assert json.loads(found.to_json())["first"] == found.first
    return found


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


# Equal


@pytest.mark.usefixtures("pair")
def test_copies_are_equal_byte_for_byte(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "b", "--json", "found.json"]) == 0
    lines = told(capsys)
    assert lines[0] == "views     4 in both"
    assert lines[1] == "cameras   equal within 1e-06"
    assert lines[2] == "files              all  equal  within  beyond"
    assert "depth                4      4       0       0" in lines
    assert lines[-1] == "a and b are equal, byte for byte"
    found = json.loads(Path("found.json").read_text())
    assert (found["equal"], found["first"]) == ("bytes", None)
    assert found["tolerances"]["depth"] == 1e-5


def test_the_process_answers_as_the_function_does(pair: Dataset) -> None:
    (pair.folder / "003_view.json").unlink()
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "a", "b"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:2] == ["views     3 in both", "          view 3 in a alone"]
    assert lines[-1] == "a and b differ: first in view 3, which a alone has"


@pytest.mark.usefixtures("pair")
def test_equal_files_are_not_decoded() -> None:
    """Damaged alike, they are still equal."""
    for folder in ("a", "b"):
        for path in Path(folder).glob("*.exr"):
            path.write_text("no EXR")
    assert compared().identical


# What differs by itself


def test_other_samples_change_colour_and_nothing_else(
    good: Dataset,
    resampled: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(good.folder, tmp_path / "a")
    shutil.copytree(resampled.folder, tmp_path / "b")
    monkeypatch.chdir(tmp_path)
    assert main(["a", "b", "--picture", "seen.png"]) == 1
    lines = told(capsys)
    assert lines[:5] == [
        "settings:",
        "                                a  b",
        "  config.toml   render.samples  4  6",
        "  dataset.json  samples         4  6",
        "",
    ]
    assert lines[-1].startswith("a and b differ: first in render of view 0, PSNR ")
    found = compared()
    assert found.records == {}
    for view in found.views:
        # The points have the image's colours, which are not compared.
        assert view.files.keys() == {"render", "linear", "points"}
        assert view.files["points"].within
        assert view.camera.within
        # 4 samples a pixel leave that much noise.
        assert 20 < (view.files["render"].figures["psnr_db"] or 0) < 40
    with Image.open("seen.png") as picture:
        assert picture.width == 3 * 100 + 2 * 4
    assert main(["a", "b", "--psnr", "10"]) == 0
    assert told(capsys)[-1] == "a and b are equal within tolerances; their settings differ"


# What was changed


def scaled(factor: float) -> Callable[[View], None]:
    return lambda view: rewrite(view, "depth", lambda depth: depth * np.float32(factor))


def test_depth_is_judged_by_its_relative_difference(
    pair: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    scaled(1 + 4e-6)(pair.view(2))
    found = compared()
    assert found.first is None
    assert not found.identical
    assert main(["a", "b"]) == 0
    assert told(capsys)[-1] == "a and b are equal within tolerances"
    measured = found.views[2].files["depth"]
    figures = measured.figures
    # float32 rounds such a factor, and each product, by up to 6e-8.
    assert figures["median_relative"] == pytest.approx(4e-6, abs=1.3e-7)
    assert figures["largest_relative"] == pytest.approx(4e-6, abs=1.3e-7)
    depth = pair.view(2).read("depth")
    assert figures["largest_m"] == pytest.approx(4e-6 * float(depth.max()), rel=0.05)
    beyond = compared(depth=1e-6)
    seen = int(np.count_nonzero(depth))
    words = beyond.views[2].files["depth"].words
    assert words.startswith(f"{seen} of {seen} pixels beyond 1e-06: ")
    assert beyond.first == f"depth of view 2, {words}"


def test_a_surface_in_one_alone_is_beyond_any_tolerance(pair: Dataset) -> None:
    view = pair.view(1)
    depth = view.read("depth")
    row, column = np.argwhere(depth > 0)[0]

    def remove(values: Any) -> Any:
        values = values.copy()
        values[row, column] = 0
        return values

    rewrite(view, "depth", remove)
    rewrite(view, "position", remove)
    rewrite(view, "normal", remove)
    found = compared(depth=1.0, normal_deg=180.0)
    files = found.views[1].files
    assert list(files) == [kind for kind in view.kinds if kind in {"depth", "position", "normal"}]
    for measured in files.values():
        assert measured.figures["surface_in_one"] == 1
        assert measured.share == pytest.approx(1 / np.count_nonzero(depth))
        assert not measured.within
    assert compared(depth=1.0, normal_deg=180.0, share=0.01).first is None


def test_pixels_of_other_ids_are_counted(pair: Dataset) -> None:
    def change(ids: Any) -> Any:
        ids = ids.copy()
        ids[:2, :10] += 1
        return ids

    rewrite(pair.view(0), "mask", change)
    found = compared()
    assert found.first == "mask of view 0, 20 of 8000 pixels have another id"
    assert found.views[0].files["mask"].share == 20 / 8000
    assert compared(share=20 / 8000).first is None


def test_ids_in_png_are_ids(pair: Dataset) -> None:
    path = pair.view(0).path("mask_png")
    with Image.open(path) as image:
        levels = np.array(image)
    levels[0, 0] += 1
    Image.fromarray(levels).save(path)
    assert compared().first == "mask_png of view 0, 1 of 8000 pixels have another id"


def test_normals_are_compared_by_their_angle(pair: Dataset) -> None:
    angle = math.radians(2)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    view = pair.view(3)
    normals = np.asarray(view.read("normal"), dtype=np.float64) @ turn.T
    planes = iter(np.moveaxis(normals, -1, 0).astype(np.float16))
    order = {"R": 0, "G": 1, "B": 2}
    by_name = dict(zip(order, planes, strict=True))
    # rewrite() goes through the channels by their names.
    names = iter(sorted(order))
    rewrite(view, "normal", lambda _: by_name[next(names)])
    figures = compared().views[3].files["normal"].figures
    # Those along z do not turn, the horizontal ones by all of it.
    assert figures["largest_deg"] == pytest.approx(2, abs=0.1)
    assert compared(normal_deg=2.1).first is None


def test_positions_are_judged_by_their_distance_from_the_camera(pair: Dataset) -> None:
    view = pair.view(1)
    rewrite(view, "position", lambda plane: np.where(plane != 0, plane + np.float32(1e-3), 0))
    figures = compared().views[1].files["position"].figures
    there = view.read("depth") > 0
    distances = np.linalg.norm(
        view.camera.unproject(view.read("depth"))[there] - view.camera.center_in_world, axis=-1
    )
    moved = math.sqrt(3) * 1e-3
    assert figures["largest_m"] == pytest.approx(moved, rel=1e-3)  # float32 near 4 metres
    assert figures["largest_relative"] == pytest.approx(moved / distances.min(), rel=1e-3)


def test_cameras_that_turned_and_moved_are_measured(
    pair: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    angle = math.radians(0.5)
    turn = rigid(
        [[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]],
        [0, 0, 0],
    )
    edit_pose(pair.view(1), lambda cam_from_world: turn @ cam_from_world)

    def move(cam_from_world: Any) -> Any:
        world_from_cam = invert_rigid(cam_from_world)
        world_from_cam[:3, 3] += [0.3, 0, 0.4]
        return invert_rigid(world_from_cam)

    edit_pose(pair.view(2), move)
    edit_record(pair.view(3), lambda tree: tree.update(cx=tree["cx"] + 0.25))
    found = compared()
    radius = pair.record.bounds.radius
    assert found.views[1].camera.rotation_deg == pytest.approx(0.5, abs=1e-9)
    assert found.views[1].camera.center_m == pytest.approx(0, abs=1e-9)
    assert found.views[2].camera.center_m == pytest.approx(0.5, abs=1e-9)
    assert found.views[2].camera.center_of_radius == pytest.approx(0.5 / radius, abs=1e-9)
    assert found.views[3].camera.intrinsics_px == 0.25
    assert [view.camera.within for view in found.views] == [True, False, False, False]
    assert main(["a", "b"]) == 1
    lines = told(capsys)
    assert lines[1] == (
        "cameras   3 of 4 differ; most in view 2: turned by 0 degrees, moved by 0.5 m "
        f"({0.5 / radius:.2g} of the scene's radius), intrinsics 0 px apart"
    )
    # Headers hold the poses, so that the files' bytes differ, and their pixels do not.
    assert all(measured.within for view in found.views[1:] for measured in view.files.values())


def test_files_that_one_view_lacks_are_named(pair: Dataset) -> None:
    edit_record(pair.view(2), lambda tree: tree["files"].pop("normal"))
    found = compared()
    assert found.first == "normal of view 2, a alone has it"
    assert found.views[2].beyond == ["normal"]


def test_images_of_two_sizes_are_named(pair: Dataset) -> None:
    path = pair.view(0).path("render")
    with Image.open(path) as image:
        image.resize((50, 40)).save(path)
    assert compared().first == (
        "render of view 0, one has 100x80 pixels of 4 channels, the other 50x40 pixels of 4 "
        "channels"
    )


def test_the_colour_of_what_is_clear_means_nothing(pair: Dataset) -> None:
    path = pair.view(0).path("render")
    with Image.open(path) as image:
        levels = np.array(image)
    levels[levels[..., 3] == 0] = (200, 100, 50, 0)
    Image.fromarray(levels).save(path)
    measured = compared().views[0].files["render"]
    assert (measured.within, measured.words) == (True, "all pixels are equal")
    levels[0, 0] = (200, 100, 50, 255)
    Image.fromarray(levels).save(path)
    assert compared().views[0].files["render"].figures["largest_levels"] == 255


def test_the_meaning_of_ids_is_part_of_the_data(
    pair: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pair.folder / "dataset.json"
    tree = json.loads(path.read_text())
    tree["objects"][1]["name"] = "globe"
    tree["bounds"]["maximum"][2] += 1e-7  # within a millionth of the radius
    tree["blender"] = "5.0.1"
    path.write_text(json.dumps(tree))
    assert main(["a", "b"]) == 1
    lines = told(capsys)
    assert lines[:2] == ["settings:", "                         a         b"]
    assert lines[2] == '  dataset.json  blender  "4.5.15"  "5.0.1"'
    assert lines[4:7] == [
        "meaning of the numbers:",
        "                                a       b",
        '  dataset.json  objects.1.name  "ball"  "globe"',
    ]
    assert lines[-1] == "a and b differ: first in objects.1.name in dataset.json"


def test_another_blender_with_the_same_files_is_equal(
    pair: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pair.folder / "dataset.json"
    path.write_text(path.read_text().replace('"4.5.15"', '"4.2.0"'))
    assert main(["a", "b"]) == 0
    assert told(capsys)[-1] == (
        "a and b are equal within tolerances; all files of all views are equal, byte for byte; "
        "their settings differ"
    )


def test_numbers_and_points_are_compared_by_value(pair: Dataset) -> None:
    path = pair.view(0).path("camera_extrinsics")
    numbers = path.read_text().split()
    path.write_text(" ".join([repr(float(numbers[0]) + 1e-9), *numbers[1:]]))
    assert compared().first is None
    path.write_text(" ".join(numbers[1:]))
    assert compared().first == "camera_extrinsics of view 0, 12 and 11 numbers"
    path.write_text("no numbers")
    assert compared().first == "camera_extrinsics of view 0, their bytes differ"


def test_files_of_the_whole_dataset_are_compared(pair: Dataset) -> None:
    path = pair.folder / "point_cloud.ply"
    path.write_bytes(Path("a/000_points.ply").read_bytes())
    found = compared()
    assert found.first is not None
    assert found.first.startswith("point_cloud.ply, ")
    assert found.first.endswith(" points")
    path.unlink()
    assert compared().first == "point_cloud.ply, a alone has it"


# The measures


def test_psnr_and_levels_are_the_textbooks() -> None:
    a, b = np.zeros((10, 10, 3)), np.zeros((10, 10, 3))
    b[0, 0] = 1.0  # a hundredth of the pixels by all of the range
    figures = measures.colors(a, b, DEFAULT).figures
    assert figures["psnr_db"] == pytest.approx(20)
    assert figures["largest_levels"] == 255
    assert measures.colors(a, a, DEFAULT).figures["psnr_db"] is None


def test_quantiles_are_those_of_the_surface_of_both() -> None:
    a = np.zeros((10, 20))
    a[:5] = 2.0  # 100 pixels
    b = a.copy()
    b[0] = 3.0  # 20 of them
    b[9, 0] = 1.0  # and one more, which the first has not
    measured = measures.depths(a, b, Tolerances(depth=0.4))
    assert measured.words == (
        "21 of 101 pixels beyond 0.4: median 0, 95 % 1, largest 1 m; median 0, 95 % 0.5, largest "
        "0.5 relative; a surface in one alone in 1 pixels"
    )


def test_broken_numbers_differ_without_a_warning() -> None:
    a = np.array([[1.0, np.nan, np.inf, np.inf]])
    b = np.array([[1.0, np.nan, np.inf, 1.0]])
    measured = measures.numbers(a, b, DEFAULT)
    assert measured.figures["share"] == 0.25
    assert measured.figures["largest_absolute"] == math.inf


def test_memory_does_not_grow_with_the_views(good: Dataset, tmp_path: Path) -> None:
    peaks = []
    for count in (4, 60):
        a = repeated(good, tmp_path / f"a{count}", count)
        b = repeated(good, tmp_path / f"b{count}", count)
        for view in b.views[:4]:
            scaled(1.1)(view)
        for dataset in (a, b):
            assert len(dataset.views) == count
        tracemalloc.start()
        compare(a, b, DEFAULT, lambda items, _: iter(items))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Maps of 56 more views would be 10 MB; figures are some kB a view.
    assert peaks[1] - peaks[0] < 1e6


# Bad input


def no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def empty_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def text_as_exr(folder: Path) -> None:
    (folder / "002_depth.exr").write_text("this is text")


def text_as_png(folder: Path) -> None:
    (folder / "002_render.png").write_text("this is text")


def no_file(folder: Path) -> None:
    (folder / "001_mask.exr").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.toml").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.toml").write_text("seed = ")


def broken_points(folder: Path) -> None:
    (folder / "000_points.ply").write_text("ply")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            no_folder,
            "b is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            empty_folder,
            "b is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            text_as_exr,
            "b/002_depth.exr is not an OpenEXR file: it starts with 'this is text'; name another "
            "or write it again",
        ),
        (
            text_as_png,
            "b/002_render.png is not an image: it starts with 'this is text', expected PNG, JPEG, "
            "TIFF, WebP, BMP or OpenEXR; leave it out or write it again",
        ),
        (
            no_file,
            "b/001_mask.exr is missing; the command that made the dataset makes its view again",
        ),
        (
            no_config,
            "b/config.toml cannot be read (No such file or directory); a dataset has the "
            "configuration that made it",
        ),
        (
            broken_config,
            "b/config.toml is not TOML: Invalid value (at end of document)",
        ),
        (
            broken_points,
            "b/000_points.ply is not a whole PLY file as this program writes it; remove the record "
            "of its view, and the same command makes the view again",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    change: Callable[[Path], None],
    message: str,
    pair: Dataset,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(pair.folder)
    assert main(["a", "b"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    said = [line for line in err.splitlines() if line.strip() and "%|" not in line]
    assert said == [f"diff_datasets.py: {message}"]


@pytest.mark.usefixtures("pair")
def test_two_datasets_without_views_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("a", "b"):
        for path in Path(folder).glob("*_view.json"):
            path.unlink()
    assert main(["a", "b"]) == 2
    assert capsys.readouterr() == (
        "",
        "diff_datasets.py: neither a nor b has a view; render some first\n",
    )


@pytest.mark.usefixtures("pair")
def test_nothing_to_draw_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "b", "--picture", "seen.png"]) == 0
    assert told(capsys)[-2:] == [
        "seen.png is not written: no image differs that both datasets have in one size",
        "a and b are equal, byte for byte",
    ]
    assert not Path("seen.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "the following arguments are required: B; --help lists the arguments"),
        (
            ["a", "b", "--depth", "-1"],
            "argument --depth: expected a number of at least 0, found '-1'; --help lists the "
            "arguments",
        ),
        (
            ["a", "b", "--share", "2"],
            "argument --share: expected a number from 0 to 1, found '2'; --help lists the "
            "arguments",
        ),
        (
            ["a", "b", "--json", "found.txt"],
            "the output found.txt does not end in .json; name such a file",
        ),
        (
            ["a", "b", "--json", "there.json"],
            "the output there.json exists; name another file, or add --overwrite",
        ),
        (
            ["a", "b", "--picture", "seen.jpg"],
            "the output seen.jpg does not end in .png; name such a file",
        ),
    ],
)
def test_mistakes_get_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "there.json").write_text("mine")
    assert refusal(main, arguments) == f"diff_datasets.py: {message}\n"
    assert (tmp_path / "there.json").read_text() == "mine"
