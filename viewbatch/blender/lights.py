"""Lamps. Their sizes, distances and powers follow the size of the target.

Lamps are made once; from view to view only their numbers change. That costs nothing in 4.2;
4.5 and 5.0 build their acceleration structure anew (0.2 to 0.4 s a million triangles).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, assert_never

import bpy

from viewbatch.blender.camera import BlenderPose, aimed
from viewbatch.config.scene import (
    CameraLightConfig,
    LightConfig,
    LightMode,
    LightType,
    RandomLightConfig,
    ThreePointLightConfig,
    UniformLightConfig,
)
from viewbatch.config.values import Draw
from viewbatch.geometry import Bounds, spherical_direction
from viewbatch.geometry.transforms import Vector3, added
from viewbatch.sampling.lights import LampDraw, draw_lamps


class Lights:
    """The configured lamps around the target; `prepare` sets those that a view changes."""

    def __init__(
        self,
        scene: Any,
        config: LightConfig,
        seed: int,
        bounds: Bounds,
        offset: Vector3 = (0.0, 0.0, 0.0),
    ) -> None:
        """`bounds` are those of the target in the scene, whose origin is `offset` in world."""
        self._offset = offset
        self._config = config
        self._seed = seed
        self._bounds = bounds
        self._lamps: list[Any] = []
        match config.mode:
            case LightMode.UNIFORM:
                self._add_rings(scene, config.uniform)
            case LightMode.RANDOM:
                for _ in range(config.random.amount_max):
                    self._add(scene, self._data(config.random.type, config.random.size))
                self._place_drawn(config.random, 0)
            case LightMode.THREE_POINT:
                self._add_three(scene, config.three_point)
            case LightMode.CAMERA:
                self._add(scene, self._data(config.camera.type, config.camera.size))
            case LightMode.NONE:
                pass
            case _:
                assert_never(config.mode)

    def drawn(self, index: int) -> dict[str, Any]:
        """What was drawn for a view, for its record."""
        if self._config.mode is not LightMode.RANDOM:
            return {}
        config = self._config.random
        quantity = "irradiance_w_m2" if config.type is LightType.SUN else "energy_w"
        return {
            "lamps": [
                {
                    "location_m": list(
                        added(self._pose(draw.direction, draw.radius).location, self._offset)
                    ),
                    quantity: self._energy(config.type, draw.energy, draw.radius),
                    "color": list(draw.color),
                }
                for draw in self._draws(config, index)
            ]
        }

    def prepare(self, index: int, camera_pose: BlenderPose) -> None:
        """Make the lamps those of a view."""
        config = self._config
        if config.mode is LightMode.RANDOM and config.random.draw is Draw.VIEW:
            self._place_drawn(config.random, index)
        elif config.mode is LightMode.CAMERA:
            self._move_with(config.camera, camera_pose)

    def _add_rings(self, scene: Any, config: UniformLightConfig) -> None:
        data = self._data(config.type, config.size)
        for ring, inclination in enumerate(config.inclinations):
            for i in range(config.amount):
                # Every second ring is turned by half a step, so that lamps do not line up.
                azimuth = 2 * math.pi * (i + 0.5 * (ring % 2)) / config.amount
                lamp = self._add(scene, data)
                direction = spherical_direction(inclination, azimuth)
                self._set(lamp, config, config.energy, direction, config.radius)

    def _add_three(self, scene: Any, config: ThreePointLightConfig) -> None:
        for factor, inclination, turn in (
            (1.0, math.pi / 4, 0.0),
            (config.fill, math.pi / 3, 1 / 4),
            (config.back, math.pi / 4, -3 / 8),
        ):
            lamp = self._add(scene, self._data(config.type, config.size))
            direction = spherical_direction(inclination, config.azimuth + turn * math.tau)
            self._set(lamp, config, factor * config.energy, direction, config.radius)

    def _draws(self, config: RandomLightConfig, index: int) -> Sequence[LampDraw]:
        return draw_lamps(config, self._seed, index)

    def _place_drawn(self, config: RandomLightConfig, index: int) -> None:
        draws = self._draws(config, index)
        for lamp, draw in zip(self._lamps, draws, strict=False):
            self._set(lamp, config, draw.energy, draw.direction, draw.radius)
            lamp.data.color = draw.color
        for lamp in self._lamps[len(draws) :]:
            lamp.data.energy = 0.0

    def _move_with(self, config: CameraLightConfig, pose: BlenderPose) -> None:
        [lamp] = self._lamps
        radius_m, center = self._bounds.radius, self._bounds.center
        world_from_cam = pose.cam_from_world[:3, :3].T
        x, y, z = (
            at + radius_m * sum(float(r) * o for r, o in zip(row, config.offset, strict=True))
            for at, row in zip(pose.location, world_from_cam, strict=True)
        )
        distance = math.dist((x, y, z), center) / radius_m
        # On the centre itself there is nothing to aim at: it shines where the camera looks.
        lamp_pose = aimed((x, y, z), center) if distance > 0 else pose
        lamp_pose.place(lamp)
        # The irradiance of a SUN would have no limit.
        distance = max(distance, 1e-3)
        self._shine(lamp.data, config.type, config.energy, distance, config.size)

    def _pose(self, direction: Vector3, radius: float) -> BlenderPose:
        """`radius` bounding radii from the target's centre, aimed at it."""
        distance = radius * self._bounds.radius
        center = self._bounds.center
        x, y, z = (c + distance * d for c, d in zip(center, direction, strict=True))
        return aimed((x, y, z), center)

    def _set(
        self,
        lamp: Any,
        config: UniformLightConfig | RandomLightConfig | ThreePointLightConfig,
        energy: float,
        direction: Vector3,
        radius: float,
    ) -> None:
        self._pose(direction, radius).place(lamp)
        self._shine(lamp.data, config.type, energy, radius, config.size)

    def _shine(self, data: Any, kind: LightType, energy: float, radius: float, size: float) -> None:
        """Set what depends on the lamp's energy and on its distance in bounding radii."""
        data.energy = self._energy(kind, energy, radius)
        if kind is LightType.SPOT:
            # Wide enough for the bounding sphere from everywhere on the lamp, with room for
            # the soft edge.
            data.spot_size = min(math.pi, 2.4 * math.asin(min(1.0, (1 + size) / max(radius, 1.0))))

    def _energy(self, kind: LightType, energy: float, radius: float) -> float:
        """Blender's energy of a lamp that lights the target as an AREA lamp of `energy` does.

        At a distance d an AREA lamp of P watts, which shines to one side by Lambert's law,
        gives P / (pi d^2) on its axis; a POINT, and a SPOT within its cone, P / (4 pi d^2). A
        SUN's energy is that irradiance itself.
        """
        match kind:
            case LightType.AREA:
                # Light falls off with the square of the distance, which grows with the target.
                return energy * self._bounds.radius**2
            case LightType.POINT | LightType.SPOT:
                return 4 * energy * self._bounds.radius**2
            case LightType.SUN:
                return energy / (math.pi * radius**2)
            case _:
                assert_never(kind)

    def _add(self, scene: Any, data: Any) -> Any:
        lamp = bpy.data.objects.new("viewbatch.lamp", data)
        scene.collection.objects.link(lamp)
        self._lamps.append(lamp)
        return lamp

    def _data(self, kind: LightType, size: float) -> Any:
        """A lamp's data with its size; `size` is in bounding radii, or an angle (SUN)."""
        data = bpy.data.lights.new("viewbatch.lamp", type=kind)
        size_m = size * self._bounds.radius
        match kind:
            case LightType.POINT:
                data.shadow_soft_size = size_m
            case LightType.AREA:
                data.shape = "SQUARE"
                # Of size 0 it would shed no light at all.
                data.size = max(size_m, 1e-3 * self._bounds.radius)
            case LightType.SPOT:
                data.shadow_soft_size = size_m
                data.spot_blend = 0.15
            case LightType.SUN:
                data.angle = min(size, math.pi)
            case _:
                assert_never(kind)
        return data
