"""`transforms.json`, with images, masks, depths and points, as nerfstudio and instant-ngp read it.

https://docs.nerf.studio/quickstart/data_conventions.html; nerfstudio_dataparser.py of
https://github.com/nerfstudio-project/nerfstudio; nerf_loader.cu of
https://github.com/NVlabs/instant-ngp.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from compat.shared.images import place_image, write_mask
from compat.shared.job import Job, far_warning, is_far, same_intrinsics
from compat.shared.progress import progress
from compat.to_nerf.cloud import Points, positions, sample_points, write_points
from compat.to_nerf.parts import three_parts
from compat.to_nerf.pose import transform_matrix
from viewbatch.dataset import View
from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError
from viewbatch.geometry import Bounds, Intrinsics

POINTS = "points.ply"

MILLIMETRES = 1000.0
"""Per metre: what depth files hold, as nerfstudio expects it."""

LONGEST_PNG_M = np.iinfo(np.uint16).max / MILLIMETRES

UNIT_SPHERE = 0.33
"""Radius in instant-ngp's unit cube of what has radius 1, as instant-ngp itself scales it."""


COARSE_SHARE = 1e-3
"""Of the objects' size: of coarser depths a warning is given."""

LENS = ("fl_x", "fl_y", "cx", "cy", "w", "h")
"""The keys of intrinsics, in each frame or in the file."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What is made beside the images."""

    masks: bool
    depths: str
    """The suffix of the files, or "none"."""
    points: bool
    own_lenses: bool
    """Intrinsics for each frame rather than for the file."""

    @property
    def frame_keys(self) -> set[str]:
        """What every frame has."""
        return {
            "file_path",
            "transform_matrix",
            *(LENS if self.own_lenses else ()),
            *(["mask_path"] if self.masks else []),
            *(["depth_file_path"] if self.depths != "none" else []),
            # instant-ngp's name, which reads no other depths.
            *(["depth_path"] if self.depths == "png" else []),
        }

    def head(self, bounds: Bounds, points: Points | None) -> Mapping[str, object]:
        """What the file has beside frames, intrinsics and the split."""
        return {
            "camera_model": "OPENCV",
            **dict.fromkeys(["k1", "k2", "p1", "p2"], 0.0),
            **_for_instant_ngp(bounds, points),
            **({"integer_depth_scale": 1 / MILLIMETRES} if self.depths == "png" else {}),
            **({} if points is None else {"ply_file_path": POINTS}),
        }


def write_nerfstudio(job: Job) -> None:
    """Fill `images/`, `masks/` and `depths/`, and write `points.ply` and `transforms.json`."""
    wanted = Extent(
        masks=not job.options.no_masks,
        depths=job.options.depths or "npy",
        points=not job.options.no_points,
        own_lenses=not same_intrinsics(job.views),
    )
    _require(job, wanted)
    (job.folder / "images").mkdir()
    if wanted.masks:
        (job.folder / "masks").mkdir()
    if wanted.depths != "none":
        (job.folder / "depths").mkdir()
    frames = {view.index: _frame(job, view, wanted) for view in progress(job.views, "images")}
    points = _make_points(job) if wanted.points else None
    job.settings.update(
        masks=wanted.masks,
        depths=wanted.depths,
        points=points is not None,
        own_intrinsics=wanted.own_lenses,
    )
    tree = {
        **wanted.head(job.dataset.record.bounds, points),
        **({} if wanted.own_lenses else _lens(job.views[0].camera.intrinsics)),
        **_lists(job, frames),
        "frames": list(frames.values()),
    }
    text = json_text(tree)
    (job.folder / "transforms.json").write_text(text, encoding="ascii", newline="\n")
    job.warn(_warnings(job, wanted, points))


def _require(job: Job, wanted: Extent) -> None:
    if wanted.masks:
        job.require("mask", otherwise=", or do without masks with --no-masks")
    if wanted.depths != "none" or wanted.points:
        job.require("depth", otherwise=", or do without it with --depths none --no-points")
    for view in job.views:
        _, farthest_m = view.record.depth_range_m or (0.0, 0.0)
        if wanted.depths == "png" and farthest_m > LONGEST_PNG_M:
            raise DatasetError(
                f"view {view.index} of {view.folder} has a surface {farthest_m:.4g} m away, and 16 "
                f"bits of millimetres end at {LONGEST_PNG_M:g} m; choose --depths npy, or set "
                "model.normalize and render again"
            )


def _frame(job: Job, view: View, wanted: Extent) -> dict[str, Any]:
    """Write a view's files; returns its frame."""
    digits = max(3, len(str(job.views[-1].index)))
    stem = f"{view.index:0{digits}d}"
    # The two readers use Pillow and stb_image, which have these formats in common.
    path = place_image(view, job.folder / "images" / stem, accepts=(".png", ".jpg"), link=job.link)
    name = f"images/{path.name}"
    job.names[name] = view.index
    frame: dict[str, Any] = {"file_path": name, "transform_matrix": transform_matrix(view.camera)}
    if wanted.own_lenses:
        frame.update(_lens(view.camera.intrinsics))
    if wanted.masks:
        frame["mask_path"] = f"masks/{stem}.png"
        write_mask(view, job.folder / frame["mask_path"])
    if wanted.depths != "none":
        frame["depth_file_path"] = f"depths/{stem}.{wanted.depths}"
        _write_depth(view, job.folder / frame["depth_file_path"])
    if wanted.depths == "png":
        frame["depth_path"] = frame["depth_file_path"]
    return frame


def _make_points(job: Job) -> Points | None:
    """Write `points.ply`; None where no view that trains shows a surface."""
    # What is held out must not be where points and their colours come from.
    points = sample_points(job.part("train"), "f8" if is_far(job) else "f4")
    if not len(points):
        return None
    write_points(job.folder / POINTS, points)
    return points


def _lens(k: Intrinsics) -> Mapping[str, float]:
    return dict(zip(LENS, (k.fx, k.fy, k.cx, k.cy, k.width, k.height), strict=True))


def _write_depth(view: View, path: Path) -> None:
    """Planar depth in millimetres, 0 where there is no surface."""
    depth = np.asarray(view.read("depth"), dtype=np.float32) * np.float32(MILLIMETRES)
    if path.suffix == ".npy":
        np.save(path, depth)
        return
    # What is nearer than half a millimetre is still a surface.
    levels = np.where(depth > 0, np.maximum(np.rint(depth), 1), 0).astype(np.uint16)
    Image.fromarray(levels).save(path)


def _lists(job: Job, frames: Mapping[int, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The split. nerfstudio refuses one of which a part is missing."""
    if list(job.split.parts) == ["train"]:
        return {}
    return {
        f"{part}_filenames": [frames[index]["file_path"] for index in indices]
        for part, indices in three_parts(job.split.parts).items()
    }


def _for_instant_ngp(bounds: Bounds, points: Points | None) -> Mapping[str, object]:
    """Where its unit cube lies, and how many times as large a box has all surface points.

    nerfstudio, which rescales the poses itself, reads none of these keys.
    """
    scale = UNIT_SPHERE / bounds.radius
    offset = 0.5 - scale * np.array(bounds.center)
    reach = 0.5
    if points is not None:
        reach = float(np.abs(scale * positions(points) + offset - 0.5).max())
    times = 2 ** max(0, math.ceil(math.log2(2 * reach)))
    # It has boxes of no more than 128 times.
    return {"aabb_scale": min(times, 128), "scale": scale, "offset": offset.tolist()}


def _warnings(job: Job, wanted: Extent, points: Points | None) -> list[str]:
    warnings = []
    objects = len(job.dataset.record.objects)
    if wanted.masks and objects > 1:
        warnings.append(f"masks/ does not tell the {objects} objects from each other")
    if wanted.points and points is None:
        warnings.append(f"no view that trains shows a surface, so there is no {POINTS}")
    size_m = 2 * job.dataset.record.bounds.radius
    if wanted.depths == "png" and COARSE_SHARE * size_m < 1 / MILLIMETRES:
        warnings.append(
            f"depths of whole millimetres are coarse for objects {size_m:.3g} m wide; choose "
            "--depths npy, or set model.normalize and render again"
        )
    return warnings + far_warning(job, f"transforms.json and {POINTS} are", "their readers")
