"""Write `image/`, `mask/` and the cameras, for IDR and for NeuS.

The format is what IDR's own loader reads (https://github.com/lioryariv/idr,
DATA_CONVENTION.md, code/datasets/scene_dataset.py, code/utils/rend_util.py), and NeuS's
(https://github.com/Totoro97/NeuS, models/dataset.py).
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from compat.shared.alpha import alpha_warning
from compat.shared.command import Converter, grey
from compat.shared.images import place_image, write_mask
from compat.shared.job import Job, is_far, part_warning
from compat.shared.masks import check_ground
from compat.shared.progress import progress
from compat.to_idr_dataset.verification import verify
from viewbatch.dataset import View
from viewbatch.geometry import Bounds, Camera
from viewbatch.geometry.transforms import Array, Vector3, negated

CAMERA_FILES = ("cameras.npz", "cameras_sphere.npz")
"""The names that IDR's and NeuS's configurations give to the same content."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--background",
        type=grey,
        default=0.0,
        metavar="GREY",
        help="what transparent images are put on, 0 (black) to 1 (white) (default: 0)",
    )
    parser.add_argument(
        "--margin",
        type=_margin,
        default=0.1,
        metavar="SHARE",
        help="how much larger the unit sphere is than the bounding sphere (default: 0.1)",
    )


def convert(job: Job) -> None:
    """Fill the job's folder."""
    job.require("mask")
    job.require_one_size("IDR")
    ground = job.dataset.record.ground_id
    check_ground(job.dataset, job.views[0])
    views = job.part("train")
    # Loaders compute in float32, in which a model far from its origin has no detail.
    offset = job.dataset.record.model.offset_m
    scale_mat = world_from_unit(
        job.dataset.record.bounds.moved(negated(offset)), job.options.margin
    )
    job.settings.update(background=job.options.background, margin=job.options.margin)
    job.warn(_losses(job, views, scale_mat))
    digits = max(3, len(str(len(views) - 1)))
    matrices: dict[str, Array] = {}
    for folder in ("image", "mask"):
        (job.folder / folder).mkdir()
    # Numbers are positions: loaders sort the images and count.
    for number, view in enumerate(progress(views, "IDR")):
        name = f"{number:0{digits}d}"
        image = place_image(
            view,
            job.folder / "image" / name,
            channels="RGB",
            background=job.options.background,
            link=job.link,
        )
        job.names[f"image/{image.name}"] = view.index
        write_mask(view, job.folder / "mask" / f"{name}.png", without=ground)
        matrices[f"world_mat_{number}"] = idr_px_from_world(view.camera, offset)
        matrices[f"scale_mat_{number}"] = scale_mat
    for file in CAMERA_FILES:
        np.savez(job.folder / file, **matrices)


def world_from_unit(bounds: Bounds, margin: float) -> Array:
    """(4, 4): the unit sphere becomes one about the bounding sphere's centre, `margin` larger."""
    matrix = np.diag([*[bounds.radius * (1 + margin)] * 3, 1.0])
    matrix[:3, 3] = bounds.center
    return matrix


def idr_px_from_world(camera: Camera, offset_m: Vector3 = (0.0, 0.0, 0.0)) -> Array:
    """(4, 4): K [R | t] over 0 0 0 1, from world minus `offset_m`; integers at pixel centres."""
    matrix = np.eye(4)
    matrix[:3] = camera.px_from_world
    # IDR's first pixel has its centre at (0, 0), ours at (0.5, 0.5).
    matrix[:2] -= 0.5 * matrix[2]
    matrix[:3, 3] += matrix[:3, :3] @ offset_m
    return matrix


def _losses(job: Job, views: Sequence[View], scale_mat: Array) -> Iterator[str]:
    """What neither IDR nor NeuS can be told, or take otherwise."""
    yield from part_warning(job, "IDR")
    yield from alpha_warning(views, job.options.background)
    record = job.dataset.record
    count = len(record.objects) - (record.ground_id > 0)
    if count > 1:
        yield f"the {count} objects become one in the masks"
    if record.ground_id:
        yield "the ground is left out of the masks"
    if is_far(job):
        yield (
            "the model stands far from the origin, where float32, in which IDR and NeuS compute, "
            "is too coarse: the cameras are in world minus model.offset_m of dataset.json"
        )
    centers = np.array([view.camera.center_in_world for view in views]) - record.model.offset_m
    distances = np.linalg.norm(centers - scale_mat[:3, 3], axis=1) / scale_mat[0, 0]
    if inside := np.count_nonzero(distances < 1):
        yield (
            f"{inside} of {len(views)} cameras stand inside the unit sphere, and IDR and NeuS "
            "expect them outside"
        )
    if not re.fullmatch(r"scan\d+", job.output.resolve().name):
        yield (
            f"IDR itself looks for folders called scan1, scan2 and so on, not "
            f"{job.output.resolve().name}"
        )


def _margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, found {text!r}")
    return value


CONVERTER = Converter(
    script=Path(__file__).with_name("to_idr_dataset.py"),
    makes="Convert a dataset to IDR's format, and NeuS's: image/, mask/, cameras.npz and\n"
    "cameras_sphere.npz.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
