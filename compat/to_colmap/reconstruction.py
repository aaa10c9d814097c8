"""COLMAP's steps from a project with known poses to a point cloud, and what they are worth."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pycolmap
import trimesh

from compat.shared.command import main as convert
from compat.to_colmap.conversion import CONVERTER
from viewbatch.errors import EXIT_OK, EXIT_USAGE
from viewbatch.geometry.transforms import Array

COMPARED_POINTS = 5000
"""How many points of a cloud are compared with the surface."""


def main(description: str, argv: Sequence[str]) -> int:
    """Run all steps, print a line for each; return the exit code."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", metavar="DATASET", type=Path)
    parser.add_argument("output", metavar="OUTPUT", type=Path)
    options = parser.parse_args(argv)
    mesh_file = options.dataset / "mesh.ply"
    if not mesh_file.is_file():
        print(
            f'known_pose_way.py: {options.dataset} has no mesh.ply; add "mesh" to [plugins] '
            "enabled and render again",
            file=sys.stderr,
        )
        return EXIT_USAGE
    code = convert(CONVERTER, [str(options.dataset), str(options.output), "--dense", "--overwrite"])
    if code != EXIT_OK:
        return code
    pycolmap.logging.minloglevel = pycolmap.logging.Level.ERROR.value
    mesh = trimesh.load_mesh(mesh_file, process=False)
    model = triangulated(options.output)
    _print_model(
        "points3D of sparse/0", pycolmap.Reconstruction(options.output / "sparse" / "0"), mesh
    )
    _print_model("triangulated", model, mesh)
    undistorted(options.output)
    _print_points("fused", fused(options.output), mesh)
    return EXIT_OK


def triangulated(project: Path) -> pycolmap.Reconstruction:
    """Extract and match features; triangulate them with the poses of `sparse/0`."""
    database, images = project / "database.db", project / "images"
    pycolmap.extract_features(
        database, images, reader_options=pycolmap.ImageReaderOptions(mask_path=project / "masks")
    )
    pycolmap.match_exhaustive(database)
    folder = _emptied(project / "triangulated")
    known = pycolmap.Reconstruction(project / "sparse" / "0")
    return pycolmap.triangulate_points(known, database, images, folder)


def undistorted(project: Path) -> Path:
    """What image_undistorter makes: a workspace for patch_match_stereo."""
    folder = _emptied(project / "undistorted")
    pycolmap.undistort_images(folder, project / "sparse" / "0", project / "images")
    return folder


def fused(project: Path) -> Array:
    """(n, 3) points that stereo_fusion makes of the depth maps in `dense/`."""
    path = project / "fused.ply"
    pycolmap.stereo_fusion(path, project / "dense", output_type="ply")
    cloud: Any = trimesh.load(path)
    # Of a file without a point, trimesh makes an empty scene.
    return np.zeros((0, 3)) if cloud.is_empty else np.asarray(cloud.vertices, dtype=np.float64)


def surface_distances(mesh: trimesh.Trimesh, points: Array) -> Array:
    """(n,) distances of points (n, 3) from a mesh, in its unit."""
    corners, vertices = np.asarray(mesh.triangles), np.asarray(mesh.vertices)
    low, high = corners.min(axis=1), corners.max(axis=1)
    closest_point: Any = trimesh.triangles.closest_point  # has no types
    distances = np.empty(len(points))
    for i, point in enumerate(points):
        # No triangle is nearer than its box, nor the nearest farther than any vertex.
        nearest_vertex = np.linalg.norm(vertices - point, axis=1).min()
        to_box = np.linalg.norm(np.maximum(0, np.maximum(low - point, point - high)), axis=1)
        near = corners[to_box <= nearest_vertex * (1 + 1e-9)]
        on_triangles = closest_point(near, np.tile(point, (len(near), 1)))
        distances[i] = np.linalg.norm(on_triangles - point, axis=1).min()
    return distances


def _print_model(name: str, model: pycolmap.Reconstruction, mesh: trimesh.Trimesh) -> None:
    points = np.array([point.xyz for point in model.points3D.values()])
    _print_points(name, points, mesh)
    if not len(points):
        return
    print(
        f"{'':22} reprojection error {model.compute_mean_reprojection_error():.3g} px, "
        f"track length {model.compute_mean_track_length():.1f}"
    )


def _print_points(name: str, points: Array, mesh: trimesh.Trimesh) -> None:
    if not len(points):
        print(f"{name:22} 0 points")
        return
    chosen = np.random.Generator(np.random.PCG64(0)).permutation(len(points))[:COMPARED_POINTS]
    distances: npt.NDArray[np.float64] = 1e3 * surface_distances(mesh, points[chosen])
    print(
        f"{name:22} {len(points)} points; from the surface: median "
        f"{np.median(distances):.3g} mm, 95 % within {np.percentile(distances, 95):.3g} mm"
    )


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
