"""The sparse model: cameras, images with their poses, points with their tracks.

COLMAP's axes are `cam`'s (x right, y down, z forward), and its pixels are ours: (0, 0) is
the corner of the image, the first pixel's centre is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pycolmap

from compat.to_colmap.tracks import Tracks
from viewbatch.dataset import View
from viewbatch.geometry import Intrinsics


class Images:
    """Views as COLMAP counts them: ids from 1 without gaps, which some of its readers assume."""

    def __init__(self, views: Sequence[View], names: Mapping[int, str]) -> None:
        """`names` has the file in `images/` of each view, by its index."""
        self.views = views
        self.names = [names[view.index] for view in views]
        distinct = dict.fromkeys(view.camera.intrinsics for view in views)
        self.camera_ids = {intrinsics: number for number, intrinsics in enumerate(distinct, 1)}
        """One camera for each calibration."""

    def __iter__(self) -> Iterator[tuple[int, str, View]]:
        """Id, name and view of each image."""
        return zip(range(1, len(self.views) + 1), self.names, self.views, strict=True)

    def camera_id(self, view: View) -> int:
        """Id of the camera that took a view."""
        return self.camera_ids[view.camera.intrinsics]


def build(images: Images, tracks: Tracks, shift_px: float = 0.0) -> pycolmap.Reconstruction:
    """The model in memory, with all pixel coordinates smaller by `shift_px`."""
    model = pycolmap.Reconstruction()
    for intrinsics, camera_id in images.camera_ids.items():
        model.add_camera_with_trivial_rig(_camera(camera_id, intrinsics, shift_px))
    observed = []
    for image_id, name, view in images:
        seen = tracks.seen_by(image_id - 1)
        pixels, _ = view.camera.project(tracks.points_in_world[seen])
        image = pycolmap.Image(
            name=name,
            keypoints=pixels - shift_px,
            camera_id=images.camera_id(view),
            image_id=image_id,
        )
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(view.camera.cam_from_world[:3]))
        observed.append(seen)
    _add_points(model, tracks, observed)
    model.update_point_3d_errors()
    return model


def write_binary(model: pycolmap.Reconstruction, folder: Path) -> None:
    """Write `cameras.bin`, `images.bin` and `points3D.bin`."""
    model.write_binary(folder)
    _remove_second_poses(folder, ".bin")


def write_text(model: pycolmap.Reconstruction, folder: Path) -> None:
    """Write `cameras.txt`, `images.txt` and `points3D.txt`, with 17 significant digits."""
    model.write_text(folder)
    _remove_second_poses(folder, ".txt")


def _remove_second_poses(folder: Path, suffix: str) -> None:
    """Remove what COLMAP 3.12 and later write besides, and make anew where it is missing.

    Poses stand in there once more, and win over those in images, which all other readers take.
    """
    for name in ("rigs", "frames"):
        (folder / name).with_suffix(suffix).unlink()


def _camera(camera_id: int, k: Intrinsics, shift_px: float) -> pycolmap.Camera:
    return pycolmap.Camera(
        camera_id=camera_id,
        # 3D Gaussian splatting takes no other model, nor does any lose something of ours.
        model="PINHOLE",
        width=k.width,
        height=k.height,
        params=[k.fx, k.fy, k.cx - shift_px, k.cy - shift_px],
    )


def _add_points(
    model: pycolmap.Reconstruction, tracks: Tracks, observed: Sequence[npt.NDArray[np.intp]]
) -> None:
    """Points with their tracks; `observed` has the points that each image sees, in its order."""
    if not len(tracks.points_in_world):
        return
    points = np.concatenate(observed)
    image_ids = np.repeat(np.arange(1, len(observed) + 1), [len(seen) for seen in observed])
    places = np.concatenate([np.arange(len(seen)) for seen in observed])
    # Brought together by point, which is where each track begins and ends.
    order = np.argsort(points, kind="stable")
    ends = np.cumsum(np.bincount(points, minlength=len(tracks.points_in_world)))
    elements = np.stack([image_ids, places], axis=1)[order]
    start = 0
    for point, color, end in zip(tracks.points_in_world, tracks.colors, ends.tolist(), strict=True):
        track = [pycolmap.TrackElement(*element) for element in elements[start:end].tolist()]
        model.add_point3D(point, pycolmap.Track(track), color)
        start = end
