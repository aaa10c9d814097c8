"""The layout of NeRF's synthetic scenes, which Blender rendered.

As nerf-pytorch reads it (https://github.com/yenchenlin/nerf-pytorch, load_blender.py), and
after it nerfstudio's blender parser, 3D Gaussian splatting, instant-ngp and others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from compat.shared.images import place_image
from compat.shared.job import Job, far_warning, same_intrinsics, shift_px
from compat.shared.progress import progress
from compat.to_nerf.parts import three_parts
from compat.to_nerf.pose import transform_matrix
from viewbatch.dataset import View
from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError
from viewbatch.geometry import Bounds

NEAR, FAR = 2.0, 6.0
"""Distances from the camera between which the loaders sample."""

HALF_BOX = 1.3
"""How far from the origin, on each axis, they look for the object."""

_HARMLESS_PX = 1e-3
"""By how much a camera may differ from one that is its field of view alone."""


def write_blender(job: Job) -> None:
    """Fill `train/`, `val/` and `test/`, and write the three files."""
    _check_lens(job)
    job.warn(_warnings(job))
    for part in job.split.parts:
        (job.folder / part).mkdir()
    frames: dict[int, dict[str, Any]] = {}
    for view in progress(job.views, "NeRF"):
        stem = f"{job.split.part_of(view.index)}/r_{view.index}"
        path = place_image(view, job.folder / stem, channels="RGBA", link=job.link)
        job.names[f"{stem}{path.suffix}"] = view.index
        frames[view.index] = {
            "file_path": f"./{stem}",
            "transform_matrix": transform_matrix(view.camera),
        }
    k = job.views[0].camera.intrinsics
    # Horizontal also where the frame is upright, unlike the angle that Blender shows.
    angle = 2 * math.atan(k.width / 2 / k.fx)
    for part, indices in three_parts(job.split.parts).items():
        listed = [frames[index] for index in indices]
        text = json_text({"camera_angle_x": angle, "frames": listed})
        (job.folder / f"transforms_{part}.json").write_text(text, encoding="ascii", newline="\n")


def _check_lens(job: Job) -> None:
    """Refuse what a horizontal field of view for all images does not describe."""
    faults = []
    if not same_intrinsics(job.views):
        faults.append(
            "the intrinsics vary from view to view (set camera.lens.focal_length to one number)"
        )
    k = job.views[0].camera.intrinsics
    if max(map(abs, shift_px(job.views[0]))) > _HARMLESS_PX:
        faults.append(
            f"the principal point is ({k.cx:.6g}, {k.cy:.6g}) px and the middle of the frame "
            f"({k.width / 2:g}, {k.height / 2:g}) (set camera.lens.shift_x and shift_y to 0)"
        )
    if k.height / 2 * abs(k.fy / k.fx - 1) > _HARMLESS_PX:
        faults.append(
            f"fx is {k.fx:.6g} px and fy {k.fy:.6g} px (set render.pixel_aspect_x and "
            "pixel_aspect_y to 1)"
        )
    if faults:
        raise DatasetError(
            f"{job.dataset.folder} does not fit --layout blender, which has one field of view for "
            f"all images and nothing else of a lens: {'; '.join(faults)}; or use --layout "
            "nerfstudio, which has all of it"
        )


def _warnings(job: Job) -> list[str]:
    warnings = _out_of_reach(job)
    if list(job.split.parts) == ["train"]:
        warnings.append(
            "no view is held out, so transforms_val.json and transforms_test.json list those that "
            "train; hold some out with --split every:8"
        )
    return warnings + far_warning(job, "the three files are", "their readers")


def _out_of_reach(job: Job) -> list[str]:
    bounds = job.dataset.record.bounds
    reach = float(np.abs([bounds.minimum, bounds.maximum]).max())
    near, far = _distances(bounds, job.views)
    expected, found = [], []
    if reach > HALF_BOX:
        expected.append(f"up to {HALF_BOX:g} from the origin on each axis")
        found.append(f"reach to {reach:.3g}")
    if near < NEAR or far > FAR:
        expected.append(f"{NEAR:g} to {FAR:g} from the camera")
        if far <= FAR:
            found.append(f"come as near as {near:.3g}")
        elif near >= NEAR:
            found.append(f"are up to {far:.3g} away")
        else:
            found.append(f"are {near:.3g} to {far:.3g} away")
    if not expected:
        return []
    return [
        f"readers of this layout look for objects {' and '.join(expected)}, and these "
        f"{' and '.join(found)}; set model.normalize and the cameras as "
        "references/configs/nerf_synthetic.toml does, or tell the reader"
    ]


def _distances(bounds: Bounds, views: Sequence[View]) -> tuple[float, float]:
    """The least and the greatest distance of a camera to a point of the box."""
    low, high = np.array(bounds.minimum), np.array(bounds.maximum)
    centers = np.array([view.camera.center_in_world for view in views])
    near = np.linalg.norm(centers - np.clip(centers, low, high), axis=-1)
    far = np.linalg.norm(np.maximum(abs(centers - low), abs(centers - high)), axis=-1)
    return float(near.min()), float(far.max())
