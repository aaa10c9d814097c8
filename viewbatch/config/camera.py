"""[camera]: lens, placement, and what a pose must satisfy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from viewbatch._decode import (
    LARGEST,
    Above,
    Angle,
    AtLeast,
    Between,
    NonNegative,
    Positive,
    Vector3,
    decode,
)
from viewbatch.config.table import Table
from viewbatch.config.values import Inclination, Share, in_order

FocalLength = Annotated[float, Between(1, 5000)]
Pixels = Annotated[int, Between(4, 65536)]
Turns = Annotated[float, Between(-1000, 1000)]


class SensorFit(StrEnum):
    AUTO = "AUTO"
    HORIZONTAL = "HORIZONTAL"
    VERTICAL = "VERTICAL"


class LensMode(StrEnum):
    FOCAL_LENGTH = "focal_length"
    FIELD_OF_VIEW = "field_of_view"
    INTRINSICS = "intrinsics"


class IntrinsicsConfig(Table):
    width: Pixels
    height: Pixels
    fx: Positive
    fy: Positive
    cx: float
    cy: float

    def problems(self) -> Iterator[tuple[str, str]]:
        if not 1 / 200 <= self.fy / self.fx <= 200:
            yield (
                "fy",
                f"expected from 1/200 to 200 times fx, which is {self.fx:.6g}, found {self.fy:.6g}",
            )
        for name, size in (("cx", self.width), ("cy", self.height)):
            found = getattr(self, name)
            if abs(found) > 10 * size:
                yield (
                    name,
                    f"expected at most 10 times the image's size of {size} px, found {found:.6g}",
                )


def problems_of_pose(intrinsics: Mapping[str, float], location: Vector3) -> list[str]:
    """What a pose that no configuration gives has beyond the limits of one that it could give.

    `intrinsics` has the keys of `[camera.lens.intrinsics]`; `location` is in world, metres.
    """
    problems: list[str] = []
    decode(IntrinsicsConfig, intrinsics, "", problems)
    # Written so that a number that is not one fails too.
    if not all(abs(v) <= LARGEST for v in location):
        problems.append(f"location: expected numbers of at most {LARGEST:.0e} in size")
    return problems


class LensConfig(Table):
    mode: LensMode
    focal_length: FocalLength | tuple[FocalLength, FocalLength]
    field_of_view: Annotated[Angle, Between(0.001, 3.1)]
    shift_x: Annotated[float, Between(-10, 10)]
    shift_y: Annotated[float, Between(-10, 10)]
    intrinsics: IntrinsicsConfig

    @property
    def draws(self) -> bool:
        """Whether the focal length is drawn for each view."""
        return self.mode is LensMode.FOCAL_LENGTH and isinstance(self.focal_length, tuple)

    def problems(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.focal_length, tuple) and self.focal_length[0] > self.focal_length[1]:
            yield "focal_length", "expected the smaller one of the two first"


class DofConfig(Table):
    use: bool
    fstop: Annotated[float, Between(0.01, 1000)]


class LocationMode(StrEnum):
    RANDOM = "random"
    QUASI_RANDOM = "quasi_random"
    UNIFORM = "uniform"
    FIBONACCI = "fibonacci"
    ORBIT = "orbit"
    SPIRAL = "spiral"
    INSIDE = "inside"
    FILE = "file"


class RadiusUnit(StrEnum):
    FIT = "fit"
    SCENE = "scene"


class PatchConfig(Table):
    """A patch of a spherical shell."""

    r_min: Positive
    r_max: Positive
    inc_min: Inclination
    inc_max: Inclination
    azi_min: Angle
    azi_max: Angle

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from in_order(self, "r_min", "r_max")
        yield from in_order(self, "inc_min", "inc_max")
        yield from in_order(self, "azi_min", "azi_max")
        if self.azi_max - self.azi_min > 2 * math.pi + 1e-9:
            yield "azi_max", "expected at most azi_min + 2*pi, which is a full circle"


class RingsConfig(Table):
    radius: Positive
    inc_start: Inclination
    inc_stop: Inclination
    inc_step: Annotated[Angle, Above(0)]

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from in_order(self, "inc_start", "inc_stop")
        if (self.inc_stop - self.inc_start) / self.inc_step > 10000:
            yield "inc_step", "expected a step that makes at most 10000 rings"


class FibonacciConfig(Table):
    radius: Positive
    inc_min: Inclination
    inc_max: Inclination

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from in_order(self, "inc_min", "inc_max")


class OrbitConfig(Table):
    radius: Positive
    inclination: Inclination
    azi_start: Angle
    turns: Turns


class SpiralConfig(Table):
    r_start: Positive
    r_stop: Positive
    inc_start: Inclination
    inc_stop: Inclination
    azi_start: Angle
    turns: Turns


class InsideConfig(Table):
    box_min: tuple[Share, Share, Share]
    box_max: tuple[Share, Share, Share]
    inc_min: Inclination
    inc_max: Inclination
    azi_spread: Annotated[Angle, Between(0, math.pi)]

    def problems(self) -> Iterator[tuple[str, str]]:
        if any(low > high for low, high in zip(self.box_min, self.box_max, strict=True)):
            yield "box_max", "expected no component below that of box_min"
        yield from in_order(self, "inc_min", "inc_max")


class FileConfig(Table):
    path: str


class LocationConfig(Table):
    mode: LocationMode
    radius_unit: RadiusUnit
    min_angle_deg: Annotated[float, Between(0, 180)]
    random: PatchConfig
    quasi_random: PatchConfig
    uniform: RingsConfig
    fibonacci: FibonacciConfig
    orbit: OrbitConfig
    spiral: SpiralConfig
    inside: InsideConfig
    file: FileConfig

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.mode is LocationMode.FILE and not self.file.path:
            yield "file.path", 'expected a path, because camera.location.mode is "file"'


class JitterConfig(Table):
    target: NonNegative
    roll: Annotated[Angle, Between(0, math.pi)]


class StereoConfig(Table):
    use: bool
    baseline: Positive


class ChecksConfig(Table):
    outside_geometry: bool
    margin: NonNegative
    min_coverage: Share
    max_cut_off: Share
    attempts: Annotated[int, Between(1, 100000)]


class CameraConfig(Table):
    target: Vector3 | Literal["center"]
    sensor_width: Annotated[float, Between(1, 1000)]
    sensor_height: Annotated[float, Between(1, 1000)]
    sensor_fit: SensorFit
    clip_start: Annotated[float, AtLeast(1e-6)] | Literal["auto"]
    clip_end: Annotated[float, AtLeast(1e-6)] | Literal["auto"]
    lens: LensConfig
    dof: DofConfig
    location: LocationConfig
    jitter: JitterConfig
    stereo: StereoConfig
    checks: ChecksConfig

    def problems(self) -> Iterator[tuple[str, str]]:
        start, end = self.clip_start, self.clip_end
        if isinstance(start, float) and isinstance(end, float) and start >= end:
            yield "clip_end", f"expected more than clip_start, which is {start}, found {end}"
