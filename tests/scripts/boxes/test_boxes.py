"""scripts/boxes: boxes against those that plugins made, COCO's tools, and labels one can read."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from scripts.boxes.command import main
from scripts.boxes.drawing import LabelledBox, draw_boxes, place_labels
from scripts.shared.pictures import read_image, to_rgb
from tests.compat.datasets import ROOT
from tests.scripts.boxes.ids import sample_ids
from tests.scripts.foreign_exr import CUBES, Pixels, save, save_parts
from viewbatch.dataset import Dataset

PROGRAM = ROOT / "scripts" / "boxes" / "boxes.py"


WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def as_json(folder: Path, *arguments: str | Path) -> list[dict[str, object]]:
    path = folder / "boxes.json"
    assert main([*map(str, arguments), "--json", str(path), "--overwrite"]) == 0
    images: list[dict[str, object]] = json.loads(path.read_text())["images"]
    return images


def drawn(folder: Path, *arguments: str | Path) -> Pixels:
    path = folder / "boxes.png"
    assert main([*map(str, arguments), "--draw", str(path), "--overwrite"]) == 0
    with Image.open(path) as image:
        return np.asarray(image)


def color_of(index: int) -> tuple[int, ...]:
    return tuple(to_rgb(np.array([[index]], np.uint32), background=WHITE)[0, 0].tolist())


SAMPLE = [(5, [3, 2, 6, 5], 30), (200, [12, 10, 16, 8], 127)]


def found(images: list[dict[str, object]]) -> list[tuple[int, list[int], int]]:
    (image,) = images
    objects = image["objects"]
    assert isinstance(objects, list)
    return [(o["index"], o["bbox"], o["area"]) for o in objects]


def test_boxes_are_those_of_the_bounding_box_plugin(dataset: Dataset, tmp_path: Path) -> None:
    known = {o.id: o for o in dataset.record.objects}
    images = as_json(tmp_path, dataset.folder)
    assert [image["view"] for image in images] == [0, 1, 2, 3]
    for image, view in zip(images, dataset.views, strict=True):
        assert image["file"] == view.path("mask").name
        assert (image["width"], image["height"]) == (90, 60)
        expected = [
            {
                "index": note["id"],
                "name": known[note["id"]].name,
                "category": known[note["id"]].category,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": note["pixels"],
            }
            for note in view.record.notes["boxes_px"]
            for x0, y0, x1, y1 in [note["box"]]
        ]
        assert image["objects"] == expected
        assert len(expected) > 4


def test_the_table(dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(dataset.folder), "--views", "2"]) == 0
    path = dataset.views[2].path("mask")
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title == str(path)
    assert head.split() == ["index", "name", "x", "y", "width", "height", "area"]
    (image,) = as_json(tmp_path, path)
    objects = image["objects"]
    assert isinstance(objects, list)
    assert [row.split() for row in rows] == [
        [str(o["index"]), o["name"], *map(str, o["bbox"]), str(o["area"])] for o in objects
    ]


def test_the_table_of_files_word_for_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("ids.exr"), {"Y": sample_ids()})
    save(Path("none.exr"), {"Y": sample_ids() * 0})
    assert main(["ids.exr", "none.exr"]) == 0
    assert capsys.readouterr() == (
        "ids.exr\n"
        "index  name   x   y  width  height  area\n"
        "    5  -      3   2      6       5    30\n"
        "  200  -     12  10     16       8   127\n"
        "\n"
        "none.exr\n"
        "no object is seen\n",
        "",
    )


def test_kinds_and_files_of_a_dataset_have_its_names(dataset: Dataset, tmp_path: Path) -> None:
    view = dataset.views[1]
    by_view = as_json(tmp_path, dataset.folder, "--views", "1")
    assert as_json(tmp_path, view.path("mask")) == by_view
    (png,) = as_json(tmp_path, view.path("mask_png"))
    assert png["objects"] == by_view[0]["objects"]
    (semantic,) = as_json(tmp_path, dataset.folder, "--views", "1", "--kind", "semantic")
    objects = semantic["objects"]
    assert isinstance(objects, list)
    assert {o["name"] for o in objects} <= set(dataset.record.categories)
    assert len(objects) > 1


def test_a_binary_mask_names_no_object(binary: Dataset, tmp_path: Path) -> None:
    assert len(binary.record.objects) > 1
    (image,) = as_json(tmp_path, binary.folder)
    objects = image["objects"]
    assert isinstance(objects, list)
    assert [(o["index"], o["name"], o["category"]) for o in objects] == [(1, None, None)]


def test_blenders_object_index(multilayer: Path, tmp_path: Path) -> None:
    images = as_json(tmp_path, multilayer)
    assert {index: box for index, box, _ in found(images)} == CUBES
    assert found(as_json(tmp_path, multilayer, "--channel", "IndexOB.X")) == found(images)


@pytest.mark.parametrize("dtype", ["u4", "f4", "f2"])
def test_ids_of_any_type_part_and_place(tmp_path: Path, dtype: str) -> None:
    ids = sample_ids().astype(dtype)
    noise = np.random.default_rng(1).random(ids.shape, dtype=np.float32)
    files = [
        save(tmp_path / "one.exr", {"V": ids}),
        save(tmp_path / "rgb.exr", {"R": ids, "G": ids, "B": ids}),
        save_parts(tmp_path / "5.exr", {"n": {"N.X": noise}, "i": {"L.Object Index.X": ids}}),
    ]
    for path in files:
        assert found(as_json(tmp_path, path)) == SAMPLE


def test_ids_beyond_any_table(tmp_path: Path) -> None:
    ids = np.where(sample_ids() > 5, np.uint32(4_294_967_295), sample_ids())
    assert [o[0] for o in found(as_json(tmp_path, save(tmp_path / "a.exr", {"Y": ids})))] == [
        5, 4_294_967_295,
    ]  # fmt: skip


def test_png_of_grey_and_of_a_palette(tmp_path: Path) -> None:
    ids = sample_ids()
    Image.fromarray(ids.astype(np.uint8)).save(tmp_path / "grey.png")
    palette = Image.fromarray(ids.astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, *([9, 9, 9] * 255)])
    palette.save(tmp_path / "palette.png")
    for name in ("grey", "palette"):
        assert found(as_json(tmp_path, tmp_path / f"{name}.png")) == SAMPLE
    Image.fromarray((ids * 300).astype(np.uint16)).save(tmp_path / "deep.png")
    assert [o[0] for o in found(as_json(tmp_path, tmp_path / "deep.png"))] == [1500, 60000]


def opened(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_coco_decodes_to_the_id_maps(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    assert main([str(dataset.folder), "--views", "1,3", "--coco", str(path)]) == 0
    coco = opened(path)
    assert sorted(coco.imgs) == [1, 3]
    names = {o.id: o.name for o in dataset.record.objects}
    for index, image in coco.imgs.items():
        view = dataset.view(index)
        assert image["file_name"] == view.path("render").name
        ids = np.zeros((image["height"], image["width"]), np.uint32)
        for annotation in coco.imgToAnns[index]:
            ids[coco.annToMask(annotation) > 0] = annotation["object_id"]
            assert annotation["object_name"] == names[annotation["object_id"]]
            category = coco.cats[annotation["category_id"]]["name"]
            expected = {o.id: o.category for o in dataset.record.objects}
            assert category == expected[annotation["object_id"]]
        np.testing.assert_array_equal(ids, view.read("mask"))


def test_coco_of_files_without_a_dataset(multilayer: Path, tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    ids = save(tmp_path / "ids.exr", {"Y": sample_ids()})
    assert main([str(multilayer), str(ids), "--coco", str(path)]) == 0
    coco = opened(path)
    assert [image["file_name"] for image in coco.imgs.values()] == ["multi.exr", "ids.exr"]
    assert [category["name"] for category in coco.cats.values()] == ["object"]
    assert {a["object_id"]: a["bbox"] for a in coco.imgToAnns[0]} == CUBES
    assert sum(a["area"] for a in coco.imgToAnns[1]) == np.count_nonzero(sample_ids())


def test_lines_are_at_the_edges_of_the_pixels(tmp_path: Path) -> None:
    picture = drawn(tmp_path, save(tmp_path / "ids.exr", {"Y": sample_ids()}))
    zoom = 640 // 30
    assert picture.shape == (20 * zoom, 30 * zoom, 3)
    x, y, width, height = np.array(SAMPLE[1][1]) * zoom
    color = color_of(200)
    for row in (y, y + height - 1):
        assert (picture[row, x : x + width] == color).all()
    for column in (x, x + width - 1):
        assert (picture[y : y + height, column] == color).all()
    # Of the ids' own picture, what is neither line nor label is unchanged.
    plain = to_rgb(sample_ids(), background=WHITE).repeat(zoom, axis=0).repeat(zoom, axis=1)
    np.testing.assert_array_equal(
        picture[y + 3 : y + height - 3, x + 3 : x + width - 3],
        plain[y + 3 : y + height - 3, x + 3 : x + width - 3],
    )


def test_boxes_are_drawn_on_the_view_on_colours_and_on_a_given_image(
    dataset: Dataset, multilayer: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    assert main([str(dataset.folder), "--draw", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        f"00{i}_mask_boxes.png" for i in range(4)
    ]
    zoom = 640 // 90
    picture = np.asarray(Image.open(folder / "000_mask_boxes.png"))
    render = to_rgb(read_image(dataset.views[0].path("render")), background=WHITE)
    assert (picture[::zoom, ::zoom] == render).all(axis=-1).mean() > 0.5
    # Where nothing is drawn, Blender's own colours, in which the world is bluish.
    picture = drawn(tmp_path, multilayer)
    np.testing.assert_array_equal(
        picture[-1, -1], to_rgb(read_image(multilayer), background=WHITE)[-1, -1]
    )
    assert picture[-1, -1][2] > picture[-1, -1][0] > 0
    Image.new("RGB", (48, 32), (1, 2, 3)).save(tmp_path / "photo.png")
    picture = drawn(tmp_path, multilayer, "--image", tmp_path / "photo.png")
    assert tuple(picture[-1, -1]) == (1, 2, 3)


@pytest.mark.parametrize(("count", "size"), [(1, (60, 20)), (40, (640, 480)), (300, (640, 480))])
def test_labels_neither_overlap_nor_leave_the_picture(count: int, size: tuple[int, int]) -> None:
    random = np.random.default_rng(count)
    boxes, labels = [], []
    for _ in range(count):
        x, y = (int(random.integers(0, side - 2)) for side in size)
        width, height = (
            int(random.integers(1, side - o)) for side, o in zip(size, (x, y), strict=True)
        )
        boxes.append((x, y, x + width, y + height))
        labels.append((int(random.integers(10, 60)), 19))
    places = place_labels(boxes, labels, size)
    taken = np.zeros(size[::-1], int)
    for place, label in zip(places, labels, strict=True):
        if place is not None:
            left, top, right, bottom = place
            assert (right - left, bottom - top) == label
            assert 0 <= left < right <= size[0]
            assert 0 <= top < bottom <= size[1]
            taken[top:bottom, left:right] += 1
    assert taken.max() == 1
    if count <= 40:
        assert None not in places
    else:
        assert 0 < places.count(None) < count / 2, "so many do not fit, and most do"


def test_a_label_stands_at_its_box_where_there_is_room() -> None:
    boxes = [(100, 100, 200, 150), (0, 0, 640, 480), (300, 0, 350, 40)]
    above, inside, below = place_labels(boxes, [(50, 19)] * 3, (640, 480))
    assert above == (100, 81, 150, 100)
    assert inside is not None
    assert below is not None
    assert below[1] == 40 or below[0] in (350, 250)


def luminance(color: Pixels) -> Pixels:
    """Relative luminance (WCAG 2.1) of 8-bit sRGB."""
    c = color / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("index", [1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 300])
def test_labels_are_readable_on_any_background(index: int) -> None:
    box = LabelledBox(index=index, box=[100, 100, 300, 200], words=f"{index} some object")
    labels = []
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for background in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        picture, left_out = draw_boxes(background, [box])
        assert left_out == 0
        changed = (picture != background).any(axis=-1)[:100]
        rows, columns = np.nonzero(changed)
        labels.append(picture[rows.min() : 100, 100 : columns.max() + 1])
    rows = min(len(label) for label in labels)
    for label in labels:
        np.testing.assert_array_equal(label[-rows:], labels[0][-rows:])  # nothing shines through
    paper = luminance(np.array(color_of(index)))
    ink = luminance(labels[0].reshape(-1, 3))
    extreme = ink[np.argmax(np.abs(ink - paper))]
    contrast = (max(extreme, paper) + 0.05) / (min(extreme, paper) + 0.05)
    assert contrast > 4.5  # WCAG's level AA


def test_labels_without_room_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = np.arange(1, 801, dtype=np.uint32).reshape(20, 40).repeat(16, axis=0).repeat(16, axis=1)
    path = tmp_path / "boxes.png"
    assert main([str(save(tmp_path / "a.exr", {"Y": ids})), "--draw", str(path)]) == 0
    warning = capsys.readouterr().err
    left_out = int(warning.split(" room for ")[1].split()[0])
    assert warning == f"boxes.py: warning: {path} has no room for {left_out} of 800 labels\n"
    assert 100 < left_out < 800


def test_the_process(dataset: Dataset, tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(dataset.folder), "--views", "0"]
    outputs = ["--json", "a.json", "--coco", "b.json", "--draw", "c.png"]
    done = subprocess.run(
        [*command, *outputs], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{dataset.views[0].path('mask')}\nindex  name")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "c.png"]
