"""What is shown: cameras, the bounds of their model, and points of its surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compat.shared.images import read_colors
from compat.shared.progress import progress
from scripts.shared.views import read_map
from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.records import cameras_from_json
from viewbatch.errors import UsageError
from viewbatch.geometry import Bounds, Camera

MOST_POINTS = 20_000
MOST_VIEWS = 24
"""Whose depth is read for points: views all around show all of the surface."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A dataset, or a plan for one."""

    name: str
    cameras: Mapping[int, Camera]
    """By view index; at least one."""
    number_of_views: int
    """How many are planned."""
    rendered: bool
    """Whether the cameras are those of views, not of a plan."""
    bounds: Bounds
    points: Array
    """(n, 3) of the surface, in world; none of a plan."""
    colors: Array
    """(n, 3) of the points, sRGB, 0 to 1."""

    @property
    def centers(self) -> Array:
        """(cameras, 3) where they stand."""
        return np.array([camera.center_in_world for camera in self.cameras.values()])

    @property
    def axes(self) -> Array:
        """(cameras, 3) unit vectors in world: where they look."""
        return np.array([camera.cam_from_world[2, :3] for camera in self.cameras.values()])

    @property
    def inside(self) -> bool:
        """Whether most cameras stand within the box of their model, and look around."""
        centers = self.centers
        within = (centers > self.bounds.minimum) & (centers < self.bounds.maximum)
        return float(within.all(axis=1).mean()) > 0.5


def read_subject(dataset: Dataset) -> Subject:
    """The cameras of a dataset's views, or, where it has none, of its `cameras.json`."""
    cameras = {view.index: view.camera for view in dataset.views} or _planned(dataset)
    points, colors = _surface(dataset.views)
    return Subject(
        name=dataset.folder.resolve().name,
        cameras=cameras,
        number_of_views=dataset.record.number_of_views,
        rendered=bool(dataset.views),
        bounds=dataset.record.bounds,
        points=points,
        colors=colors,
    )


def _planned(dataset: Dataset) -> dict[int, Camera]:
    path = dataset.folder / layout.CAMERAS
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{dataset.folder} has no view, and {layout.CAMERAS} cannot be read from it "
            f"({getattr(error, 'strerror', None) or error}); render some views, or plan their "
            "cameras with generate-batch.py and --skip-render"
        ) from error
    cameras = cameras_from_json(text, str(path))
    if not cameras:
        raise UsageError(f"{path} holds no camera; plan at least one")
    return {index: record.camera for index, record in cameras.items()}


def _surface(views: list[View]) -> tuple[Array, Array]:
    """Points of what has an id, drawn from the pixels of views all along the dataset."""
    rng = np.random.default_rng(0)  # drawn, since even steps through rows make patterns
    views = [view for view in views if "depth" in view.kinds]
    count = min(len(views), MOST_VIEWS)
    chosen = [views[i] for i in np.linspace(0, len(views) - 1, count).astype(int)]
    points, colors = [np.empty((0, 3))], [np.empty((0, 3))]
    for view in progress(chosen, "surface") if chosen else ():
        depth = np.asarray(read_map(view, "depth"), dtype=np.float64)
        there = depth > 0
        if "mask" in view.kinds:
            there &= read_map(view, "mask") != 0
        pixels = np.flatnonzero(there)
        taken = rng.choice(pixels, min(len(pixels), MOST_POINTS // len(chosen)), replace=False)
        points.append(view.camera.unproject(depth).reshape(-1, 3)[taken])
        levels = np.full((*depth.shape, 3), 128, dtype=np.uint8)
        if "render" in view.kinds:
            levels = read_colors(view, background=0.5)
        colors.append(levels.reshape(-1, 3)[taken] / 255)
    return np.concatenate(points), np.concatenate(colors)
