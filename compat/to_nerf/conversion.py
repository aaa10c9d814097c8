"""The two layouts, and the options that choose between them."""

from __future__ import annotations

import argparse
from pathlib import Path

from compat.shared.command import Converter
from compat.shared.job import Job
from compat.to_nerf.blender import write_blender
from compat.to_nerf.nerfstudio import write_nerfstudio
from compat.to_nerf.verification import verify
from viewbatch.errors import UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--layout",
        choices=["nerfstudio", "blender"],
        default="nerfstudio",
        help="nerfstudio: transforms.json, which instant-ngp reads too; blender: "
        "transforms_train.json, _val and _test as NeRF's synthetic scenes have them (default: "
        "nerfstudio)",
    )
    only = parser.add_argument_group("with --layout nerfstudio")
    only.add_argument(
        "--depths",
        choices=["npy", "png", "none"],
        help="npy: float32; png: 16 bits, in whole millimetres, which instant-ngp needs; none: "
        "leave them out (default: npy)",
    )
    only.add_argument("--no-masks", action="store_true", help="leave out masks/")
    only.add_argument("--no-points", action="store_true", help="leave out points.ply")


def convert(job: Job) -> None:
    """Fill the job's folder."""
    options = job.options
    job.settings["layout"] = options.layout
    if options.layout == "nerfstudio":
        write_nerfstudio(job)
        return
    if options.depths or options.no_masks or options.no_points:
        raise UsageError(
            "--depths, --no-masks and --no-points are of --layout nerfstudio, and --layout blender "
            "has only images; leave them out"
        )
    write_blender(job)


CONVERTER = Converter(
    script=Path(__file__).with_name("to_nerf.py"),
    makes="Convert a dataset to transforms.json with images, masks, depths and points, for "
    "nerfstudio,\nor to the layout of NeRF's synthetic scenes.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
