"""Rigid transforms, look-at and quaternions: algebra to 1e-12, since float64 holds 1e-16."""

from __future__ import annotations

import math

import numpy as np
import pytest

from viewbatch.geometry import (
    invert_rigid,
    look_at,
    quaternion_wxyz_from_rotation,
    rigid,
    rotation_from_quaternion_wxyz,
    spherical_direction,
    transform_points,
)

EXACT = 1e-12  # a few dozen float64 operations on numbers of order 10


def turned(axis: tuple[float, float, float], angle_rad: float) -> np.ndarray:
    """Rotation about a unit axis by Rodrigues' formula: independent of the quaternions."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle_rad) * cross + (1 - math.cos(angle_rad)) * cross @ cross


ROTATIONS = [
    turned((0.3, -0.5, 0.8), angle) for angle in (0.0, 1e-9, 0.7, 2.1, math.pi - 1e-9, math.pi)
]


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_the_inverse_undoes_a_transform_on_both_sides(rotation: np.ndarray) -> None:
    cam_from_world = rigid(rotation, [4.0, -7.0, 0.5])
    world_from_cam = invert_rigid(cam_from_world)
    np.testing.assert_allclose(cam_from_world @ world_from_cam, np.eye(4), atol=EXACT)
    np.testing.assert_allclose(world_from_cam @ cam_from_world, np.eye(4), atol=EXACT)
    np.testing.assert_allclose(invert_rigid(world_from_cam), cam_from_world, atol=EXACT)


def test_the_inverse_of_the_identity_has_no_negative_zero() -> None:
    inverse = invert_rigid(np.eye(4))
    assert not np.signbit(inverse).any()


def test_transforms_compose_where_inner_names_cancel() -> None:
    b_from_a = rigid(turned((1, 2, 3), 0.4), [1.0, 2.0, 3.0])
    c_from_b = rigid(turned((-2, 1, 0.5), 1.9), [-4.0, 0.0, 9.0])
    points_in_a = np.array([[[0.0, 0, 0], [1, -2, 3]], [[7, 5, -1], [0.25, 4, 4]]])
    np.testing.assert_allclose(
        transform_points(c_from_b @ b_from_a, points_in_a),
        transform_points(c_from_b, transform_points(b_from_a, points_in_a)),
        atol=EXACT,
    )
    # By hand: a quarter turn about z takes x to y, then the translation is added.
    quarter = rigid([[0, -1, 0], [1, 0, 0], [0, 0, 1]], [10, 20, 30])
    np.testing.assert_array_equal(transform_points(quarter, [1.0, 0.0, 5.0]), [10, 21, 35])


@pytest.mark.parametrize(
    ("inclination", "azimuth", "direction"),
    [
        (0.0, 1.3, (0, 0, 1)),
        (math.pi, 0.0, (0, 0, -1)),
        (math.pi / 2, 0.0, (1, 0, 0)),
        (math.pi / 2, math.pi / 2, (0, 1, 0)),
        (math.pi / 3, math.pi, (-math.sqrt(3) / 2, 0, 0.5)),
    ],
)
def test_inclination_is_from_z_and_azimuth_from_x_towards_y(
    inclination: float, azimuth: float, direction: tuple[float, float, float]
) -> None:
    assert spherical_direction(inclination, azimuth) == pytest.approx(direction, abs=EXACT)


def test_a_camera_on_minus_y_sees_x_to_the_right_and_z_up() -> None:
    cam_from_world = look_at((0.0, -5.0, 0.0), (0.0, 0.0, 0.0))
    # Rows are cam's axes in world: right = +x, down = -z, forward = +y.
    np.testing.assert_array_equal(cam_from_world, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert not np.signbit(cam_from_world[cam_from_world == 0]).any()


def test_a_camera_off_the_origin_looks_along_the_line_to_its_target() -> None:
    eye, target = (7.0, -3.0, 4.0), (3.0, -6.0, 4.0)  # 5 away, level, direction (-0.8, -0.6, 0)
    expected = [[-0.6, 0.8, 0], [0, 0, -1], [-0.8, -0.6, 0]]
    np.testing.assert_allclose(look_at(eye, target), expected, atol=EXACT)


@pytest.mark.parametrize("azimuth", [0.0, 0.7, math.pi / 2, 3.0, 5.5])
@pytest.mark.parametrize("upside", [1, -1])
def test_straight_up_and_down_is_the_limit_of_tilting_there(azimuth: float, upside: int) -> None:
    target = (2.0, -1.0, 3.0)

    def pose(tilt: float) -> np.ndarray:
        inclination = tilt if upside > 0 else math.pi - tilt
        direction = spherical_direction(inclination, azimuth)
        x, y, z = (t + 4 * d for t, d in zip(target, direction, strict=True))
        return look_at((x, y, z), target, azimuth)

    eye = (target[0], target[1], target[2] + 4.0 * upside)
    at_the_pole = look_at(eye, target, azimuth)
    np.testing.assert_array_equal(at_the_pole[2], [0, 0, -upside])
    # The tilt turns two of the axes by itself; 1e-6 and its rounding of 1e-16 / 1e-6.
    np.testing.assert_allclose(pose(1e-6), at_the_pole, atol=1.1e-6)
    np.testing.assert_allclose(pose(1e-3), at_the_pole, atol=1.1e-3)


def test_look_at_gives_rotations_with_the_horizon_level() -> None:
    for eye in [(1.0, 2.0, 3.0), (-4.0, 0.1, -9.0), (1e-7, 0.0, 5.0), (3.0, 0.0, 1e-12)]:
        rotation = look_at(eye, (0.5, -0.25, 0.125))
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=EXACT)
        assert np.linalg.det(rotation) == pytest.approx(1, abs=EXACT)
        assert rotation[0, 2] == 0  # right is horizontal
        assert rotation[1, 2] < 0  # down points down


def test_a_camera_cannot_stand_on_its_target() -> None:
    with pytest.raises(ValueError, match=r"^the camera stands on the point that it looks at$"):
        look_at((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    "rotation",
    [
        *ROTATIONS,
        np.diag([1.0, -1, -1]),
        np.diag([-1.0, 1, -1]),
        np.diag([-1.0, -1, 1]),
        look_at((0.0, 0.0, 5.0), (0.0, 0.0, 0.0)),
        look_at((0.0, 0.0, -5.0), (0.0, 0.0, 0.0), 2.0),
        turned((0, 1, 1), math.pi),
    ],
)
def test_quaternions_give_their_rotation_back(rotation: np.ndarray) -> None:
    quaternion = quaternion_wxyz_from_rotation(rotation)
    assert math.hypot(*quaternion) == pytest.approx(1, abs=EXACT)
    assert quaternion[0] >= 0
    np.testing.assert_allclose(rotation_from_quaternion_wxyz(quaternion), rotation, atol=EXACT)


def test_a_quaternion_by_hand() -> None:
    half = math.sqrt(0.5)
    about_z = [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]
    assert quaternion_wxyz_from_rotation(about_z) == pytest.approx((half, 0, 0, half), abs=EXACT)
    assert quaternion_wxyz_from_rotation(np.eye(3)) == (1, 0, 0, 0)
    assert quaternion_wxyz_from_rotation(np.diag([1.0, -1, -1])) == (0, 1, 0, 0)
    # Any length is a rotation; about x by 90 degrees takes y to z.
    about_x = rotation_from_quaternion_wxyz((3.0, 3.0, 0.0, 0.0))
    np.testing.assert_allclose(about_x @ [0, 1, 0], [0, 0, 1], atol=EXACT)


def test_a_quaternion_of_length_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a quaternion of length zero is no rotation$"):
        rotation_from_quaternion_wxyz((0.0, 0.0, 0.0, 0.0))
