"""Which views train and which are held out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from viewbatch.errors import UsageError

FORMS = "all, every:8, random:0.1, random:0.1:SEED or a JSON file"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Indices of views, rising; no view is in two parts, and views in none are left out."""

    train: Sequence[int]
    val: Sequence[int] = ()
    test: Sequence[int] = ()

    @property
    def parts(self) -> Mapping[str, Sequence[int]]:
        """The parts that have views, by name, in the order train, val, test."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: indices for name, indices in found.items() if indices}

    @property
    def indices(self) -> list[int]:
        """Every view of any part, rising."""
        return sorted(index for part in self.parts.values() for index in part)

    def part_of(self, index: int) -> str:
        """The name of the part that has a view."""
        return next(name for name, part in self.parts.items() if index in part)


Rule = Callable[[Sequence[int]], Split]
"""Makes the split of the rising indices of the chosen views."""


def parse_split(text: str) -> Rule:
    """The rule that `--split` names; raises `UsageError`."""
    if text == "all":
        return lambda chosen: Split(train=list(chosen))
    if match := re.fullmatch(r"every:([0-9]+)", text):
        return _every(int(match[1]))
    if match := re.fullmatch(r"random:([0-9.]+)(?::([0-9]+))?", text):
        return _random(match[1], int(match[2] or 0))
    if text.endswith(".json"):
        return _listed(Path(text))
    raise UsageError(f"--split is {text!r}, expected {FORMS}")


def _every(step: int) -> Rule:
    if step < 2:
        raise UsageError(f"--split every:{step} leaves no view to train; expected at least every:2")

    def rule(chosen: Sequence[int]) -> Split:
        # The first, and each `step`-th after it, as 3D Gaussian splatting and mip-NeRF 360 count.
        held_out = set(chosen[::step])
        return _held_out(chosen, held_out, f"every:{step}")

    return rule


def _random(share_text: str, seed: int) -> Rule:
    try:
        share = float(share_text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise UsageError(
            f"--split random:{share_text} gives no share of the views; expected one between 0 and "
            "1, such as random:0.1"
        )

    def rule(chosen: Sequence[int]) -> Split:
        count = max(1, round(share * len(chosen)))
        order = np.random.Generator(np.random.PCG64(seed)).permutation(len(chosen))
        held_out = {chosen[place] for place in order[:count]}
        return _held_out(chosen, held_out, f"random:{share_text}")

    return rule


def _held_out(chosen: Sequence[int], held_out: Collection[int], text: str) -> Split:
    train = [index for index in chosen if index not in held_out]
    if not train:
        raise UsageError(
            f"--split {text} leaves no view to train of the {len(chosen)} that are chosen; "
            "choose more views, or --split all"
        )
    return Split(train=train, test=sorted(held_out))


def _listed(path: Path) -> Rule:
    def rule(chosen: Sequence[int]) -> Split:
        parts = _read(path)
        listed = [index for part in parts.values() for index in part]
        for index in listed:
            if index not in chosen:
                raise UsageError(f"{path} lists view {index}, which is not among the chosen views")
            if listed.count(index) > 1:
                raise UsageError(f"{path} lists view {index} twice; a view has one part")
        if not parts.get("train"):
            raise UsageError(f"{path} lists no view under train; expected at least one")
        return Split(**{name: sorted(part) for name, part in parts.items()})

    return rule


def _read(path: Path) -> Mapping[str, list[int]]:
    """The lists of a file, which may be the record of another conversion."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--split {path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--split {path} is not JSON: {error}") from error
    if isinstance(tree, dict) and isinstance(tree.get("split"), dict):
        tree = tree["split"]
    known = [field.name for field in fields(Split)]
    if not (
        isinstance(tree, dict)
        and tree.keys() <= set(known)
        and all(isinstance(part, list) for part in tree.values())
        and all(type(index) is int for part in tree.values() for index in part)
    ):
        raise UsageError(
            f"{path} holds no split; expected lists of view indices under train, val and test, "
            'such as {"train": [1, 2, 3], "test": [0]}'
        )
    return tree
