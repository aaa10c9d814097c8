"""Configurations of cameras, and scenes to plan them in, whose every number is its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from viewbatch import sources
from viewbatch._decode import decode
from viewbatch.config.camera import CameraConfig
from viewbatch.config.scene import RandomLightConfig
from viewbatch.geometry import Bounds
from viewbatch.sampling import Plan, Reject, Surroundings

BOUNDS = Bounds(minimum=(-1.0, 2.0, 3.0), maximum=(5.0, 4.0, 4.5), radius=3.5)
TARGET = (2.5, 2.75, 3.5)
"""Another point than the box's centre, as `camera.target` may name one."""
FRAME_PX = (97, 61)


def camera(*overrides: str, mode: str = "random") -> CameraConfig:
    """The default `[camera]` with a mode, and keys set as by `--set`, without `camera.`."""
    texts = [f"location.mode={mode}", *overrides]
    return _table(CameraConfig, "camera", texts)


def random_light(*overrides: str) -> RandomLightConfig:
    """The default `[light.random]` with keys set as by `--set`, without `light.random.`."""
    return _table(RandomLightConfig, "light.random", overrides)


def _table(kind: type[Any], path: str, overrides: list[str] | tuple[str, ...]) -> Any:
    found = sources.load(None, [f"{path}.{text}" for text in overrides], Path("/nonexistent"))
    table: Any = found.tree
    for name in path.split("."):
        table = table[name]
    problems: list[str] = []
    config = decode(kind, table, path, problems)
    assert (problems, found.problems) == ([], ())
    return config


def around(unit_m: Callable[[int], float] = lambda _: 2.0) -> Surroundings:
    """The scene of these tests."""
    return Surroundings(target=TARGET, bounds=BOUNDS, unit_m=unit_m, frame_px=FRAME_PX)


def plan(config: CameraConfig, number: int, seed: int = 0, **reject: Reject) -> Plan:
    """A plan in the scene of these tests."""
    return Plan(config, seed, number, around(), **reject)
