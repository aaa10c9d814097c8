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
from scripts.diff_datasets.comparison import compare
from scripts.diff_datasets.tolerances import Tolerances
from tests.compat.datasets import ROOT, repeated
from tests.scripts.diff_datasets.asked import compared, told
from tests.verify.damage import edit_pose, edit_record, rewrite
from viewbatch.dataset import Dataset, View
from viewbatch.geometry import invert_rigid, rigid

PROGRAM = ROOT / "scripts" / "diff_datasets" / "diff_datasets.py"


DEFAULT = Tolerances()


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
