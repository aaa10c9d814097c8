"""scripts/hemisphere: cameras are drawn where they stand and look, of datasets and of plans."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from scripts.hemisphere.command import main
from scripts.hemisphere.figure import fill
from scripts.hemisphere.subject import Subject, read_subject
from tests.compat.datasets import BLOCKS, ROOT, make
from tests.scripts.conftest import Refusal
from viewbatch.dataset import Dataset

PROGRAM = ROOT / "scripts" / "hemisphere" / "hemisphere.py"
ROOM = ROOT / "references" / "models" / "room.glb"
SETTINGS = (
    "render.resolution_x=100",
    "render.resolution_y=80",
    "camera.lens.shift_x=0.1",
)


def plan(folder: Path, views: int, *settings: str, model: Path = BLOCKS) -> Dataset:
    """What generate-batch.py leaves with --skip-render."""
    words = [word for setting in settings for word in ("--set", setting)]
    script = str(ROOT / "generate-batch.py")
    done = subprocess.run(
        [sys.executable, script, str(model), str(folder), str(views), "--skip-render", *words],
        cwd=folder.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(tmp_path_factory.mktemp("hemisphere") / "out", 5, *SETTINGS)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return plan(tmp_path_factory.mktemp("hemisphere") / "plan", 5, *SETTINGS)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("hemisphere") / "room"
    return plan(folder, 6, 'camera.location.mode="inside"', model=ROOM)


def drawn(subject: Subject) -> Figure:
    figure = Figure()
    fill(figure, subject=subject)
    return figure


def offsets(axes: Any) -> np.ndarray[Any, Any]:
    """Of the last points that were drawn."""
    return np.asarray(axes.collections[-1].get_offsets())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Standard error without the progress bar."""
    return "".join(
        line for line in capsys.readouterr().err.splitlines(keepends=True) if "%|" not in line
    )


def test_a_picture_is_written(
    rendered: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cameras.png"
    assert main([str(rendered.folder), "--output", str(path)]) == 0
    assert said(capsys).strip() == ""
    with Image.open(path) as image:
        assert image.size == (1300, 760)
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert 0.02 < (pixels != 255).any(axis=1).mean() < 0.9
    first = path.read_bytes()
    assert main([str(rendered.folder), "--output", str(path), "--overwrite"]) == 0
    assert path.read_bytes() == first


def test_cameras_stand_in_the_pictures_where_the_records_say(rendered: Dataset) -> None:
    """The records tell radius and angles as they were drawn, before any matrix was made."""
    subject = read_subject(rendered)
    above, directions = drawn(subject).axes[1:3]
    places = [view.record.camera.drawn for view in rendered.views]
    azimuths = np.array([place["azimuth_rad"] for place in places])
    inclinations = np.array([place["inclination_rad"] for place in places])
    radii = np.array([place["radius_m"] for place in places])
    found = offsets(directions)
    # The camera's float32 pose against what was drawn.
    np.testing.assert_allclose(found[:, 0], np.degrees(azimuths) % 360, atol=1e-3)
    np.testing.assert_allclose(found[:, 1], np.cos(inclinations), atol=1e-5)
    x, y, _ = rendered.record.bounds.center
    across = radii * np.sin(inclinations)
    wanted = np.stack([x + across * np.cos(azimuths), y + across * np.sin(azimuths)], axis=-1)
    np.testing.assert_allclose(offsets(above), wanted, atol=1e-5)


def test_frusta_reach_from_the_centres_to_the_corners_of_the_images(rendered: Dataset) -> None:
    space: Any = drawn(read_subject(rendered)).axes[0]
    lines = np.asarray(space.collections[-1]._segments3d).reshape(-1, 10, 2, 3)
    assert len(lines) == len(rendered.views)
    for view, frustum in zip(rendered.views, lines, strict=True):
        center = np.broadcast_to(view.camera.center_in_world, (4, 3))
        np.testing.assert_allclose(frustum[:4, 0], center, atol=1e-9)
        pixels, depth = view.camera.project(frustum[:4, 1])
        w, h = view.camera.intrinsics.width, view.camera.intrinsics.height
        np.testing.assert_allclose(pixels, [(0, 0), (w, 0), (w, h), (0, h)], atol=1e-6)
        assert np.ptp(depth) < 1e-9
        assert depth[0] > 0
        # The roof is beyond the upper side of the image.
        (_, v), _ = view.camera.project(frustum[-1, 1])
        assert v < 0


def test_the_axes_have_one_scale(rendered: Dataset) -> None:
    space: Any = drawn(read_subject(rendered)).axes[0]
    extents = [np.ptp(getattr(space, f"get_{name}lim")()) for name in "xyz"]
    ratios = np.asarray(space._box_aspect) / extents
    assert ratios == pytest.approx(np.full(3, ratios[0]))
    assert [getattr(space, f"get_{name}label")() for name in "xyz"] == ["x (m)", "y (m)", "z (m)"]


def test_points_of_the_surface_lie_in_the_models_box(rendered: Dataset) -> None:
    subject = read_subject(rendered)
    low, high = np.array(subject.bounds.minimum), np.array(subject.bounds.maximum)
    assert len(subject.points) > 1000
    slack = 1e-5 * subject.bounds.radius  # of float32 depths
    assert (subject.points > low - slack).all()
    assert (subject.points < high + slack).all()
    # They are spread over it, and have its colours.
    np.testing.assert_allclose(subject.points.min(axis=0), low, atol=0.1)
    np.testing.assert_allclose(subject.points.max(axis=0), high, atol=0.1)
    assert subject.colors.std(axis=0).min() > 0.05


def test_a_plan_shows_the_cameras_that_are_rendered(rendered: Dataset, planned: Dataset) -> None:
    assert not planned.views
    one, other = read_subject(planned), read_subject(rendered)
    np.testing.assert_array_equal(one.centers, other.centers)
    np.testing.assert_array_equal(one.axes, other.axes)
    assert len(one.points) == 0
    assert drawn(one).texts[0].get_text() == "plan: 5 planned cameras"
    assert drawn(other).texts[0].get_text() == "out: cameras of 5 views"


def test_of_an_unfinished_dataset_the_views_that_exist_are_shown(
    rendered: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "part"
    shutil.copytree(rendered.folder, folder)
    (folder / "001_view.json").unlink()
    subject = read_subject(Dataset.open(folder))
    assert list(subject.cameras) == [0, 2, 3, 4]
    assert drawn(subject).texts[0].get_text() == "part: cameras of 4 of 5 views"


def test_a_dataset_without_depth_and_one_with_a_single_view_are_shown(tmp_path: Path) -> None:
    dataset = make(tmp_path / "out", 1, *SETTINGS, "plugins.enabled=[]")
    subject = read_subject(dataset)
    assert len(subject.points) == 0
    stream = io.BytesIO()
    drawn(subject).savefig(stream)
    assert stream.getvalue()


def test_inside_a_room_directions_are_those_of_sight(room: Dataset) -> None:
    subject = read_subject(room)
    assert subject.inside
    directions = drawn(subject).axes[2]
    assert directions.get_title() == "where they look (equal-area)"
    cameras = json.loads((room.folder / "cameras.json").read_text())["views"]
    azimuths = np.array([view["drawn"]["azimuth_rad"] for view in cameras])
    inclinations = np.array([view["drawn"]["inclination_rad"] for view in cameras])
    found = offsets(directions)
    turns = (found[:, 0] - np.degrees(azimuths) + 180) % 360 - 180
    np.testing.assert_allclose(turns, 0, atol=1e-3)
    np.testing.assert_allclose(found[:, 1], np.cos(inclinations), atol=1e-5)
    assert math.isclose(np.linalg.norm(subject.axes[0]), 1, rel_tol=1e-6)


@pytest.mark.parametrize("backend", [None, "TkAgg"])
def test_without_a_display_the_process_says_what_to_do(
    planned: Dataset, backend: str | None
) -> None:
    environment = {
        k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    }
    if sys.platform != "linux":
        pytest.skip("there is a display")
    if backend is not None:
        environment["MPLBACKEND"] = backend
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(planned.folder)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "hemisphere.py: no window can be opened, since matplotlib finds no display or none of the "
        "packages that it draws windows with; write a picture with --output FILE.png\n"
    )


def leave_nothing(folder: Path) -> None:
    shutil.rmtree(folder)


def leave_an_empty_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def remove_views(folder: Path) -> None:
    for path in folder.glob("*_view.json"):
        path.unlink()


def damage_cameras(folder: Path) -> None:
    remove_views(folder)
    (folder / "cameras.json").write_text("cameras")


def empty_cameras(folder: Path) -> None:
    remove_views(folder)
    (folder / "cameras.json").write_text('{"schema": 1, "views": []}')


def write_text_as_depth(folder: Path) -> None:
    (folder / "002_depth.exr").write_text("this is text")


def write_text_as_image(folder: Path) -> None:
    (folder / "002_render.png").write_text("this is text")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            leave_nothing,
            "out is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            leave_an_empty_folder,
            "out is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            remove_views,
            "out has no view, and cameras.json cannot be read from it (No such file or directory); "
            "render some views, or plan their cameras with generate-batch.py and --skip-render",
        ),
        (
            damage_cameras,
            "out/cameras.json is not JSON: Expecting value: line 1 column 1 (char 0)",
        ),
        (empty_cameras, "out/cameras.json holds no camera; plan at least one"),
        (
            write_text_as_depth,
            "out/002_depth.exr is not an OpenEXR file: it starts with 'this is text'; name "
            "another or write it again",
        ),
        (
            write_text_as_image,
            "out/002_render.png cannot be read as an image: cannot identify image file "
            "'out/002_render.png'",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    change: Callable[[Path], None],
    message: str,
    rendered: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(rendered.folder, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    change(Path("out"))
    assert main(["out", "--output", "cameras.png"]) == 2
    assert said(capsys).strip() == f"hemisphere.py: {message}"
    assert not Path("cameras.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: DATASET; --help lists the arguments"),
        (
            ["out", "--output", "a.jpg"],
            "the output a.jpg does not end in .png; name such a file",
        ),
        (
            ["out", "--output", "no/a.png"],
            "the folder no of the output does not exist; make it first, or name another",
        ),
        (
            ["out", "--output", "there.png"],
            "the output there.png exists; name another file, or add --overwrite",
        ),
    ],
)
def test_mistakes_get_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "there.png").write_text("mine")
    assert refusal(main, arguments) == f"hemisphere.py: {message}\n"
    assert (tmp_path / "there.png").read_text() == "mine"
