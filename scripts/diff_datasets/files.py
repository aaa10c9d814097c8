"""Two files of one kind: equal byte for byte, or how far apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.diff_datasets import measures
from scripts.diff_datasets.measures import Measured, unequal
from scripts.diff_datasets.tolerances import Tolerances
from scripts.shared.pictures import SUFFIXES, read_image, srgb_from_linear
from scripts.shared.views import read_map
from viewbatch.dataset import Dataset, View
from viewbatch.dataset.ply import read_vertices
from viewbatch.errors import DatasetError

Pixels = npt.NDArray[Any]

# What the float32 and half maps of a view are; other maps of whole numbers are ids.
_DEPTHS = frozenset({"depth", "distance"})
_LINEAR = frozenset({"render", "linear", "noisy", "albedo"})
_ID_PICTURES = frozenset({"mask_png"})

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A view that both datasets have."""

    a: View
    b: View
    offset_m: tuple[float, float, float]
    """Of the first dataset's positions."""
    radius_m: float


def same_bytes(a: Path, b: Path) -> bool:
    """Whether two files are equal byte for byte; raises `DatasetError` where one is missing."""
    for path in (a, b):
        if not path.is_file():
            raise DatasetError(
                f"{path} is missing; the command that made the dataset makes its view again"
            )
    if a.stat().st_size != b.stat().st_size:
        return False
    with a.open("rb") as one, b.open("rb") as other:
        while block := one.read(_BLOCK):
            if block != other.read(_BLOCK):
                return False
    return True


def compare_kind(pair: Pair, kind: str, tolerances: Tolerances) -> Measured | None:
    """The files of one kind of a view; None where they are equal byte for byte."""
    a, b = pair.a.path(kind), pair.b.path(kind)
    if same_bytes(a, b):
        return None
    suffixes = {a.suffix, b.suffix}
    if suffixes == {".exr"}:
        return _exr(pair, kind, tolerances)
    if suffixes <= SUFFIXES:
        levels = (_levels(pair.a, kind), _levels(pair.b, kind))
        if kind in _ID_PICTURES:
            return _shapes(*levels) or measures.ids(*levels, tolerances)
        displayed = (_display(levels[0]), _display(levels[1]))
        return _shapes(*displayed) or measures.colors(*displayed, tolerances)
    return _other(a, b, pair.radius_m, tolerances)


def compare_file(a: Dataset, b: Dataset, name: str, tolerances: Tolerances) -> Measured | None:
    """A file of the whole dataset; None where both are equal byte for byte."""
    one, other = a.folder / name, b.folder / name
    if same_bytes(one, other):
        return None
    return _other(one, other, a.record.bounds.radius, tolerances)


def _exr(pair: Pair, kind: str, tolerances: Tolerances) -> Measured:
    a, b = read_map(pair.a, kind), read_map(pair.b, kind)
    quantities = [view.header(kind).quantity for view in (pair.a, pair.b)]
    if quantities[0] != quantities[1]:
        return unequal(f"one holds {quantities[0]}, the other {quantities[1]}")
    wrong = _shapes(a, b)
    if wrong is not None:
        return wrong
    if a.dtype.kind == b.dtype.kind == "u":
        return measures.ids(a, b, tolerances)
    if kind in _DEPTHS:
        return measures.depths(a, b, tolerances)
    if kind == "position":
        center = pair.a.camera.center_in_world - np.array(pair.offset_m)
        return measures.positions(a, b, center, tolerances)
    if kind == "normal":
        return measures.normals(a, b, tolerances)
    if kind in _LINEAR:
        return measures.colors(_from_linear(a), _from_linear(b), tolerances)
    return measures.numbers(a, b, tolerances)


def _other(a: Path, b: Path, radius_m: float, tolerances: Tolerances) -> Measured:
    """Points and numbers as text by their values; what else there is by its bytes."""
    suffixes = {a.suffix, b.suffix}
    if suffixes == {".ply"}:
        p, q = _points(a), _points(b)
        if len(p) != len(q):
            return unequal(f"{len(p)} and {len(q)} points")
        found = measures.numbers(p, q, tolerances, scale=radius_m, unit="m", items="points")
        return replace(found, words=f"{found.words} (their colours and normals are not compared)")
    if suffixes == {".txt"}:
        v, w = _values(a), _values(b)
        if v is not None and w is not None:
            if len(v) != len(w):
                return unequal(f"{len(v)} and {len(w)} numbers")
            return measures.numbers(v, w, tolerances, items="numbers")
    return unequal("their bytes differ")


def _shapes(a: Pixels, b: Pixels) -> Measured | None:
    if a.shape == b.shape:
        return None
    return unequal(f"one has {_size(a)}, the other {_size(b)}")


def _size(pixels: Pixels) -> str:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    noun = "channel" if channels == 1 else "channels"
    return f"{pixels.shape[1]}x{pixels.shape[0]} pixels of {channels} {noun}"


def _levels(view: View, kind: str) -> Pixels:
    path = view.path(kind)
    if path.suffix == ".exr":  # the other one is not
        return _from_linear(read_map(view, kind))
    return read_image(path)


def _display(levels: Pixels) -> Pixels:
    """0 to 1, premultiplied: the colour of what is clear means nothing."""
    values = levels.astype(np.float64)
    if levels.dtype.kind == "u":
        values /= np.iinfo(levels.dtype).max
        if values.ndim == 3 and values.shape[2] == 4:
            values[..., :3] *= values[..., 3:]
    return values


def _from_linear(linear: Pixels) -> Pixels:
    values = np.nan_to_num(linear.astype(np.float64))
    if values.ndim == 3 and values.shape[2] == 4:
        alpha = np.clip(values[..., 3:], 0.0, 1.0)
        return np.concatenate([srgb_from_linear(values[..., :3]), alpha], axis=-1)
    return np.asarray(srgb_from_linear(values))


def _points(path: Path) -> npt.NDArray[np.float64]:
    vertices = read_vertices(path)
    return np.stack([vertices[axis].astype(np.float64) for axis in "xyz"], axis=-1)


def _values(path: Path) -> npt.NDArray[np.float64] | None:
    try:
        return np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    except ValueError:
        return None
