"""Objects of id maps, and what COCO's files say of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

_MOST_COUNTED = 1 << 20
"""Larger ids are sorted, which is slower, but asks for no endless table."""


@dataclass(frozen=True, kw_only=True)
class SeenObject:
    """An object of which an image shows at least a pixel."""

    id: int
    mask: npt.NDArray[np.bool_]
    """(H, W)"""
    box: list[int]
    """x y width height, from pixel edge to pixel edge."""
    area: int
    """In pixels."""
    run_lengths: dict[str, Any]
    """COCO's compressed `size` and `counts`."""


def seen_objects(ids: npt.NDArray[np.integer[Any]]) -> Iterator[SeenObject]:
    """Every object of an id map (H, W), by id; 0 is none."""
    # In Fortran's order, in which pycocotools counts.
    ids = np.asfortranarray(ids)
    flat = ids.ravel(order="K")
    few = int(flat.max()) < _MOST_COUNTED
    for number in (np.flatnonzero(np.bincount(flat)) if few else np.unique(flat)).tolist():
        if number == 0:
            continue
        mask = ids == number
        run_lengths = coco_mask.encode(mask.view(np.uint8))
        yield SeenObject(
            id=number,
            mask=mask,
            box=[int(side) for side in coco_mask.toBbox(run_lengths)],
            area=int(coco_mask.area(run_lengths)),
            run_lengths={
                "size": run_lengths["size"],
                "counts": run_lengths["counts"].decode("ascii"),
            },
        )


def empty_file(description: str, categories: Sequence[str]) -> dict[str, Any]:
    """A file without images; categories have the ids 1, 2, ..."""
    return {
        "info": {"description": description},
        "licenses": [],
        "images": [],
        "annotations": [],
        "categories": [{"id": i, "name": name} for i, name in enumerate(categories, start=1)],
    }


def annotation_files(parts: Collection[str]) -> Mapping[str, str]:
    """The name of the file of each part of the split."""
    alone = len(parts) == 1
    return {part: "annotations.json" if alone else f"annotations_{part}.json" for part in parts}


def add_image(tree: dict[str, Any], *, image_id: int, name: str, width: int, height: int) -> None:
    """Enter an image."""
    tree["images"].append({"id": image_id, "file_name": name, "width": width, "height": height})


def add_annotation(
    tree: dict[str, Any],
    seen: SeenObject,
    *,
    image_id: int,
    category_id: int,
    name: str | None,
    outlines: list[list[int]] | None = None,
) -> None:
    """Enter an object of an image; its mask as run lengths where no outlines are given."""
    tree["annotations"].append(
        {
            # COCOeval takes id 0 for "not matched".
            "id": len(tree["annotations"]) + 1,
            "image_id": image_id,
            "category_id": category_id,
            "segmentation": seen.run_lengths if outlines is None else outlines,
            "area": seen.area,
            "bbox": seen.box,
            "iscrowd": 0,
            # COCO's tools pass over what they do not know.
            "object_id": seen.id,
            "object_name": name,
        }
    )
