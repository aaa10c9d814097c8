"""compat/to_coco: what pycocotools makes of the files are our id maps, in every pixel."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from compat.to_coco.polygons import polygons
from tests.compat.datasets import CENTRED, assert_settings_refused, converted, make, run, surface
from viewbatch.dataset import Dataset

NAME = "to_coco"
Array = npt.NDArray[Any]


def opened(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def decoded(coco: COCO, image_id: int) -> Array:
    """The id map that the annotations of an image make together; they must not overlap."""
    image = coco.imgs[image_id]
    ids = np.zeros((image["height"], image["width"]), dtype=np.uint32)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image_id])):
        mask = coco.annToMask(annotation).astype(bool)
        assert not ids[mask].any()
        ids[mask] = annotation["object_id"]
    return ids


def average_precision(coco: COCO, kind: str) -> float:
    """Of the annotations as detections of themselves, as the COCO challenge counts it."""
    detections = [
        {key: annotation[key] for key in ("image_id", "category_id", "bbox", "segmentation")}
        | {"score": 1.0}
        for annotation in coco.dataset["annotations"]
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(coco, coco.loadRes(detections), kind)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0])


@pytest.fixture(scope="module")
def folder(shifted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("coco") / "out"
    assert converted(NAME, shifted.folder, path).said == []
    return path


@pytest.fixture(scope="module")
def solid(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Objects none of which has a hole, in several connected parts now and then."""
    return make(
        tmp_path_factory.mktemp("solid") / "in", 6, *CENTRED,
        'objects.exclude_pattern="ring|arch|doll"',
    )  # fmt: skip


# What is written


def test_masks_decode_to_the_id_maps(shifted: Dataset, folder: Path) -> None:
    assert run(NAME, "--verify", shifted.folder, folder).code == 0
    coco = opened(folder / "annotations.json")
    assert coco.getImgIds() == [view.index for view in shifted.views]
    for view in shifted.views:
        np.testing.assert_array_equal(decoded(coco, view.index), view.read("mask"))


def test_surface_points_land_in_the_masks_and_boxes_of_their_objects(
    shifted: Dataset, folder: Path
) -> None:
    """Those of Cycles' positions, through our cameras: (0, 0) is the corner of the image."""
    coco = opened(folder / "annotations.json")
    boxes = {(a["image_id"], a["object_id"]): a["bbox"] for a in coco.dataset["annotations"]}
    for view in shifted.views:
        points, centres = surface(view)
        pixels, _ = view.camera.project(points)
        assert np.abs(pixels - centres).max() < 0.01
        columns, rows = np.floor(pixels).astype(int).T
        ids = decoded(coco, view.index)[rows, columns]
        assert len(np.unique(ids)) > 3
        for number in np.unique(ids[ids > 0]).tolist():
            x, y, width, height = boxes[view.index, number]
            u, v = pixels[ids == number].T
            # The outermost centres lie half a pixel inside of the box's sides.
            np.testing.assert_allclose(
                [u.min() - x, v.min() - y, x + width - u.max(), y + height - v.max()],
                0.5,
                atol=0.01,
            )


def test_areas_boxes_and_categories_are_those_of_the_objects(
    shifted: Dataset, folder: Path
) -> None:
    coco = opened(folder / "annotations.json")
    assert coco.dataset["categories"] == [{"id": 1, "name": "ball"}, {"id": 2, "name": "object"}]
    names = {item.id: item.name for item in shifted.record.objects}
    annotations = coco.dataset["annotations"]
    assert [a["id"] for a in annotations] == list(range(1, len(annotations) + 1))
    for a in annotations:
        mask = shifted.view(a["image_id"]).read("mask") == a["object_id"]
        assert a["area"] == np.count_nonzero(mask) > 0
        assert a["bbox"] == list(cv2.boundingRect(mask.astype(np.uint8)))
        assert a["object_name"] == names[a["object_id"]]
        assert a["category_id"] == (1 if a["object_name"] == "ball" else 2)
        assert a["iscrowd"] == 0


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_the_challenge_finds_the_annotations_in_themselves(folder: Path, kind: str) -> None:
    assert average_precision(opened(folder / "annotations.json"), kind) == 1.0


def test_images_are_the_dataset_s_own_bytes(shifted: Dataset, folder: Path) -> None:
    for image in opened(folder / "annotations.json").dataset["images"]:
        view = shifted.view(image["id"])
        assert image["file_name"] == f"{view.index:03d}.png"
        assert (image["width"], image["height"]) == (120, 90)
        path = folder / "images" / image["file_name"]
        assert path.read_bytes() == view.path("render").read_bytes()


def test_each_part_has_a_file(shifted: Dataset, tmp_path: Path) -> None:
    split = tmp_path / "split.json"
    split.write_text('{"train": [1, 5, 7], "val": [2], "test": [0, 3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    found = {path.name: opened(path) for path in (tmp_path / "out").glob("annotations*")}
    assert {name: coco.getImgIds() for name, coco in found.items()} == {
        "annotations_train.json": [1, 5, 7],
        "annotations_val.json": [2],
        "annotations_test.json": [0, 3],
    }
    for coco in found.values():
        assert min(coco.anns) == 1
        for index in coco.imgs:
            np.testing.assert_array_equal(decoded(coco, index), shifted.view(index).read("mask"))
    assert run(NAME, "--verify", shifted.folder, tmp_path / "out").code == 0


def test_images_of_two_sizes_are_carried(two_sizes: Dataset, tmp_path: Path) -> None:
    converted(NAME, two_sizes.folder, tmp_path / "out")
    coco = opened(tmp_path / "out" / "annotations.json")
    assert [(i["width"], i["height"]) for i in coco.dataset["images"]] == [(120, 90), (60, 45)]
    for view in two_sizes.views:
        np.testing.assert_array_equal(decoded(coco, view.index), view.read("mask"))
    assert run(NAME, "--verify", two_sizes.folder, tmp_path / "out").code == 0


def test_images_that_show_no_object_are_listed(tmp_path: Path) -> None:
    """A camera that looks away from the model; as JPEG."""
    away = np.eye(4)
    poses = tmp_path / "transforms.json"
    poses.write_text(
        json.dumps({"camera_angle_x": 0.7, "frames": [{"transform_matrix": away.tolist()}]})
    )
    dataset = make(
        tmp_path / "in", 1, *CENTRED, 'camera.location.mode="file"',
        f'camera.location.file.path="{poses}"', "render.film_transparent=false",
        'render.image_settings.file_format="JPEG"', "camera.checks.min_coverage=0.0",
    )  # fmt: skip
    assert not dataset.view(0).read("mask").any()
    converted(NAME, dataset.folder, tmp_path / "out")
    coco = opened(tmp_path / "out" / "annotations.json")
    assert (coco.getImgIds(), coco.getAnnIds()) == ([0], [])
    assert coco.imgs[0]["file_name"] == "000.jpg"
    assert (tmp_path / "out" / "images" / "000.jpg").exists()
    assert run(NAME, "--verify", dataset.folder, tmp_path / "out").code == 0


def test_the_ground_is_of_its_own_category(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'ground.mode="plane"', "ground.in_masks=true")
    converted(NAME, dataset.folder, tmp_path / "out")
    coco = opened(tmp_path / "out" / "annotations.json")
    (ground,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["ground"])))
    assert ground["object_name"] == "ground"
    np.testing.assert_array_equal(decoded(coco, 0), dataset.view(0).read("mask"))


# Polygons


def test_polygons_fill_to_the_id_maps(solid: Dataset, tmp_path: Path) -> None:
    converted(NAME, solid.folder, tmp_path / "out", "--segmentation", "polygon")
    coco = opened(tmp_path / "out" / "annotations.json")
    for view in solid.views:
        np.testing.assert_array_equal(decoded(coco, view.index), view.read("mask"))
    assert all(type(a["segmentation"]) is list for a in coco.dataset["annotations"])
    assert average_precision(coco, "segm") == 1.0
    assert run(NAME, "--verify", solid.folder, tmp_path / "out").code == 0


def test_a_hole_is_refused(shifted: Dataset, tmp_path: Path) -> None:
    result = run(NAME, shifted.folder, tmp_path / "out", "--segmentation", "polygon")
    assert (result.code, result.said) == (
        2,
        [
            f'{NAME}.py: the mask of the object "ring" in view 1 has a hole, which COCO\'s '
            "polygons cannot show; leave out --segmentation polygon: run lengths hold any mask"
        ],
    )
    assert not (tmp_path / "out").exists()


def drawn(*rows: str) -> Array:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_outlines_go_along_the_edges_of_pixels() -> None:
    assert polygons(drawn("....", ".##.", ".#..")) == [[1, 1, 3, 1, 3, 2, 2, 2, 2, 3, 1, 3]]
    # Moved to where the mask was cut out.
    assert polygons(drawn("#"), left=5, top=7) == [[5, 7, 6, 7, 6, 8, 5, 8]]


def test_parts_that_touch_at_a_corner_are_two() -> None:
    assert polygons(drawn("#.", ".#")) == [[0, 0, 1, 0, 1, 1, 0, 1], [1, 1, 2, 1, 2, 2, 1, 2]]


@pytest.mark.parametrize("seed", range(5))
def test_random_outlines_fill_to_their_masks_or_have_holes(seed: int) -> None:
    """As pycocotools fills, and as OpenCV counts parts and the background around them."""
    random = np.random.default_rng(seed)
    filled = 0
    for _ in range(400):
        height, width = (int(side) for side in random.integers(1, 14, 2))
        mask = random.random((height, width)) < random.choice([0.1, 0.4, 0.6, 0.9, 1.0])
        outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
        has_hole = cv2.connectedComponents(outside, connectivity=8)[0] > 2
        found = polygons(mask)
        assert (found is None) == has_hole
        if found:
            assert (
                len(found) == cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] - 1
            )
            run_lengths = coco_mask.merge(coco_mask.frPyObjects(found, height, width))
            np.testing.assert_array_equal(coco_mask.decode(run_lengths), mask)
            filled += 1
    assert filled > 100


# What is refused


def test_binary_masks_of_several_objects_are_refused(tmp_path: Path) -> None:
    dataset = make(tmp_path / "in", 1, *CENTRED, 'plugins.mask.mode="binary"')
    result = run(NAME, dataset.folder, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: the masks of {dataset.folder} are binary and do not tell its 7 objects "
            'apart; set plugins.mask.mode = "instance" and render again'
        ],
    )
    assert not (tmp_path / "out").exists()


def test_binary_masks_of_one_object_do(tmp_path: Path) -> None:
    binary = ('objects.exclude_pattern="^(?!ball)"', 'plugins.mask.mode="binary"')
    dataset = make(tmp_path / "in", 1, *CENTRED, *binary)
    converted(NAME, dataset.folder, tmp_path / "out")
    coco = opened(tmp_path / "out" / "annotations.json")
    np.testing.assert_array_equal(decoded(coco, 0), dataset.view(0).read("mask"))
    assert [a["object_name"] for a in coco.dataset["annotations"]] == ["ball"]


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


def test_an_id_of_no_object_is_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    record = json.loads((dataset / "dataset.json").read_text())
    record["objects"] = record["objects"][:3]
    (dataset / "dataset.json").write_text(json.dumps(record))
    result = run(NAME, dataset, tmp_path / "out")
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: {dataset / '000_mask.exr'} has an id of which dataset.json knows nothing; "
            "remove the record of view 0, and the command that made the dataset makes it again"
        ],
    )


def test_a_category_that_is_not_listed_is_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(shifted.folder, tmp_path / "in"))
    record = json.loads((dataset / "dataset.json").read_text())
    for item in record["objects"]:
        item["category"] = "toy"
    (dataset / "dataset.json").write_text(json.dumps(record))
    result = run(NAME, dataset, tmp_path / "out")
    name = record["objects"][0]["name"]
    assert (result.code, result.said) == (
        2,
        [
            f'{NAME}.py: {dataset / "dataset.json"} says that "{name}" is of the category "toy", '
            "which is not among its categories; make the dataset again"
        ],
    )


# Breaking it

Tree = dict[str, Any]


def mask_of(annotation: Tree) -> Array:
    return coco_mask.decode(annotation["segmentation"])


def put_mask(annotation: Tree, mask: Array) -> None:
    found = coco_mask.encode(np.asfortranarray(mask))
    annotation["segmentation"] = {"size": found["size"], "counts": found["counts"].decode()}


def shifted_by_a_pixel(tree: Tree) -> None:
    put_mask(tree["annotations"][0], np.roll(mask_of(tree["annotations"][0]), 1, axis=1))


def transposed(tree: Tree) -> None:
    """Run lengths counted along rows."""
    for annotation in tree["annotations"]:
        mask = mask_of(annotation)
        put_mask(annotation, mask.ravel().reshape(mask.shape[::-1]).T)


def turned(tree: Tree) -> None:
    """The size as width, height."""
    for annotation in tree["annotations"]:
        annotation["segmentation"]["size"].reverse()


def outlined(tree: Tree) -> None:
    """Polygons, where run lengths were written."""
    tree["annotations"][0]["segmentation"] = [[0, 0, 1, 0, 1, 1]]


def as_text(tree: Tree) -> None:
    tree["annotations"][0]["segmentation"] = "mask"


def without_segmentation(tree: Tree) -> None:
    tree["annotations"][0]["segmentation"] = None


def a_crowd(tree: Tree) -> None:
    """COCOeval passes over what it is matched with."""
    tree["annotations"][0]["iscrowd"] = 1


def another_name(tree: Tree) -> None:
    tree["annotations"][0]["object_name"] = "toy"


def no_category(tree: Tree) -> None:
    tree["annotations"][0]["category_id"] = 9


def swapped_objects(tree: Tree) -> None:
    first, second = tree["annotations"][:2]
    first["object_id"], second["object_id"] = second["object_id"], first["object_id"]


def swapped_categories(tree: Tree) -> None:
    first, second = tree["categories"]
    first["name"], second["name"] = second["name"], first["name"]


def swapped_images(tree: Tree) -> None:
    for annotation in tree["annotations"]:
        annotation["image_id"] = {0: 1, 1: 0}.get(annotation["image_id"], annotation["image_id"])


def one_less(tree: Tree) -> None:
    del tree["annotations"][-1]


def one_twice(tree: Tree) -> None:
    last = tree["annotations"][-1]
    tree["annotations"].append({**last, "id": last["id"] + 1})


def box_without_its_last_pixel(tree: Tree) -> None:
    """w = xmax - xmin."""
    tree["annotations"][2]["bbox"][2] -= 1


def area_of_the_box(tree: Tree) -> None:
    _, _, width, height = tree["annotations"][2]["bbox"]
    tree["annotations"][2]["area"] = width * height


def ids_from_zero(tree: Tree) -> None:
    for annotation in tree["annotations"]:
        annotation["id"] -= 1


def same_ids(tree: Tree) -> None:
    tree["annotations"][1]["id"] = tree["annotations"][0]["id"]


def sides_swapped(tree: Tree) -> None:
    for image in tree["images"]:
        image["width"], image["height"] = image["height"], image["width"]


def image_left_out(tree: Tree) -> None:
    del tree["images"][3]


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (shifted_by_a_pixel, "masks: "),
        (transposed, "masks: "),
        (turned, "segmentations: 56 of 56 annotations differ; masks: "),
        (outlined, "segmentations: 1 of 56 annotations differ; masks: "),
        (as_text, "segmentations: 1 of 56 annotations differ; masks: "),
        (without_segmentation, "segmentations: 1 of 56 annotations differ; masks: "),
        (a_crowd, "crowds: 1 of 56 annotations differ\n"),
        (another_name, "names: 1 of 56 annotations differ\n"),
        (no_category, "annotations: 56; categories: 1 of 56 annotations differ\n"),
        (swapped_objects, "masks: "),
        (swapped_images, "masks: "),
        (one_less, "masks: "),
        (one_twice, "masks: "),
        (swapped_categories, "categories: 56 of 56 annotations differ"),
        (box_without_its_last_pixel, "boxes: 1 of 56 annotations differ"),
        (area_of_the_box, "areas: 1 of 56 annotations differ"),
        (ids_from_zero, "annotations: 56"),
        (same_ids, "annotations: 56"),
        (sides_swapped, "sizes: 8 of 8 images differ"),
        (image_left_out, "annotations.json: 7 of 8 images\n"),
    ],
)
def test_small_damage_is_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Tree], None], answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    tree = json.loads((broken / "annotations.json").read_text())
    damage(tree)
    (broken / "annotations.json").write_text(json.dumps(tree))
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    assert f"{broken} does not agree with {shifted.folder}: {answer}" in result.stderr


def last_image_removed(folder: Path) -> None:
    (folder / "images" / "007.png").unlink()


def one_image_more(folder: Path) -> None:
    (folder / "images" / "008.jpg").write_bytes(b"")


def annotations_removed(folder: Path) -> None:
    (folder / "annotations.json").unlink()


def annotations_of_before(folder: Path) -> None:
    shutil.copy(folder / "annotations.json", folder / "annotations_val.json")


def no_views(folder: Path) -> None:
    """Of the record."""
    path = folder / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "views": {}}))


@pytest.mark.parametrize(
    ("damage", "answer"),
    [
        (last_image_removed, "files: 8 of 9, without images/007.png"),
        (one_image_more, "files: 9 of 9, and images/008.jpg, which is not of this conversion"),
        (annotations_removed, "files: 8 of 9, without annotations.json"),
        (annotations_of_before, "annotations: annotations_val.json is not of this conversion"),
        (no_views, "files: no view in conversion.json"),
    ],
)
def test_other_files_are_noticed(
    shifted: Dataset, folder: Path, tmp_path: Path, damage: Callable[[Path], None], answer: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    damage(broken)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert (result.code, result.said) == (
        1,
        [f"{NAME}.py: {broken} does not agree with {shifted.folder}: {answer}"],
    )


def test_images_in_the_file_of_another_part_are_noticed(shifted: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--split", "every:4")
    train, test = (folder / f"annotations_{part}.json" for part in ("train", "test"))
    train.rename(folder / "kept")
    test.rename(train)
    (folder / "kept").rename(test)
    result = run(NAME, "--verify", shifted.folder, folder)
    assert (result.code, result.said) == (
        1,
        [
            f"{NAME}.py: {folder} does not agree with {shifted.folder}: annotations_train.json: 2 "
            "of 6 images; annotations_test.json: 6 of 2 images"
        ],
    )


@pytest.mark.parametrize(
    ("outlines", "answer"),
    [
        ([[0, 0, 1, 0]], "segmentations: 1 of "),
        ([[0, 0, 1, 0, 1]], "segmentations: 1 of "),
        ([["a"] * 6], "segmentations: 1 of "),
        ({"size": [90, 120], "counts": [10800]}, "segmentations: 1 of "),
        ([[0, 0, 1, 0, 1, 1, 0, 1]], "masks: "),
    ],
)
def test_outlines_of_another_form_are_noticed(
    solid: Dataset, tmp_path: Path, outlines: object, answer: str
) -> None:
    folder = tmp_path / "out"
    converted(NAME, solid.folder, folder, "--segmentation", "polygon")
    path = folder / "annotations.json"
    tree = json.loads(path.read_text())
    tree["annotations"][0]["segmentation"] = outlines
    path.write_text(json.dumps(tree))
    result = run(NAME, "--verify", solid.folder, folder)
    assert result.code == 1
    assert f"{folder} does not agree with {solid.folder}: {answer}" in result.stderr


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting segmentation; convert again"),
        (
            {"segmentation": "png"},
            "has 'png' for the setting segmentation, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset, folder: Path, tmp_path: Path, settings: dict[str, object], problem: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    assert_settings_refused(NAME, shifted, broken, settings, problem)


def test_other_images_are_noticed(shifted: Dataset, folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    shutil.copy(shifted.view(0).path("render"), broken / "images" / "001.png")
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 1
    assert f"{broken} does not agree with {shifted.folder}: colours: " in result.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "JSONDecodeError Expecting property name enclosed in double quotes: line 1 column 2"),
        ("[]", "AssertionError annotation file format <class 'list'> not supported"),
        ("{}", "KeyError 'images'"),
        ('{"images": 1}', "TypeError 'int' object is not iterable"),
    ],
)
def test_files_of_another_form_are_named(
    shifted: Dataset, folder: Path, tmp_path: Path, text: str, problem: str
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "out"))
    path = broken / "annotations.json"
    path.write_text(text)
    result = run(NAME, "--verify", shifted.folder, broken)
    assert result.code == 2
    assert result.said[0].startswith(
        f"{NAME}.py: {path} cannot be read as COCO's annotations: {problem}"
    )
