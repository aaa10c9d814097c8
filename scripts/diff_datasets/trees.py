"""Settings and records as trees: where two of them differ."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewbatch.dataset import Dataset, layout
from viewbatch.errors import DatasetError

# What of dataset.json says what the views' numbers mean; the rest says how they were made.
_MEANING = ("schema", "conventions", "bounds", "objects", "categories", "materials")
_MODEL_MEANING = ("world_from_model", "offset_m")

ABSENT = "(absent)"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A value that differs."""

    file: str
    key: str
    """Dotted; numbers are places in lists."""
    a: Any
    b: Any


def settings(a: Dataset, b: Dataset) -> Iterator[Difference]:
    """How the datasets were made: the configuration, the model, what made them and on what."""
    trees = [_read_config(dataset.folder) for dataset in (a, b)]
    yield from differences(layout.CONFIG, *trees)
    provenance = []
    for dataset in (a, b):
        tree = {k: v for k, v in _record(dataset).items() if k not in _MEANING}
        tree["model"] = {k: v for k, v in tree["model"].items() if k not in _MODEL_MEANING}
        provenance.append(tree)
    yield from differences(layout.DATASET, *provenance)


def meaning(a: Dataset, b: Dataset, tolerance: float) -> Iterator[Difference]:
    """What the numbers of the views mean: objects and their ids, bounds, frames."""
    trees = []
    for dataset in (a, b):
        tree = _record(dataset)
        model = {k: tree["model"][k] for k in _MODEL_MEANING}
        trees.append({**{k: tree[k] for k in _MEANING}, "model": model})
    yield from differences(layout.DATASET, *trees, tolerance=tolerance * a.record.bounds.radius)


def differences(file: str, a: Any, b: Any, *, tolerance: float = 0.0) -> Iterator[Difference]:
    """Where two trees of plain values differ; numbers in lists and tables by a tolerance."""
    yield from _walk(file, "", a, b, tolerance)


def _walk(file: str, key: str, a: Any, b: Any, tolerance: float) -> Iterator[Difference]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys([*a, *b]):
            inner = f"{key}.{name}" if key else str(name)
            yield from _walk(file, inner, a.get(name, ABSENT), b.get(name, ABSENT), tolerance)
    elif isinstance(a, list) and isinstance(b, list) and _is_long(a) and _is_long(b):
        for place in range(max(len(a), len(b))):
            one, other = (v[place] if place < len(v) else ABSENT for v in (a, b))
            yield from _walk(file, f"{key}.{place}", one, other, tolerance)
    elif not _equal(a, b, tolerance):
        yield Difference(file=file, key=key, a=a, b=b)


def _is_long(values: list[Any]) -> bool:
    """Whether a list is of things that have names or rows; others, such as vectors, are values."""
    return any(isinstance(value, Mapping) for value in values)


def _equal(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_equal(p, q, tolerance) for p, q in zip(a, b, strict=True))
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
    if numbers and (isinstance(a, float) or isinstance(b, float)):
        return bool(abs(a - b) <= tolerance)
    return bool(a == b)


def _record(dataset: Dataset) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(dataset.record.to_json())
    return tree


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / layout.CONFIG
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); a dataset has "
            "the configuration that made it"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(f"{path} is not TOML: {error}") from error
