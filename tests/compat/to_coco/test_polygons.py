"""compat/to_coco: polygons that fill to our id maps, in every pixel."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from compat.to_coco.polygons import polygons
from tests.compat.converters import converted, run
from tests.compat.to_coco.annotations import NAME, Array, average_precision, decoded, opened
from viewbatch.dataset import Dataset


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
