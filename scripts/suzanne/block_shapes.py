"""Closed shapes of rounded toy blocks, as plain arrays: no Blender in here.

Every shape is watertight by construction (its faces share their vertices) and
comes with an analytic normal per vertex, a texture coordinate per face corner,
and `texels`: for every pixel of its texture, the point of the surface that the
pixel lands on. A pattern computed from those points has neither seams nor
pinched poles, however the surface was unwrapped.

Axes of a shape: z up, the base plane is z = 0, x and y centred. Texture
coordinates: u right, v up, (0, 0) the lower left corner of the image. Arrays
of texels are (height, width, 3) with row 0 on top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rows = TypeVar("Rows", Array, npt.NDArray[np.int64])


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A closed surface; faces are counter-clockwise seen from outside."""

    points: Array  # (vertices, 3)
    normals: Array  # (vertices, 3), unit length
    faces: list[list[int]]
    corner_uvs: Array  # (sum of face lengths, 2), in the order of the faces' corners
    texels: Array  # (height, width, 3)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A polyline in a plane: the region to its left is inside."""

    points: Array  # (n, 2)
    normals: Array  # (n, 2), unit length, to the right: out of the region

    def lengths(self, *, closed: bool) -> Array:
        """Arc length up to each point, the way back to the first included if closed."""
        steps = np.diff(_loop(self.points) if closed else self.points, axis=0)
        return np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])


def rounded_curve(
    corners: Sequence[tuple[float, float, float]], *, closed: bool, step_deg: float = 15.0
) -> Curve:
    """Straight lines through corners (x, y, radius), each corner replaced by an arc.

    An open curve keeps its first and last corner as they are; their normals are
    those of the first and the last line.
    """
    spots = np.array([corner[:2] for corner in corners])
    points: list[tuple[float, float]] = []
    normals: list[tuple[float, float]] = []
    for index, (x, y, radius) in enumerate(corners):
        before = _unit(spots[index] - spots[index - 1])
        after = _unit(spots[(index + 1) % len(spots)] - spots[index])
        if not closed and index in (0, len(corners) - 1):
            line = after if index == 0 else before
            points.append((x, y))
            normals.append((line[1], -line[0]))
            continue
        turn = math.atan2(
            before[0] * after[1] - before[1] * after[0],
            before[0] * after[0] + before[1] * after[1],
        )
        # A left turn is convex: its arc lies to the left of the corner, and the
        # normal points away from the arc's centre. A right turn is the mirror image.
        side = math.copysign(1.0, turn)
        start = spots[index] - before * radius * math.tan(abs(turn) / 2)
        centre = start + side * radius * np.array([-before[1], before[0]])
        steps = max(1, round(math.degrees(abs(turn)) / step_deg))
        for step in range(steps + 1):
            angle = turn * step / steps
            across = (before[1], -before[0])
            normal = (
                across[0] * math.cos(angle) - across[1] * math.sin(angle),
                across[0] * math.sin(angle) + across[1] * math.cos(angle),
            )
            points.append(
                (centre[0] + side * radius * normal[0], centre[1] + side * radius * normal[1])
            )
            normals.append(normal)
    return Curve(points=np.array(points), normals=np.array(normals))


def circle(radius: float, *, centre: tuple[float, float], segments: int) -> Curve:
    """A closed circle, counter-clockwise, which starts on the left."""
    angles = math.pi + np.arange(segments) * 2 * math.pi / segments
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return Curve(points=np.array(centre) + radius * normals, normals=normals)


def half_circle(radius: float, *, segments: int) -> Curve:
    """From the bottom of the axis to its top, resting on height 0: a ball's profile."""
    angles = -math.pi / 2 + np.arange(segments + 1) * math.pi / segments
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    points = np.array([0.0, radius]) + radius * normals
    points[[0, -1], 0] = 0.0  # exactly on the axis: one vertex, no hole
    return Curve(points=points, normals=normals)


def revolve(profile: Curve, *, segments: int, width_px: int, height_px: int) -> Shape:
    """A curve of (radius, height) turned about z.

    A profile that starts and ends on the axis gives something like a ball, any
    other is taken as closed and gives a ring. u is the angle, v the length
    along the profile.
    """
    on_axis = profile.points[0, 0] == 0.0
    angles = np.arange(segments) * 2 * math.pi / segments
    turned = _turn(profile.points[:, None], angles)  # (profile, segments, 3)
    normals = _turn(profile.normals[:, None], angles)
    index = np.arange(turned.shape[0] * segments).reshape(-1, segments)
    if on_axis:
        # All turned copies of a pole are one vertex: the first.
        index[0], index[-1] = index[0, 0], index[-1, 0]
        normals[0], normals[-1] = (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)
    lengths = profile.lengths(closed=not on_axis)
    v = lengths / lengths[-1]
    u = np.arange(segments + 1) / segments
    rows = _loop(index) if not on_axis else index
    faces: list[list[int]] = []
    uvs: list[tuple[float, float]] = []
    for row in range(len(rows) - 1):
        for column in range(segments):
            beside = (column + 1) % segments
            ids = [rows[row, column], rows[row, beside], rows[row + 1, beside]]
            spots = [(u[column], v[row]), (u[column + 1], v[row]), (u[column + 1], v[row + 1])]
            if ids[0] == ids[1]:
                middle = (u[column] + u[column + 1]) / 2
                spots = [(middle, v[row]), *spots[2:]]
                ids = ids[1:]
            if rows[row + 1, column] != rows[row + 1, beside]:
                ids.append(rows[row + 1, column])
                spots.append((u[column], v[row + 1]))
            else:
                spots[-1] = ((u[column] + u[column + 1]) / 2, v[row + 1])
            faces.append([int(vertex) for vertex in ids])
            uvs.extend(spots)
    u_texel, v_texel = _texel_grid(width_px, height_px)
    outline = _loop(profile.points) if not on_axis else profile.points
    texels = _turn(_along(outline, v, v_texel[:, None]), u_texel * 2 * math.pi)
    return _without_unused(turned.reshape(-1, 3), normals.reshape(-1, 3), faces, uvs, texels)


def extrude(outline: Curve, *, depth: float, bevel: float, size_px: int) -> Shape:
    """A closed outline in (x, z), as seen from -y, made `depth` thick with rounded rims.

    Upper half of the texture: the wall, u along the outline, v from back to
    front. Lower half: the front on the left, the back, mirrored, on the right.
    """
    count = len(outline.points)
    turns = np.arange(4) / 3 * math.pi / 2
    rings: list[Array] = []
    ring_normals: list[Array] = []
    for end in (1.0, -1.0):  # the back rim first: it is the farthest along +y
        for turn in reversed(turns) if end > 0 else turns:
            flat = outline.points - outline.normals * bevel * (1 - math.cos(turn))
            y = end * (depth / 2 - bevel + bevel * math.sin(turn))
            rings.append(np.insert(flat, 1, y, axis=1))
            normal = outline.normals * math.cos(turn)
            ring_normals.append(np.insert(normal, 1, end * math.sin(turn), axis=1))
    points = np.concatenate(rings)
    low, high = outline.points.min(axis=0), outline.points.max(axis=0)
    lengths = outline.lengths(closed=True) / outline.lengths(closed=True)[-1]
    wall = len(turns) - 1

    def planar(vertex: int, *, front: bool) -> tuple[float, float]:
        part = (points[vertex, [0, 2]] - low) / (high - low)
        return (part[0] / 2 if front else 1 - part[0] / 2), part[1] / 2

    faces: list[list[int]] = []
    uvs: list[tuple[float, float]] = []
    for ring in range(len(rings) - 1):
        for column in range(count):
            beside = (column + 1) % count
            face = [ring * count + column, ring * count + beside]
            face += [(ring + 1) * count + beside, (ring + 1) * count + column]
            faces.append(face)
            if ring == wall:
                left, right = lengths[column], lengths[column + 1]
                uvs += [(left, 0.5), (right, 0.5), (right, 1.0), (left, 1.0)]
            else:
                uvs += [planar(vertex, front=ring > wall) for vertex in face]
    back, front = range(count), range((len(rings) - 1) * count, len(rings) * count)
    for cap, is_front in ((list(reversed(back)), False), (list(front), True)):
        faces.append(cap)
        uvs += [planar(vertex, front=is_front) for vertex in cap]

    u, v = _texel_grid(size_px, size_px)
    texels = np.empty((size_px, size_px, 3))
    half = size_px // 2
    around = _along(_loop(outline.points), lengths, u)
    texels[:half, :, [0, 2]] = around
    texels[:half, :, 1] = ((1.5 - 2 * v[:half]) * (depth - 2 * bevel))[:, None]
    x_part = np.where(u < 0.5, 2 * u, 2 - 2 * u)
    texels[half:, :, 0] = low[0] + x_part * (high - low)[0]
    texels[half:, :, 1] = np.where(u < 0.5, -depth / 2, depth / 2)
    texels[half:, :, 2] = (low[1] + 2 * v[half:] * (high - low)[1])[:, None]
    return _without_unused(points, np.concatenate(ring_normals), faces, uvs, texels)


def rounded_box(side: float, *, radius: float, cell_px: int) -> Shape:
    """A cube with round edges; its texture shows the six faces as 3 x 2 square cells.

    Upper row of cells: -y (front), +x, +y; lower row: -x, top, bottom.
    """
    half = side / 2
    arc = half - radius + radius * np.tan(np.arange(4) / 3 * math.pi / 4)
    arc[-1] = half  # the tangent of 45 degrees is not exactly 1
    line = np.concatenate([-arc[::-1], arc])
    count = len(line)
    s, t = np.meshgrid(line, line)
    corner = np.arange(count * count).reshape(count, count)
    quads = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], axis=-1)
    u_texel, v_texel = _texel_grid(cell_px, cell_px)
    s_texel, t_texel = np.meshgrid((u_texel * 2 - 1) * half, (v_texel * 2 - 1) * half)
    cube: list[Array] = []
    uvs: list[Array] = []
    texels = np.empty((2 * cell_px, 3 * cell_px, 3))
    for cell, (right, up, out) in enumerate(_BOX_FACES):
        row, column = divmod(cell, 3)
        axes = np.array([right, up, out], dtype=np.float64)
        cube.append((np.stack([s, t, np.full_like(s, half)], axis=-1) @ axes).reshape(-1, 3))
        uv = np.stack([(column + 0.5 + s / side) / 3, (1.5 - row + t / side) / 2], axis=-1)
        uvs.append(uv.reshape(-1, 2)[quads.reshape(-1)])
        down = slice(row * cell_px, (row + 1) * cell_px)
        across = slice(column * cell_px, (column + 1) * cell_px)
        flat = np.stack([s_texel, t_texel, np.full_like(s_texel, half)], axis=-1)
        texels[down, across] = flat @ axes
    # The six grids meet along the edges of the cube: equal points become one vertex.
    surface, vertex = np.unique(np.concatenate(cube), axis=0, return_inverse=True)
    core = np.clip(surface, radius - half, half - radius)
    normals = surface - core
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    offsets = (np.arange(6) * count * count)[:, None, None, None]
    faces = vertex.reshape(-1)[(quads[None] + offsets).reshape(-1, 4)].tolist()
    lift = np.array([0.0, 0.0, half])
    return Shape(
        points=core + radius * normals + lift,
        normals=normals,
        faces=faces,
        corner_uvs=np.concatenate(uvs),
        texels=texels + lift,
    )


# Right, up and out of each face of a box, seen from outside.
_BOX_FACES = (
    ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    ((0, -1, 0), (0, 0, 1), (-1, 0, 0)),
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
)


def _unit(vector: Array) -> Array:
    return vector / math.hypot(*vector)


def _loop(rows: Rows) -> Rows:
    """The rows, and the first once more."""
    return np.concatenate([rows, rows[:1]])


def _turn(curve: Array, angles: Array) -> Array:
    """Points (..., 1, 2) of (radius, height) turned to each of the angles: (..., angles, 3)."""
    radius, height = curve[..., 0], curve[..., 1]
    return np.stack(
        np.broadcast_arrays(radius * np.cos(angles), radius * np.sin(angles), height), axis=-1
    )


def _along(curve: Array, marks: Array, wanted: Array) -> Array:
    """Points (..., 2) of a polyline at the wanted positions; marks are those of its points."""
    parts = [np.interp(wanted, marks, curve[:, axis]) for axis in range(2)]
    return np.stack(parts, axis=-1)


def _texel_grid(width_px: int, height_px: int) -> tuple[Array, Array]:
    """u of every column and v of every row, at the centres of the pixels, row 0 on top."""
    return (np.arange(width_px) + 0.5) / width_px, 1 - (np.arange(height_px) + 0.5) / height_px


def _without_unused(
    points: Array,
    normals: Array,
    faces: list[list[int]],
    uvs: list[tuple[float, float]],
    texels: Array,
) -> Shape:
    used = np.unique(np.concatenate([np.array(face) for face in faces]))
    new_index = np.full(len(points), -1)
    new_index[used] = np.arange(len(used))
    return Shape(
        points=points[used],
        normals=normals[used],
        faces=[new_index[face].tolist() for face in faces],
        corner_uvs=np.array(uvs),
        texels=texels,
    )
