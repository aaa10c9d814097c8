"""Painted toys as images: letters, stripes, checkers and tiles under fine grain and speckles.

Multi-view stereo matches small patches, so no patch may look like another:
on top of its large pattern every surface carries noise of several scales and
speckles. Both are functions of the point of the surface, hashed from integers,
so they have no seams, do not repeat, and are the same on every machine.

Colours are sRGB-encoded, 0 to 1; images are (height, width, 3) with row 0 on top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Color = tuple[float, float, float]

CREAM: Color = (0.94, 0.88, 0.76)
CORAL: Color = (0.88, 0.36, 0.28)
TEAL: Color = (0.13, 0.52, 0.55)
NAVY: Color = (0.16, 0.22, 0.39)
HONEY: Color = (0.95, 0.70, 0.25)
LEAF: Color = (0.44, 0.62, 0.33)
PLUM: Color = (0.50, 0.27, 0.45)
WOOD: Color = (0.80, 0.60, 0.39)
BARK: Color = (0.55, 0.36, 0.21)


def weathered(
    color: Array,
    texels_m: Array,
    *,
    seed: int,
    grain: float = 0.16,
    speckles: float = 0.5,
) -> npt.NDArray[np.uint8]:
    """The painted colours under grain and speckles, as 8-bit sRGB."""
    noise = np.zeros(texels_m.shape[:-1])
    octaves = ((7.0, 1.0), (17.0, 1.0), (41.0, 1.2), (97.0, 1.5))
    for octave, (cells_per_m, share) in enumerate(octaves):
        noise += share * (value_noise(texels_m * cells_per_m, seed + octave) - 0.5)
    # Dark paint gets its share too: where nothing varies, nothing can be matched.
    result = color + grain * noise[..., None] * (0.2 + 0.8 * color)
    for layer, (cells_per_m, share) in enumerate(((24.0, 0.5), (40.0, 0.6), (66.0, 0.6))):
        dots, tone = speckle(texels_m * cells_per_m, seed + 10 + layer, share=share)
        ink = np.where(tone[..., None] < 0.6, result * 0.45, 0.35 * result + 0.65)
        result = _mix(result, ink, dots * speckles)
    pixels: npt.NDArray[np.uint8] = np.round(np.clip(result, 0, 1) * 255).astype(np.uint8)
    return pixels


def value_noise(points: Array, seed: int) -> Array:
    """Smooth noise of 0 to 1 between random values on the integer lattice; points: (..., 3)."""
    cell = np.floor(points)
    part = points - cell
    part = part * part * (3 - 2 * part)
    result = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.ones(points.shape[:-1])
        for axis, far in enumerate(corner):
            weight = weight * (part[..., axis] if far else 1 - part[..., axis])
        result += weight * _random(cell + np.array(corner), seed)
    return result


def speckle(points: Array, seed: int, *, share: float) -> tuple[Array, Array]:
    """Random dots, at most one in each unit cell: (coverage 0 to 1, a random tone per dot)."""
    cell = np.floor(points)
    radius = 0.12 + 0.3 * _random(cell, seed + 101) ** 2
    spots = [radius + (1 - 2 * radius) * _random(cell, seed + 102 + axis) for axis in range(3)]
    distance = np.linalg.norm(points - cell - np.stack(spots, axis=-1), axis=-1)
    there = _random(cell, seed + 105) < share
    return np.clip((radius - distance) * 12, 0, 1) * there, _random(cell, seed + 106)


def wood(texels_m: Array, seed: int, *, light: Color = WOOD, dark: Color = BARK) -> Array:
    """Year rings around a slightly tilted trunk, and fibres along it (x)."""
    x, y, z = np.moveaxis(texels_m, -1, 0)
    wobble = value_noise(texels_m * (1.5, 4.0, 4.0), seed) * 0.09
    ring = np.hypot(y + 0.16 + 0.10 * x, z + 0.12 - 0.06 * x) + wobble
    year = (ring * 26) % 1
    fibre = value_noise(texels_m * (9.0, 130.0, 130.0), seed + 1)
    return _mix(np.array(light), np.array(dark), 0.75 * year**2.2 + 0.35 * (fibre - 0.5))


def alphabet_block(texels_m: Array, *, letters: str, colors: Sequence[Color]) -> Array:
    """Six cells of bare wood, each with a painted frame and letter."""
    result = wood(texels_m, 31, light=(0.93, 0.80, 0.60), dark=(0.80, 0.62, 0.42))
    for cell, (x, y, place) in enumerate(_cells(texels_m)):
        paint = np.array(colors[cell % len(colors)])
        pixel = 2.0 / len(x)
        frame = np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.80) - 0.055
        glyph = _stroke_distance(letters[cell], x / 0.52, y / 0.58) * 0.55 - 0.105
        shade = np.minimum(frame, glyph)
        result[place] = _mix(result[place], paint, np.clip(0.5 - shade / pixel, 0, 1))
    return result


def pattern_block(texels_m: Array) -> Array:
    """Six cells, each with a pattern of its own."""
    result = np.empty(texels_m.shape)
    for cell, (x, y, place) in enumerate(_cells(texels_m)):
        radius = np.hypot(x, y)
        ink, ground, wave = (
            (CREAM, TEAL, np.sin((x + y) * 9)),
            (NAVY, HONEY, np.sin(x * 3.5 * math.pi) * np.sin(y * 3.5 * math.pi) * 3),
            (CREAM, CORAL, np.sin(radius * 16)),
            (LEAF, CREAM, np.sin(y * 11 + 2 * np.sin(x * 7))),
            (CORAL, CREAM, np.sin(radius * 13) + np.sin(np.arctan2(y, x) * 5)),
            (HONEY, PLUM, np.sin(x * 12)),
        )[cell]
        result[place] = _mix(np.array(ground), np.array(ink), np.clip(0.5 + wave * 6, 0, 1))
    return result


def beach_ball(texels_m: Array, *, centre_z: float, colors: Sequence[Color]) -> Array:
    """Coloured gores around z with white piping, and a cap on both poles."""
    x, y, z = np.moveaxis(texels_m, -1, 0)
    z = z - centre_z
    flat = np.hypot(x, y)
    turn = np.arctan2(y, x) / (2 * math.pi) % 1 * len(colors)
    result = np.array(colors)[np.minimum(turn.astype(int), len(colors) - 1)]
    from_seam = np.abs(turn - np.round(turn)) / len(colors) * 2 * math.pi * flat
    piping = np.clip(0.5 + (0.010 - from_seam) / 0.003, 0, 1)
    cap = np.clip(0.5 + (0.075 - flat) / 0.003, 0, 1)
    equator = np.clip(0.5 + (0.028 - np.abs(z)) / 0.003, 0, 1)
    result = _mix(result, np.array(CREAM), np.maximum(piping, equator))
    return _mix(result, np.array(NAVY), cap)


def candy_ring(texels_m: Array, *, radius_m: float, centre_z: float) -> Array:
    """Stripes that wind around the ring."""
    x, y, z = np.moveaxis(texels_m, -1, 0)
    around = np.arctan2(y, x)
    across = np.arctan2(z - centre_z, np.hypot(x, y) - radius_m)
    wave = np.sin(11 * around + across)
    thin = np.sin(22 * around + 2 * across + 0.9)
    result = _mix(np.array(CREAM), np.array(PLUM), np.clip(0.5 + wave * 8, 0, 1))
    return _mix(result, np.array(HONEY), np.clip((thin - 0.86) * 12, 0, 1))


def doll(texels_m: Array, *, bands: Sequence[tuple[float, Color]], face_z: float) -> Array:
    """Bands up to a height each with zigzag borders, and a face that looks along -y."""
    x, y, z = np.moveaxis(texels_m, -1, 0)
    turn = np.arctan2(y, x) / (2 * math.pi)
    zigzag = z + 0.045 * np.abs((turn * 12) % 1 - 0.5)
    result = np.broadcast_to(np.array(bands[-1][1]), texels_m.shape)
    for top, color in reversed(bands[:-1]):
        result = _mix(result, np.array(color), np.clip(0.5 + (top - zigzag) / 0.004, 0, 1))
    right, up = np.abs(x), z - face_z
    eyes = np.hypot(right - 0.062, 0.7 * up) - 0.019
    smile = np.maximum(np.abs(np.hypot(right, up + 0.015) - 0.075) - 0.009, up + 0.05)
    cheeks = np.hypot(right - 0.115, up + 0.045) - 0.026
    seen = y < 0
    result = _mix(result, np.array(CORAL), np.clip(0.5 - cheeks / 0.008, 0, 0.7) * seen)
    return _mix(result, np.array(NAVY), np.clip(0.5 - np.minimum(eyes, smile) / 0.004, 0, 1) * seen)


def roof_tiles(texels_m: Array, *, depth_m: float, seed: int) -> Array:
    """Courses of round tiles on the slopes, each of another shade; the rest is bare wood."""
    x, y, z = np.moveaxis(texels_m, -1, 0)
    row = np.floor(z * 13)
    along = (x * 0.35 + y) * 11 + 0.5 * (row % 2)
    column = np.floor(along)
    tone = _random(np.stack([row, column, np.zeros_like(row)], axis=-1), seed)
    dx, dz = along - column - 0.5, z * 13 - row
    gap = np.maximum(np.abs(dx) - 0.46, 0.04 - dz + 1.3 * dx * dx)
    base = _mix(np.array((0.75, 0.28, 0.22)), np.array((0.93, 0.55, 0.34)), tone)
    lit = base * (0.85 + 0.25 * dz - 0.5 * dx * dx)[..., None]
    tiles = _mix(lit, np.array(NAVY), np.clip(gap * 12, 0, 0.8))
    slope = (np.abs(y) < depth_m / 2 - 0.001) & (z > 0.02)
    return np.where(slope[..., None], tiles, wood(texels_m, seed))


def _cells(texels_m: Array) -> list[tuple[Array, Array, tuple[slice, slice]]]:
    """The 3 x 2 cells of a box's texture: (x right, y up, place), -1 to 1 across a cell."""
    size = texels_m.shape[0] // 2
    line = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(line, -line)
    return [
        (x, y, np.s_[row * size : (row + 1) * size, column * size : (column + 1) * size])
        for row in range(2)
        for column in range(3)
    ]


def _stroke_distance(letter: str, x: Array, y: Array) -> Array:
    """Distance to the strokes of a letter that spans -1 to 1 in x and y."""
    result = np.full(x.shape, np.inf)
    for stroke in _STROKES[letter]:
        for (x0, y0), (x1, y1) in pairwise(stroke):
            dx, dy = x1 - x0, y1 - y0
            part = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
            result = np.minimum(result, np.hypot(x - x0 - part * dx, y - y0 - part * dy))
    return result


def _bow(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """The right half of an ellipse, from its top to its bottom."""
    angles = [math.pi / 2 - step / 12 * math.pi for step in range(13)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "A": [[(-0.95, -1), (0, 1), (0.95, -1)], [(-0.6, -0.35), (0.6, -0.35)]],
    "B": [
        [(0.1, 1), (-0.75, 1), (-0.75, -1), (0.1, -1)],
        _bow(0.1, 0.5, 0.6, 0.5),
        [(-0.75, 0), (0.1, 0)],
        _bow(0.1, -0.5, 0.75, 0.5),
    ],
    "C": [
        [(-x, y) for x, y in _bow(0.1, 0, 0.95, 1)],
        [(-0.1, 1), (0.7, 0.8)],
        [(-0.1, -1), (0.7, -0.8)],
    ],
    "D": [[(0, 1), (-0.8, 1), (-0.8, -1), (0, -1)], _bow(0, 0, 0.9, 1)],
    "E": [[(0.7, 1), (-0.7, 1), (-0.7, -1), (0.7, -1)], [(-0.7, 0), (0.45, 0)]],
    "F": [[(0.75, 1), (-0.65, 1), (-0.65, -1)], [(-0.65, 0), (0.5, 0)]],
}


def _mix(first: Array, second: Array, amount: Array) -> Array:
    """`first` where the amount is 0, `second` where it is 1; amount: (...), without channels."""
    return first + (second - first) * amount[..., None]


def _random(cell: Array, seed: int) -> Array:
    """A random number of 0 to 1 for every lattice point (..., 3): integer hashing only."""
    x, y, z = np.moveaxis(cell.astype(np.int64).astype(np.uint32), -1, 0)
    value = x * np.uint32(0x8DA6B343) ^ y * np.uint32(0xD8163841) ^ z * np.uint32(0xCB1AB31F)
    value = value ^ np.uint32(seed * 0x9E3779B1 % 2**32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        value = (value ^ (value >> np.uint32(shift))) * np.uint32(factor)
    value = value ^ (value >> np.uint32(16))
    result: Array = value / np.float64(2**32)
    return result
