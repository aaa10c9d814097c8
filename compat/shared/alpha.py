"""What becomes of alpha where a format has none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from viewbatch.dataset import View


def alpha_warning(views: Sequence[View], background: float) -> list[str]:
    """For a format without alpha, where images have it: on what they are put."""
    if not any(_has_alpha(view) for view in views):
        return []
    if background == 0:
        return ["the format has no alpha, so images are put on black (--background chooses a grey)"]
    return [f"the format has no alpha, so images are put on grey of {background:g}"]


def _has_alpha(view: View) -> bool:
    path = view.path("render")
    if path.suffix == ".exr":
        return bool(np.asarray(view.read("render")).shape[-1] == 4)
    with Image.open(path) as image:
        return image.has_transparency_data
