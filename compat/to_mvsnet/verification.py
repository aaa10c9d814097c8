"""Compare a conversion for MVSNet with its source, by the rules of the format's readers."""

from __future__ import annotations

import filecmp
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compat.shared.cameras import check_rigid, pixels_of
from compat.shared.files import check_files
from compat.shared.images import (
    Levels,
    level_difference,
    open_converted,
    read_colors,
    require_size,
)
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import PIXEL_LIMIT, Report
from compat.shared.surface import known_points
from compat.to_mvsnet.depth import Depth, Surfaces, bracket, shown_depth
from compat.to_mvsnet.layouts import LAYOUTS, Layout, layout_px
from compat.to_mvsnet.pairs import SOURCES, draw, pair_scores
from viewbatch.dataset import View
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array, transform_points

JPEG_LIMIT = 40
"""How much JPEG may change a pixel beside an edge, in levels; other views differ by more."""

PLANES_LIMIT = 1e-9
"""Of numbers of float64 from the same depth, on a processor of any kind."""

SCORES_LIMIT = 0.5
"""How far the sum of a view's scores may be from that by other points, where thousands of views
leave few points to each."""

PAIRS_LIMIT = 0.8
"""Share of the best sources' score that those of pair.txt must have, by other points."""


def verify(conversion: Conversion) -> Report:
    """Surface points of each view through the written cameras, its depth, colours and sources."""
    report = Report()
    layout = LAYOUTS[conversion.choice("layout", list(LAYOUTS))]
    surfaces = conversion.choice("surfaces", list(Surfaces))
    written = _Written(
        layout=layout,
        first_pixel_center_px=conversion.choice("first_pixel_center_px", [0.5, 0.0]),
        background=conversion.number("background", 0, 1),
        planes=int(conversion.number("depth_planes", 8)),
    )
    count = len(set(conversion.names.values()))
    if not check_files(report, conversion, layout.names(count)):
        return report
    views = [conversion.view_of(layout.image_names(number)[0]) for number in range(count)]
    ground = conversion.dataset.record.ground_id
    checked = _Checked()
    for number, view in enumerate(progress(views, "verify")):
        depth = shown_depth(view, surfaces, ground=ground)
        _check_view(conversion.folder, written, number, view, depth, checked)
    formed = sum(checked.formed)
    report.fact(
        "cam.txt",
        f"{formed} of {count} with keywords and empty lines in their places",
        good=formed == count,
    )
    check_rigid(report, checked.poses)
    report.largest("surface points", np.concatenate(checked.pixels), PIXEL_LIMIT, "px", of="points")
    report.largest("depth", checked.depth_m, 0, "m", of="maps")
    report.largest("depth planes", checked.planes, PLANES_LIMIT, "of the number", of="numbers")
    report.largest("depth out of range", checked.outside_m, 0, "m", of="views")
    lossy = Path(layout.images[0]).suffix == ".jpg"
    report.largest("colours", checked.levels, JPEG_LIMIT if lossy else 0, "levels", of="images")
    if layout.mask is not None:
        report.largest("masks", checked.differing, 0, "pixels", of="masks")
    scores = pair_scores(views, draw(views, surfaces, ground=ground, seed=1))
    _check_pairs(report, conversion.folder / layout.pairs, scores)
    return report


@dataclass(frozen=True, kw_only=True)
class _Written:
    """How the conversion was made."""

    layout: Layout
    first_pixel_center_px: float
    background: float
    planes: int


@dataclass
class _Checked:
    """The differences of all views so far."""

    formed: list[bool] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)
    pixels: list[Array] = field(default_factory=list)
    depth_m: list[float] = field(default_factory=list)
    planes: list[Array] = field(default_factory=list)
    outside_m: list[float] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)


def _check_view(
    folder: Path,
    written: _Written,
    number: int,
    view: View,
    wanted: Depth,
    checked: _Checked,
) -> None:
    layout, step, background = written.layout, written.layout.step, written.background
    camera = _read_camera(folder / layout.name(layout.camera, number))
    checked.formed.append(camera.formed)
    checked.poses.append(camera.cam_from_world)
    known = known_points(view, 1000)
    in_cam = transform_points(camera.cam_from_world, known.in_world)
    found_px = pixels_of(in_cam, camera.px_from_cam)
    wanted_px = layout_px(known.pixels, step, written.first_pixel_center_px)
    checked.pixels.append(np.linalg.norm(found_px - wanted_px, axis=-1))
    depth = _read_pfm(folder / layout.name(layout.depth, number))
    small = wanted[::step, ::step]
    require_size(folder / layout.name(layout.depth, number), depth, small)
    checked.depth_m.append(float(np.abs(depth.astype(np.float64) - small).max()))
    _check_planes(checked, camera.line, wanted, written.planes)
    names = layout.image_names(number)
    checked.levels.append(level_difference(view, folder / names[0], background))
    for other in names[1:]:
        if not filecmp.cmp(folder / names[0], folder / other, shallow=False):
            raise DatasetError(f"{folder / other} is not the image {names[0]}; convert again")
    if layout.masked is not None:
        colors = np.where(wanted[..., None] > 0, read_colors(view, background), np.uint8(0))
        checked.levels.append(_difference(folder / layout.name(layout.masked, number), colors))
    if layout.mask is not None:
        mask = _read_levels(folder / layout.name(layout.mask, number), "L", small)
        # As readers take it, where it is more than half of white.
        checked.differing.append(int(((mask > 127) != (small > 0)).sum()))


def _check_planes(checked: _Checked, line: Array, wanted: Depth, planes: int) -> None:
    """The last line of a camera against the depth that it must hold."""
    there = wanted[wanted > 0]
    if not len(there):
        checked.outside_m.append(np.inf)
        return
    best = bracket(wanted, planes)
    numbers = np.array([best.minimum, best.interval, best.planes, best.maximum])
    checked.planes.append(line / numbers - 1)
    minimum, interval, count, _ = line
    maximum = minimum + interval * (count - 1)
    outside = max(minimum - there.min(), there.max() - maximum, 0)
    # No plane lies in the camera.
    checked.outside_m.append(float(outside) if minimum > 0 else np.inf)


def _check_pairs(report: Report, path: Path, scores: Array) -> None:
    """Whether the sources of every view are among the best, by scores of other points."""
    count, expected = len(scores), min(SOURCES, len(scores) - 1)
    pairs = _read_pairs(path, count, expected)
    if pairs is None:
        text = f"does not list {expected} other view{'s' * (expected > 1)} for each of {count}"
        report.fact("pair.txt", text, good=False)
        return
    sources, listed_scores = pairs
    falling = all(list(row) == sorted(row, reverse=True) for row in listed_scores)
    report.fact("order", "falling" if falling else "not falling", good=falling)
    own = [float(row[listed].sum()) for row, listed in zip(scores, sources, strict=True)]
    sums = np.sum(listed_scores, axis=1)
    report.largest(
        "scores", (sums - own) / (max(own) or 1.0), SCORES_LIMIT, "of the best", of="views"
    )
    shares = []
    for row, listed in zip(scores, sources, strict=True):
        # The first sources count most: readers take as many as they need from the front.
        weight = 1 / (1 + np.arange(len(listed)))
        best = float((np.sort(row)[::-1][: len(listed)] * weight).sum())
        shares.append(float((row[listed] * weight).sum()) / best if best > 0 else 1.0)
    report.fact(
        "sources",
        f"have {min(shares):.3f} of the best ones' score, or more (limit {PAIRS_LIMIT})",
        good=min(shares) >= PAIRS_LIMIT,
    )


def _read_pairs(
    path: Path, count: int, expected: int
) -> tuple[list[list[int]], list[list[float]]] | None:
    """The sources of each view, and their scores; None where these are not as many as expected.

    Raises `DatasetError` for what is no list of pairs.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        numbers = [int(line) for line in lines[1::2]]
        words = [line.split() for line in lines[2::2]]
        sources = [[int(word) for word in line[1::2]] for line in words]
        scores = [[float(word) for word in line[2::2]] for line in words]
        stated = [int(lines[0]), *(int(line[0]) for line in words)]
    except (OSError, ValueError, IndexError) as error:
        raise DatasetError(
            f"{path} cannot be read as pairs of views: {error}; convert again"
        ) from error
    good = (
        numbers == list(range(count))
        and stated == [count, *[expected] * count]
        and all(
            len(s) == len(set(s) - {n}) == expected for n, s in zip(numbers, sources, strict=True)
        )
        and all(0 <= source < count for listed in sources for source in listed)
        and all(len(row) == expected for row in scores)
    )
    return (sources, scores) if good else None


@dataclass(frozen=True, kw_only=True)
class _Camera:
    """What stands in a cam.txt."""

    cam_from_world: Array
    px_from_cam: Array
    line: Array
    """(4,) of the depth planes."""
    formed: bool
    """Whether what readers by words and readers by lines step over is where it belongs."""


def _read_camera(path: Path) -> _Camera:
    """By the numbers of the lines."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        extrinsic, intrinsic, (line,) = (
            [[float(word) for word in line.split()] for line in lines[first:end]]
            for first, end in ((1, 5), (7, 10), (11, 12))
        )
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as a camera: {error}; convert again") from error
    rows = (*extrinsic, *intrinsic, line)
    if [len(row) for row in rows] != [4, 4, 4, 4, 3, 3, 3, 4] or not all(
        math.isfinite(number) for row in rows for number in row
    ):
        raise DatasetError(f"{path} is not a camera of 4x4, 3x3 and 4 numbers; convert again")
    return _Camera(
        cam_from_world=np.array(extrinsic),
        px_from_cam=np.array(intrinsic),
        line=np.array(line),
        formed=[lines[0], lines[5], lines[6], lines[10], *lines[12:]]
        == ["extrinsic", "", "intrinsic", ""],
    )


def _read_pfm(path: Path) -> Depth:
    """(H, W) by the strictest of the readers, MVSNet's own."""
    data = path.read_bytes()
    match = re.match(rb"Pf\n(\d+) (\d+)\n(-?\d+(?:\.\d+)?)\n", data)
    if match is None:
        raise DatasetError(f"{path} has no header of a PFM file; convert again")
    width, height = int(match[1]), int(match[2])
    if len(data) - match.end() != width * height * 4:
        raise DatasetError(f"{path} does not hold {width}x{height} numbers; convert again")
    order = "<f4" if float(match[3]) < 0 else ">f4"
    rows = np.frombuffer(data, dtype=order, offset=match.end()).reshape(height, width)
    # Its first row is the lowest of the image.
    return np.asarray(rows[::-1], dtype=np.float32)


def _read_levels(path: Path, mode: str, wanted: Levels | Depth) -> Levels:
    with open_converted(path) as image:
        levels = np.asarray(image.convert(mode))
    require_size(path, levels, wanted)
    return levels


def _difference(path: Path, wanted: Levels) -> int:
    """The largest difference of an image from levels (H, W, 3)."""
    levels = _read_levels(path, "RGB", wanted)
    return int(np.abs(levels.astype(np.int16) - wanted).max())
