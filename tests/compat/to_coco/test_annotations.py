"""compat/to_coco: what pycocotools makes of the files are our id maps, in every pixel."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make, surface
from tests.compat.to_coco.annotations import NAME, average_precision, decoded, opened
from viewbatch.dataset import Dataset


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
