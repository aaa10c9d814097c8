"""How pycocotools, COCO's own library, reads what compat/to_coco writes."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

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
