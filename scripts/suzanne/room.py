"""The room of room.glb: a shell with a doorway, furnished. The floor is the plane z = 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scripts.suzanne import block_textures as paint
from scripts.suzanne.block_shapes import (
    Shape,
    extrude,
    half_circle,
    revolve,
    rounded_box,
    rounded_curve,
)
from scripts.suzanne.blocks import Toy

LENGTH_M, WIDTH_M, HEIGHT_M = 5.0, 4.0, 2.6
"""Of the free space: x, y and z."""
SLAB_M = 0.1
SUNK_M = 0.02
"""How far walls reach into floor and ceiling, so that no light leaks in between."""
DOOR_WIDTH_M, DOOR_HEIGHT_M = 1.4, 2.1
TABLE_M = 0.72
RUG_M = 0.015

PLASTER: paint.Color = (0.86, 0.83, 0.76)
SKY: paint.Color = (0.55, 0.66, 0.70)


def furnished_room() -> list[Toy]:
    """Six slabs and what stands between them, each a closed mesh."""
    return [*_shell(), *_furniture()]


def _shell() -> list[Toy]:
    outer = LENGTH_M + 2 * SLAB_M, WIDTH_M + 2 * SLAB_M
    low, high = -SUNK_M, HEIGHT_M + SUNK_M
    long = _corners(outer[0], low, high)
    short = _corners(WIDTH_M, low, high)
    half, door = WIDTH_M / 2, DOOR_WIDTH_M / 2
    doorway = _plate(
        [
            (-half, low), (-door, low), (-door, DOOR_HEIGHT_M), (door, DOOR_HEIGHT_M),
            (door, low), (half, low), (half, high), (-half, high),
        ],
        depth=SLAB_M,
        size_px=384,
    )  # fmt: skip
    slab = _plate(_corners(outer[0], 0, SLAB_M), depth=outer[1], size_px=640)
    x, y = (LENGTH_M + SLAB_M) / 2, (WIDTH_M + SLAB_M) / 2
    long_wall = _plate(long, depth=SLAB_M, size_px=384)
    short_wall = _plate(short, depth=SLAB_M, size_px=384)
    return [
        _thing("floor", slab, paint.wood(slab.texels * 0.35, 800), 801, z=-SLAB_M),
        _thing("ceiling", slab, _plain(slab, (0.92, 0.91, 0.88)), 802, z=HEIGHT_M),
        _thing("wall_left", long_wall, _plain(long_wall, PLASTER), 803, y=y),
        _thing("wall_right", long_wall, _plain(long_wall, PLASTER), 804, y=-y),
        _thing("wall_back", short_wall, _plain(short_wall, SKY), 805, x=-x, turn_deg=90),
        _thing("wall_door", doorway, _plain(doorway, PLASTER), 806, x=x, turn_deg=90),
    ]


def _furniture() -> list[Toy]:
    top, leg = 0.7, 0.64
    table = _plate(
        [
            (-top, 0), (-leg, 0), (-leg, TABLE_M - 0.06), (leg, TABLE_M - 0.06),
            (leg, 0), (top, 0), (top, TABLE_M), (-top, TABLE_M),
        ],
        depth=0.8,
    )  # fmt: skip
    sofa = extrude(
        rounded_curve(
            [
                (-0.42, 0, 0.03), (0.42, 0, 0.03), (0.42, 0.42, 0.08),
                (-0.16, 0.42, 0.04), (-0.2, 0.84, 0.08), (-0.42, 0.84, 0.08),
            ],
            closed=True,
        ),
        depth=1.8,
        bevel=0.02,
        size_px=256,
    )  # fmt: skip
    shelf = _plate(_comb(depth=0.32, height=1.64, boards=5, thickness=0.04), depth=1.1)
    rug = revolve(
        rounded_curve(
            [(0, 0, 0), (1.1, 0, 0.004), (1.1, RUG_M, 0.008), (0, RUG_M, 0)], closed=False
        ),
        segments=48, width_px=512, height_px=192,
    )  # fmt: skip
    lamp = revolve(
        rounded_curve(
            [
                (0, 0, 0), (0.16, 0, 0.01), (0.16, 0.03, 0.01), (0.02, 0.045, 0.01),
                (0.02, 1.35, 0.01), (0.22, 1.36, 0.01), (0.13, 1.7, 0.01), (0, 1.7, 0),
            ],
            closed=False,
        ),
        segments=32, width_px=128, height_px=256,
    )  # fmt: skip
    vase = revolve(
        rounded_curve(
            [
                (0, 0, 0), (0.06, 0, 0.01), (0.13, 0.16, 0.08), (0.045, 0.28, 0.04),
                (0.07, 0.34, 0.01), (0, 0.34, 0),
            ],
            closed=False,
        ),
        segments=32, width_px=192, height_px=192,
    )  # fmt: skip
    ball = revolve(half_circle(0.18, segments=16), segments=32, width_px=256, height_px=128)
    crate = rounded_box(0.46, radius=0.02, cell_px=128)
    frame = _plate(_corners(1.1, 0, 0.8), depth=0.03)
    radius = np.hypot(rug.texels[..., 0], rug.texels[..., 1])
    ripples = np.sin(14 * frame.texels[..., 2] + 3 * np.sin(6 * frame.texels[..., 0]))
    return [
        _thing("rug", rug, _either(radius % 0.2 < 0.1, paint.CORAL, paint.CREAM), 810,
               x=0.4, y=-0.5),
        _thing("table", table, paint.wood(table.texels, 811), 812, x=0.4, y=-0.5, z=RUG_M,
               turn_deg=12),
        _thing("vase", vase, _either(vase.texels[..., 2] % 0.08 < 0.04, paint.NAVY, paint.CREAM),
               813, x=0.2, y=-0.45, z=RUG_M + TABLE_M),
        _thing("sofa", sofa, _plain(sofa, paint.TEAL), 814, x=-2.05, y=-0.4),
        _thing("shelf", shelf, paint.wood(shelf.texels, 815), 816, x=0.9, y=1.83, turn_deg=-90),
        _thing("lamp", lamp, _either(lamp.texels[..., 2] > 1.33, paint.CREAM, paint.NAVY), 817,
               x=-2.1, y=1.5),
        _thing("ball", ball, paint.beach_ball(ball.texels, centre_z=0.18,
               colors=(paint.TEAL, paint.HONEY, paint.CORAL) * 2), 818, x=-0.9, y=1.1),
        _thing("crate", crate, paint.wood(crate.texels, 819), 820, x=2.1, y=1.5, turn_deg=20),
        _thing("picture", frame, _either(ripples > 0, paint.LEAF, paint.HONEY), 821,
               x=-0.6, y=-WIDTH_M / 2 + 0.015, z=1.1),
    ]  # fmt: skip


def _thing(
    name: str,
    shape: Shape,
    colors: npt.NDArray[np.float64],
    seed: int,
    *,
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
    turn_deg: float = 0.0,
) -> Toy:
    # Grain twice as coarse as on toys, and less of it: a room is seen from farther away.
    image = paint.weathered(colors, shape.texels / 2, seed=seed, grain=0.1, speckles=0.2)
    return Toy(name=name, x=x, y=y, z=z, turn_deg=turn_deg, shape=shape, image=image, roughness=0.6)


def _plain(shape: Shape, color: paint.Color) -> npt.NDArray[np.float64]:
    return np.broadcast_to(np.array(color), shape.texels.shape)


def _either(
    first: npt.NDArray[np.bool_], color: paint.Color, other: paint.Color
) -> npt.NDArray[np.float64]:
    return np.where(first[..., None], np.array(color), np.array(other))


def _plate(corners: Sequence[tuple[float, float]], *, depth: float, size_px: int = 256) -> Shape:
    outline = rounded_curve([(x, z, 0.012) for x, z in corners], closed=True, step_deg=30)
    return extrude(outline, depth=depth, bevel=0.006, size_px=size_px)


def _corners(width: float, low: float, high: float) -> list[tuple[float, float]]:
    return [(-width / 2, low), (width / 2, low), (width / 2, high), (-width / 2, high)]


def _comb(
    *, depth: float, height: float, boards: int, thickness: float
) -> list[tuple[float, float]]:
    """The side of a shelf: a back at -x, from which boards reach to +x."""
    back, front = -depth / 2, depth / 2
    corners = [(back, 0.0)]
    for low in np.linspace(0, height - thickness, boards).tolist():
        if low > 0:
            corners.append((back + thickness, low))
        corners += [(front, low), (front, low + thickness)]
        if low + thickness < height - 1e-9:
            corners.append((back + thickness, low + thickness))
    return [*corners, (back, height)]
