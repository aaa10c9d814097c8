"""Random numbers: a stream for every purpose of every view, independent of all others."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is for. Values are part of the results: never reuse."""

    POSE = 0
    CYCLES = 1
    SEQUENCE_SHIFT = 2
    JITTER = 3
    LENS = 4
    LIGHTS = 5
    WORLD = 6
    SECOND_NOISE = 7
    PILOT = 8


def stream(seed: int, purpose: Stream, index: int = 0) -> np.random.Generator:
    """The random numbers of view `index` for one purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, purpose, index))))


def numbers(generator: np.random.Generator, count: int) -> list[float]:
    """The next `count` numbers of a stream, uniform in [0, 1)."""
    return [float(number) for number in generator.random(count)]


def between(low: float, high: float, t: float) -> float:
    """From `low` at t = 0 to `high` at t = 1."""
    return low + (high - low) * t


def cycles_seed(seed: int, index: int) -> int:
    """The seed of a view's Cycles noise: without one per view, all share one pattern."""
    return _noise(seed, Stream.CYCLES, index)


def second_cycles_seed(seed: int, index: int) -> int:
    """The seed of other noise of the same view, to be compared with the first."""
    return _noise(seed, Stream.SECOND_NOISE, index)


def pilot_cycles_seeds(seed: int, index: int) -> tuple[int, int, int]:
    """Seeds of three images of one view whose noises have nothing to do with each other."""
    first, second, third = stream(seed, Stream.PILOT, index).integers(0, 2**31 - 1, 3).tolist()
    return first, second, third


def _noise(seed: int, purpose: Stream, index: int) -> int:
    return int(stream(seed, purpose, index).integers(0, 2**31 - 1))
