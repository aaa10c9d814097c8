"""compat/to_coco: damage to a conversion, however small, is noticed by --verify."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tests.compat.converters import assert_settings_refused, converted, run, told
from tests.compat.damage import no_views
from tests.compat.to_coco.annotations import NAME, Array
from viewbatch.dataset import Dataset

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
    assert told(NAME, shifted, broken).startswith(answer)


def last_image_removed(folder: Path) -> None:
    (folder / "images" / "007.png").unlink()


def one_image_more(folder: Path) -> None:
    (folder / "images" / "008.jpg").write_bytes(b"")


def annotations_removed(folder: Path) -> None:
    (folder / "annotations.json").unlink()


def annotations_of_before(folder: Path) -> None:
    shutil.copy(folder / "annotations.json", folder / "annotations_val.json")


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
    assert told(NAME, shifted, broken) == f"{answer}\n"


def test_images_in_the_file_of_another_part_are_noticed(shifted: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    converted(NAME, shifted.folder, folder, "--split", "every:4")
    train, test = (folder / f"annotations_{part}.json" for part in ("train", "test"))
    train.rename(folder / "kept")
    test.rename(train)
    (folder / "kept").rename(test)
    assert told(NAME, shifted, folder) == (
        "annotations_train.json: 2 of 6 images; annotations_test.json: 6 of 2 images\n"
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
    assert told(NAME, solid, folder).startswith(answer)


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
    assert told(NAME, shifted, broken).startswith("colours: ")


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
