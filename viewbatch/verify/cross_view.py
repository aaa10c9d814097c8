"""Do the views agree on where the surface is?

A pixel of one view is unprojected by its depth, and looked for in every other view: there
the surface must be where the first view says, be hidden behind another, or be out of sight.
Depth maps are in memory one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.geometry import Camera
from viewbatch.geometry.transforms import Array
from viewbatch.verify.surface import Patches, Seen, look, patches, surface_points, widths_px

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CONFLICT_LIMIT = 0.001
"""Share of comparisons in which a view may see past a sample. Right cameras and depths give none on
`references/models` and at most 0.0006 on models of many thin parts; a principal point that is wrong
by a twentieth of a pixel gives 0.005 there at least, by half a pixel 0.013."""

WIDE_PX = 2.0
"""What is seen less wide may lie between the centres of a view's pixels: wires, hair, edges, and
surfaces from their side."""

Load = Callable[[int], Seen]
"""Reads a view by its place among the views that are compared."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Surface points at the centres of pixels of all views."""

    cameras: Sequence[Camera]
    """Of each view."""
    in_world: Array
    """(n, 3) metres."""
    pixels: Array
    """(n, 2) u v in the image of the view that shows each."""
    views: Ints
    """(n,) place of that view."""
    around: Patches
    """The surface around each."""


@dataclass(frozen=True, kw_only=True)
class CrossView:
    """What the comparison of every sample with every other view gave; see `look`."""

    samples: Samples
    seen: npt.NDArray[np.bool_]
    """(views, n): whether a view sees a sample; its own always."""
    conflicts: npt.NDArray[np.bool_]
    """(views, n): whether a view sees past a sample, as if it were not there."""
    errors_px: npt.NDArray[np.float32]
    """(views, n): how far from its pixel a sample lands, in its own view, when the other view's
    surface is put in its place; NaN where that view does not see it."""
    errors_m: npt.NDArray[np.float32]
    """(views, n): distance between the two views' points; NaN likewise."""
    in_front_px: npt.NDArray[np.float32]
    """(views, n): how far in front of the view's surface a sample is; NaN where nothing is told."""

    @property
    def sightings(self) -> int:
        """How often a view sees a sample of another."""
        return int(np.count_nonzero(np.isfinite(self.errors_px)))

    @property
    def compared(self) -> int:
        """How often a view told something of a sample of another."""
        return int(np.count_nonzero(np.isfinite(self.errors_px) | self.conflicts))

    @property
    def consistent(self) -> bool:
        """Whether the views agree: they see each other's surfaces, and hardly ever past them."""
        conflicts = int(np.count_nonzero(self.conflicts))
        return self.sightings > 0 and not is_more_than_allowed(conflicts, self.compared)


def is_more_than_allowed(conflicts: Any, compared: Any) -> Any:
    """Whether numbers of conflicts are more than chance makes of the share that is allowed.

    Three standard deviations above it, and not a handful.
    """
    expected = CONFLICT_LIMIT * compared
    return conflicts > expected + 3 * np.sqrt(expected) + 3


def draw_samples(load: Load, count_of_views: int, per_view: int, seed: int) -> Samples:
    """At most `per_view` pixels of each view, drawn from those that show a surface."""
    cameras, in_world, pixels, views = [], [], [], []
    around: list[Patches] = []
    for place in range(count_of_views):
        view = load(place)
        points = surface_points(view, per_view, (seed, place))
        cameras.append(view.camera)
        in_world.append(points.in_world)
        pixels.append(points.pixels)
        views.append(np.full(len(points.pixels), place))
        around.append(patches(view, points))
    return Samples(
        cameras=cameras,
        in_world=np.concatenate(in_world),
        pixels=np.concatenate(pixels),
        views=np.concatenate(views),
        around=Patches(
            normals_in_world=np.concatenate([found.normals_in_world for found in around]),
            widths_m=np.concatenate([found.widths_m for found in around]),
        ),
    )


def compare(load: Load, samples: Samples) -> CrossView:
    """Look for every sample in every view but its own."""
    shape = (len(samples.cameras), len(samples.views))
    seen, conflicts = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    errors_px, errors_m, in_front_px = (np.full(shape, np.nan, np.float32) for _ in range(3))
    px_from_world = np.stack([camera.px_from_world for camera in samples.cameras])
    for place in range(len(samples.cameras)):
        others = np.flatnonzero(samples.views != place)
        view = load(place)
        found = look(view, samples.in_world[others])
        seen[place, samples.views == place] = True
        past = others[found.past]
        conflicts[place, past[_is_wide(view.camera, samples, past)]] = True
        in_front_px[place, others[found.told]] = found.in_front_px
        same = others[found.same]
        seen[place, same] = True
        errors_m[place, same] = np.linalg.norm(found.surface - samples.in_world[same], axis=-1)
        landed = _projected(px_from_world[samples.views[same]], found.surface)
        errors_px[place, same] = np.linalg.norm(landed - samples.pixels[same], axis=-1)
    return CrossView(
        samples=samples,
        seen=seen,
        conflicts=conflicts,
        errors_px=errors_px,
        errors_m=errors_m,
        in_front_px=in_front_px,
    )


def _is_wide(
    camera: Camera, samples: Samples, which: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Whether a view must see the surface around samples, which are no thinner than its pixels."""
    around = Patches(
        normals_in_world=samples.around.normals_in_world[which],
        widths_m=samples.around.widths_m[which],
    )
    wide: Bools = widths_px(camera, samples.in_world[which], around) >= WIDE_PX
    return wide


def _projected(px_from_world: Array, points: Array) -> Array:
    """Pixels (n, 2) of points (n, 3), each by a matrix of its own (n, 3, 4)."""
    seen = np.einsum("nij,nj->ni", px_from_world[:, :, :3], points) + px_from_world[:, :, 3]
    pixels: Array = seen[:, :2] / seen[:, 2:]
    return pixels
