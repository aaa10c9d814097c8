"""[camera.lens]: the focal length where it is drawn for each view."""

from __future__ import annotations

from viewbatch.config.camera import LensConfig
from viewbatch.sampling.streams import Stream, between, numbers, stream


def draw_focal_length(config: LensConfig, seed: int, index: int) -> float:
    """Millimetres of view `index`: the one that is configured, or uniform between the two."""
    if not isinstance(config.focal_length, tuple):
        return config.focal_length
    low, high = config.focal_length
    (t,) = numbers(stream(seed, Stream.LENS, index), 1)
    return between(low, high, t)
