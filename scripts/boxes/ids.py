"""Id maps of any maker, with the names that a dataset beside them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from compat.shared.masks import tells_objects_apart
from scripts.shared.exr import MAGIC, excerpt, first_bytes, one_map, read_channels
from scripts.shared.pictures import Rgb, read_image, to_rgb
from viewbatch.dataset import Dataset, DatasetRecord, View
from viewbatch.errors import UsageError

Ids = npt.NDArray[np.int64]

INDEX_PASSES = ("IndexOB", "Object Index")
"""Blender's pass of object indices, up to 4.5 and from 5.0."""

_GREYS = {"1", "L", "P", "I", "I;16", "I;16B"}
"""Pillow's modes of one channel of whole numbers; P are the indices of a palette."""
_BACKGROUND = (255, 255, 255)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a dataset tells of an id."""

    name: str
    category: str | None = None


@dataclass(frozen=True, kw_only=True)
class IdMap:
    """Where an id map is, and what is known of it."""

    path: Path
    channel: str | None = None
    """Of an EXR file with several."""
    image: Path | None = None
    """The colour image with the same pixels."""
    view: int | None = None
    """Index of the dataset's view."""
    known: Mapping[int, Known] = field(default_factory=dict)


def map_of_view(dataset: Dataset, view: View, kind: str) -> IdMap:
    """An id map of a dataset's view."""
    return IdMap(
        path=view.path(kind),
        image=view.path("render") if "render" in view.kinds else None,
        view=view.index,
        known=_known(dataset.record, view, kind),
    )


def map_of_file(path: Path, channel: str | None, image: Path | None) -> IdMap:
    """An id map in a file, which may be one of a dataset."""
    if channel is None and image is None and (path.parent / "dataset.json").exists():
        dataset = Dataset.open(path.parent)
        for view in dataset.views:
            for kind, file in view.record.files.items():
                if file.name == path.name:
                    return map_of_view(dataset, view, kind)
    return IdMap(path=path, channel=channel, image=image)


def read_ids(source: IdMap) -> Ids:
    """(H, W) ids, 0 = none; raises `UsageError` for what cannot be ids."""
    path = source.path
    start = first_bytes(path, "id map or dataset")
    if start.startswith(MAGIC):
        values = one_map(
            path, read_channels(path), source.channel, what="id map", names=INDEX_PASSES
        )
    else:
        values = _read_grey(path, start)
    # Blender's indices are floats.
    wrong = ~((values >= 0) & (np.floor(values) == values) & np.isfinite(values))
    if wrong.any():
        raise UsageError(
            f"{path} has the value {values[wrong][0]:g}, and ids are whole numbers from 0; name "
            "an id map, or its --channel"
        )
    return values.astype(np.int64)


def read_backdrop(source: IdMap, ids: Ids) -> Rgb:
    """(H, W, 3) colours of the same pixels: the image, else those in the file, else the ids'."""
    height, width = ids.shape
    if source.image is not None:
        picture = to_rgb(read_image(source.image), background=_BACKGROUND)
        if picture.shape[:2] != ids.shape:
            raise UsageError(
                f"{source.image} has {picture.shape[1]} x {picture.shape[0]} pixels and the id map "
                f"{source.path} {width} x {height}; name the image of the same view with --image"
            )
        return picture
    if source.path.suffix.lower() == ".exr":
        colors = read_image(source.path)
        if colors.ndim == 3 and colors.shape[:2] == ids.shape:
            return to_rgb(colors, background=_BACKGROUND)
    return to_rgb(ids.astype(np.uint32), background=_BACKGROUND)


def _read_grey(path: Path, start: bytes) -> Ids:
    try:
        with Image.open(path) as image:
            if image.mode not in _GREYS:
                raise UsageError(
                    f"{path} is a colour image ({image.mode}), and an id map has one channel; "
                    "name an EXR or PNG file with ids"
                )
            return np.asarray(image).astype(np.int64)
    except UnidentifiedImageError as error:
        raise UsageError(
            f"{path} is not an image: it starts with {excerpt(start)}; name an EXR or PNG file "
            "with ids"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise UsageError(f"{path} is damaged: {error}; name another or write it again") from error


def _known(record: DatasetRecord, view: View, kind: str) -> dict[int, Known]:
    match kind:
        case "mask" | "mask_png":
            if len(record.objects) > 1 and not tells_objects_apart(view):
                return {}
            return {o.id: Known(name=o.name, category=o.category) for o in record.objects}
        case "semantic":
            return {i: Known(name=n, category=n) for i, n in enumerate(record.categories, start=1)}
        case "material":
            return {i: Known(name=name) for i, name in enumerate(record.materials, start=1)}
        case _:
            return {}
