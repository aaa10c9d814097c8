"""Compare a converted NSVF dataset with its source, by the rules of the format's readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compat.shared.cameras import check_rigid, pixels_of
from compat.shared.files import check_files
from compat.shared.images import level_difference
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import PIXEL_LIMIT, Report
from compat.shared.surface import known_points
from viewbatch.dataset import View
from viewbatch.dataset.exr import read_exr
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

DISTANCE_LIMIT = 1e-6
"""Share of the distance: ten times the steps of float32."""


@dataclass
class _Found:
    """What the views give, one value or several for each."""

    pixels: list[Array] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)


def verify(conversion: Conversion) -> Report:
    """Surface points of each view through the written cameras; colours, distances, the box."""
    report = Report()
    own = conversion.choice("own_intrinsics", [False, True])
    depth = conversion.choice("depth", [False, True])
    first_center_px = conversion.choice("first_pixel_center_px", [0.5, 0.0])
    stems = [Path(name).stem for name in sorted(conversion.names)]
    wanted = {
        "pose": "txt",
        **({"intrinsic": "txt"} if own else {}),
        **({"depth": "exr"} if depth else {}),
    }
    files = [f"{kind}/{stem}.{suffix}" for kind, suffix in wanted.items() for stem in stems]
    # Readers pair files by their order, and look for all these.
    folders = ("intrinsic", "extrinsic", "depth", "mask")
    if not check_files(report, conversion, [*files, "intrinsics.txt", "bbox.txt"], alone=folders):
        return report
    _check_parts(report, conversion)
    found = _Found()
    for name, view in progress(conversion.views, "verify"):
        _compare(found, conversion, name, view, first_center_px, own=own, depth=depth)
    check_rigid(report, found.poses)
    report.largest("surface points", np.concatenate(found.pixels), PIXEL_LIMIT, "px", of="points")
    _check_intrinsics(report, conversion, first_center_px)
    report.largest("colours", found.levels, 0, "levels", of="images")
    if depth:
        report.largest("depth", found.distances, DISTANCE_LIMIT, "of the distance", of="images")
    _check_box(report, conversion)
    return report


def _check_parts(report: Report, conversion: Conversion) -> None:
    """Whether the prefixes of images are those of the split."""
    parts = conversion.parts
    good = sum(
        Path(name).name.startswith(f"{number}_")
        for number, names in enumerate(parts.values())
        for name in names
    )
    counts = ", ".join(f"{len(names)} {part}" for part, names in parts.items())
    report.fact(
        "split",
        f"{good} of {len(conversion.names)} have the prefix of their part ({counts})",
        good=good == len(conversion.names),
    )


def _compare(
    found: _Found,
    conversion: Conversion,
    name: str,
    view: View,
    first_center_px: float,
    *,
    own: bool,
    depth: bool,
) -> None:
    folder, stem = conversion.folder, Path(name).stem
    matrix = _read(folder / "intrinsic" / f"{stem}.txt" if own else folder / "intrinsics.txt", 4, 4)
    # pose/ is camera-to-world, and cameras look along +z, x right, y down.
    world_from_cam = _read(folder / "pose" / f"{stem}.txt", 4, 4)
    known = known_points(view, 1000)
    in_cam = (known.in_world - world_from_cam[:3, 3]) @ world_from_cam[:3, :3]
    wanted_px = known.pixels - 0.5 + first_center_px
    found.pixels.append(np.linalg.norm(pixels_of(in_cam, matrix[:3, :3]) - wanted_px, axis=-1))
    found.poses.append(world_from_cam)
    found.levels.append(level_difference(view, folder / name))
    if depth:
        found.distances.append(_distance_difference(folder / "depth" / f"{stem}.exr", view))


def _distance_difference(path: Path, view: View) -> float:
    """The largest share by which a file's distances from the camera's centre are wrong."""
    depth = np.asarray(view.read("depth"), dtype=np.float64)
    away = view.camera.unproject(depth) - view.camera.center_in_world
    wanted = np.where(depth > 0, np.linalg.norm(away, axis=-1), 0.0)
    channels = list(read_exr(path).values())
    if len(channels) != 1 or channels[0].shape != wanted.shape:
        return np.inf
    # Where there is no surface, both are 0.
    scale = np.where(wanted > 0, wanted, 1.0)
    return float((np.abs(channels[0] - wanted) / scale).max())


def _check_intrinsics(report: Report, conversion: Conversion, first_center_px: float) -> None:
    """Readers other than NSVF's own take these, of the first view, for all."""
    k = conversion.dataset.view(min(conversion.names.values())).camera.intrinsics
    wanted = np.eye(4)
    wanted[:3, :3] = k.matrix
    wanted[:2, 2] += first_center_px - 0.5
    found = _read(conversion.folder / "intrinsics.txt", 4, 4)
    report.largest("intrinsics.txt", found - wanted, PIXEL_LIMIT, "px", of="numbers")


def _check_box(report: Report, conversion: Conversion) -> None:
    bounds = conversion.dataset.record.bounds
    *box, size_m = _read(conversion.folder / "bbox.txt", 1, 7)[0]
    difference = np.subtract(box, [*bounds.minimum, *bounds.maximum])
    report.largest("box", difference, 1e-6 * bounds.radius, "m", of="sides")
    wanted_m = conversion.number("voxel_size_m")
    report.fact(
        "voxel size", f"{size_m:g} m (recorded: {wanted_m:g} m)", good=0 < size_m == wanted_m
    )


def _read(path: Path, rows: int, columns: int) -> Array:
    """The numbers of a text file, without comments, which not all readers know."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        numbers = [[float(word) for word in line.split()] for line in lines]
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as numbers: {error}; convert again") from error
    if [len(row) for row in numbers] != [columns] * rows or not np.isfinite(numbers).all():
        raise DatasetError(f"{path} does not hold {rows}x{columns} numbers; convert again")
    return np.array(numbers)
