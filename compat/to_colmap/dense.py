"""`dense/`: a workspace as COLMAP's image_undistorter and patch_match_stereo leave it.

Its depth and normal maps are the true ones, so that stereo_fusion can follow at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from compat.shared.progress import progress
from compat.to_colmap.model import Images, build, write_binary
from compat.to_colmap.tracks import Tracks
from viewbatch.dataset import View
from viewbatch.errors import DatasetError
from viewbatch.geometry import transform_points

INTEGER_CENTERS_PX = 0.5
"""What to subtract from pixel coordinates where integers are pixel centres.

COLMAP's dense steps take the pixel in column c and row r for the point (c, r), unlike its
sparse ones (src/colmap/mvs/fusion.cc, StereoFusion::Fuse; patch_match_cuda.cu): with cameras
as in `sparse/0` everything they make is half a pixel off.
"""


def write_dense(folder: Path, images: Images, tracks: Tracks) -> None:
    """Fill `folder`/dense; `folder`/images has the images."""
    dense = folder / "dense"
    stereo = dense / "stereo"
    for path in (dense / "images", dense / "sparse"):
        path.mkdir(parents=True)
    for name in ("depth_maps", "normal_maps", "consistency_graphs"):
        (stereo / name).mkdir(parents=True)
    write_binary(build(images, tracks, INTEGER_CENTERS_PX), dense / "sparse")
    for _, name, view in progress(list(images), "dense"):
        _share(folder / "images" / name, dense / "images" / name)
        depth = np.asarray(view.read("depth"), dtype=np.float32)
        write_map(stereo / "depth_maps" / f"{name}.geometric.bin", depth[..., None])
        normals = normals_in_cam(view)
        write_map(stereo / "normal_maps" / f"{name}.geometric.bin", normals)
    for name, text in configurations(images.names).items():
        (stereo / name).write_text(text, encoding="ascii", newline="\n")


def configurations(names: Sequence[str]) -> Mapping[str, str]:
    """What image_undistorter writes: which images to match against which, and which to fuse."""
    return {
        "patch-match.cfg": "".join(f"{name}\n__auto__, 20\n" for name in names),
        "fusion.cfg": "".join(f"{name}\n" for name in names),
    }


def normals_in_cam(view: View) -> npt.NDArray[np.float32]:
    """(H, W, 3) unit normals in cam, 0 where there is no surface."""
    normals = np.asarray(view.read("normal"), dtype=np.float32)
    match view.header("normal").quantity:
        case "surface normal in cam":
            return normals
        case "surface normal in world":
            cam_from_world = view.camera.cam_from_world.copy()
            cam_from_world[:3, 3] = 0  # directions turn, and do not move
            return transform_points(cam_from_world, normals).astype(np.float32)
        case other:
            raise DatasetError(
                f"{view.path('normal')} holds {other!r}, expected surface normals in world or cam; "
                "render it again"
            )


def write_map(path: Path, values: npt.NDArray[np.float32]) -> None:
    """Write (H, W, channels): "width&height&channels&", then channel after channel.

    By hand, because pycolmap 4.2.1 writes normal maps pixel after pixel, which COLMAP misreads.
    """
    height, width, channels = values.shape
    planes = np.ascontiguousarray(np.moveaxis(values, -1, 0), dtype="<f4")
    path.write_bytes(f"{width}&{height}&{channels}&".encode("ascii") + planes.tobytes())


def read_map(path: Path) -> npt.NDArray[np.float32]:
    """What `write_map` wrote; raises `DatasetError`."""
    try:
        width, height, channels, planes = path.read_bytes().split(b"&", 3)
        shape = (int(channels), int(height), int(width))
        return np.moveaxis(np.frombuffer(planes, dtype="<f4").reshape(shape), 0, -1)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as a map of COLMAP: {error}") from error


def _share(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where the disk has no second names."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
