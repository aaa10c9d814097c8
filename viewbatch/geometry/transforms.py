"""Rigid transforms as 4x4 float64 matrices that act on column vectors.

Poses are computed with `math` and written-out sums rather than BLAS, whose last bits
depend on the processor: the same seed must give the same camera everywhere.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Vector3 = tuple[float, float, float]


def added(a: Vector3, b: Vector3) -> Vector3:
    """Sum of two vectors."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def negated(a: Vector3) -> Vector3:
    """The opposite vector."""
    return (-a[0], -a[1], -a[2])


def rigid(rotation: npt.ArrayLike, translation: npt.ArrayLike) -> Array:
    """A 4x4 transform from a (3, 3) rotation and a (3,) translation in the target frame."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation
    return matrix


def invert_rigid(target_from_source: npt.ArrayLike) -> Array:
    """`source_from_target` of a rigid 4x4 transform, in closed form."""
    matrix = np.asarray(target_from_source, dtype=np.float64)
    rotation = matrix[:3, :3].T
    x, y, z = (float(v) for v in matrix[:3, 3])
    return rigid(
        rotation,
        # Adding 0.0 turns the -0.0 of a negated zero into 0.0.
        [-(float(r[0]) * x + float(r[1]) * y + float(r[2]) * z) + 0.0 for r in rotation],
    )


def transform_points(target_from_source: npt.ArrayLike, points: npt.ArrayLike) -> Array:
    """Apply a 4x4 affine transform to points: (..., 3) in source -> (..., 3) in target."""
    matrix = np.asarray(target_from_source, dtype=np.float64)
    x, y, z = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
    return np.stack([r[0] * x + r[1] * y + r[2] * z + r[3] for r in matrix[:3]], axis=-1)


def spherical_direction(inclination_rad: float, azimuth_rad: float) -> Vector3:
    """Unit vector at an inclination from +z and an azimuth from +x towards +y."""
    sine = math.sin(inclination_rad)
    return (sine * math.cos(azimuth_rad), sine * math.sin(azimuth_rad), math.cos(inclination_rad))


def look_at(eye: Vector3, target: Vector3, azimuth_rad: float = 0.0) -> Array:
    """(3, 3) rotation `cam_from_world` of a camera at `eye` that looks at `target`.

    The image's up direction is world +z. Where the camera looks straight up or down
    that is undefined, and `azimuth_rad` (the camera's azimuth about the target) takes
    its place: the image is what the limit of tilting the camera there gives.
    """
    fx, fy, fz = _normalized(*(t - e for t, e in zip(target, eye, strict=True)))
    horizontal = math.hypot(fx, fy)
    if horizontal > 1e-9:
        right = (fy / horizontal, -fx / horizontal, 0.0)
    else:
        right = (-math.sin(azimuth_rad), math.cos(azimuth_rad), 0.0)
    rx, ry, rz = right
    down = (fy * rz - fz * ry, fz * rx - fx * rz, fx * ry - fy * rx)
    return np.array([right, _normalized(*down), (fx, fy, fz)]) + 0.0


def _normalized(x: float, y: float, z: float) -> Vector3:
    length = math.sqrt(x * x + y * y + z * z)
    if length == 0.0:
        raise ValueError("the camera stands on the point that it looks at")
    return (x / length, y / length, z / length)


def quaternion_wxyz_from_rotation(rotation: npt.ArrayLike) -> tuple[float, float, float, float]:
    """Unit Hamilton quaternion (w, x, y, z), w >= 0, of a (3, 3) rotation.

    Divides by its largest component, so that no rotation is degenerate (S. W.
    Shepperd, "Quaternion from Rotation Matrix", J. Guidance and Control, 1978).
    """
    m = [[float(v) for v in row] for row in np.asarray(rotation, dtype=np.float64)]
    trace = m[0][0] + m[1][1] + m[2][2]
    largest = max(range(4), key=lambda i: trace if i == 0 else m[i - 1][i - 1])
    if largest == 0:
        q = [1.0 + trace, m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]]
    else:
        i = largest - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        q = [m[k][j] - m[j][k], 0.0, 0.0, 0.0]
        q[1 + i] = 1.0 + m[i][i] - m[j][j] - m[k][k]
        q[1 + j] = m[j][i] + m[i][j]
        q[1 + k] = m[k][i] + m[i][k]
    length = math.copysign(math.sqrt(sum(v * v for v in q)), q[0])
    w, x, y, z = (v / length + 0.0 for v in q)
    return (w, x, y, z)


def rotation_from_quaternion_wxyz(quaternion: tuple[float, float, float, float]) -> Array:
    """(3, 3) rotation of a Hamilton quaternion (w, x, y, z) of any non-zero length."""
    length = math.sqrt(sum(v * v for v in quaternion))
    if length == 0.0:
        raise ValueError("a quaternion of length zero is no rotation")
    w, x, y, z = (v / length for v in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
