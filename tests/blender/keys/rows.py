"""What the rows of the table of keys are made of.

A row names what a change of one key changes in a dataset: every other value of its records,
and every other file, is equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from tests.blender.keys.effects import Show

COLOR = {"render", "linear"}
FILE = {"render"}
MAPS = {"depth", "mask", "normal", "albedo"}
IMAGES = COLOR | MAPS
POSE = {"cam_from_world", "drawn"}
MOVED = IMAGES | POSE
PLACED = MOVED | {"bounds", "objects"}
FRAME = {"width", "height", "fx", "fy", "cx", "cy"}
FOLLOWS = {"coverage", "depth_range_m", "near_m", "far_m"}
"""What follows from other values; only a row that names it says that it differs."""


@dataclass(frozen=True)
class Change:
    """What another value of a key changes."""

    value: str
    """As TOML."""
    changes: Set[str]
    """Names of the files (by kind) and of the values in records that must differ."""
    base: Sequence[str] = ()
    """Settings with which the key matters."""
    shows: Show | None = None
    """Asserts how, of the dataset with `base` alone and of the one with the changed key."""
    may: Set[str] = frozenset()
    """What may differ or not, by rounding or since it follows."""
    model: str = "pair"
    views: int = 1
    opengl: bool = False


@dataclass(frozen=True)
class Message:
    """What another value of a key makes of what the user is told.

    Regular expressions of the whole message; "" where a dataset is made, by the CPU.
    """

    value: str
    before: str
    after: str
    base: Sequence[str] = ()
    without_gpu: bool = False
    """Whether it is so only on a machine without a GPU."""


@dataclass(frozen=True)
class Choice:
    """Which of three GPUs another value chooses, by their numbers."""

    value: str
    before: Sequence[int]
    after: Sequence[int]


Row = Change | Message | Choice
