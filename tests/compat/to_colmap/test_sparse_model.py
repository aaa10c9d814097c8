"""compat/to_colmap: COLMAP finds the true surface with the sparse model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
import pytest
import trimesh
from PIL import Image

from compat.to_colmap.reconstruction import surface_distances
from tests.compat.converters import converted
from tests.compat.to_colmap.models import NAME, by_colmap, by_text, largest_error_px
from viewbatch.dataset import Dataset


@pytest.mark.parametrize("read", [by_colmap, by_text])
def test_the_surface_lands_on_its_pixels(shifted: Dataset, folder: Path, read: Any) -> None:
    assert largest_error_px(shifted, folder, read) < 0.01


def test_the_text_holds_what_the_binary_files_hold(folder: Path, tmp_path: Path) -> None:
    """COLMAP and 3D Gaussian splatting read the binary files, nerfstudio the text."""
    sparse = folder / "sparse" / "0"
    stems = ("cameras", "images", "points3D")
    files = sorted(f"{stem}.{suffix}" for stem in stems for suffix in ("bin", "txt"))
    assert sorted(path.name for path in sparse.iterdir()) == [*files, "test.txt"]
    text = pycolmap.Reconstruction()
    text.read_text(sparse)
    text.write_binary(tmp_path)
    for stem in stems:
        # Text has no order of points that COLMAP would keep: compared as sets of bytes.
        again, bytes_ = ((d / f"{stem}.bin").read_bytes() for d in (tmp_path, sparse))
        assert len(again) == len(bytes_)
    binary = pycolmap.Reconstruction()
    binary.read_binary(sparse)
    for number, point in binary.points3D.items():
        other = text.points3D[number]
        assert (point.xyz == other.xyz).all()
        assert (point.color == other.color).all()
    for number, image in binary.images.items():
        other = text.images[number]
        np.testing.assert_array_equal(
            image.cam_from_world().matrix(), other.cam_from_world().matrix()
        )
        assert [p.xy.tolist() for p in image.points2D] == [p.xy.tolist() for p in other.points2D]
        assert [p.point3D_id for p in image.points2D] == [p.point3D_id for p in other.points2D]


def test_images_have_ids_from_one_without_gaps(folder: Path) -> None:
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    assert {number: image.name for number, image in model.images.items()} == {
        number: f"{number - 1:03d}.png" for number in range(1, 9)
    }
    assert list(model.cameras) == [1]


def test_points_lie_on_the_surface_and_project_to_their_observations(
    folder: Path, shifted: Dataset, mesh: trimesh.Trimesh
) -> None:
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    assert model.num_points3D() > 2000
    model.update_point_3d_errors()
    assert max(point.error for point in model.points3D.values()) < 0.01
    points = np.array([point.xyz for point in model.points3D.values()])[::20]
    # Depth is float32, and the frame has few pixels at grazing angles.
    assert surface_distances(mesh, points).max() < 1e-4 * shifted.record.bounds.radius


def test_tracks_hold_the_views_that_nothing_hides_a_point_from(
    folder: Path, mesh: trimesh.Trimesh
) -> None:
    """By rays, in which the depth maps have no part."""
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    points = np.array([point.xyz for point in model.points3D.values()])
    numbers = list(model.points3D)
    free_and_seen = free = seen = 0
    for image in model.images.values():
        center = image.projection_center()
        directions = points - center
        hit = mesh.ray.intersects_first(np.tile(center, (len(points), 1)), directions)
        # A ray ends on the surface at its own point, or is stopped before.
        normals, origins = mesh.face_normals[hit], mesh.triangles[hit][:, 0]
        reach = np.einsum("ij,ij->i", origins - center, normals)
        reach /= np.einsum("ij,ij->i", directions, normals)
        is_free = (hit >= 0) & (reach > 1 - 0.5 / image.camera.mean_focal_length())
        observed = {p.point3D_id for p in image.points2D}
        is_seen = np.array([number in observed for number in numbers])
        seen += is_seen.sum()
        free += is_free.sum()
        free_and_seen += (is_free & is_seen).sum()
    assert free_and_seen / seen > 0.995
    # Beside edges, where a depth map of so few pixels cannot tell, it says no.
    assert free_and_seen / free > 0.5


def test_colours_of_points_are_those_of_the_images(folder: Path) -> None:
    """Each is that of a pixel in which the point is the very centre, of some view."""
    model = pycolmap.Reconstruction(folder / "sparse" / "0")
    own: set[int] = set()
    for image in model.images.values():
        with Image.open(folder / "images" / image.name) as picture:
            levels = np.asarray(picture.convert("RGBA"))[..., :3]
        for point in image.points2D:
            column, row = np.floor(point.xy).astype(int)
            if (levels[row, column] == model.point3D(point.point3D_id).color).all():
                own.add(point.point3D_id)
    # Of the rest, their own view does not see them: they lie at its outlines.
    assert len(own) > 0.7 * model.num_points3D()


def test_points_come_from_the_views_that_train(shifted: Dataset, tmp_path: Path) -> None:
    """What is held out lends neither its depth nor its colour to points3D."""
    split = tmp_path / "split.json"
    split.write_text('{"train": [1], "test": [0, 2, 3]}')
    converted(NAME, shifted.folder, tmp_path / "out", "--split", split)
    sparse = tmp_path / "out" / "sparse" / "0"
    points = pycolmap.Reconstruction(sparse).points3D.values()
    pixels = dict(by_colmap(sparse))["001.png"](np.array([point.xyz for point in points]))
    # Each is the centre of a pixel of view 1.
    np.testing.assert_allclose(pixels % 1, 0.5, atol=1e-6)
