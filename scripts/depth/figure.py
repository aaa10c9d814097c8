"""Depth maps beside each other, with one colour bar for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from scripts.shared.exr import Pixels
from scripts.shared.pictures import DEPTH_COLORS, is_surface

_NO_SURFACE = "#dedede"
"""As light as no depth's color; far depths are nearly black."""
_DPI = 100
_HAIR_PX = 1e-6
_GAP_PX = 16
_LINE_PX = 24
"""Height of the words above and below a map."""
_BAR_PX = 22
_TICKS_PX = 110
_LEAST_WIDTH_PX = 300
"""Of what a map takes, so that the words below it have room."""
_LEAST_HEIGHT_PX = 220
"""Of the colour bar, so that its numbers have room."""


@dataclass(frozen=True, kw_only=True)
class DepthMap:
    """(H, W) depths in metres, `is_surface` says where; and what to write above."""

    name: str
    depth_m: Pixels


@dataclass(frozen=True, kw_only=True)
class Panels:
    """What is shown: at least one map."""

    maps: Sequence[DepthMap]
    range_m: tuple[float, float]
    """Depths of the first and last colour, of all maps alike."""
    columns: int
    quantity: str

    @property
    def columns_used(self) -> int:
        """No more than there are maps."""
        return min(self.columns, len(self.maps))

    @property
    def rows(self) -> int:
        """As many as the columns need."""
        return math.ceil(len(self.maps) / self.columns_used)


def new_figure(panels: Panels) -> Figure:
    """The maps as a figure that can be saved."""
    figure = Figure()
    fill(figure, panels)
    return figure


def fill(figure: Figure, panels: Panels) -> None:
    """Draw into an empty figure, with all places counted in pixels from the top left."""
    sizes = [_size_px(depth.depth_m, alone=len(panels.maps) == 1) for depth in panels.maps]
    cell_width = max(_LEAST_WIDTH_PX, *(width for width, _ in sizes))
    cell_height = max(height for _, height in sizes)
    row_height = _LINE_PX + cell_height + _LINE_PX
    bar_height = max(_LEAST_HEIGHT_PX, panels.rows * row_height - 2 * _LINE_PX)
    width = _GAP_PX + panels.columns_used * (cell_width + _GAP_PX) + _BAR_PX + _TICKS_PX
    height = _LINE_PX + bar_height + _LINE_PX + _GAP_PX
    figure.set_dpi(_DPI)
    figure.set_size_inches(width / _DPI, height / _DPI)

    def axes(left: float, top: float, across: float, down: float) -> Axes:
        # Rounded up, a size would cost the map a row or a column of pixels.
        across, down = across - _HAIR_PX, down - _HAIR_PX
        place = (left / width, 1 - (top + down) / height, across / width, down / height)
        return figure.add_axes(place)

    # The first color is that of the farthest depth.
    colors = np.array(DEPTH_COLORS[::-1]) / 255
    color_map = LinearSegmentedColormap.from_list("depth", [tuple(c) for c in colors], N=1024)
    color_map.set_bad(_NO_SURFACE)
    scale = Normalize(*panels.range_m)
    for number, (depth, (across, down)) in enumerate(zip(panels.maps, sizes, strict=True)):
        row, column = divmod(number, panels.columns_used)
        left = _GAP_PX + column * (cell_width + _GAP_PX)
        top = _LINE_PX + row * row_height
        cell = axes(
            left + (cell_width - across) // 2, top + (cell_height - down) // 2, across, down
        )
        cell.set_axis_off()
        values = np.where(is_surface(depth.depth_m), depth.depth_m.astype(np.float64), np.nan)
        cell.imshow(values, color_map, scale, interpolation="nearest", aspect="auto")
        middle = (left + cell_width / 2) / width
        for words, y in (
            (_short(depth.name, cell_width), top - _LINE_PX / 2),
            (_caption(depth.depth_m), top + cell_height + _LINE_PX / 2),
        ):
            figure.text(middle, 1 - y / height, words, ha="center", va="center", size=9)
    left = _GAP_PX + panels.columns_used * (cell_width + _GAP_PX)
    bar = figure.colorbar(
        ScalarMappable(scale, color_map),
        cax=axes(left, _LINE_PX, _BAR_PX, bar_height),
        extend=_beyond(panels),
        extendfrac=12 / bar_height,
    )
    bar.set_label(f"{panels.quantity} (m)")
    if not all(is_surface(depth.depth_m).all() for depth in panels.maps):
        key = axes(left, height - _GAP_PX - 14, 14, 14)
        key.set(facecolor=_NO_SURFACE, xticks=[], yticks=[])
        y = 1 - (height - _GAP_PX - 7) / height
        figure.text((left + 20) / width, y, "no surface", va="center", size=9)


def _size_px(depth: Pixels, *, alone: bool) -> tuple[int, int]:
    """Width and height on the picture: small maps are enlarged by a whole number."""
    least, most = (640, 1280) if alone else (320, 640)
    longer = max(depth.shape)
    zoom = least // longer if longer <= least else min(1.0, most / longer)
    return max(1, round(depth.shape[1] * zoom)), max(1, round(depth.shape[0] * zoom))


def _caption(depth: Pixels) -> str:
    there = is_surface(depth)
    if not there.any():
        return "no surface"
    near, far = float(depth[there].min()), float(depth[there].max())
    missing = 100 * (1 - there.mean())
    words = f"{near:.4g} to {far:.4g} m"
    return f"{words}, no surface {missing:.3g} %" if missing else words


def _beyond(panels: Panels) -> str:
    """At which ends of the colour bar there are depths beyond it."""
    near, far = panels.range_m
    surfaces = [depth.depth_m[is_surface(depth.depth_m)] for depth in panels.maps]
    nearer = any((depth < near).any() for depth in surfaces)
    farther = any((depth > far).any() for depth in surfaces)
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[nearer, farther]


def _short(name: str, width_px: int) -> str:
    """The name, its middle left out where it is too long; a letter takes some 8 pixels."""
    most = width_px // 8
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"
