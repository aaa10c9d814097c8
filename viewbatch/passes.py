"""What can be asked of a render, and what a render gives back.

Two renders make a view: the colour render, with the user's engine and samples, and
the ground-truth render, whose single sample goes through every pixel's centre. Every
pass but colour comes from the latter, so depth, ids, normals and positions agree in
every pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy.typing as npt


class Pass(StrEnum):
    """A rendered map. Arrays have row 0 on top; frames and units are in the comments."""

    COLOR = "color"  # (H, W, 4) float32, scene-linear, premultiplied alpha
    DEPTH = "depth"  # (H, W) float32, planar z in metres, 0 = no surface
    OBJECT_ID = "object_id"  # (H, W) uint32, 0 = background, excluded object or ground
    NORMAL = "normal"  # (H, W, 3) float32, world, unit length towards the camera, 0 = none
    POSITION = "position"  # (H, W, 3) float32, world, metres, 0 = no surface


GROUND_TRUTH = frozenset(Pass) - {Pass.COLOR}

Frame = Mapping[Pass, npt.NDArray[Any]]
"""The passes of one view by name, all of one size, read-only."""
