"""compat/shared/surface: points lie on the surface, and are seen where nothing hides them."""

from __future__ import annotations

import embreex  # noqa: F401 - without it trimesh casts inexact rays
import numpy as np
import pytest
import trimesh

from compat.shared.surface import known_points, sightings
from tests.compat.datasets import Array, surface
from viewbatch.dataset import Dataset, View


@pytest.fixture(scope="module")
def mesh(shifted: Dataset) -> trimesh.Trimesh:
    """The model as the generator's mesh plugin wrote it, in world."""
    found = trimesh.load(shifted.folder / "mesh.ply", process=False)
    assert isinstance(found, trimesh.Trimesh)
    return found


def truly_seen(mesh: trimesh.Trimesh, view: View, points: Array) -> Array:
    """(n,) whether a ray from the camera meets each point first, in the frame."""
    pixels, z = view.camera.project(points)
    k = view.camera.intrinsics
    inside = ((pixels > 0) & (pixels < (k.width, k.height))).all(axis=-1) & (z > 0)
    center = view.camera.center_in_world
    rays = points - center
    lengths = np.linalg.norm(rays, axis=-1)
    found = np.full(len(points), np.inf)
    hits, which, _ = mesh.ray.intersects_location(
        np.broadcast_to(center, rays.shape), rays / lengths[:, None], multiple_hits=False
    )
    found[which] = np.linalg.norm(hits - center, axis=-1)
    return inside & (np.abs(found / lengths - 1) < 1e-4)


def test_known_points_are_those_that_were_rendered(shifted: Dataset) -> None:
    for view in shifted.views:
        known = known_points(view, 500)
        assert len(known.pixels) == len(np.unique(known.pixels, axis=0)) == 500
        points, pixels = surface(view)
        rendered = {tuple(pixel): point for pixel, point in zip(pixels, points, strict=True)}
        wanted = [rendered[tuple(pixel)] for pixel in known.pixels]
        assert np.median(np.abs(known.in_world - wanted)) < 1e-6
        assert np.abs(known.in_world - wanted).max() < 1e-3


def test_known_points_depend_on_the_seed_and_the_view_alone(shifted: Dataset) -> None:
    view = shifted.view(2)
    assert np.array_equal(known_points(view, 50).pixels, known_points(view, 50).pixels)
    assert not np.array_equal(known_points(view, 50).pixels, known_points(view, 50, 1).pixels)
    assert len(known_points(view, 10**6).pixels) == np.count_nonzero(view.read("depth"))


def test_points_are_seen_where_nothing_hides_them(shifted: Dataset, mesh: trimesh.Trimesh) -> None:
    points = np.concatenate([known_points(view, 400).in_world for view in shifted.views])
    false, missed, total = 0, 0, 0
    for view in shifted.views:
        truth = truly_seen(mesh, view, points)
        found = np.zeros(len(points), dtype=bool)
        found[sightings(view, points).indices] = True
        false += np.count_nonzero(found & ~truth)
        missed += np.count_nonzero(truth & ~found)
        total += np.count_nonzero(truth)
    # In so small images much lies at outlines, where nothing is taken for seen.
    assert false < 0.001 * total
    assert missed < 0.5 * total


def test_a_sighting_s_pixel_is_the_point_s_projection(shifted: Dataset) -> None:
    points = known_points(shifted.view(0), 300).in_world
    for view in shifted.views:
        seen = sightings(view, points)
        assert np.all(np.diff(seen.indices) > 0)
        pixels, _ = view.camera.project(points[seen.indices])
        assert np.array_equal(seen.pixels, pixels)


def test_nothing_behind_the_camera_is_seen(shifted: Dataset) -> None:
    view = shifted.view(0)
    center, axis = view.camera.center_in_world, view.camera.cam_from_world[2, :3]
    assert len(sightings(view, np.array([center - axis, center])).indices) == 0
