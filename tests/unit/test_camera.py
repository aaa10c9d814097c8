"""The pinhole camera, always with unequal focal lengths, a shifted centre, a portrait frame."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from viewbatch.geometry import Camera, Intrinsics, fit_distance, look_at, rigid

EXACT = 1e-9  # float64 algebra on pixels of order 1000


def intrinsics(**changes: float) -> Intrinsics:
    values = {"width": 30, "height": 47, "fx": 61.0, "fy": 83.5, "cx": 11.25, "cy": 28.5}
    return Intrinsics(**{**values, **changes})  # type: ignore[arg-type]


def camera() -> Camera:
    eye, target = (4.0, -7.0, 2.5), (1.0, 0.5, -0.25)
    rotation = look_at(eye, target)
    return Camera(
        intrinsics=intrinsics(), cam_from_world=rigid(rotation, -rotation @ np.array(eye))
    )


def test_the_first_pixel_has_its_centre_at_a_half() -> None:
    centers = intrinsics().pixel_centers()
    assert centers.shape == (47, 30, 2)
    assert centers[0, 0].tolist() == [0.5, 0.5]
    assert centers[3, 8].tolist() == [8.5, 3.5]  # row 3, column 8
    assert centers[-1, -1].tolist() == [29.5, 46.5]


def test_projection_by_hand() -> None:
    k = intrinsics()
    # 1 to the right at distance 2 is half a focal length from the principal point.
    assert k.project([1.0, 0.0, 2.0]).tolist() == [11.25 + 30.5, 28.5]
    assert k.project([0.0, -1.0, 2.0]).tolist() == [11.25, 28.5 - 41.75]
    np.testing.assert_array_equal(k.matrix, [[61, 0, 11.25], [0, 83.5, 28.5], [0, 0, 1]])


def test_a_camera_on_minus_y_sees_the_origin_at_its_principal_point() -> None:
    rotation = look_at((0.0, -5.0, 0.0), (0.0, 0.0, 0.0))
    pose = rigid(rotation, -rotation @ np.array([0.0, -5.0, 0.0]))
    view = Camera(intrinsics=intrinsics(), cam_from_world=pose)
    pixels, depth = view.project([[0.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0], [0, 2.0, 0]])
    assert depth.tolist() == [5, 5, 5, 7]
    assert pixels[0].tolist() == [11.25, 28.5]
    assert pixels[1].tolist() == [11.25 + 61 / 5, 28.5]  # +x is right
    assert pixels[2].tolist() == [11.25, 28.5 - 83.5 / 5]  # +z is up: smaller v
    np.testing.assert_allclose(view.center_in_world, [0, -5, 0], atol=EXACT)


def test_projection_matrix_and_projection_agree() -> None:
    view = camera()
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    pixels, depth = view.project(points)
    homogeneous = np.concatenate([points, np.ones((50, 1))], axis=1) @ view.px_from_world.T
    np.testing.assert_allclose(homogeneous[:, 2], depth, atol=EXACT)
    np.testing.assert_allclose(homogeneous[:, :2] / homogeneous[:, 2:], pixels, atol=EXACT)


def test_unprojecting_and_projecting_gives_every_pixel_centre_and_depth_back() -> None:
    view = camera()
    depth = np.random.default_rng(2).uniform(0.5, 20, (47, 30))
    points = view.unproject(depth)
    pixels, depth_again = view.project(points)
    np.testing.assert_allclose(pixels, view.intrinsics.pixel_centers(), atol=EXACT)
    np.testing.assert_allclose(depth_again, depth, atol=EXACT)


def test_depth_is_planar_and_zero_is_the_centre() -> None:
    view = camera()
    depth = np.zeros((47, 30))
    depth[5, 7] = 3.0
    in_cam = view.intrinsics.unproject(depth)
    u, v = 7.5, 5.5
    expected = [3 * (u - 11.25) / 61, 3 * (v - 28.5) / 83.5, 3]
    assert in_cam[5, 7].tolist() == pytest.approx(expected, abs=EXACT)
    assert not in_cam[4, 7].any()
    np.testing.assert_allclose(view.unproject(depth)[0, 0], view.center_in_world, atol=EXACT)


def test_rays_go_through_the_pixels_that_are_asked_for() -> None:
    k = intrinsics()
    assert k.rays([[11.25, 28.5], [72.25, 28.5]]).tolist() == [[0, 0, 1], [1, 0, 1]]
    np.testing.assert_array_equal(k.rays(), k.rays(k.pixel_centers()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "an image of 0x47 pixels has no pixel"),
        ({"height": -2}, "an image of 30x-2 pixels has no pixel"),
        ({"fx": 0.0}, "focal lengths must be positive, not 0.0 and 83.5"),
        ({"fy": math.nan}, "focal lengths must be positive, not 61.0 and nan"),
    ],
)
def test_intrinsics_that_are_no_camera_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        intrinsics(**changes)


def test_a_depth_map_of_another_size_is_refused() -> None:
    message = r"^a depth map of shape \(30, 47\) does not belong to an image of 30x47$"
    with pytest.raises(ValueError, match=message):
        intrinsics().unproject(np.ones((30, 47)))


FRAMES = [
    intrinsics(),
    intrinsics(width=640, height=480, fx=500.0, fy=520.0, cx=320.0, cy=240.0),
    intrinsics(width=480, height=640, fx=500.0, fy=470.0, cx=420.0, cy=90.0),
    intrinsics(width=64, height=48, fx=20.0, fy=31.0, cx=3.0, cy=25.0),
]


def silhouette(k: Intrinsics, distance: float, radius: float) -> np.ndarray:
    """Pixels of the circle along which rays from the camera touch a sphere, by brute force."""
    along = (distance**2 - radius**2) / distance
    across = radius * math.sqrt(1 - (radius / distance) ** 2)
    turns = np.linspace(0, 2 * math.pi, 20001)
    return k.project(
        np.stack([across * np.cos(turns), across * np.sin(turns), np.full(20001, along)], axis=-1)
    )


@pytest.mark.parametrize("k", FRAMES)
def test_at_the_fit_distance_the_sphere_just_touches_the_nearest_side(k: Intrinsics) -> None:
    radius = 2.75
    pixels = silhouette(k, fit_distance(k, radius), radius)
    gaps = [
        pixels[:, 0].min(), k.width - pixels[:, 0].max(),
        pixels[:, 1].min(), k.height - pixels[:, 1].max(),
    ]  # fmt: skip
    # The nearest of 20001 points is at most a step of 3e-4 rad beside where it touches,
    # which leaves a gap of half of its square: 1e-7 of the silhouette's size.
    assert min(gaps) == pytest.approx(0, abs=1e-7 * max(k.width, k.height))
    assert min(gaps) > -1e-9


def test_the_fit_distance_grows_with_the_radius_and_is_a_closed_form() -> None:
    # 90 degrees across: the side plane stands at 45 degrees, and the sphere sqrt(2) radii away.
    k = intrinsics(width=40, height=60, fx=20.0, fy=20.0, cx=20.0, cy=30.0)
    assert fit_distance(k, 3.0) == pytest.approx(3 * math.sqrt(2), abs=EXACT)
    assert fit_distance(k, 6.0) == pytest.approx(6 * math.sqrt(2), abs=EXACT)


@pytest.mark.parametrize("changes", [{"cx": -1.0}, {"cx": 31.0}, {"cy": 0.0}, {"cy": 47.0}])
def test_a_lens_shifted_out_of_the_frame_cannot_be_fitted(changes: dict[str, float]) -> None:
    message = (
        "^the lens is shifted so far that the optical axis leaves the frame; the target cannot "
        "be framed by looking at it$"
    )
    with pytest.raises(ValueError, match=message):
        fit_distance(intrinsics(**changes), 1.0)
