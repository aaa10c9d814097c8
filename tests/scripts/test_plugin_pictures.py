"""scripts/plugin_pictures: a picture for each plugin, true to the files that it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.plugin_pictures.overlay import Overlay, color_bar, legend
from scripts.plugin_pictures.plugin_pictures import PICTURES, main
from scripts.plugin_pictures.raster import draw_points, hit_triangles
from scripts.plugin_pictures.subject import (
    AXES,
    WIDTH_PX,
    Subject,
    color_of_id,
    overview_camera,
    read_mesh,
)
from scripts.shared.errors import InputError
from scripts.shared.pictures import NOTHING
from viewbatch.dataset import Dataset
from viewbatch.geometry import Camera, Intrinsics

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path.stem for path in (ROOT / "plugins").glob("*.py"))
Pixels = np.ndarray[Any, np.dtype[Any]]
# Not square, unequal focal lengths, the axis off the middle.
CAMERA = Camera(
    intrinsics=Intrinsics(width=40, height=30, fx=50.0, fy=60.0, cx=18.0, cy=16.0),
    cam_from_world=np.eye(4),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the toys with the files of all plugins."""
    path = tmp_path_factory.mktemp("plugin_pictures") / "blocks"
    settings = [
        f"plugins.enabled={PLUGINS}",
        f"render.resolution_x={WIDTH_PX}",
        "render.resolution_y=200",
        "render.samples=1",
        "render.cycles.use_denoising=false",
        "plugins.point_cloud.max_points=20000",
        'objects.categories={block="block"}',
    ]
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "generate-batch.py"),
            str(ROOT / "references" / "models" / "blocks.glb"),
            str(path),
            "2",
            *(word for setting in settings for word in ("--set", setting)),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:
    dataset = Dataset.open(folder)
    return Subject(dataset=dataset, view=dataset.view(1))


def read_png(path: Path) -> Pixels:
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


# What is committed


def test_every_plugin_has_its_picture_and_the_document_shows_it() -> None:
    text = (ROOT / "PLUGINS.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(references/plugins/(\w+)\.png\)", text)
    assert sorted(PICTURES) == sorted(shown) == PLUGINS
    files = {path.stem: path for path in (ROOT / "references" / "plugins").iterdir()}
    assert sorted(files) == PLUGINS
    assert sum(path.stat().st_size for path in files.values()) < 1.5e6
    for path in files.values():
        height, width, _ = read_png(path).shape
        assert 200 <= height <= 320, path
        assert WIDTH_PX <= width <= 1.6 * WIDTH_PX, path


# From a dataset to pictures


def test_all_pictures_are_written(folder: Path, tmp_path: Path) -> None:
    assert main([str(folder), str(tmp_path / "new"), "--view", "1"]) == 0
    assert sorted(path.stem for path in (tmp_path / "new").iterdir()) == PLUGINS
    for path in (tmp_path / "new").iterdir():
        picture = read_png(path)
        assert picture.shape[0] >= 150
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 3, path


def test_the_picture_of_a_mask_has_the_colours_of_its_ids(subject: Subject) -> None:
    ids = subject.map("mask")
    picture = PICTURES["mask"](subject)
    for number in np.unique(ids):
        color = NOTHING if number == 0 else color_of_id(int(number))
        np.testing.assert_array_equal(
            (picture[: len(ids)] == color).all(axis=-1), ids == number, err_msg=str(number)
        )
        # ... and the legend below shows it.
        assert number == 0 or (picture[len(ids) :] == color).all(axis=-1).any()


def test_the_bar_of_depth_has_the_colours_of_its_ends(subject: Subject) -> None:
    depth = subject.map("depth")
    picture = PICTURES["depth"](subject)
    bar = picture[len(depth) + 10]
    inside = np.flatnonzero((bar != 255).any(axis=-1) & (np.ptp(bar, axis=-1) > 20))
    near, far = np.percentile(depth[depth > 0], (1, 99))
    for place, colors in ((depth < near, bar[inside[0]]), (depth > far, bar[inside[-1]])):
        seen = picture[: len(depth)][place & (depth > 0)].astype(int)
        assert np.abs(seen - colors).max() < 12


def test_boxes_are_drawn_where_the_record_has_them(subject: Subject) -> None:
    picture = PICTURES["bounding_box"](subject).astype(int)
    for box in subject.view.record.notes["boxes_px"]:
        left, top, right, bottom = box["box"]
        middle = ((top + bottom) // 2, (left + right) // 2)
        on_edges = [
            picture[middle[0], left],
            picture[middle[0], min(right, WIDTH_PX - 1)],
            picture[top, middle[1]],
        ]
        nearest = min(np.abs(pixel - color_of_id(box["id"])).max() for pixel in on_edges)
        assert nearest < 30, box


def test_a_view_without_boxes_is_refused(subject: Subject) -> None:
    view = replace(subject.view, record=replace(subject.view.record, notes={}))
    with pytest.raises(InputError) as refusal:
        PICTURES["bounding_box"](replace(subject, view=view))
    assert str(refusal.value) == (
        f"the views of {subject.dataset.folder} have no boxes_px; enable the plugin bounding_box"
    )


def test_a_narrow_view_is_refused(subject: Subject) -> None:
    narrow = replace(subject.view.record.camera, camera=CAMERA)
    view = replace(subject.view, record=replace(subject.view.record, camera=narrow))
    with pytest.raises(InputError) as refusal:
        replace(subject, view=view)
    assert str(refusal.value) == (
        f"view 1 of {subject.dataset.folder} is 40 pixels wide, expected at least {WIDTH_PX}; "
        "render it with a larger render.resolution_x"
    )


def test_triangles_of_the_mesh_are_what_the_view_shows(subject: Subject) -> None:
    vertices, triangles, object_ids = read_mesh(subject)
    hits = hit_triangles(vertices, triangles, subject.view.camera)
    ids = np.where(hits.triangle >= 0, object_ids[hits.triangle], 0)
    rendered = subject.map("mask")
    # Pixels whose centres lie on an edge, to float32, fall to either side.
    assert (ids != rendered).mean() < 2e-4
    same = (ids == rendered) & (ids != 0)
    depth = subject.map("depth")
    np.testing.assert_allclose(hits.depth_m[same], depth[same], rtol=1e-4)


# Drawing


def test_of_two_points_in_a_pixel_the_nearer_is_seen() -> None:
    points = np.array([[0.2, 0.1, 2.0], [0.4, 0.2, 4.0], [0.0, 0.0, -1.0]])
    colors = np.array([[9, 8, 7], [200, 0, 0], [0, 200, 0]], np.uint8)
    # u = 50 * 0.1 + 18 = 23, v = 60 * 0.05 + 16 = 19, of both points in front.
    for order in ([0, 1, 2], [1, 0, 2]):
        moved = points[order] + [1e-6, 1e-6, 0]  # off the edge between two pixels
        picture, there = draw_points(moved, colors[order], CAMERA, size_px=1)
        assert np.argwhere(there).tolist() == [[19, 23]]
        assert picture[19, 23].tolist() == [9, 8, 7]


def test_squares_of_points_lie_around_their_places() -> None:
    _, there = draw_points(
        np.array([[0.21, 0.11, 2.0]]), np.zeros((1, 3), np.uint8), CAMERA, size_px=3
    )
    rows, columns = np.nonzero(there)
    assert (set(rows), set(columns)) == ({18, 19, 20}, {22, 23, 24})


def test_a_slanted_triangle_has_the_depth_of_its_plane() -> None:
    # z = 3 + x: with x = (u - 18) / 50 * z, z = 3 / (1 - (u - 18) / 50).
    x, y = np.array([-2.0, 2.0, 0.0]), np.array([-2.0, -2.0, 4.0])
    vertices = np.stack([x, y, 3 + x], axis=1)
    hits = hit_triangles(vertices, np.array([[0, 1, 2]]), CAMERA)
    there = hits.triangle == 0
    assert there.mean() > 0.3
    u = CAMERA.intrinsics.pixel_centers()[..., 0]
    np.testing.assert_allclose(hits.depth_m[there], (3 / (1 - (u - 18) / 50))[there], rtol=1e-12)
    assert np.isinf(hits.depth_m[~there]).all()


def test_the_distance_to_the_nearest_side_is_in_pixels() -> None:
    # A square with a side of 20 px, its lower left half: corners (8, 6), (8, 26), (28, 26).
    pixels = np.array([[8.0, 6.0], [8.0, 26.0], [28.0, 26.0]])
    vertices = np.concatenate([(pixels - (18, 16)) / (50, 60), np.ones((3, 1))], axis=1)
    hits = hit_triangles(vertices, np.array([[0, 1, 2]]), CAMERA)
    # The centre of pixel (row 20, column 10) is 2.5 right of the left side, 5.5 above the
    # lower one, and (20.5 - 10.5 + 2) / sqrt(2) from the diagonal v = u - 2.
    assert hits.edge_px[20, 10] == pytest.approx(2.5)
    assert hits.edge_px[23, 12] == pytest.approx(2.5)
    assert hits.edge_px[14, 13] == pytest.approx((14.5 - 13.5 + 2) / 2**0.5)


def test_an_overview_shows_all_points_and_no_more_than_a_margin() -> None:
    points = np.random.default_rng(3).uniform([1, 2, 3], [9, 4, 5], (200, 3))
    camera = overview_camera(np.array([5.0, 3.0, 4.0]), points)
    pixels, depth = camera.project(points)
    k = camera.intrinsics
    assert (depth > 0).all()
    low, high = pixels.min(axis=0), np.array([k.width, k.height]) - pixels.max(axis=0)
    assert np.concatenate([low, high]).min() == pytest.approx(8, abs=1e-6)
    np.testing.assert_allclose(low, high, atol=1e-6)


def test_lines_lie_where_they_are_put_and_words_stay_inside() -> None:
    overlay = Overlay(np.full((40, 60, 3), 255, np.uint8))
    overlay.line([(10, 20), (50, 20)], AXES[0], width=2)
    assert set(np.nonzero((overlay.finish() != 255).any(axis=-1))[0]) <= {18, 19, 20, 21}
    overlay = Overlay(np.full((40, 100, 3), 255, np.uint8))
    overlay.text((98, 39), "words")
    ink = np.argwhere((overlay.finish() < 100).all(axis=-1))
    assert ink[:, 1].min() > 40, "the words have their whole width"
    assert ink[:, 1].max() < 99


def test_a_legend_takes_as_many_rows_as_it_needs() -> None:
    entries = [(f"object number {i}", AXES[i % 3]) for i in range(5)]
    one, several = legend(1000, entries), legend(200, entries)
    assert several.shape == (5 * one.shape[0], 200, 3)
    ramp = np.zeros((1, 200, 3), np.uint8)
    assert color_bar(ramp, "1 m", "2 m").shape[1] == 200


# What users are told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{folder}", "{out}", "--view", "7"], "view 7 of {folder} does not exist"),
        (
            ["{folder}", "{out}", "--only", "depths"],
            "argument --only: invalid choice: 'depths'",
        ),
        (["{out}", "{out}"], "{out} is not a dataset"),
    ],
)
def test_mistakes_are_answered_with_one_sentence(
    words: list[str],
    message: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {"folder": folder, "out": tmp_path}
    assert main([word.format(**names) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("plugin_pictures.py: " + message.format(**names))
    assert error.count("\n") == 1


def test_a_dataset_without_a_plugin_s_files_says_which(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        if path.name != "mesh.ply":
            (copy / path.name).write_bytes(path.read_bytes())
    assert main([str(copy), str(tmp_path / "out"), "--only", "mesh"]) == 2
    assert capsys.readouterr().err == (
        f"plugin_pictures.py: {copy} has no mesh.ply; enable the plugin that writes it, and render "
        "all of the dataset's views\n"
    )
