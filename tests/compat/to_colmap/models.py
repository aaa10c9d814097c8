"""Sparse models as COLMAP and as readers of its text read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pycolmap
import trimesh

from compat.to_colmap.reconstruction import surface_distances
from tests.compat.datasets import surface
from viewbatch.dataset import Dataset

NAME = "to_colmap"
Array = npt.NDArray[Any]


def names(folder: Path) -> dict[str, int]:
    """Index of the view that each image shows, by its name in COLMAP."""
    views = json.loads((folder / "conversion.json").read_text())["views"]
    return {Path(name).name: index for name, index in views.items()}


def by_colmap(sparse: Path) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Each image's name, and what COLMAP projects (n, 3) points in world to."""
    model = pycolmap.Reconstruction(sparse)
    for image in model.images.values():
        matrix = image.cam_from_world().matrix()

        def project(points: Array, image: Any = image, matrix: Array = matrix) -> Array:
            in_cam: Array = points @ matrix[:, :3].T + matrix[:, 3]
            return np.asarray(image.camera.img_from_cam(in_cam))

        yield image.name, project


def by_text(sparse: Path) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """The same by the text files, as 3D Gaussian splatting and nerfstudio read them."""
    cameras = {}
    for line in (sparse / "cameras.txt").read_text().splitlines():
        if not line.startswith("#"):
            number, model, _, _, *params = line.split()
            assert model == "PINHOLE"
            cameras[number] = [float(param) for param in params]
    lines = [n for n in (sparse / "images.txt").read_text().splitlines() if n[:1] != "#"]
    for line in lines[::2]:
        _, *pose, camera, name = line.split()
        w, x, y, z, *translation = (float(value) for value in pose)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

        def project(
            points: Array,
            rotation: Array = rotation,
            t: Any = translation,
            k: Any = cameras[camera],
        ) -> Array:
            a, b, c = rotation @ points.T + np.array(t)[:, None]
            return np.stack([k[0] * a / c + k[2], k[1] * b / c + k[3]], axis=-1)

        yield name, project


def largest_error_px(dataset: Dataset, folder: Path, read: Any = by_colmap) -> float:
    """How far the surface lands from its pixels, by the files alone."""
    index = names(folder)
    errors = []
    for name, project in read(folder / "sparse" / "0"):
        points, pixels = surface(dataset.view(index[name]))
        errors.append(np.abs(project(points) - pixels).max())
    assert len(errors) == len(index)
    return float(np.max(errors))  # NaN, where something lies behind a camera, stays NaN


def toys_distances(toys: Dataset, points: Array) -> Array:
    """How far points lie from the surface, in radii of the scene."""
    mesh = trimesh.load_mesh(toys.folder / "mesh.ply", process=False)
    chosen = np.random.default_rng(0).permutation(len(points))[:500]
    return surface_distances(mesh, points[chosen]) / toys.record.bounds.radius
