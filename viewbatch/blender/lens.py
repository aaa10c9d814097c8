"""Lens, sensor and frame in the numbers that Blender holds, and their intrinsics.

Blender has no camera matrix: it has a focal length and a sensor in millimetres, a shift, a
size in pixels and a pixel's aspect, most of them float32. A `Lens` is what Blender can hold,
and its intrinsics, in closed form, are what is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

import numpy as np

from viewbatch.config.camera import CameraConfig, LensMode, SensorFit
from viewbatch.config.render import RenderConfig
from viewbatch.geometry import Intrinsics


@dataclass(frozen=True, kw_only=True)
class Lens:
    """A lens and its frame; every number is a float32, or an integer."""

    width: int
    height: int
    focal_length_mm: float
    sensor_width_mm: float
    sensor_height_mm: float
    sensor_fit: SensorFit
    shift_x: float
    shift_y: float
    pixel_aspect_x: float
    pixel_aspect_y: float

    @classmethod
    def configured(cls, camera: CameraConfig, render: RenderConfig, focal_length_mm: float) -> Lens:
        """The lens of `[camera]` and `[render]`, with a focal length that may be drawn."""
        if camera.lens.mode is LensMode.INTRINSICS:
            wanted = camera.lens.intrinsics
            return cls.nearest(
                Intrinsics(
                    width=wanted.width,
                    height=wanted.height,
                    fx=wanted.fx,
                    fy=wanted.fy,
                    cx=wanted.cx,
                    cy=wanted.cy,
                )
            )
        if camera.lens.mode is LensMode.FIELD_OF_VIEW:
            vertical = camera.sensor_fit is SensorFit.VERTICAL
            sensor = camera.sensor_height if vertical else camera.sensor_width
            focal_length_mm = sensor / 2 / math.tan(camera.lens.field_of_view / 2)
        # Blender's focal length is at least 1 mm; only its ratio to the sensor counts.
        scale = max(1.0, 1 / focal_length_mm)
        return cls(
            width=render.width,
            height=render.height,
            focal_length_mm=_float32(focal_length_mm * scale),
            sensor_width_mm=_float32(camera.sensor_width * scale),
            sensor_height_mm=_float32(camera.sensor_height * scale),
            sensor_fit=camera.sensor_fit,
            shift_x=_float32(camera.lens.shift_x),
            shift_y=_float32(camera.lens.shift_y),
            pixel_aspect_x=_float32(render.pixel_aspect_x),
            pixel_aspect_y=_float32(render.pixel_aspect_y),
        )

    @classmethod
    @cache
    def nearest(cls, intrinsics: Intrinsics) -> Lens:
        """The lens whose intrinsics are nearest to these."""
        k = intrinsics
        ratio, aspect = k.fx / k.width, k.fy / k.fx
        # Blender's focal length is at least 1 mm, and so are the sides of its pixels.
        focal_length, sensor = _quotient(ratio, max(36.0, 1.0 / ratio))
        aspect_x, aspect_y = _quotient(aspect, max(1.0, 1.0 / aspect))
        return cls(
            width=k.width,
            height=k.height,
            focal_length_mm=focal_length,
            sensor_width_mm=sensor,
            sensor_height_mm=24.0,
            sensor_fit=SensorFit.HORIZONTAL,
            shift_x=_float32((k.width / 2 - k.cx) / k.width),
            shift_y=_float32((k.cy - k.height / 2) / (k.width * aspect)),
            pixel_aspect_x=aspect_x,
            pixel_aspect_y=aspect_y,
        )

    @property
    def intrinsics(self) -> Intrinsics:
        """Focal lengths and principal point in pixels.

        Blender takes the aspect of the frame from its size in whole pixels. The sensor's
        size belongs to the frame's longer side (AUTO) or to the named one; the lens shift
        is in units of that side, in both axes; a pixel is `pixel_aspect_x / pixel_aspect_y`
        as wide as high.
        """
        width, height = self.width, self.height
        aspect = self.pixel_aspect_x / self.pixel_aspect_y
        match self.sensor_fit:
            case SensorFit.AUTO:
                # Blender takes sensor_width for the longer side, whichever it is.
                horizontal, sensor = width * aspect >= height, self.sensor_width_mm
            case SensorFit.HORIZONTAL:
                horizontal, sensor = True, self.sensor_width_mm
            case SensorFit.VERTICAL:
                horizontal, sensor = False, self.sensor_height_mm
            case _:
                assert_never(self.sensor_fit)
        if horizontal:
            fx = self.focal_length_mm / sensor * width
            fy = fx * aspect
            shift_u, shift_v = self.shift_x * width, self.shift_y * width * aspect
        else:
            fy = self.focal_length_mm / sensor * height
            fx = fy / aspect
            shift_u, shift_v = self.shift_x * height / aspect, self.shift_y * height
        return Intrinsics(
            width=width,
            height=height,
            fx=fx,
            fy=fy,
            cx=width / 2 - shift_u,
            cy=height / 2 + shift_v,
        )

    def apply(self, scene: Any) -> None:
        """Give a scene and its camera this lens and frame."""
        render, data = scene.render, scene.camera.data
        render.resolution_x, render.resolution_y = self.width, self.height
        render.resolution_percentage = 100
        render.pixel_aspect_x, render.pixel_aspect_y = self.pixel_aspect_x, self.pixel_aspect_y
        data.type = "PERSP"
        data.lens_unit = "MILLIMETERS"
        data.sensor_fit = self.sensor_fit
        data.sensor_width, data.sensor_height = self.sensor_width_mm, self.sensor_height_mm
        data.lens = self.focal_length_mm
        data.shift_x, data.shift_y = self.shift_x, self.shift_y


def _quotient(value: float, denominator: float) -> tuple[float, float]:
    """Two float32 numbers whose quotient is nearest to a value, the second near `denominator`.

    Only the ratios of focal length and sensor and of a pixel's sides count, so of many
    denominators the one is taken for which rounding spoils the quotient least.
    """
    # float32 numbers in float64, where quotients of two of them are exact enough to compare
    denominators = (denominator * (1 + np.arange(512) / 8192)).astype(np.float32).astype(float)
    numerators = (value * denominators).astype(np.float32).astype(float)
    best = int(np.argmin(np.abs(numerators / denominators - value)))
    return float(numerators[best]), float(denominators[best])


def _float32(value: float) -> float:
    return float(np.float32(value)) + 0.0
