"""Everything that the page shows, read once from the dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compat.shared.images import read_levels
from compat.shared.progress import progress
from scripts.report import cloud
from scripts.report.thumbnails import KINDS, Thumbnail, depth_range, picture, thumbnail
from scripts.report.times import Times, read_times
from viewbatch.dataset import Dataset, View, layout
from viewbatch.errors import DatasetError
from viewbatch.verify import Certificate, certify

Pixels = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """Where a camera is, about the centre of the bounds."""

    distance_m: float
    inclination_deg: float
    """From +z."""
    azimuth_deg: float
    """From +x towards +y, -180 to 180."""


@dataclass(frozen=True, kw_only=True)
class ViewContent:
    """One view on the page."""

    view: View
    thumbnails: Mapping[str, Thumbnail]
    """By kind; those that the view has and that can be read."""
    depth_range_m: tuple[float, float] | None
    """Of the colours of the depth picture."""
    position: Standpoint
    looks: Standpoint
    """The same for the direction in which the camera looks; its distance is the position's."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """All of the page."""

    name: str
    """Of the dataset's folder."""
    dataset: Dataset
    views: Sequence[ViewContent]
    certificate: Certificate | str
    """Or why there is none."""
    times: Times
    points: Mapping[str, object]
    normal_frame: str | None
    """In which the normals are: "world" or "cam"; None without normals."""

    @property
    def from_inside(self) -> bool:
        """Whether the cameras stand in the model, as in a room, rather than around it."""
        radius = self.dataset.record.bounds.radius
        return float(np.median([view.position.distance_m for view in self.views])) < radius


def gather(dataset: Dataset) -> Content:
    """Read a dataset that has at least one view."""
    count = len(dataset.views)
    bounds = dataset.record.bounds
    views: list[ViewContent] = []
    points: list[tuple[Pixels, Pixels]] = []
    for view in progress(dataset.views, "pictures"):
        images = {kind: image for kind in KINDS if (image := _read(view, kind)) is not None}
        depth, levels = images.get("depth"), images.get("render")
        if depth is not None:
            points.append(cloud.sample(view, depth, levels, bounds, count))
        direction = view.camera.world_from_cam[:3, 2]
        away = view.camera.center_in_world - bounds.center
        views.append(
            ViewContent(
                view=view,
                thumbnails={
                    kind: thumbnail(
                        kind, image if kind == "render" else picture(kind, image), count
                    )
                    for kind, image in images.items()
                },
                depth_range_m=None if depth is None else depth_range(depth),
                position=_standpoint(away, float(np.linalg.norm(away))),
                looks=_standpoint(direction, float(np.linalg.norm(away))),
            )
        )
    return Content(
        name=dataset.folder.resolve().name,
        dataset=dataset,
        views=views,
        certificate=_certificate(dataset),
        times=read_times(dataset.folder),
        points=cloud.packed(points),
        normal_frame=_normal_frame(dataset),
    )


def read_text(dataset: Dataset, name: str) -> str:
    """A text file of the whole dataset, or a sentence that says why it is not shown."""
    try:
        return (dataset.folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}"


def _read(view: View, kind: str) -> Pixels | None:
    """The pixels of a file; None where there is none, or where it cannot be read.

    The certificate says of every file that is missing or damaged.
    """
    if kind not in view.kinds:
        return None
    k = view.camera.intrinsics
    try:
        pixels = np.asarray(read_levels(view) if kind == "render" else view.read(kind))
    except (DatasetError, OSError):
        return None
    planes = pixels.ndim == (2 if kind in ("depth", "mask") else 3)
    return pixels if planes and pixels.shape[:2] == (k.height, k.width) else None


def _certificate(dataset: Dataset) -> Certificate | str:
    try:
        return certify(
            dataset, read_levels=read_levels, noise_db=_noise_db(dataset), progress=progress
        )
    except DatasetError as error:
        return str(error)


def _noise_db(dataset: Dataset) -> dict[int, float]:
    """What the batch itself measured of the images' noise, which takes Blender; else nothing."""
    try:
        text = (dataset.folder / layout.CERTIFICATE).read_text(encoding="utf-8")
        found = json.loads(text)["noise_db"]
        return {int(index): float(value) for index, value in found.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _standpoint(direction: Pixels, distance_m: float) -> Standpoint:
    x, y, z = (float(value) for value in direction)
    return Standpoint(
        distance_m=distance_m,
        inclination_deg=math.degrees(math.atan2(math.hypot(x, y), z)),
        azimuth_deg=math.degrees(math.atan2(y, x)),
    )


def _normal_frame(dataset: Dataset) -> str | None:
    for view in dataset.views:
        if "normal" in view.kinds:
            try:
                return view.header("normal").quantity.rpartition(" ")[2]
            except (DatasetError, OSError):
                continue
    return None
