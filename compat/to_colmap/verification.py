"""Compare a COLMAP project with its dataset, as COLMAP itself reads it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pycolmap

from compat.shared.files import check_files
from compat.shared.images import level_difference, open_converted, require_size
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import PIXEL_LIMIT, Report
from compat.shared.surface import known_points, sightings
from compat.to_colmap.dense import (
    INTEGER_CENTERS_PX,
    configurations,
    normals_in_cam,
    read_map,
)
from compat.to_colmap.lists import NAMES, split_lists
from viewbatch.dataset import View
from viewbatch.errors import DatasetError
from viewbatch.geometry.transforms import Array

Model = pycolmap.Reconstruction

STEMS = ("cameras", "images", "points3D")
"""The files of a model."""


def verify(conversion: Conversion) -> Report:
    """Surface points through the cameras of `sparse/0`, tracks, images, masks, database, dense."""
    # What COLMAP warns of is what the report is for.
    pycolmap.logging.minloglevel = pycolmap.logging.Level.ERROR.value
    report = Report()
    dense = conversion.choice("dense", [False, True])
    names = [Path(name).name for name in sorted(conversion.names)]
    if not check_files(report, conversion, _other_files(names, dense=dense)):
        return report
    sparse = conversion.folder / "sparse" / "0"
    with _reading(sparse):
        model = Model()
        model.read_text(sparse)
        same = _text_is_binary(sparse, model)
    report.fact(
        "sparse/0", "text and binary agree" if same else "text and binary differ", good=same
    )
    if not same:
        return report
    _check_names(report, names, model)
    if not report.good:
        return report
    images = [
        (model.image(number), conversion.view_of(f"images/{model.image(number).name}"))
        for number in sorted(model.images)
    ]
    _check_lists(report, conversion)
    _check_images(report, conversion, images, model)
    _check_tracks(report, images, model)
    _check_database(report, conversion.folder / "database.db", model)
    if dense:
        _check_dense(report, conversion, images)
    return report


def _other_files(names: Sequence[str], *, dense: bool) -> list[str]:
    """What there must be beside images, in folders that COLMAP goes through as a whole."""
    files = [f"masks/{name}.png" for name in names]
    if dense:
        files += [f"dense/images/{name}" for name in names]
        files += [f"dense/sparse/{stem}.bin" for stem in STEMS]
        files += [f"dense/stereo/{name}" for name in configurations(names)]
        files += [
            f"dense/stereo/{kind}/{name}.geometric.bin"
            for kind in ("depth_maps", "normal_maps")
            for name in names
        ]
    return files


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Answer what COLMAP trips over in one sentence."""
    try:
        yield
    except (ValueError, RuntimeError, LookupError, MemoryError) as error:
        raise DatasetError(f"COLMAP cannot read {folder}: {error}") from error


def _text_is_binary(sparse: Path, model: Model) -> bool:
    """Whether the binary files hold the model that was read from the text files.

    Their sizes are compared before COLMAP reads them: of one that was cut short it takes what
    happens to be in memory for numbers of points, and asks for room for them.
    """
    with tempfile.TemporaryDirectory(prefix="to_colmap-") as folder:
        model.write_binary(folder)
        if _sizes(sparse) != _sizes(Path(folder)):
            return False
    binary = Model()
    binary.read_binary(sparse)
    return _flat(binary) == _flat(model)


def _sizes(folder: Path) -> list[int]:
    """Bytes of each binary file."""
    try:
        return [(folder / f"{stem}.bin").stat().st_size for stem in STEMS]
    except OSError as error:
        raise DatasetError(f"{error.filename} cannot be read: {error.strerror or error}") from error


def _flat(model: Model) -> tuple[object, ...]:
    """All numbers of a model, comparable."""
    cameras = {
        number: (camera.model_name, camera.width, camera.height, tuple(camera.params))
        for number, camera in model.cameras.items()
    }
    images = {
        number: (
            image.name,
            image.camera_id,
            image.cam_from_world().matrix().tobytes(),
            b"".join(point.xy.tobytes() for point in image.points2D),
        )
        for number, image in model.images.items()
    }
    points = {
        number: (
            point.xyz.tobytes(),
            point.color.tobytes(),
            sorted((e.image_id, e.point2D_idx) for e in point.track.elements),
        )
        for number, point in model.points3D.items()
    }
    return cameras, images, points


def _check_names(report: Report, names: Sequence[str], model: Model) -> None:
    named = sorted(image.name for image in model.images.values())
    ids = sorted(model.images)
    report.fact("images in sparse/0", f"{len(named)} of {len(names)}", good=named == [*names])
    report.fact(
        "ids", f"{ids[0]} to {ids[-1]}" if ids else "none", good=ids == [*range(1, len(ids) + 1)]
    )


def _check_lists(report: Report, conversion: Conversion) -> None:
    """The split; and where there is none, no lists, which readers would follow."""
    parts = {part: [Path(name).name for name in names] for part, names in conversion.parts.items()}
    wanted = split_lists(parts)
    wrong = [
        name
        for name in NAMES
        if _text(conversion.folder / name)
        != ("".join(f"{image}\n" for image in wanted[name]) if name in wanted else None)
    ]
    counts = ", ".join(f"{len(names)} {part}" for part, names in parts.items())
    report.fact("split", f"{wrong[0]} is not that of {counts}" if wrong else counts, good=not wrong)


def _text(path: Path) -> str | None:
    """None where there is no such file."""
    return path.read_text(encoding="ascii", errors="replace") if path.is_file() else None


def _check_images(
    report: Report,
    conversion: Conversion,
    images: list[tuple[pycolmap.Image, View]],
    model: Model,
) -> None:
    errors: list[Array] = []
    levels, masks, sizes = [], [], []
    for image, view in progress(images, "verify"):
        k, camera = view.camera.intrinsics, model.camera(image.camera_id)
        pinhole = camera.model_name == "PINHOLE"
        sizes.append(pinhole and (camera.width, camera.height) == (k.width, k.height))
        errors.append(_surface_errors(model, image, view))
        levels.append(level_difference(view, conversion.folder / "images" / image.name))
        masks.append(_mask_difference(view, conversion.folder / "masks" / f"{image.name}.png"))
    report.fact(
        "cameras", f"{sum(sizes)} of {len(sizes)} PINHOLE of the view's size", good=all(sizes)
    )
    report.largest("surface points", np.concatenate(errors), PIXEL_LIMIT, "px", of="points")
    report.largest("colours", levels, 0, "levels", of="images")
    report.largest("masks", masks, 0, "px", of="masks")


def _surface_errors(
    model: Model, image: pycolmap.Image, view: View, first_center_px: float = 0.5
) -> Array:
    """(n,) distances between known surface points, projected by COLMAP, and their pixels."""
    known = known_points(view, 1000)
    cam_from_world = image.cam_from_world().matrix()
    in_cam = known.in_world @ cam_from_world[:, :3].T + cam_from_world[:, 3]
    found = model.camera(image.camera_id).img_from_cam(in_cam)  # NaN behind the camera
    errors: Array = np.linalg.norm(found - (known.pixels - 0.5 + first_center_px), axis=-1)
    return errors


def _mask_difference(view: View, path: Path) -> int:
    """How many pixels a mask keeps or drops wrongly."""
    with open_converted(path) as mask:
        kept = np.asarray(mask.convert("L")) != 0
    wanted = np.asarray(view.read("mask"), dtype=np.uint32) > 0
    require_size(path, kept, wanted)
    return int(np.count_nonzero(kept != wanted))


def _check_tracks(report: Report, images: list[tuple[pycolmap.Image, View]], model: Model) -> None:
    """Each point lies on the surface that the views of its track show, where they have it."""
    if not model.num_points3D():
        report.fact("points3D", "none", good=True)
        return
    errors: list[Array] = []
    visible = 0
    for image, view in progress(images, "tracks"):
        observed = [point for point in image.points2D if point.has_point3D()]
        if not observed:
            continue
        pixels = np.array([point.xy for point in observed])
        points = np.array([model.point3D(point.point3D_id).xyz for point in observed])
        errors.append(np.linalg.norm(view.camera.project(points)[0] - pixels, axis=-1))
        visible += len(sightings(view, points).indices)
    total = sum(len(part) for part in errors)
    report.largest("points3D", np.concatenate(errors), PIXEL_LIMIT, "px", of="sightings")
    report.fact(
        "tracks",
        f"{visible} of {total} sightings of {model.num_points3D()} points are in the depth maps",
        good=visible == total,
    )


def _check_database(report: Report, path: Path, model: Model) -> None:
    """Opened in a copy, since COLMAP adds the tables of its version to what it opens."""
    with tempfile.TemporaryDirectory(prefix="to_colmap-") as folder:
        copy = Path(folder) / path.name
        try:
            shutil.copyfile(path, copy)
            with pycolmap.Database.open(copy) as database:
                cameras = database.read_all_cameras()
                images = database.read_all_images()
        except (OSError, ValueError, RuntimeError) as error:
            raise DatasetError(f"COLMAP cannot read {path}: {error}") from error
    same = {c.camera_id: (c.model_name, c.width, c.height, *c.params) for c in cameras} == {
        number: (c.model_name, c.width, c.height, *c.params) for number, c in model.cameras.items()
    } and {i.image_id: (i.name, i.camera_id) for i in images} == {
        number: (i.name, i.camera_id) for number, i in model.images.items()
    }
    report.fact("database", f"{len(cameras)} cameras, {len(images)} images as sparse/0", good=same)


def _check_dense(
    report: Report, conversion: Conversion, images: list[tuple[pycolmap.Image, View]]
) -> None:
    dense = conversion.folder / "dense"
    if _sizes(dense / "sparse") != _sizes(conversion.folder / "sparse" / "0"):
        report.fact("dense: sparse", "not the cameras, images and points of sparse/0", good=False)
        return
    model = Model()
    with _reading(dense / "sparse"):
        model.read_binary(dense / "sparse")
    errors: list[Array] = []
    levels: list[int] = []
    depths: list[float] = []
    normals: list[float] = []
    for image, view in progress(images, "dense"):
        placed = model.find_image_with_name(image.name)
        if placed is None:
            raise DatasetError(f"{dense / 'sparse'} has no image {image.name}; convert again")
        errors.append(_surface_errors(model, placed, view, 0.5 - INTEGER_CENTERS_PX))
        levels.append(level_difference(view, dense / "images" / image.name))
        file = f"{image.name}.geometric.bin"
        depth = read_map(dense / "stereo" / "depth_maps" / file)[..., 0]
        depths.append(_largest_difference(depth, np.asarray(view.read("depth"))))
        found = read_map(dense / "stereo" / "normal_maps" / file)
        normals.append(_largest_difference(found, normals_in_cam(view)))
    for name, text in configurations([image.name for image, _ in images]).items():
        same = _text(dense / "stereo" / name) == text
        report.fact(f"dense: {name}", "all images" if same else "not as it was written", good=same)
    report.largest("dense: colours", levels, 0, "levels", of="images")
    report.largest("dense: surface points", np.concatenate(errors), PIXEL_LIMIT, "px", of="points")
    report.largest("dense: depth", depths, 0, "m", of="maps")
    report.largest("dense: normals", normals, 0, "of 1", of="maps")


def _largest_difference(found: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]) -> float:
    if found.shape != wanted.shape:
        return float("inf")
    return float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max())
