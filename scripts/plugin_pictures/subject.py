"""The dataset whose pictures are made, what its files hold, and where it is seen from."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.plugin_pictures.overlay import Color
from scripts.plugin_pictures.raster import Mask, draw_points
from scripts.shared.errors import InputError
from scripts.shared.pictures import NOTHING, Rgb, read_image, shrink, to_rgb
from viewbatch.dataset import Dataset, View
from viewbatch.dataset.ply import read_vertices
from viewbatch.geometry import (
    Camera,
    Intrinsics,
    look_at,
    rigid,
    spherical_direction,
    transform_points,
)

Array = npt.NDArray[np.float64]

WIDTH_PX = 320
AXES: tuple[Color, Color, Color] = ((220, 50, 47), (60, 160, 40), (38, 110, 220))
"""Of x, y and z, as in most programs: red, green, blue."""
BACKDROP: Color = (244, 244, 244)
"""Behind what is drawn here rather than rendered."""
_MARGIN_PX = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The dataset, and the view of it that most pictures show."""

    dataset: Dataset
    view: View

    def __post_init__(self) -> None:
        width = self.view.camera.intrinsics.width
        if width < WIDTH_PX:
            raise InputError(
                f"view {self.view.index} of {self.dataset.folder} is {width} pixels wide, expected "
                f"at least {WIDTH_PX}; render it with a larger render.resolution_x"
            )

    @property
    def scale(self) -> float:
        """Pixels of the picture for one pixel of the view."""
        return WIDTH_PX / self.view.camera.intrinsics.width

    @property
    def render(self) -> Rgb:
        """The colour image in the picture's size."""
        return small(to_rgb(read_image(self.view.path("render")), background=(255, 255, 255)))

    @property
    def center(self) -> Array:
        """(3,) the middle of the bounds, in world."""
        return np.array(self.dataset.record.bounds.center)

    def map(self, kind: str) -> npt.NDArray[Any]:
        """A map of the view, in its own size."""
        return self.view.read(kind)

    def file(self, name: str) -> Path:
        """A file of the whole dataset."""
        path = self.dataset.folder / name
        if not path.is_file():
            raise InputError(
                f"{self.dataset.folder} has no {name}; enable the plugin that writes it, and "
                "render all of the dataset's views"
            )
        return path


def small(picture: Rgb, *, smooth: bool = True, width: int = WIDTH_PX) -> Rgb:
    """At the width of the pictures, or another; unless smooth, no colours are mixed."""
    return shrink(picture, width, smooth=smooth)


def colors_of_ids(ids: npt.NDArray[np.integer[Any]]) -> Rgb:
    """(n, 3) colours of ids (n,), those that scripts/grid shows."""
    colors: Rgb = to_rgb(ids.astype(np.uint32)[None], background=NOTHING)[0]
    return colors


def color_of_id(number: int) -> Color:
    """The colour of one id."""
    red, green, blue = (int(x) for x in colors_of_ids(np.array([number]))[0])
    return red, green, blue


def larger(camera: Camera, by: float) -> Camera:
    """The same camera with more pixels, or with fewer where `by` is below 1."""
    k = camera.intrinsics
    intrinsics = Intrinsics(
        width=round(k.width * by),
        height=round(k.height * by),
        fx=k.fx * by,
        fy=k.fy * by,
        cx=k.cx * by,
        cy=k.cy * by,
    )
    return Camera(intrinsics=intrinsics, cam_from_world=camera.cam_from_world)


def overview_camera(center: Array, points: Array) -> Camera:
    """A camera that looks at a place from the front and above, and just shows all points."""
    inclination, azimuth = math.radians(60), math.radians(-52)
    # So far away that lines that go towards it are not distorted much.
    distance = 3.5 * float(np.linalg.norm(points - center, axis=1).max())
    eye = center + distance * np.array(spherical_direction(inclination, azimuth))
    rotation = look_at(_vector(eye), _vector(center))
    cam_from_world = rigid(rotation, -rotation @ eye)
    in_cam = transform_points(cam_from_world, points)
    directions = in_cam[:, :2] / in_cam[:, 2:]
    low, high = directions.min(axis=0), directions.max(axis=0)
    size = np.array([WIDTH_PX, WIDTH_PX * 3 // 4])
    focal = float(((size - 2 * _MARGIN_PX) / (high - low)).min())
    cx, cy = (float(x) for x in size / 2 - focal * (low + high) / 2)
    k = Intrinsics(width=WIDTH_PX, height=int(size[1]), fx=focal, fy=focal, cx=cx, cy=cy)
    return Camera(intrinsics=k, cam_from_world=cam_from_world)


def _vector(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def points_seen(subject: Subject, camera: Camera) -> tuple[Rgb, Mask]:
    """The point cloud as a camera sees it, over BACKDROP: colours, and where there are any."""
    cloud = read_vertices(subject.file("point_cloud.ply"))
    points, colors = (
        np.stack([cloud[name] for name in names], axis=-1)
        for names in (("x", "y", "z"), ("red", "green", "blue"))
    )
    # Drawn larger and made smaller, which smooths the squares.
    picture, there = draw_points(points, colors, larger(camera, 2), size_px=5)
    k = camera.intrinsics
    share = there.reshape(k.height, 2, k.width, 2).mean(axis=(1, 3))
    return small(np.where(there[..., None], picture, np.array(BACKDROP, np.uint8))), share > 0.5


def read_mesh(subject: Subject) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Vertices (n, 3) in world, triangles (m, 3), object ids (m,) of mesh.ply."""
    path = subject.file("mesh.ply")
    vertices = read_vertices(path)
    data = path.read_bytes()
    header = data[: data.index(b"end_header\n") + 11]
    found = re.search(rb"element face (\d+)", header)
    assert found is not None
    rows = np.dtype([("count", "u1"), ("corners", "<i4", (3,)), ("object_id", "<u4")])
    faces = np.frombuffer(data, rows, int(found[1]), len(header) + vertices.nbytes)
    points = np.stack([vertices[axis] for axis in "xyz"], axis=-1)
    return points, faces["corners"].astype(np.int64), faces["object_id"]


def in_front(subject: Subject, pixels: Array, z: Array) -> Mask:
    """Which points at pixels (n, 2) and depths (n,) the view does not hide, nor its frame."""
    depth_m = subject.map("depth")
    height, width = depth_m.shape
    columns, rows = np.floor(pixels).astype(int).T
    inside = (z > 0) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    seen = np.where(depth_m > 0, depth_m, np.inf)[
        np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    ]
    front: Mask = inside & (z < seen * 1.01)
    return front
