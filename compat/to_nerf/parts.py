"""The three parts that readers of both layouts ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

Item = TypeVar("Item")


def three_parts(parts: Mapping[str, Collection[Item]]) -> Mapping[str, Collection[Item]]:
    """What train, val and test list, none of which may be empty: one without borrows."""
    train, val, test = (parts.get(part, ()) for part in ("train", "val", "test"))
    return {"train": train, "val": val or test or train, "test": test or val or train}
