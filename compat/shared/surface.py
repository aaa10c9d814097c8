"""Points on the surfaces of a dataset, and which views see them: depth maps tell both.

One depth map is in memory at a time, whatever the number of views.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import View
from viewbatch.geometry.transforms import Array
from viewbatch.verify.surface import Seen, SurfacePoints, look, surface_points


def known_points(
    view: View, count: int, seed: int = 0, *, among: npt.NDArray[np.bool_] | None = None
) -> SurfacePoints:
    """At most `count` points of a view, at pixels drawn from those that show a surface.

    `among`, (H, W), says from which of them. What is drawn depends on the seed, the view's
    index and these pixels alone.
    """
    return surface_points(_seen(view), count, (seed, view.index), among)


@dataclass(frozen=True, kw_only=True)
class Sightings:
    """The points that one view sees."""

    indices: npt.NDArray[np.intp]
    """(n,) of the points, rising."""
    pixels: Array
    """(n, 2) where in the image they are."""


def sightings(view: View, points_in_world: Array) -> Sightings:
    """Which surface points (n, 3) a view sees, by its depth map; see `look`.

    Beside an outline, where one cannot tell, nothing counts as seen.
    """
    indices = look(_seen(view), points_in_world).exact
    pixels, _ = view.camera.project(points_in_world[indices])
    return Sightings(indices=indices, pixels=pixels)


def _seen(view: View) -> Seen:
    return Seen(camera=view.camera, depth_m=np.asarray(view.read("depth"), dtype=np.float64))
