"""Compare a converted IDR dataset with its source, by the rules of IDR's and NeuS's loaders."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from compat.shared.cameras import pixels_of
from compat.shared.files import check_files
from compat.shared.images import level_difference, open_converted
from compat.shared.job import Conversion
from compat.shared.progress import progress
from compat.shared.report import PIXEL_LIMIT, Report
from compat.shared.surface import known_points
from viewbatch.dataset import View
from viewbatch.errors import DatasetError
from viewbatch.geometry import Bounds
from viewbatch.geometry.transforms import Array, negated, transform_points

CENTER_LIMIT = 1e-4
"""How far a camera may stand from its place, in unit spheres; float32 is far below that."""


_OF_ANOTHER_FORM = (ValueError, TypeError, AttributeError, RuntimeError)
"""What numpy raises for an array alone, arrays of objects or text, and foreign archives."""


@dataclass
class _Found:
    """What the views give, one value or several for each."""

    pixels: list[Array] = field(default_factory=list)
    intrinsics: list[Array] = field(default_factory=list)
    centers: list[float] = field(default_factory=list)
    reach: list[float] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    modes: set[str] = field(default_factory=set)
    mask_pixels: list[int] = field(default_factory=list)


def verify(conversion: Conversion) -> Report:
    """The decomposed cameras, surface points through them, the unit sphere, and the images."""
    report = Report()
    folder, record = conversion.folder, conversion.dataset.record
    background = conversion.number("background", 0, 1)
    margin = conversion.number("margin", 0)
    # Loaders take the n-th of the sorted images, the n-th mask and the matrices number n.
    images = [Path(name).name for name in sorted(conversion.names)]
    others = [*(f"mask/{image}" for image in images), "cameras.npz", "cameras_sphere.npz"]
    if not check_files(report, conversion, others):
        return report
    matrices = _read_matrices(folder / "cameras.npz")
    keys = {f"{kind}_mat_{number}" for kind in ("world", "scale") for number in range(len(images))}
    missing = sorted(keys - matrices.keys())
    report.fact(
        "matrices",
        f"{len(matrices)} of {len(keys)}" + (f", without {missing[0]}" if missing else ""),
        good=matrices.keys() == keys,
    )
    if not report.good:
        return report
    twin = _read_matrices(folder / "cameras_sphere.npz")
    same = twin.keys() == keys and all(np.array_equal(twin[key], matrices[key]) for key in keys)
    report.fact("cameras_sphere.npz", "equal" if same else "differs from cameras.npz", good=same)
    offset = record.model.offset_m
    unit_from_world = _unit_from_world(matrices["scale_mat_0"], folder / "cameras.npz")
    found = _Found()
    for number, image in enumerate(progress(images, "verify")):
        view = conversion.view_of(f"image/{image}")
        seen = _seen(view, record.ground_id)
        camera = decomposed(matrices[f"world_mat_{number}"], matrices[f"scale_mat_{number}"])
        _compare_camera(found, camera, view, unit_from_world, offset)
        known = known_points(view, 1000)
        in_unit = transform_points(unit_from_world, known.in_world - offset)
        # Integers at pixel centres.
        found.pixels.append(np.linalg.norm(camera.project(in_unit) - (known.pixels - 0.5), axis=-1))
        of_object = in_unit[seen[known.rows, known.columns]]
        found.reach.append(float(np.linalg.norm(of_object, axis=-1).max(initial=0.0)))
        path = folder / "image" / image
        found.levels.append(level_difference(view, path, background))
        with open_converted(path) as opened:
            found.modes.add(opened.mode)
        found.mask_pixels.append(_wrong_pixels(folder / "mask" / image, seen))
    report.largest("surface points", np.concatenate(found.pixels), PIXEL_LIMIT, "px", of="points")
    report.largest("intrinsics", np.concatenate(found.intrinsics), PIXEL_LIMIT, "px", of="numbers")
    report.largest("camera centres", found.centers, CENTER_LIMIT, "unit spheres", of="views")
    _check_sphere(report, matrices, record.bounds.moved(negated(offset)), margin)
    reach = max(found.reach)
    report.fact("object as seen", f"reaches to {reach:.3g} of the unit sphere", good=reach <= 1)
    report.largest("colours", found.levels, 0, "levels", of="images")
    # Four channels are read as other pixels, without an error.
    report.fact("channels", ", ".join(sorted(found.modes)), good=found.modes == {"RGB"})
    report.largest("masks", found.mask_pixels, 0, "pixels", of="masks")
    return report


@dataclass(frozen=True, kw_only=True)
class DecomposedCamera:
    """What loaders make of a view's matrices; the unit sphere is around the origin."""

    k: Array
    """(3, 3) calibration, integers at pixel centres."""
    rotation: Array
    """(3, 3) from the unit sphere's frame to the camera's: x right, y down, z forward."""
    center: Array
    """(3,) in the unit sphere's frame."""

    def project(self, points_in_unit: Array) -> Array:
        """Pixels (n, 2) of points (n, 3)."""
        return pixels_of((points_in_unit - self.center) @ self.rotation.T, self.k)


def decomposed(world_mat: Array, scale_mat: Array) -> DecomposedCamera:
    """Decompose `world_mat @ scale_mat` as loaders do: in float32, by OpenCV."""
    product = world_mat.astype(np.float32) @ scale_mat.astype(np.float32)
    k, rotation, center = (
        np.asarray(part, dtype=np.float64)
        for part in cv2.decomposeProjectionMatrix(product[:3])[:3]
    )
    return DecomposedCamera(k=k / k[2, 2], rotation=rotation, center=center[:3, 0] / center[3, 0])


def _compare_camera(
    found: _Found,
    camera: DecomposedCamera,
    view: View,
    unit_from_world: Array,
    offset: tuple[float, float, float],
) -> None:
    expected = view.camera.intrinsics.matrix - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
    found.intrinsics.append(np.ravel(camera.k - expected))
    center = transform_points(unit_from_world, view.camera.center_in_world - offset)
    found.centers.append(float(np.linalg.norm(camera.center - center)))


def _check_sphere(
    report: Report, matrices: Mapping[str, Array], bounds: Bounds, margin: float
) -> None:
    """What all `scale_mat` bring the unit sphere to: the bounding sphere with its margin."""
    radius = bounds.radius * (1 + margin)
    wanted = np.diag([radius, radius, radius, 1.0])
    wanted[:3, 3] = bounds.center
    scales = [matrix for key, matrix in matrices.items() if key.startswith("scale")]
    # Digits that a processor of another kind may have.
    good = sum(np.allclose(scale, wanted, rtol=1e-12, atol=1e-12 * radius) for scale in scales)
    sphere = f"radius {radius:.6g} m, centre ({', '.join(f'{c:.6g}' for c in bounds.center)})"
    report.fact(
        "unit sphere in world", f"{sphere}: {good} of {len(scales)} views", good=good == len(scales)
    )


def _seen(view: View, ground: int) -> npt.NDArray[np.bool_]:
    ids = np.asarray(view.read("mask"), dtype=np.uint32)
    seen: npt.NDArray[np.bool_] = (ids > 0) & (ids != ground)
    return seen


def _wrong_pixels(path: Path, seen: npt.NDArray[np.bool_]) -> int:
    """How many pixels of a mask file, read as IDR does, are not as they should be."""
    with open_converted(path) as image:
        grey = np.asarray(image.convert("L"))
    if grey.shape != seen.shape:
        return seen.size
    return int(np.count_nonzero((grey > 127.5) != seen))


def _unit_from_world(scale_mat: Array, path: Path) -> Array:
    try:
        return np.linalg.inv(scale_mat)
    except np.linalg.LinAlgError as error:
        raise DatasetError(f"{path} has a scale_mat_0 without an inverse; convert again") from error


def _read_matrices(path: Path) -> dict[str, Array]:
    """Every (4, 4) matrix of a file by its key."""
    try:
        with np.load(path) as archive:
            matrices = {key: np.asarray(archive[key], dtype=np.float64) for key in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile, *_OF_ANOTHER_FORM) as error:
        raise DatasetError(f"{path} cannot be read as matrices: {error}") from error
    for key, matrix in matrices.items():
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise DatasetError(
                f"{path} has a {key} that is no 4x4 matrix of numbers; convert again"
            )
    return matrices
