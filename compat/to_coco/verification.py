"""Compare converted annotations with the id maps of their source, as pycocotools decodes them."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO

from compat.shared.files import check_files
from compat.shared.images import level_difference
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import Report
from compat.to_coco.annotations import annotation_files
from viewbatch.dataset import DatasetRecord
from viewbatch.errors import DatasetError

Annotation = Mapping[str, Any]
Ids = npt.NDArray[np.int64]


@dataclass
class _Wrong:
    """How many of each are not as they should be."""

    forms: int = 0
    crowds: int = 0
    mask_pixels: int = 0
    boxes: int = 0
    areas: int = 0
    categories: int = 0
    names: int = 0
    sizes: int = 0


def verify(conversion: Conversion) -> Report:
    """Decoded masks against id maps; boxes, areas, categories and ids; images and their sizes."""
    report = Report()
    folder = conversion.folder
    polygon = conversion.choice("segmentation", ["rle", "polygon"]) == "polygon"
    names = annotation_files(conversion.parts)
    if not check_files(report, conversion, names.values()):
        return report
    stale = {path.name for path in folder.glob("annotations*.json")} - {*names.values()}
    if stale:
        report.fact("annotations", f"{min(stale)} is not of this conversion", good=False)
        return report
    files = {part: _load(folder / name) for part, name in names.items()}
    for part, coco in files.items():
        listed = Counter(f"images/{image['file_name']}" for image in coco.dataset["images"])
        wanted = Counter(conversion.parts[part])
        report.fact(
            names[part], f"{listed.total()} of {wanted.total()} images", good=listed == wanted
        )
    if not report.good:
        return report
    annotations = sum(len(coco.dataset["annotations"]) for coco in files.values())
    report.fact(
        "annotations",
        str(annotations),
        good=all(_ids_are_good(coco) for coco in files.values()),
    )
    wrong = _Wrong()
    levels: list[int] = []
    pixels = 0
    images = [(part, image) for part, coco in files.items() for image in coco.dataset["images"]]
    for part, image in progress(images, "verify"):
        name = f"images/{image['file_name']}"
        view = conversion.view_of(name)
        ids = np.asarray(view.read("mask"), dtype=np.int64)
        pixels += ids.size
        with _reading(folder / names[part]):
            if (image["height"], image["width"]) == ids.shape:
                _compare(
                    wrong, files[part], image["id"], ids, conversion.dataset.record, polygon=polygon
                )
            else:
                wrong.sizes += 1
        levels.append(level_difference(view, folder / name))
    counted = {
        "sizes": (wrong.sizes, f"{len(images)} images"),
        "segmentations": (wrong.forms, f"{annotations} annotations"),
        "crowds": (wrong.crowds, f"{annotations} annotations"),
        "masks": (wrong.mask_pixels, f"{pixels} pixels"),
        "boxes": (wrong.boxes, f"{annotations} annotations"),
        "areas": (wrong.areas, f"{annotations} annotations"),
        "categories": (wrong.categories, f"{annotations} annotations"),
        "names": (wrong.names, f"{annotations} annotations"),
    }
    for what, (count, of) in counted.items():
        report.fact(what, f"{count} of {of} differ", good=count == 0)
    report.largest("colours", levels, 0, "levels", of="images")
    return report


def _compare(
    wrong: _Wrong, coco: COCO, image_id: int, ids: Ids, record: DatasetRecord, *, polygon: bool
) -> None:
    """Add what differs between the annotations of an image and its id map."""
    objects = {item.id: item for item in record.objects}
    decoded = np.zeros_like(ids)
    annotations: Sequence[Annotation] = coco.imgToAnns[image_id]
    for annotation in annotations:
        number = annotation["object_id"]
        segmentation = annotation["segmentation"]
        # Of others, pycocotools decodes what it likes, or raises a bare Exception.
        if not (_is_polygons(segmentation) if polygon else _is_rle(segmentation, ids.shape)):
            wrong.forms += 1
            continue
        mask = coco.annToMask(annotation).astype(np.bool_)
        wrong.mask_pixels += np.count_nonzero(decoded[mask])  # two annotations have it
        decoded[mask] = number
        expected = ids == number
        wrong.crowds += annotation["iscrowd"] != 0
        wrong.boxes += annotation["bbox"] != _box(expected)
        wrong.areas += annotation["area"] != np.count_nonzero(expected)
        category = coco.cats.get(annotation["category_id"], {"name": None})["name"]
        known = objects.get(number)
        wrong.categories += known is None or known.category != category
        wrong.names += known is None or known.name != annotation["object_name"]
    wrong.mask_pixels += np.count_nonzero(decoded != ids)


def _is_rle(segmentation: object, shape: tuple[int, ...]) -> bool:
    """Whether something is compressed run lengths of an image's size."""
    return (
        isinstance(segmentation, dict)
        and segmentation.get("size") == list(shape)
        and isinstance(segmentation.get("counts"), str)
    )


def _is_polygons(segmentation: object) -> bool:
    """Whether something is lists of the coordinates of three corners or more."""
    return isinstance(segmentation, list) and all(
        isinstance(outline, list)
        and len(outline) >= 6
        and len(outline) % 2 == 0
        and all(type(number) in (int, float) for number in outline)
        for outline in segmentation
    )


def _box(mask: npt.NDArray[np.bool_]) -> list[int]:
    """`[x, y, width, height]` from pixel edge to pixel edge; zeros for nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return [0, 0, 0, 0]
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]


def _ids_are_good(coco: COCO) -> bool:
    """Whether ids are whole, unique, and of images and categories that there are.

    Those of annotations and categories begin at 1: 0 means "none" to COCOeval and to detectors.
    """
    ids = {
        kind: [item["id"] for item in coco.dataset[kind]]
        for kind in ("images", "annotations", "categories")
    }
    return (
        all(type(number) is int for numbers in ids.values() for number in numbers)
        and all(len(set(numbers)) == len(numbers) for numbers in ids.values())
        and min([1, *ids["annotations"], *ids["categories"]]) >= 1
        and coco.imgToAnns.keys() <= set(ids["images"])
        and coco.catToImgs.keys() <= set(ids["categories"])
    )


def _load(path: Path) -> COCO:
    # It reports how long it took.
    with _reading(path), contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
        for kind in ("images", "annotations", "categories"):
            for item in coco.dataset[kind]:
                item["id"]
        for image in coco.dataset["images"]:
            image["file_name"]
        return coco


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Answer what pycocotools trips over in one sentence."""
    try:
        yield
    except (
        OSError,
        AssertionError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        OverflowError,
    ) as error:
        raise DatasetError(
            f"{path} cannot be read as COCO's annotations: {type(error).__name__} {error}"
        ) from error
