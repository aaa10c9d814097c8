"""Write cameras, depth, images and pairs for MVSNet and its kin.

The formats are what these loaders read: MVSNet (https://github.com/YoYo000/MVSNet,
mvsnet/preprocess.py), MVSNet_pytorch (https://github.com/xy-guo/MVSNet_pytorch, datasets/) and
CasMVSNet_pl (https://github.com/kwea123/CasMVSNet_pl, datasets/).
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from compat.shared.alpha import alpha_warning
from compat.shared.command import Converter, grey
from compat.shared.images import place_image, read_colors, save_image
from compat.shared.job import Job, far_warning, part_warning
from compat.shared.masks import check_ground
from compat.shared.progress import progress
from compat.to_mvsnet.depth import Depth, DepthRange, Surfaces, bracket, shown_depth
from compat.to_mvsnet.layouts import LAYOUTS, Layout, layout_px_from_cam
from compat.to_mvsnet.pairs import SOURCES, best_sources, draw, pair_scores, pairs_text
from compat.to_mvsnet.verification import verify
from viewbatch.dataset import View
from viewbatch.dataset.text import rows_text
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that other formats do not have."""
    parser.add_argument(
        "--layout",
        choices=list(LAYOUTS),
        default="mvsnet",
        help="where files lie, and at which size: mvsnet, MVSNet's own for testing; dtu, DTU's "
        "training set; or blendedmvs (default: mvsnet)",
    )
    parser.add_argument(
        "--pixel-centers",
        choices=["half", "integer"],
        help="half: the first pixel's centre is (0.5, 0.5), as MVSNet itself has it; integer: it "
        "is (0, 0), as readers in PyTorch have it (default: integer for dtu, else half)",
    )
    parser.add_argument(
        "--depth-planes",
        type=_planes,
        default=192,
        metavar="N",
        help="into how many planes the depth of a view is divided (default: 192)",
    )
    parser.add_argument(
        "--surfaces",
        choices=[surfaces.value for surfaces in Surfaces],
        default=Surfaces.OBJECTS.value,
        help="whose depth is written, and what the depth planes and the pairs are made for: "
        "objects, those with an id; all, also the ground and excluded objects (default: objects)",
    )
    parser.add_argument(
        "--background",
        type=grey,
        default=0.0,
        metavar="GREY",
        help="what transparent images are put on, from 0, black, to 1, white (default: 0)",
    )


def convert(job: Job) -> None:
    """Fill the job's folder."""
    options = job.options
    layout = LAYOUTS[options.layout]
    surfaces = Surfaces(options.surfaces)
    job.require("depth", *(["mask"] if surfaces is Surfaces.OBJECTS else []))
    integer = (
        layout.integer_centers
        if options.pixel_centers is None
        else options.pixel_centers == "integer"
    )
    job.settings.update(
        layout=options.layout,
        first_pixel_center_px=0.0 if integer else 0.5,
        surfaces=surfaces.value,
        background=options.background,
        depth_planes=options.depth_planes,
    )
    if surfaces is Surfaces.OBJECTS:
        check_ground(job.dataset, job.views[0], otherwise=", or choose --surfaces all")
    chosen = job.part("train")
    cloud = draw(chosen, surfaces, ground=job.dataset.record.ground_id)
    views = [view for view, count in zip(chosen, cloud.counts, strict=True) if count]
    if len(views) < 2:
        raise DatasetError(
            f"{len(views)} of the {len(chosen)} chosen views of {job.dataset.folder} show a "
            "surface that counts, and multi-view stereo needs two; choose other views, or "
            "--surfaces all"
        )
    scores = pair_scores(views, cloud)
    job.warn(_losses(job, layout, chosen, views, scores))
    _make_folders(job.folder, layout)
    for number, view in enumerate(progress(views, "MVSNet")):
        _write_view(job, layout, number, view)
    (job.folder / layout.pairs).write_text(pairs_text(scores), encoding="ascii", newline="\n")


def _write_view(job: Job, layout: Layout, number: int, view: View) -> None:
    ground = job.dataset.record.ground_id
    depth = shown_depth(view, Surfaces(job.options.surfaces), ground=ground)
    names = _write_images(job, layout, number, view, depth)
    job.names.update(dict.fromkeys(names, view.index))
    px_from_cam = layout_px_from_cam(
        view.camera.intrinsics, layout.step, job.settings["first_pixel_center_px"]
    )
    depths = bracket(depth, job.options.depth_planes)
    (job.folder / layout.name(layout.camera, number)).write_text(
        _camera_text(view.camera.cam_from_world, px_from_cam, depths),
        encoding="ascii",
        newline="\n",
    )
    depth = depth[:: layout.step, :: layout.step]
    # Pillow writes PFM as readers want it: rows from bottom to top, little endian.
    Image.fromarray(depth).save(job.folder / layout.name(layout.depth, number))
    if layout.mask is not None:
        mask = np.where(depth > 0, np.uint8(255), np.uint8(0))
        Image.fromarray(mask).save(job.folder / layout.name(layout.mask, number))


def _write_images(job: Job, layout: Layout, number: int, view: View, depth: Depth) -> Sequence[str]:
    """Write a view's image under all its names, which are returned."""
    names = layout.image_names(number)
    first, *others = (job.folder / name for name in names)
    place_image(
        view,
        first.with_suffix(""),
        accepts=(first.suffix,),
        channels="RGB",
        background=job.options.background,
        link=job.link,
    )
    for other in others:
        _place_again(first, other)
    if layout.masked is not None:
        names.append(layout.name(layout.masked, number))
        colors = read_colors(view, job.options.background)
        colors = np.where(depth[..., None] > 0, colors, np.uint8(0))
        save_image(Image.fromarray(colors), job.folder / names[-1])
    return names


def _camera_text(cam_from_world: Array, px_from_cam: Array, depths: DepthRange) -> str:
    """The text of a cam.txt, which readers take by the numbers of its lines or words."""
    return (
        f"extrinsic\n{rows_text(cam_from_world)}\n"
        f"intrinsic\n{rows_text(px_from_cam)}\n"
        f"{depths.minimum!r} {depths.interval!r} {depths.planes} {depths.maximum!r}\n"
    )


def _place_again(path: Path, other: Path) -> None:
    """The same file under another name, which takes no room where the disk can do that."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)


def _make_folders(folder: Path, layout: Layout) -> None:
    names = [*layout.image_names(0), layout.camera, layout.depth, layout.pairs]
    names += [layout.mask] if layout.mask else []
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)


def _losses(
    job: Job, layout: Layout, chosen: list[View], views: list[View], scores: Array
) -> Iterator[str]:
    """What the format cannot carry, or its loaders not use."""
    yield from part_warning(job, "the format of MVSNet")
    if len(views) < len(chosen):
        without = sorted({view.index for view in chosen} - {view.index for view in views})
        yield (
            f"{len(without)} of {len(chosen)} views show no surface that counts (the first is "
            f"view {without[0]}) and are left out"
        )
    if job.options.surfaces == Surfaces.OBJECTS:
        record = job.dataset.record
        if len(record.objects) - (record.ground_id > 0) > 1:
            yield "all objects are one, as neither depth nor masks tell them apart"
        if record.ground_id:
            yield "the ground is left out of depth and masks"
    yield from alpha_warning(views, job.options.background)
    yield from far_warning(job, "the cameras are", "MVSNet and its kin")
    if len(views) <= SOURCES:
        sources = "1 source" if len(views) == 2 else f"{len(views) - 1} sources"
        yield (
            f"with {len(views)} views each has {sources}, and readers that expect "
            f"{SOURCES} (MVSNet's own of DTU) fail; they need {SOURCES + 1} views"
        )
    best = np.take_along_axis(scores, best_sources(scores), axis=1)
    if alone := int((best == 0).any(axis=1).sum()):
        yield (
            f"{alone} of {len(views)} views share no surface with some of their sources, whose "
            "score is 0"
        )
    k = views[0].camera.intrinsics
    if layout.step > 1 and (k.width % 32 or k.height % 32):
        yield (
            f"networks need sizes that are multiples of 32, and {k.width}x{k.height} is not; "
            "render another size"
        )


def _planes(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 8:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 8, found {text!r}")
    return int(text)


CONVERTER = Converter(
    script=Path(__file__).with_name("to_mvsnet.py"),
    makes="Convert a dataset to what MVSNet and its kin read: cameras, depth, images, pairs.",
    convert=convert,
    verify=verify,
    add_options=add_options,
)
