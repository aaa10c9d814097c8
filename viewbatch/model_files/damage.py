"""Say what is wrong with a model's file, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SHOWN = 60
"""Characters of a name."""

EXPORT_AGAIN = "export it again"
COPY_AGAIN = "copy or download it again"


@dataclass
class Defect:
    """Something that a file may have any number of, and that Blender mends or leaves out."""

    one: str
    """What a single one is called, without an article: "face with two corners"."""
    many: str
    effect: str
    """What Blender does about it: "which Blender leaves out"."""
    place: str = "line"
    """What `first` counts, or nothing where that is a name."""
    count: int = 0
    first: int | str = 0

    def add(self, places: Sequence[int] | Sequence[str] | npt.NDArray[np.int64]) -> None:
        """Count more of it, at these places in the order of the file."""
        if len(places):
            self.first = self.first or _plain(places[0])
            self.count += len(places)

    def __str__(self) -> str:
        place = f"{self.place} {self.first}".strip()
        if self.count == 1:
            return f"1 {self.one} ({place}), {self.effect}"
        return f"{self.count} {self.many} (first: {place}), {self.effect}"


def _plain(place: Any) -> int | str:
    return place if isinstance(place, str) else int(place)


def points(effect: str, place: str = "line") -> Defect:
    """Vertices without a position."""
    what = "without three finite coordinates"
    return Defect(f"vertex {what}", f"vertices {what}", effect, place)


def small_faces(place: str = "line") -> Defect:
    """Faces that are no more than a point or a line."""
    what = "with fewer than three corners"
    return Defect(f"face {what}", f"faces {what}", "which Blender leaves out", place)


def warnings(path: Path, defects: Iterable[Defect]) -> tuple[str, ...]:
    """One sentence about all that is wrong with a file; nothing where nothing is."""
    said = [str(defect) for defect in defects if defect.count]
    return (f"the model {path} has {'; '.join(said)}",) if said else ()


class DamageError(Exception):
    """Why a file must not be imported, with "it" for the file; `read` adds its name."""

    def __init__(self, found: str, remedy: str = EXPORT_AGAIN) -> None:
        super().__init__(f"{found}; {remedy}")


class CutShortError(DamageError):
    """A file lacks its end."""

    def __init__(self, found: str) -> None:
        super().__init__(found, COPY_AGAIN)


def shown(name: bytes) -> str:
    """A name from a file as it may stand in a message: readable, short, and on one line."""
    text = name[: 4 * SHOWN + 4].decode("utf-8", "replace")
    if len(text) > SHOWN:
        text = text[:SHOWN] + "..."
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 vertex", "2 vertices"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {'vertices' if noun == 'vertex' else noun + 's'}"
