"""Compare converted files with their source, by the rules of the formats' readers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Set
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from compat.shared.cameras import check_rigid
from compat.shared.files import check_files
from compat.shared.images import level_difference
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import PIXEL_LIMIT, Report
from compat.shared.surface import known_points
from compat.to_nerf.cloud import Points, positions
from compat.to_nerf.nerfstudio import POINTS, Extent
from compat.to_nerf.parts import three_parts
from compat.to_nerf.reading import PARTS, Frame, Reading, read_blender, read_nerfstudio
from viewbatch.dataset import View
from viewbatch.dataset.ply import read_vertices
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

LIMITS = {
    "surface points": (PIXEL_LIMIT, "px", "points"),
    "sizes": (0, "px", "sides"),
    "colours": (0, "levels", "images"),
    "masks": (0, "levels", "masks"),
    # Ten times the steps of float32.
    "depths in npy": (1e-6, "of the depth", "maps"),
    # Rounding to whole millimetres, after that to float32.
    "depths in png": (0.505, "mm", "maps"),
}
"""What is compared for every frame: the largest difference, its unit, and of what."""

POINT_LIMIT = 1e-4
"""Share of the depth that a point may be off the surface, in the view that it fits best."""


def verify(conversion: Conversion) -> Report:
    """Surface points of each view through the written cameras, and what lies beside them."""
    if conversion.choice("layout", ["nerfstudio", "blender"]) == "blender":
        return _verify_blender(conversion)
    return _verify_nerfstudio(conversion)


def _verify_blender(conversion: Conversion) -> Report:
    report = Report()
    names = [f"transforms_{part}.json" for part in PARTS]
    if not check_files(report, conversion, names, alone=PARTS):
        return report
    reading = read_blender(conversion.folder)
    parts = three_parts(conversion.parts)
    if not _check_lists(report, reading, conversion.names, parts, shared=True):
        return report
    _check_keys(report, reading, {"file_path", "transform_matrix"}, {})
    _check_frames(report, conversion, reading, None)
    modes = {_mode(conversion.folder / name) for name in conversion.names}
    # Loaders stack images, with their alpha.
    report.fact("channels", ", ".join(sorted(modes)), good=modes == {"RGBA"})
    return report


def _verify_nerfstudio(conversion: Conversion) -> Report:
    report = Report()
    extent = Extent(
        masks=conversion.choice("masks", [False, True]),
        depths=conversion.choice("depths", ["npy", "png", "none"]),
        points=conversion.choice("points", [False, True]),
        own_lenses=conversion.choice("own_intrinsics", [False, True]),
    )
    stems = [Path(name).stem for name in conversion.names]
    others = [f"masks/{stem}.png" for stem in stems] if extent.masks else []
    if extent.depths != "none":
        others += [f"depths/{stem}.{extent.depths}" for stem in stems]
    if extent.points:
        others.append(POINTS)
    if not check_files(report, conversion, [*others, "transforms.json"]):
        return report
    reading = read_nerfstudio(conversion.folder)
    parts = {} if conversion.parts.keys() == {"train"} else three_parts(conversion.parts)
    if not _check_lists(report, reading, conversion.names, parts, shared=False):
        return report
    points = _read_points(conversion.folder / POINTS) if extent.points else None
    head = extent.head(conversion.dataset.record.bounds, points)
    _check_keys(report, reading, extent.frame_keys, head)
    _check_frames(report, conversion, reading, None if points is None else positions(points))
    return report


def _check_lists(
    report: Report,
    reading: Reading,
    names: Collection[str],
    parts: Mapping[str, Collection[str]],
    *,
    shared: bool,
) -> bool:
    """Whether every image has its frame, and the parts are those of the split.

    `shared` says whether parts that have the same images have frames of their own.
    """
    listed = Counter(frame.image for frame in reading.frames)
    several = sorted(name for name, count in listed.items() if count > 1 and not shared)
    good = listed.keys() == set(names) and not several
    text = f"{len(listed)} of {len(names)} have a frame"
    report.fact("images", text + (f", {several[0]} has several" if several else ""), good=good)
    counts = ", ".join(f"{len(part)} {name}" for name, part in reading.parts.items())
    same = reading.parts.keys() == parts.keys() and all(
        sorted(reading.parts[part]) == sorted(wanted) for part, wanted in parts.items()
    )
    report.fact("split", counts or "none", good=same)
    return good and same


def _check_keys(
    report: Report, reading: Reading, frame_keys: Set[str], head: Mapping[str, object]
) -> None:
    """Whether the files say what was written, and nothing that readers would follow besides."""
    count = sum(frame.keys == frame_keys for frame in reading.frames)
    text = f"{count} of {len(reading.frames)} have the keys that were written"
    report.fact("frames", text, good=count == len(reading.frames))
    keys = sorted(head.keys() | reading.others.keys())
    wrong = [key for key in keys if not _same(reading.others.get(key), head.get(key))]
    text = f"{wrong[0]} is {reading.others.get(wrong[0])!r}" if wrong else f"{len(keys)} keys"
    report.fact("file", text, good=not wrong)


def _same(found: object, wanted: object) -> bool:
    """Numbers may have digits of another processor."""
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))
        )
    if isinstance(wanted, float):
        return isinstance(found, int | float) and math.isclose(found, wanted, rel_tol=1e-9)
    return found == wanted and type(found) is type(wanted)


def _check_frames(
    report: Report, conversion: Conversion, reading: Reading, points: Array | None
) -> None:
    """Surface points, images, masks and depths of every frame, and the cloud."""
    folder = conversion.folder
    off_surface = np.full(0 if points is None else len(points), np.inf)
    errors: dict[str, list[Array]] = {}
    for frame in progress(reading.frames, "verify"):
        view = conversion.view_of(frame.image)
        for name, values in _compare(folder, frame, view).items():
            errors.setdefault(name, []).append(np.ravel(values))
        if points is not None:
            np.minimum(off_surface, _off_surface(frame, view, points), out=off_surface)
    for name, found in errors.items():
        limit, unit, of = LIMITS[name]
        report.largest(name, np.concatenate(found), limit, unit, of=of)
    check_rigid(report, [frame.world_from_glcam for frame in reading.frames])
    if points is not None:
        report.largest(POINTS, off_surface, POINT_LIMIT, "of the depth", of="points")


def _compare(folder: Path, frame: Frame, view: View) -> Mapping[str, npt.ArrayLike]:
    """Differences between a frame and its view, by their name in `LIMITS`."""
    k = view.camera.intrinsics
    known = known_points(view, 1000)
    pixels, _ = frame.project(known.in_world)
    found: dict[str, npt.ArrayLike] = {
        "surface points": np.linalg.norm(pixels - known.pixels, axis=-1),
        "sizes": [frame.width - k.width, frame.height - k.height],
        "colours": level_difference(view, folder / frame.image),
    }
    if frame.mask is not None:
        wanted = np.where(np.asarray(view.read("mask"), dtype=np.uint32) > 0, 255.0, 0.0)
        found["masks"] = _largest(_read_array(folder / frame.mask), wanted)
    if frame.instant_ngp_depth not in (None, frame.depth):
        found["depths in png"] = np.inf
    elif frame.depth is not None:
        path = folder / frame.depth
        depth_m = np.asarray(view.read("depth"), dtype=np.float64)
        # Their reader's own factor. Where there is no surface, both are 0.
        written_m = _read_array(path) * 0.001
        if path.suffix == ".npy":
            there = np.where(depth_m > 0, depth_m, 1.0)
            found["depths in npy"] = _largest(written_m / there, depth_m / there)
        else:
            found["depths in png"] = 1000 * _largest(written_m, depth_m)
    return found


def _largest(found: Array, wanted: Array) -> float:
    """The largest difference of two maps; infinite where they have not one size."""
    return float(np.abs(found - wanted).max()) if found.shape == wanted.shape else np.inf


def _off_surface(frame: Frame, view: View, points: Array) -> Array:
    """By what share of the depth each point is off the surface that its pixel shows.

    Infinite where it is outside of the frame, or there is no surface.
    """
    depth = np.asarray(view.read("depth"), dtype=np.float64)
    pixels, z = frame.project(points)
    inside = (z > 0) & np.all((pixels >= 0) & (pixels < depth.shape[::-1]), axis=-1)
    columns, rows = pixels[inside].astype(np.int64).T
    shown = depth[rows, columns]
    off = np.full(len(points), np.inf)
    off[inside] = np.where(shown > 0, np.abs(z[inside] / np.where(shown > 0, shown, 1) - 1), np.inf)
    return off


def _read_points(path: Path) -> Points:
    try:
        points = read_vertices(path)
        positions(points)  # which asks for x, y and z
    except (DatasetError, ValueError) as error:
        raise DatasetError(f"{path} is not the PLY file that was written; convert again") from error
    return points


def _mode(path: Path) -> str:
    with Image.open(path) as image:
        return image.mode


def _read_array(path: Path) -> Array:
    """(H, W) of a .npy file or a grey image."""
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path), dtype=np.float64)
        with Image.open(path) as image:
            return np.asarray(image, dtype=np.float64)
    except (OSError, EOFError, SyntaxError, ValueError, TypeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
