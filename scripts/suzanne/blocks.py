"""The seven toys of blocks.glb: their shapes, their paint and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scripts.suzanne import block_textures as paint
from scripts.suzanne.block_shapes import (
    Shape,
    circle,
    extrude,
    half_circle,
    revolve,
    rounded_box,
    rounded_curve,
)

HEIGHT_M = 1.0


@dataclass(frozen=True, kw_only=True)
class Toy:
    """One object of a model; its base stands at (x, y, z), turned about z."""

    name: str
    x: float
    y: float
    turn_deg: float
    shape: Shape
    image: npt.NDArray[np.uint8]  # (height, width, 3), sRGB, row 0 on top
    roughness: float
    z: float = 0.0

    @property
    def placed_points(self) -> npt.NDArray[np.float64]:
        """The vertices where the toy stands."""
        angle = np.radians(self.turn_deg)
        x, y, z = self.shape.points.T
        return np.stack(
            [
                self.x + x * np.cos(angle) - y * np.sin(angle),
                self.y + x * np.sin(angle) + y * np.cos(angle),
                self.z + z,
            ],
            axis=-1,
        )


def toys() -> list[Toy]:
    """The seven toys, each closed, standing on one plane, none touching another."""
    ball_radius, ring_radius, ring_thickness = 0.25, 0.27, 0.095
    letters = rounded_box(0.58, radius=0.035, cell_px=352)
    patterns = rounded_box(0.36, radius=0.03, cell_px=224)
    ball = revolve(half_circle(ball_radius, segments=20), segments=40, width_px=704, height_px=352)
    ring = revolve(
        circle(ring_thickness, centre=(ring_radius, ring_thickness), segments=20),
        segments=44,
        width_px=768,
        height_px=256,
    )
    doll = revolve(
        rounded_curve(
            [
                (0, 0, 0),
                (0.21, 0, 0.03),
                (0.19, 0.20, 0.3),
                (0.085, 0.66, 0.05),
                (0.21, 0.70, 0.10),
                (0.18, HEIGHT_M, 0.14),
                (0, HEIGHT_M, 0),
            ],
            closed=False,
        ),
        segments=36,
        width_px=512,
        height_px=512,
    )
    arch = extrude(
        rounded_curve(
            [
                (-0.45, 0, 0.025),
                (-0.22, 0, 0.025),
                (-0.22, 0.24, 0.21),
                (0.22, 0.24, 0.21),
                (0.22, 0, 0.025),
                (0.45, 0, 0.025),
                (0.45, 0.46, 0.04),
                (-0.45, 0.46, 0.04),
            ],
            closed=True,
        ),
        depth=0.30,
        bevel=0.02,
        size_px=576,
    )
    roof = extrude(
        rounded_curve([(-0.30, 0, 0.03), (0.30, 0, 0.03), (0, 0.36, 0.03)], closed=True),
        depth=0.46,
        bevel=0.02,
        size_px=512,
    )
    bright = (paint.CORAL, paint.TEAL, paint.LEAF, paint.NAVY, paint.PLUM, paint.CORAL)
    return [
        Toy(
            name="letter_block",
            x=-0.44,
            y=0.22,
            turn_deg=24,
            shape=letters,
            image=paint.weathered(
                paint.alphabet_block(letters.texels, letters="ABCDEF", colors=bright),
                letters.texels,
                seed=100,
            ),
            roughness=0.55,
        ),
        Toy(
            name="pattern_block",
            x=-0.82,
            y=-0.42,
            turn_deg=-20,
            shape=patterns,
            image=paint.weathered(paint.pattern_block(patterns.texels), patterns.texels, seed=200),
            roughness=0.45,
        ),
        Toy(
            name="ball",
            x=0.08,
            y=-0.36,
            turn_deg=25,
            shape=ball,
            image=paint.weathered(
                paint.beach_ball(
                    ball.texels,
                    centre_z=ball_radius,
                    colors=(paint.TEAL, paint.HONEY, paint.CORAL) * 2,
                ),
                ball.texels,
                seed=300,
            ),
            roughness=0.3,
        ),
        Toy(
            name="ring",
            x=0.60,
            y=-0.72,
            turn_deg=0,
            shape=ring,
            image=paint.weathered(
                paint.candy_ring(ring.texels, radius_m=ring_radius, centre_z=ring_thickness),
                ring.texels,
                seed=400,
            ),
            roughness=0.35,
        ),
        Toy(
            name="doll",
            x=0.12,
            y=0.66,
            turn_deg=0,
            shape=doll,
            image=paint.weathered(
                paint.doll(
                    doll.texels,
                    bands=(
                        (0.10, paint.NAVY),
                        (0.24, paint.TEAL),
                        (0.32, paint.CREAM),
                        (0.50, paint.CORAL),
                        (0.68, paint.HONEY),
                        (0.90, (0.93, 0.76, 0.60)),
                        (9.0, paint.BARK),
                    ),
                    face_z=0.83,
                ),
                doll.texels,
                seed=500,
            ),
            roughness=0.4,
        ),
        Toy(
            name="arch",
            x=0.66,
            y=0.2,
            turn_deg=-14,
            shape=arch,
            image=paint.weathered(
                paint.wood(arch.texels, 61), arch.texels, seed=600, grain=0.1, speckles=0.3
            ),
            roughness=0.6,
        ),
        Toy(
            name="roof",
            x=1.16,
            y=-0.36,
            turn_deg=38,
            shape=roof,
            image=paint.weathered(
                paint.roof_tiles(roof.texels, depth_m=0.46, seed=71), roof.texels, seed=700
            ),
            roughness=0.5,
        ),
    ]
