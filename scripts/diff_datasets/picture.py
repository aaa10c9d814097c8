"""A picture of where files differ most: one dataset's, the other's, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scripts.diff_datasets.comparison import Comparison
from scripts.diff_datasets.measures import Pixels
from scripts.grid.grid import make_grid
from scripts.shared.pictures import (
    DEPTH_COLORS,
    NOTHING,
    SUFFIXES,
    Rgb,
    is_measurement,
    is_surface,
    read_image,
    surface_range_m,
    to_rgb,
)
from viewbatch.dataset import Dataset

CELL_WIDTH_PX = 400
_WHITE = (255, 255, 255)


def draw(a: Dataset, b: Dataset, comparison: Comparison) -> Rgb | None:
    """A row for each kind of image that differs, of the view where it does most.

    The third picture is bright where the difference is large, and nearly black where there is
    none. None where no image can be shown beside another.
    """
    cells: list[Rgb] = []
    labels: list[str] = []
    for kind, index in _chosen(comparison):
        paths = [dataset.view(index).path(kind) for dataset in (a, b)]
        if not {path.suffix for path in paths} <= SUFFIXES:
            continue
        one, other = (read_image(path) for path in paths)
        if one.shape != other.shape:
            continue
        depths = [image for image in (one, other) if image.ndim == 2 and image.dtype.kind == "f"]
        seen = [depth for depth in depths if is_surface(depth).any()]
        range_m = surface_range_m(seen) if seen else None
        cells += [to_rgb(image, background=_WHITE, depth_range_m=range_m) for image in (one, other)]
        cells.append(_heat(one, other))
        labels += [f"{kind} {index}: {comparison.a}", comparison.b, "difference"]
    if not cells:
        return None
    return make_grid(list(cells), columns=3, cell_width=CELL_WIDTH_PX, labels=labels)


def _chosen(comparison: Comparison) -> Iterator[tuple[str, int]]:
    for kind in comparison.counts:
        view = comparison.worst_view(kind)
        if view is not None and view.files[kind].figures:
            yield kind, view.index


def _heat(a: Pixels, b: Pixels) -> Rgb:
    """From equal to the largest difference; of ids, equal or not."""
    ids = is_measurement(a) and a.dtype.kind != "f"
    if ids:
        errors = (a != b).astype(np.float64)
    else:
        errors = np.abs(np.nan_to_num(a.astype(np.float64)) - np.nan_to_num(b.astype(np.float64)))
        errors = errors.max(axis=-1) if errors.ndim == 3 else errors
    # The root, or outlines, where differences are large, would hide those on surfaces.
    part = np.sqrt(errors / max(float(errors.max()), np.finfo(np.float64).tiny))
    steps = np.linspace(0, 1, len(DEPTH_COLORS))
    heat = np.stack(
        [np.interp(part, steps, column) for column in zip(*DEPTH_COLORS, strict=True)], axis=-1
    )
    picture: Rgb = np.where(errors[..., None] > 0, heat, NOTHING).astype(np.uint8)
    return picture
