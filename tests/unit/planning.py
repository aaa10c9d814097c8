"""Cameras whose every number is its own, scenes to plan them in, and what the plans tell."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from viewbatch import sources
from viewbatch._decode import decode
from viewbatch.config.camera import CameraConfig
from viewbatch.config.scene import RandomLightConfig
from viewbatch.geometry import Bounds
from viewbatch.sampling import Plan, PlannedView, Reject, Surroundings

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


TAU = 2 * math.pi
AROUND = ["random", "quasi_random", "uniform", "fibonacci", "orbit", "spiral"]
WITHOUT_FILE = [*AROUND, "inside"]
JITTER = ("jitter.target=0.2", "jitter.roll=0.3")


def text(view: PlannedView) -> str:
    """All of a planned view, every number to its last bit."""
    pose = view.pose
    return json.dumps(
        [pose.location, pose.rotation.tolist(), dict(pose.drawn), dict(view.rejected)]
    )


def texts(plan: Plan, indices: range) -> list[str]:
    return [text(plan(index)) for index in indices]


def angle(a: object, b: object) -> float:
    """Between two vectors, exact for small ones too."""
    return math.atan2(float(np.linalg.norm(np.cross(a, b))), float(np.dot(a, b)))


INSIDE = (
    "location.inside.box_min=[0.1, 0.5, 0.0]",
    "location.inside.box_max=[0.3, 1.0, 0.5]",
    "location.inside.inc_min=1.0",
    "location.inside.inc_max=2.5",
    "location.inside.azi_spread=0.75",
)
