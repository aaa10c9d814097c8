"""Kinds of values that several tables share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from viewbatch._decode import Angle, Between, NonNegative

Inclination = Annotated[Angle, Between(0, math.pi)]
Share = Annotated[float, Between(0, 1)]
Color = tuple[NonNegative, NonNegative, NonNegative]
Reflectance = tuple[Share, Share, Share]


class Draw(StrEnum):
    """How often something is drawn at random."""

    DATASET = "dataset"
    VIEW = "view"


def in_order(config: object, low: str, high: str) -> Iterator[tuple[str, str]]:
    """The problem of a pair of keys whose second value is below the first."""
    below, above = getattr(config, low), getattr(config, high)
    if below > above:
        yield high, f"expected at least {low}, which is {below:.6g}, found {above:.6g}"
