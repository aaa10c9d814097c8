"""Ways to damage a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np


def damage(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """The bytes of a file, damaged, and what was done in words."""
    way = str(rng.choice(list(_WAYS)))
    return _WAYS[way](data, rng)


def _cut(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    length = int(rng.integers(0, len(data)))
    return data[:length], f"cut to {length} of {len(data)} bytes"


def _change(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    count = int(rng.integers(1, 65))
    places = rng.integers(0, len(data), count)
    changed = bytearray(data)
    for place, step in zip(places, rng.integers(1, 256, count), strict=True):
        changed[place] = (changed[place] + int(step)) % 256
    return bytes(changed), f"{count} bytes changed from {int(places.min())} on"


def _run(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Beginning and end of a run of bytes: of any length, and as often short as long."""
    length = int(np.exp(rng.uniform(0, np.log(max(2, len(data))))))
    start = int(rng.integers(0, len(data)))
    return start, min(len(data), start + length)


def _zero(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    start, end = _run(data, rng)
    return data[:start] + bytes(end - start) + data[end:], f"bytes {start} to {end} zeroed"


def _remove(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    start, end = _run(data, rng)
    return data[:start] + data[end:], f"bytes {start} to {end} removed"


def _double(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    start, end = _run(data, rng)
    return data[:end] + data[start:], f"bytes {start} to {end} doubled"


_WAYS: Mapping[str, Callable[[bytes, np.random.Generator], tuple[bytes, str]]] = {
    "cut": _cut,
    "change": _change,
    "zero": _zero,
    "remove": _remove,
    "double": _double,
}
