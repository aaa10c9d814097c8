"""Write `rgb/`, `pose/`, `intrinsics.txt` and `bbox.txt`.

The format is what NSVF's own loader reads
(https://github.com/facebookresearch/NSVF, fairnr/data/shape_dataset.py and data_utils.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from compat.shared.command import Converter, positive
from compat.shared.images import place_image
from compat.shared.job import Job, far_warning, same_intrinsics
from compat.shared.progress import progress
from compat.to_nsvf_dataset.verification import verify
from viewbatch.dataset import View
from viewbatch.dataset.exr import write_exr
from viewbatch.dataset.text import rows_text
from viewbatch.geometry import Bounds, Intrinsics
from viewbatch.geometry.transforms import Array


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--pixel-centers",
        choices=["half", "integer"],
        default="half",
        help="half: the first pixel's centre is (0.5, 0.5), as in the published datasets and "
        "most readers; integer: it is (0, 0), as NSVF's own loader has it (default: half)",
    )
    parser.add_argument(
        "--depth", action="store_true", help="also write depth/, the distances along the rays"
    )
    parser.add_argument(
        "--voxel-size",
        type=positive,
        metavar="METRES",
        help="of bbox.txt (default: that of which 512 fill the box)",
    )


def convert(job: Job) -> None:
    """Fill the job's folder."""
    job.require_one_size("NSVF")
    if job.options.depth:
        job.require("depth")
    shift = 0.5 if job.options.pixel_centers == "integer" else 0.0
    bounds = job.dataset.record.bounds
    size = job.options.voxel_size or voxel_size(bounds)
    varying = not same_intrinsics(job.views)
    job.settings.update(
        first_pixel_center_px=0.5 - shift,
        own_intrinsics=varying,
        depth=job.options.depth,
        voxel_size_m=size,
    )
    names = _names(job)
    for folder in ("rgb", "pose", *(["depth"] if job.options.depth else [])):
        (job.folder / folder).mkdir()
    if varying:
        (job.folder / "intrinsic").mkdir()
    job.warn(_losses(job, varying=varying))
    for view in progress(job.views, "NSVF"):
        name = names[view.index]
        path = place_image(view, job.folder / "rgb" / name, link=job.link)
        job.names[f"rgb/{path.name}"] = view.index
        _write_matrix(job.folder / "pose" / f"{name}.txt", view.camera.world_from_cam)
        if varying:
            matrix = _intrinsics(view.camera.intrinsics, shift)
            _write_matrix(job.folder / "intrinsic" / f"{name}.txt", matrix)
        if job.options.depth:
            _write_distance(job.folder / "depth" / f"{name}.exr", view)
    first = job.views[0].camera.intrinsics
    _write_matrix(job.folder / "intrinsics.txt", _intrinsics(first, shift))
    _write_matrix(job.folder / "bbox.txt", np.array([[*bounds.minimum, *bounds.maximum, size]]))


def voxel_size(bounds: Bounds) -> float:
    """Side of the voxels of which 512 fill the box, as in NSVF's own datasets (metres).

    A flat box counts as an eighth as thick as long: its volume of zero has no voxels.
    """
    sides = np.maximum(bounds.size, max(bounds.size) / 8)
    return float((np.prod(sides) / 512) ** (1 / 3))


def _losses(job: Job, *, varying: bool) -> list[str]:
    losses = []
    if varying:
        losses.append(
            "the views have different intrinsics: they are in intrinsic/, which NSVF's own "
            "loader reads, and others take those of the first view from intrinsics.txt for all"
        )
    return losses + far_warning(job, "pose/ and bbox.txt are", "NSVF and its kin")


def _names(job: Job) -> dict[int, str]:
    """The stem of each view: its part's prefix, and its index with as many digits for all.

    Files are paired by their order, and NSVF chooses parts by ranges of it.
    """
    parts = job.split.parts
    digits = max(3, len(str(max(job.split.indices))))
    return {
        index: f"{number}_{index:0{digits}d}"
        # Without val, loaders take 1_ for test.
        for number, indices in enumerate(parts.values())
        for index in indices
    }


def _intrinsics(intrinsics: Intrinsics, shift_px: float) -> Array:
    """(4, 4), as NSVF keeps it."""
    matrix = np.eye(4)
    matrix[:3, :3] = intrinsics.matrix
    matrix[:2, 2] -= shift_px
    return matrix


def _write_matrix(path: Path, matrix: Array) -> None:
    path.write_text(rows_text(matrix), encoding="ascii", newline="\n")


def _write_distance(path: Path, view: View) -> None:
    """One channel, metres along the ray of each pixel, 0 where there is no surface."""
    lengths = np.linalg.norm(view.camera.intrinsics.rays(), axis=-1)
    distance = (view.read("depth") * lengths).astype(np.float32)
    write_exr(path, {"Y": distance}, cam_from_world=view.camera.cam_from_world, attributes={})


CONVERTER = Converter(
    script=Path(__file__).with_name("to_nsvf_dataset.py"),
    makes="Convert a dataset to NSVF's format: rgb/, pose/, intrinsics.txt, bbox.txt.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
