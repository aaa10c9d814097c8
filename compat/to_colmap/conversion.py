"""Write `images/`, `masks/`, `sparse/0/`, `database.db` and, on request, `dense/`.

The formats are those of COLMAP's documentation (https://colmap.github.io/format.html,
https://colmap.github.io/database.html) and of the loaders of 3D Gaussian splatting and
nerfstudio.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from compat.shared.command import Converter
from compat.shared.images import place_image, write_mask
from compat.shared.job import Job, far_warning
from compat.shared.progress import progress
from compat.to_colmap.database import write_database
from compat.to_colmap.dense import write_dense
from compat.to_colmap.lists import split_lists
from compat.to_colmap.model import Images, build, write_binary, write_text
from compat.to_colmap.tracks import surface_tracks
from compat.to_colmap.verification import verify


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--points",
        type=_count,
        default=20000,
        metavar="COUNT",
        help="how many points of the surface to look for; those that two views or more see "
        "become points3D (default: 20000)",
    )
    parser.add_argument(
        "--dense",
        action="store_true",
        help="also write dense/, a workspace with the true depth and normal maps for stereo_fusion",
    )


def convert(job: Job) -> None:
    """Fill the job's folder."""
    job.require("depth", "mask", *(["normal"] if job.options.dense else []))
    job.settings["dense"] = job.options.dense
    sparse = job.folder / "sparse" / "0"
    for folder in (job.folder / "images", job.folder / "masks", sparse):
        folder.mkdir(parents=True)
    names = {}
    # Readers that hold out every 8th image sort names as text.
    digits = max(3, len(str(job.views[-1].index)))
    for view in progress(job.views, "images"):
        # Readers of COLMAP's projects have no other format in common.
        stem = job.folder / "images" / f"{view.index:0{digits}d}"
        name = place_image(view, stem, accepts=(".png", ".jpg"), link=job.link).name
        write_mask(view, job.folder / "masks" / f"{name}.png")
        job.names[f"images/{name}"] = view.index
        names[view.index] = name
    images = Images(job.views, names)
    # What is held out must not be where points and their colours come from.
    tracks = surface_tracks(job.views, job.part("train"), job.options.points)
    model = build(images, tracks)
    write_text(model, sparse)
    write_binary(model, sparse)
    del model
    write_database(job.folder / "database.db", images)
    _write_lists(job, names)
    if job.options.dense:
        write_dense(job.folder, images, tracks)
    job.warn(_losses(job, len(tracks.points_in_world)))


def _write_lists(job: Job, names: dict[int, str]) -> None:
    parts = {part: [names[i] for i in indices] for part, indices in job.split.parts.items()}
    for name, listed in split_lists(parts).items():
        text = "".join(f"{image}\n" for image in listed)
        (job.folder / name).write_text(text, encoding="ascii", newline="\n")


def _losses(job: Job, point_count: int) -> list[str]:
    losses = []
    if not point_count:
        losses.append(
            "two views see no point of the surface in common, so points3D is empty, which COLMAP "
            "takes and 3D Gaussian splatting and nerfstudio do not; choose views that overlap"
        )
    readers = "stereo_fusion and 3D Gaussian splatting"
    return losses + far_warning(job, "sparse/0 is", readers)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text!r}")
    return int(text)


CONVERTER = Converter(
    script=Path(__file__).with_name("to_colmap.py"),
    makes="Convert a dataset to a COLMAP project with known cameras: images/, masks/, sparse/0/, "
    "database.db.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
