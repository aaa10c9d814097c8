"""scripts/checkerboard: OpenCV finds its corners in renders where the cameras say they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh

from compat.shared.images import read_colors
from scripts.checkerboard.board import Array, Board, to_glb
from scripts.checkerboard.command import main
from tests.compat.datasets import ROOT, make
from tests.scripts.conftest import Refusal
from viewbatch.dataset import Dataset, View

PROGRAM = ROOT / "scripts" / "checkerboard" / "checkerboard.py"
# The defaults.
COLUMNS, ROWS, SQUARE_M = 10, 7, 0.03
BOARD = Board(
    columns=COLUMNS,
    rows=ROWS,
    square_m=SQUARE_M,
    border_m=SQUARE_M,
    dark=(0, 0, 0),
    light=(1, 1, 1),
)

# Edges are found from what is sampled along them, so that their error falls with the samples:
# 16 gave 0.3 px, 128 gave 0.1 px.
SETTINGS = (
    "render.film_transparent=false",
    "render.samples=64",
    "render.cycles.max_bounces=0",
    "render.resolution_x=400",
    "render.resolution_y=300",
    "render.pixel_aspect_x=1.2",
    "camera.lens.shift_x=0.04",
    "camera.location.quasi_random.inc_min=0.1",
    'camera.location.quasi_random.inc_max="pi/5"',
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("checkerboard")
    model = folder / "board.glb"
    assert main([str(model)]) == 0
    return make(folder / "out", 3, *SETTINGS, model=model)


def detected(view: View) -> Array:
    """(n, 2) corners in pixels as OpenCV finds them, in whichever of its four orders."""
    grey = cv2.cvtColor(read_colors(view), cv2.COLOR_RGB2GRAY)
    found, corners = cv2.findChessboardCorners(grey, (COLUMNS - 1, ROWS - 1))
    assert found, f"view {view.index}"
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-4)
    refined = cv2.cornerSubPix(grey, corners, (6, 6), (-1, -1), stop)
    # OpenCV's integers are at the centres of pixels.
    result: Array = refined.reshape(-1, 2).astype(np.float64) + 0.5
    return result


def test_opencv_finds_the_corners_where_the_cameras_say(rendered: Dataset) -> None:
    errors = []
    for view in rendered.views:
        wanted, _ = view.camera.project(BOARD.inner_corners)
        grid = detected(view).reshape(ROWS - 1, COLUMNS - 1, 2)
        orders = (grid, grid[::-1], grid[:, ::-1], grid[::-1, ::-1])
        error = min((order.reshape(-1, 2) - wanted for order in orders), key=np.linalg.norm)
        assert np.linalg.norm(error, axis=1).max() < 0.2, f"view {view.index}"
        errors.append(error)
    # Noise goes in all directions; half a pixel of another convention, or a shifted axis, does not.
    assert np.abs(np.concatenate(errors).mean(axis=0)).max() < 0.03


def test_squares_have_the_colours_of_the_drawing(rendered: Dataset) -> None:
    """The square towards -x and -y is dark, so no axis is swapped or turned."""
    x, y = ((lines[1:] + lines[:-1]) / 2 for lines in BOARD.lines_m)
    across, up = np.meshgrid(x, y)
    row, column = np.indices(across.shape)
    for view in rendered.views:
        pixels, _ = view.camera.project(np.stack([across, up, 0 * up], axis=-1))
        u, v = np.moveaxis(pixels.astype(int), -1, 0)
        dark = read_colors(view)[v, u].max(axis=-1) < 60
        np.testing.assert_array_equal(dark, (row + column) % 2 == 0)


def test_colours_are_neither_clipped_nor_glossy_in_the_default_light(rendered: Dataset) -> None:
    for view in rendered.views:
        seen = read_colors(view)[view.read("mask") != 0]
        assert seen.max() < 255
        # Half of the squares; within them the light varies by some levels alone.
        dark = seen[seen.max(axis=-1) < 60]
        assert np.ptp(np.percentile(dark, (2, 80))) < 8


def test_the_plane_lies_at_zero_and_has_the_size_that_was_asked_for(rendered: Dataset) -> None:
    bounds = rendered.record.bounds
    half = (COLUMNS / 2 + 1) * SQUARE_M, (ROWS / 2 + 1) * SQUARE_M
    # Rounded to float32, whose numbers there are 3e-8 apart.
    assert bounds.minimum == pytest.approx((-half[0], -half[1], 0), abs=1.5e-8)
    assert bounds.maximum == pytest.approx((half[0], half[1], 0), abs=1.5e-8)
    for view in rendered.views:
        depth = view.read("depth")
        points = view.camera.unproject(depth)[depth > 0]
        assert len(points) > 5000
        assert np.abs(points[:, 2]).max() < 1e-6  # float32 depths near a metre


def test_another_reader_finds_the_same_shape(tmp_path: Path) -> None:
    path = tmp_path / "board.glb"
    assert main([str(path), "--columns", "3", "--rows", "4", "--border", "0"]) == 0
    scene = trimesh.load_scene(path)
    # glTF's y is up.
    np.testing.assert_allclose(scene.extents, [0.09, 0, 0.12], atol=1e-8)
    assert len(scene.geometry) == 2
    for mesh in scene.geometry.values():
        assert mesh.area == pytest.approx(6 * 0.03**2, rel=1e-6)
        np.testing.assert_allclose(mesh.face_normals, [[0, 1, 0]] * 12, atol=1e-6)


def test_corners_are_where_four_squares_meet_and_in_order() -> None:
    board = Board(columns=3, rows=4, square_m=2, border_m=0, dark=(0, 0, 0), light=(1, 1, 1))
    assert board.inner_corners.tolist() == [
        [-1, -2, 0], [1, -2, 0], [-1, 0, 0], [1, 0, 0], [-1, 2, 0], [1, 2, 0],
    ]  # fmt: skip


def test_the_corners_of_the_readme_are_those_of_the_default_board() -> None:
    text = (PROGRAM.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d), (\d) \| (\S+) \| (\S+) \| 0 \|$", text, re.MULTILINE)
    assert len(rows) >= 4
    board = Board(columns=10, rows=7, square_m=0.03, border_m=0, dark=(0, 0, 0), light=(1, 1, 1))
    corners = board.inner_corners.reshape(6, 9, 3)
    for i, j, x, y in rows:
        np.testing.assert_allclose(corners[int(j), int(i)], [float(x), float(y), 0], atol=1e-12)


def test_the_calibration_of_the_readme_runs(
    rendered: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROGRAM.parent / "README.md").read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(rendered.folder.parent)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - it is our own document
    assert len(names["points"]) == len(rendered.views)
    # With the camera of the records, OpenCV's own projection falls on what it detected.
    for view, points, pixels in zip(rendered.views, names["points"], names["pixels"], strict=True):
        camera_matrix = view.camera.intrinsics.matrix - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
        _, rotation, translation = cv2.solvePnP(points, pixels, camera_matrix, None)
        projected, _ = cv2.projectPoints(points, rotation, translation, camera_matrix, None)
        assert np.abs(projected - pixels).max() < 0.2


def test_the_process_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), "board.glb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "board.glb: 10 x 7 squares of 0.03 m; 9 x 6 inner corners from (-0.12, -0.075, 0) to "
        "(0.12, 0.075, 0)\n"
    )
    assert main([str(tmp_path / "again.glb")]) == 0
    assert (tmp_path / "board.glb").read_bytes() == (tmp_path / "again.glb").read_bytes()


def test_colours_are_given_in_srgb(tmp_path: Path) -> None:
    path = tmp_path / "board.glb"
    assert main([str(path), "--dark", "#000000", "--light", "#ff8000"]) == 0
    # 128 of 255 levels of sRGB are 0.215861 in linear light (IEC 61966-2-1).
    light = (1.0, 0.215861, 0.0)
    board = Board(
        columns=10, rows=7, square_m=0.03, border_m=0.03, dark=(0.0, 0.0, 0.0), light=light
    )
    assert path.read_bytes() == to_glb(board)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["board.obj"], "the output board.obj does not end in .glb; name such a file"),
        (["there.glb"], "the output there.glb exists; name another file, or add --overwrite"),
        (
            ["no/board.glb"],
            "the folder no of the output does not exist; make it first, or name another",
        ),
        (
            ["b.glb", "--columns", "1"],
            "argument --columns: expected a whole number from 2 to 1000, found '1'; --help lists "
            "the arguments",
        ),
        (
            ["b.glb", "--square", "0"],
            "argument --square: expected a length in metres from 1e-06 to 1e+06, found '0'; "
            "--help lists the arguments",
        ),
        (
            ["b.glb", "--border", "-1"],
            "argument --border: expected a length in metres from 1e-06 to 1e+06, found '-1'; "
            "--help lists the arguments",
        ),
        (
            ["b.glb", "--dark", "black"],
            "argument --dark: expected a colour such as #1a2b3c, found 'black'; --help lists the "
            "arguments",
        ),
        ([], "the following arguments are required: OUTPUT.glb; --help lists the arguments"),
    ],
)
def test_mistakes_get_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "there.glb").write_text("mine")
    assert refusal(main, arguments) == f"checkerboard.py: {message}\n"
    assert (tmp_path / "there.glb").read_text() == "mine"
