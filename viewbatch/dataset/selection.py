"""Which views are meant: `0,3,5:9` and `1/4` as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SHARD = re.compile(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*")
_PART = re.compile(r"\s*(?:([0-9]{1,9})|([0-9]{0,9}):([0-9]{0,9}))\s*")


@dataclass(frozen=True)
class Selection:
    """Indices and half-open ranges of indices; a stop of None is the end."""

    parts: Sequence[tuple[int, int | None]] = ((0, None),)

    @classmethod
    def parse(cls, text: str) -> Selection:
        """Read `0,3,5:9`; `5:9` is 5, 6, 7, 8, and `5:` all from 5. Raises `ValueError`."""
        parts: list[tuple[int, int | None]] = []
        for part in text.split(","):
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(f"expected indices and ranges such as 0,3,5:9, found {text!r}")
            index, start, stop = match.groups()
            if index is not None:
                parts.append((int(index), int(index) + 1))
            else:
                parts.append((int(start or 0), int(stop) if stop else None))
        return cls(tuple(parts))

    def indices(self, count: int) -> list[int]:
        """The chosen indices below `count`, in the order of the parts.

        Raises `ValueError` where nothing is chosen, or something that is not there.
        """
        ranges = [range(start, count if stop is None else stop) for start, stop in self.parts]
        ranges = [indices for indices in ranges if indices]
        if not ranges:
            raise ValueError("chooses no view")
        last = max(indices[-1] for indices in ranges)
        if last >= count:
            raise ValueError(f"asks for view {last}")
        return [index for indices in ranges for index in indices]


@dataclass(frozen=True)
class Shard:
    """One of several equal parts of some views: every so many-th of them."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `1/4`, the second of four parts. Raises `ValueError`."""
        match = _SHARD.fullmatch(text)
        if match is None or not int(match[1]) < int(match[2]):
            raise ValueError(f"expected I/N with I from 0 to N - 1, such as 0/3, found {text!r}")
        return cls(int(match[1]), int(match[2]))

    def of(self, indices: Sequence[int]) -> Sequence[int]:
        """Its part of these, which may be empty."""
        return indices[self.index :: self.count]


def spread(count: int, chosen: int) -> list[int]:
    """At most `chosen` of `count` indices, evenly spread."""
    chosen = min(count, chosen)
    return [(2 * i + 1) * count // (2 * chosen) for i in range(chosen)]
