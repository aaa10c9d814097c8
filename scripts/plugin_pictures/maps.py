"""Pictures of maps and colour images: each takes the subject, and gives (H, W, 3) sRGB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.plugin_pictures.overlay import beside, caption, color_bar, legend, stack
from scripts.plugin_pictures.raster import Mask
from scripts.plugin_pictures.subject import AXES, WIDTH_PX, Subject, color_of_id, small
from scripts.shared.pictures import NOTHING, Rgb, read_image, srgb_from_linear, to_rgb


def depth(subject: Subject) -> Rgb:
    """Near is bright; the bar below has the depths of its ends."""
    values = subject.map("depth")
    near, far = (float(x) for x in np.percentile(values[values > 0], (1, 99)))
    ramp = np.linspace(near, far, WIDTH_PX, dtype=np.float32)[None]
    bar, picture = (
        to_rgb(image, background=NOTHING, depth_range_m=(near, far)) for image in (ramp, values)
    )
    return stack(small(picture, smooth=False), color_bar(bar, f"{near:.1f} m", f"{far:.1f} m"))


def mask(subject: Subject) -> Rgb:
    """A colour for each object."""
    return _ids(subject, "mask", {o.id: o.name for o in subject.dataset.record.objects})


def semantic(subject: Subject) -> Rgb:
    """A colour for each category."""
    return _ids(subject, "semantic", _numbered(subject.dataset.record.categories))


def material(subject: Subject) -> Rgb:
    """A colour for each material."""
    return _ids(subject, "material", _numbered(subject.dataset.record.materials))


def normal(subject: Subject) -> Rgb:
    """Red, green and blue are the axes, from -1 to 1."""
    values = subject.map("normal").astype(np.float32)
    picture = small(to_rgb(values, background=NOTHING), smooth=False)
    return stack(picture, _axes())


def position(subject: Subject) -> Rgb:
    """Red, green and blue are the axes, each over the range of this view."""
    values = subject.map("position")
    there = (values != 0).any(axis=-1)
    low, high = values[there].min(axis=0), values[there].max(axis=0)
    color = (values - low) / np.maximum(high - low, 1e-12)
    picture = small(_where(there, np.clip(color, 0, 1) * 255), smooth=False)
    return stack(picture, _axes())


def uv(subject: Subject) -> Rgb:
    """Red is u and green is v, from 0 to 1."""
    values = subject.map("uv")
    color = np.zeros_like(values)
    color[..., :2] = values[..., :2] % 1 * 255
    picture = small(_where(values[..., 2] > 0, color), smooth=False)
    return stack(picture, legend(WIDTH_PX, [("u", AXES[0]), ("v", AXES[1])]))


def albedo(subject: Subject) -> Rgb:
    """The base colour in sRGB."""
    values = subject.map("albedo").astype(np.float32)
    there = (values != 0).any(axis=-1)
    return small(_where(there, srgb_from_linear(values) * 255))


def linear(subject: Subject) -> Rgb:
    """The same image two stops darker and one brighter."""
    values = subject.map("linear").astype(np.float32)
    darker, brighter = (
        to_rgb(values * np.array([factor] * 3 + [1], np.float32), background=(255, 255, 255))
        for factor in (1 / 4, 2)
    )
    width = WIDTH_PX * 3 // 4
    return beside(
        stack(small(darker, width=width), caption(width, "2 stops darker")),
        stack(small(brighter, width=width), caption(width, "1 stop brighter")),
    )


def masked(subject: Subject) -> Rgb:
    """Over a checkerboard, as image editors show what is clear."""
    levels = read_image(subject.view.path("masked")).astype(np.float32)
    alpha = levels[..., 3:] / 255
    rows, columns = np.indices(levels.shape[:2]) // max(1, round(10 / subject.scale))
    board = np.where((rows + columns) % 2, 255, 205)[..., None]
    return small(np.round(levels[..., :3] * alpha + board * (1 - alpha)).astype(np.uint8))


def _where(there: Mask, levels: npt.NDArray[np.floating[Any]]) -> Rgb:
    picture: Rgb = np.round(np.where(there[..., None], levels, np.array(NOTHING))).astype(np.uint8)
    return picture


def _ids(subject: Subject, kind: str, name_of: dict[int, str]) -> Rgb:
    ids = subject.map(kind)
    entries = [(name_of[i], color_of_id(i)) for i in map(int, np.unique(ids)) if i]
    picture = small(to_rgb(ids, background=NOTHING), smooth=False)
    return stack(picture, legend(WIDTH_PX, entries))


def _numbered(names: Sequence[str]) -> dict[int, str]:
    return dict(enumerate(names, start=1))


def _axes() -> Rgb:
    return legend(WIDTH_PX, list(zip("xyz", AXES, strict=True)))
