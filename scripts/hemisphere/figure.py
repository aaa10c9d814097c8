"""Cameras around a model: in 3D, from above, and by their directions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

from scripts.hemisphere.subject import Array, Subject
from viewbatch.geometry import Bounds, Camera, transform_points

_SIZE_INCHES = (13.0, 7.6)
_DPI = 100
# From the first view to the last: all are dark enough to be seen on white.
_COLORS = ("#30128f", "#7b1fa2", "#c2316f", "#ea6a32", "#f0a500")
_BOX_COLOR = "#5a6570"
_SPHERE_COLOR = "#b9c2ca"


@dataclass(frozen=True, kw_only=True)
class _Style:
    """How cameras are drawn: sizes that fit how many there are, and how near to each other."""

    frustum_m: float
    """From the camera's centre to the middle of its frame."""
    line: float
    colors: Array
    """(cameras, 4)."""


def fill(figure: Figure, *, subject: Subject) -> None:
    """Draw the subject into an empty figure."""
    figure.set_size_inches(*_SIZE_INCHES)
    figure.set_dpi(_DPI)
    colors = LinearSegmentedColormap.from_list("views", _COLORS, N=1024)
    indices = list(subject.cameras)
    scale = Normalize(min(indices), max(max(indices), min(indices) + 1))
    style = _Style(
        frustum_m=_frustum_m(subject),
        line=1.0 if len(indices) <= 100 else 0.6,
        colors=np.asarray(colors(scale(np.array(indices)))),
    )
    _space(figure.add_axes((0.0, 0.02, 0.59, 0.92), projection="3d"), subject, style)
    _from_above(figure.add_axes((0.66, 0.53, 0.27, 0.38)), subject, style)
    _directions(figure.add_axes((0.66, 0.09, 0.27, 0.32)), subject, style)
    bar = figure.colorbar(
        ScalarMappable(scale, colors), cax=figure.add_axes((0.95, 0.09, 0.012, 0.82))
    )
    bar.ax.set_title("view", size=10)
    bar.locator = MaxNLocator(integer=True)
    bar.update_ticks()
    figure.text(0.02, 0.955, _title(subject), size=13)


def _title(subject: Subject) -> str:
    count, planned = len(subject.cameras), subject.number_of_views
    if not subject.rendered:
        return f"{subject.name}: {count} planned cameras"
    return (
        f"{subject.name}: cameras of {count if count == planned else f'{count} of {planned}'} views"
    )


def _space(axes: Axes3D, subject: Subject, style: _Style) -> None:
    axes.computed_zorder = False  # the model is behind the cameras, or their points would vanish
    frusta = [_frustum(camera, style.frustum_m) for camera in subject.cameras.values()]
    if len(subject.points):
        x, y, z = subject.points.T
        alpha = 0.5 if subject.inside else 0.9
        axes.scatter(
            x, y, z, c=subject.colors, s=3, lw=0, alpha=alpha, depthshade=False, zorder=1
        )  # fmt: skip
    axes.add_collection3d(Line3DCollection(_box(subject.bounds), colors=_BOX_COLOR, lw=1, zorder=2))
    if not subject.inside:  # where it would be around everything
        circles = _great_circles(subject.bounds)
        axes.add_collection3d(Line3DCollection(circles, colors=_SPHERE_COLOR, lw=0.8, zorder=0))
    frames = Poly3DCollection([lines[4:8, 0] for lines in frusta], alpha=0.25, lw=0, zorder=3)
    frames.set_facecolor(style.colors)
    axes.add_collection3d(frames)
    lines = np.concatenate(frusta)
    per_camera = len(frusta[0])
    axes.add_collection3d(
        Line3DCollection(
            lines, colors=np.repeat(style.colors, per_camera, axis=0), lw=style.line, zorder=3
        )
    )
    shown = np.concatenate([lines.reshape(-1, 3), _box(subject.bounds).reshape(-1, 3)])
    low, high = shown.min(axis=0), shown.max(axis=0)
    for name, a, b in zip("xyz", low, high, strict=True):
        axes.set(**{f"{name}lim": (a, b), f"{name}label": f"{name} (m)"})
        getattr(axes, f"{name}axis").set_major_locator(MaxNLocator(5))
    axes.set_box_aspect(tuple(high - low), zoom=1.05)
    axes.view_init(elev=28, azim=-58)
    axes.tick_params(labelsize=8)


def _from_above(axes: Axes, subject: Subject, style: _Style) -> None:
    (x, y, _), (width, depth, _) = subject.bounds.minimum, subject.bounds.size
    if len(subject.points):
        seen = subject.points
        axes.scatter(seen[:, 0], seen[:, 1], c=subject.colors, s=1, lw=0, alpha=0.5)
    axes.add_patch(Rectangle((x, y), width, depth, fill=False, ec=_BOX_COLOR))
    if not subject.inside:
        circle = Circle(subject.bounds.center[:2], subject.bounds.radius, fill=False)
        circle.set_edgecolor(_SPHERE_COLOR)
        axes.add_patch(circle)
    starts = subject.centers[:, :2]
    ends = starts + 1.5 * style.frustum_m * subject.axes[:, :2]
    axes.add_collection(
        LineCollection(np.stack([starts, ends], axis=1), colors=style.colors, lw=style.line)
    )
    axes.scatter(
        starts[:, 0], starts[:, 1], c=style.colors, s=12 if style.line == 1 else 4, lw=0, zorder=3
    )
    axes.autoscale_view()
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="x (m)", ylabel="y (m)")
    axes.set_title("from above", size=10)
    axes.tick_params(labelsize=8)


def _directions(axes: Axes, subject: Subject, style: _Style) -> None:
    """All directions, as many degrees wide as the cosine of the inclination is high.

    Equal areas on the sphere are equal areas here (J. H. Lambert's cylindrical projection), so
    that views that cover the sphere evenly cover the picture evenly.
    """
    if subject.inside:
        directions, title = subject.axes, "where they look"
    else:
        directions = subject.centers - np.array(subject.bounds.center)
        title = "where they stand, from the model's centre"
    length = np.linalg.norm(directions, axis=1)
    there = length > 0
    x, y, z = directions[there].T
    axes.scatter(
        np.degrees(np.arctan2(y, x)) % 360, z / length[there], c=style.colors[there],
        s=16 if style.line == 1 else 5, lw=0, clip_on=False,
    )  # fmt: skip
    inclinations = np.array([0, 30, 60, 90, 120, 150, 180])
    axes.set_yticks(np.cos(np.radians(inclinations)), [str(degrees) for degrees in inclinations])
    axes.set(
        xticks=range(0, 361, 45), xlim=(0, 360), ylim=(-1.03, 1.03),
        xlabel="azimuth (degrees from +x towards +y)", ylabel="inclination (degrees)",
    )  # fmt: skip
    axes.grid(color="#e4e7ea")
    axes.set_axisbelow(True)
    axes.set_title(f"{title} (equal-area)", size=10)
    axes.tick_params(labelsize=8)


def _frustum_m(subject: Subject) -> float:
    """So long that neighbours do not cover each other, and not too short to be seen."""
    centers = subject.centers
    shown = np.concatenate([centers, [subject.bounds.minimum, subject.bounds.maximum]])
    extent = float(np.linalg.norm(shown.max(axis=0) - shown.min(axis=0)))
    if len(centers) < 2:
        return 0.08 * extent
    # A row at a time, since all distances of many cameras would need much memory.
    nearest = []
    for place, center in enumerate(centers):
        distances = np.linalg.norm(centers - center, axis=1)
        distances[place] = np.inf
        nearest.append(distances.min())
    return float(np.clip(0.6 * np.median(nearest), 0.025 * extent, 0.08 * extent))


def _frustum(camera: Camera, length_m: float) -> Array:
    """(10, 2, 3) lines in world: from the centre to the frame's corners, the frame, and a roof
    on its upper side."""
    k = camera.intrinsics
    w, h = k.width, k.height
    px = [(0, 0), (w, 0), (w, h), (0, h), (w / 2, -h / 3)]
    *corners, roof = transform_points(camera.world_from_cam, k.rays(px) * length_m)
    center = camera.center_in_world
    pairs = [(center, corner) for corner in corners]
    pairs += zip(corners, [*corners[1:], corners[0]], strict=True)
    pairs += [(corners[0], roof), (corners[1], roof)]
    return np.array(pairs)


def _box(bounds: Bounds) -> Array:
    """(12, 2, 3) its edges."""
    corners = np.array(list(itertools.product(*zip(bounds.minimum, bounds.maximum, strict=True))))
    # In this order, the bits of a corner's number say at which end of each axis it is.
    pairs = [(one, one | bit) for one in range(8) for bit in (1, 2, 4) if not one & bit]
    edges: Array = corners[np.array(pairs)]
    return edges


def _great_circles(bounds: Bounds) -> list[Array]:
    """The bounding sphere's, in the planes of the axes."""
    angle = np.linspace(0, 2 * np.pi, 97)
    a, b, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    center = np.array(bounds.center)
    planes = ((a, b, zero), (a, zero, b), (zero, a, b))
    return [center + bounds.radius * np.stack(plane, axis=-1) for plane in planes]
