"""What the tests of keys read from a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from viewbatch.dataset import Dataset

Array = npt.NDArray[np.float64]


def seen(dataset: Dataset, kind: str, index: int = 0) -> Array:
    return np.asarray(dataset.view(index).read(kind), dtype=np.float64)


def light(dataset: Dataset) -> Array:
    """(H, W, 3) scene-linear."""
    return seen(dataset, "linear")[..., :3]


def corner(dataset: Dataset) -> float:
    """Brightness in the image's upper left."""
    return float(light(dataset)[1, 1].mean())


def brightness(dataset: Dataset) -> float:
    return float(light(dataset).mean())


def middle(dataset: Dataset) -> float:
    height, width = light(dataset).shape[:2]
    return float(light(dataset)[height // 2, width // 2].mean())


def levels(dataset: Dataset) -> npt.NDArray[Any]:
    with Image.open(dataset.view(0).path("render")) as image:
        return np.asarray(image)


def drawn(dataset: Dataset, name: str) -> list[Any]:
    return [view.record.camera.drawn[name] for view in dataset.views]


def lamps(dataset: Dataset, name: str) -> Array:
    return np.array([lamp[name] for lamp in drawn(dataset, "lamps")[0]])


def lamp_places(dataset: Dataset) -> Array:
    """(n, 3) from the target's centre, in units of its bounding radius."""
    bounds = dataset.record.bounds
    return (lamps(dataset, "location_m") - bounds.center) / bounds.radius


def centers(dataset: Dataset) -> Array:
    """(n, 3) where the cameras stand, in world."""
    return np.array([view.camera.center_in_world for view in dataset.views])


def from_target(dataset: Dataset) -> Array:
    """(n, 3) where they stand from the target's centre, in world."""
    return centers(dataset) - dataset.record.bounds.center


def optical_axes(dataset: Dataset) -> Array:
    return np.array([view.camera.cam_from_world[2, :3] for view in dataset.views])


def intrinsics(dataset: Dataset) -> Any:
    return dataset.view(0).camera.intrinsics


def near(actual: object, expected: object, rel: float = 1e-5) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rel, atol=rel)


def on_body(dataset: Dataset, kind: str) -> Array:
    """(n, C) pixels of the cube without material."""
    return seen(dataset, kind)[seen(dataset, "mask") == 1]


def ground(dataset: Dataset) -> npt.NDArray[np.bool_]:
    return (seen(dataset, "mask") == 0) & (seen(dataset, "depth") > 0)
