"""The pinhole camera.

(0, 0) ---> u (px)             cam frame: x right, y down, z forward
  |  image, (0, 0) is the      u = fx * x / z + cx
  v  top-left *corner*;        v = fy * y / z + cy
(px) pixel (row i, column j) has its centre at (u, v) = (j + 0.5, i + 0.5)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.geometry.transforms import Array, invert_rigid, transform_points


@dataclass(frozen=True, kw_only=True)
class Intrinsics:
    """Size in pixels, focal lengths and principal point in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"an image of {self.width}x{self.height} pixels has no pixel")
        if not all(map(math.isfinite, (self.cx, self.cy))):
            raise ValueError(f"a principal point must be finite, not {self.cx}, {self.cy}")
        if not (0 < self.fx < math.inf and 0 < self.fy < math.inf):
            raise ValueError(f"focal lengths must be positive, not {self.fx} and {self.fy}")

    @property
    def matrix(self) -> Array:
        """`px_from_cam`, the (3, 3) calibration matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def project(self, points_in_cam: npt.ArrayLike) -> Array:
        """Pixel coordinates (..., 2) of points (..., 3) in cam; z must be positive."""
        points = np.asarray(points_in_cam, dtype=np.float64)
        x, y, z = np.moveaxis(points, -1, 0)
        return np.stack([self.fx * x / z + self.cx, self.fy * y / z + self.cy], axis=-1)

    def pixel_centers(self) -> Array:
        """(height, width, 2) pixel coordinates (u, v) of every pixel's centre."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return np.stack([u, v], axis=-1)

    def rays(self, pixels: npt.ArrayLike | None = None) -> Array:
        """Directions (..., 3) in cam with z = 1 through pixels (..., 2), all centres by default."""
        px = self.pixel_centers() if pixels is None else np.asarray(pixels, dtype=np.float64)
        x = (px[..., 0] - self.cx) / self.fx
        y = (px[..., 1] - self.cy) / self.fy
        return np.stack([x, y, np.ones_like(x)], axis=-1)

    def unproject(self, depth_m: npt.ArrayLike) -> Array:
        """(height, width, 3) points in cam from a (height, width) map of planar depth.

        Where depth is 0 (no surface) the point is the camera's centre.
        """
        depth = np.asarray(depth_m, dtype=np.float64)
        if depth.shape != (self.height, self.width):
            raise ValueError(
                f"a depth map of shape {depth.shape} does not belong to an image of "
                f"{self.width}x{self.height}"
            )
        return self.rays() * depth[..., None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """Intrinsics and a pose. `cam_from_world` is the stored truth, the rest is derived."""

    intrinsics: Intrinsics
    cam_from_world: Array
    """(4, 4) float64, rigid."""

    @property
    def world_from_cam(self) -> Array:
        """(4, 4) inverse of `cam_from_world`."""
        return invert_rigid(self.cam_from_world)

    @property
    def center_in_world(self) -> Array:
        """(3,) the optical centre."""
        return self.world_from_cam[:3, 3]

    @property
    def px_from_world(self) -> Array:
        """(3, 4) projection matrix K [R | t]."""
        k, (x, y, z) = self.intrinsics, self.cam_from_world[:3]
        # K's rows written out, since the last bits of a BLAS product depend on the processor.
        return np.stack([k.fx * x + k.cx * z, k.fy * y + k.cy * z, z])

    def is_close(self, other: Camera) -> bool:
        """Whether the sizes are equal, and lens and pose to a millionth."""
        a, b = self.intrinsics, other.intrinsics
        if (a.width, a.height) != (b.width, b.height):
            return False
        lens = np.allclose([a.fx, a.fy, a.cx, a.cy], [b.fx, b.fy, b.cx, b.cy], 1e-6, 1e-6)
        return lens and np.allclose(self.cam_from_world, other.cam_from_world, 1e-6, 1e-9)

    def project(self, points_in_world: npt.ArrayLike) -> tuple[Array, Array]:
        """Pixel coordinates (..., 2) and planar depth (...) of points (..., 3) in world."""
        in_cam = transform_points(self.cam_from_world, points_in_world)
        return self.intrinsics.project(in_cam), in_cam[..., 2]

    def unproject(self, depth_m: npt.ArrayLike) -> Array:
        """(height, width, 3) points in world from planar depth; see `Intrinsics.unproject`."""
        return transform_points(self.world_from_cam, self.intrinsics.unproject(depth_m))


def fit_distance(intrinsics: Intrinsics, radius: float) -> float:
    """Distance from the centre of a sphere at which it just fills the frame's smaller side.

    The camera looks at the centre. The sphere touches the view pyramid's four side
    planes from inside at no smaller a distance: radius / sin(angle), where angle is
    that between the optical axis and the nearest side. With a shifted principal point
    the four angles differ and the smallest counts.
    """
    k = intrinsics
    tangents = (k.cx / k.fx, (k.width - k.cx) / k.fx, k.cy / k.fy, (k.height - k.cy) / k.fy)
    smallest = min(tangents)
    if smallest <= 0:
        raise ValueError(
            "the lens is shifted so far that the optical axis leaves the frame; "
            "the target cannot be framed by looking at it"
        )
    return radius / math.sin(math.atan(smallest))
