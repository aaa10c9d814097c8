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

from viewbatch.errors import PluginError


class Pass(StrEnum):
    """A rendered map. Arrays have row 0 on top; frames and units are in the comments.

    Normals are those of the geometry, whatever the material: no bump or normal map turns
    them. They are of the side that is seen: a flat face has the normal of its plane, which
    faces the camera; a smooth one has a mixture of those at its corners, which near an
    outline may turn away (measured on seven models: in 0 to 0.2 % of the pixels). What a
    material displaces has the normals of the displaced mesh, of its faces where it adds a
    bump as well.
    """

    COLOR = "color"  # (H, W, 4) float32, scene-linear, premultiplied alpha
    NOISY_COLOR = "noisy_color"  # the same before denoising
    MASKED_COLOR = "masked_color"  # the same, of the objects with an id alone, background clear
    DEPTH = "depth"  # (H, W) float32, planar z in metres, 0 = no surface
    OBJECT_ID = "object_id"  # (H, W) uint32, 0 = nothing that has an id
    NORMAL = "normal"  # (H, W, 3) float32, world, unit length, 0 = no surface; see above
    POSITION = "position"  # (H, W, 3) float32, world minus the model's offset, metres, 0 = none
    ALBEDO = "albedo"  # (H, W, 3) float32, linear base colour without light, 0 = no surface
    UV = "uv"  # (H, W, 3) float32, texture coordinates u v and 1; 0 0 0 without a map or a surface
    MATERIAL_ID = "material_id"  # (H, W) uint32, 0 = no material, or as in OBJECT_ID


COLORS = frozenset({Pass.COLOR, Pass.NOISY_COLOR, Pass.MASKED_COLOR})
GROUND_TRUTH = frozenset(Pass) - COLORS

Frame = Mapping[Pass, npt.NDArray[Any]]
"""The passes of one view by name, all of one size, read-only."""


class RenderedFrame(dict[Pass, npt.NDArray[Any]]):
    """A frame that says what to do where a plugin asks it for a pass that was not rendered."""

    def __missing__(self, key: object) -> npt.NDArray[Any]:
        name = f"Pass.{key.name}" if isinstance(key, Pass) else repr(key)
        raise PluginError(f"{name} is not among its passes; add it there")
