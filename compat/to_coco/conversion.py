"""Write `images/` and `annotations.json`.

The format is what pycocotools reads (https://cocodataset.org/#format-data,
https://github.com/ppwwyyxx/cocoapi, pycocotools/coco.py).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from compat.shared.command import Converter
from compat.shared.images import place_image
from compat.shared.job import Job
from compat.shared.masks import tells_objects_apart
from compat.shared.progress import progress
from compat.to_coco.annotations import (
    SeenObject,
    add_annotation,
    add_image,
    annotation_files,
    empty_file,
    seen_objects,
)
from compat.to_coco.polygons import polygons
from compat.to_coco.verification import verify
from viewbatch.dataset import DatasetRecord, ObjectRecord, View
from viewbatch.errors import DatasetError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--segmentation",
        choices=["rle", "polygon"],
        default="rle",
        help="how masks are written: rle, run lengths, hold any mask; polygon, outlines along the "
        "edges of pixels, none that has a hole (default: rle)",
    )


def convert(job: Job) -> None:
    """Fill the job's folder."""
    job.require("mask")
    record = job.dataset.record
    if len(record.objects) > 1 and not tells_objects_apart(job.views[0]):
        raise DatasetError(
            f"the masks of {job.dataset.folder} are binary and do not tell its "
            f'{len(record.objects)} objects apart; set plugins.mask.mode = "instance" and '
            "render again"
        )
    job.settings["segmentation"] = job.options.segmentation
    (job.folder / "images").mkdir()
    digits = max(3, len(str(max(job.split.indices))))
    made_of = f"{record.model.file}, by {record.generator}"
    files = {part: empty_file(made_of, record.categories) for part in job.split.parts}
    names = annotation_files(files)
    for view in progress(job.views, "COCO"):
        path = place_image(
            view,
            job.folder / "images" / f"{view.index:0{digits}d}",
            accepts=(".png", ".jpg"),
            link=job.link,
        )
        job.names[f"images/{path.name}"] = view.index
        tree = files[job.split.part_of(view.index)]
        k = view.camera.intrinsics
        add_image(tree, image_id=view.index, name=path.name, width=k.width, height=k.height)
        _annotate(tree, view, record, polygon=job.options.segmentation == "polygon")
    for part, tree in files.items():
        text = json.dumps(tree, allow_nan=False) + "\n"
        (job.folder / names[part]).write_text(text, encoding="ascii", newline="\n")


def _annotate(tree: dict[str, Any], view: View, record: DatasetRecord, *, polygon: bool) -> None:
    """Enter every object of which the view shows a pixel, by id."""
    objects = {item.id: item for item in record.objects}
    for seen in seen_objects(np.asarray(view.read("mask"), dtype=np.int64)):
        if seen.id not in objects:
            raise DatasetError(
                f"{view.path('mask')} has an id of which dataset.json knows nothing; remove the "
                f"record of view {view.index}, and the command that made the dataset makes it again"
            )
        known = objects[seen.id]
        if known.category not in record.categories:
            raise DatasetError(
                f'{view.folder / "dataset.json"} says that "{known.name}" is of the category '
                f'"{known.category}", which is not among its categories; make the dataset again'
            )
        add_annotation(
            tree,
            seen,
            image_id=view.index,
            # The ids that dataset.json gives them, from 1.
            category_id=record.categories.index(known.category) + 1,
            name=known.name,
            outlines=_polygons(view, known, seen) if polygon else None,
        )


def _polygons(view: View, known: ObjectRecord, seen: SeenObject) -> list[list[int]]:
    x, y, width, height = seen.box
    outlines = polygons(seen.mask[y : y + height, x : x + width], left=x, top=y)
    if outlines is None:
        raise DatasetError(
            f'the mask of the object "{known.name}" in view {view.index} has a hole, which COCO\'s '
            "polygons cannot show; leave out --segmentation polygon: run lengths hold any mask"
        )
    return outlines


CONVERTER = Converter(
    script=Path(__file__).with_name("to_coco.py"),
    makes="Convert a dataset to COCO's format: images/ and annotations.json, with the mask, box,\n"
    "area and category of every object that is seen.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
