"""What the user sees while a converter works, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

from viewbatch.errors import one_line

Item = TypeVar("Item")

_bars: list[Any] = []
"""Those that stand unfinished on the last line."""


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items, with a bar; off a terminal it is drawn rarely."""
    seconds = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(total=len(items), desc=what, unit="view", mininterval=seconds) as bar:
        _bars.append(bar)
        for item in items:
            yield item
            bar.update()
        _bars.remove(bar)


def say(text: str) -> None:
    """Print a message on a line of its own, below bars that an error left unfinished."""
    while _bars:
        _bars.pop().close()
    print(one_line(text), file=sys.stderr)
