"""What a run will take, told from a few of its views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viewbatch.quantities import duration, size


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The time and size of a run of some views."""

    number_of_views: int
    start_s: float
    """From the start of the process to the first view's."""
    views_s: Mapping[int, float]
    """By index, what each of a few views took, in the order in which they were made."""
    bytes_of_views: float
    """What the files of those few hold, together."""
    others: Sequence[str]
    """Files of the whole dataset, which are made of all views at its end."""

    @property
    def view_s(self) -> float:
        """Of a view after the first, which also brings the scene to the renderer."""
        return list(self.views_s.values())[-1]

    @property
    def total_s(self) -> float:
        """Of the run."""
        first = next(iter(self.views_s.values()))
        return self.start_s + first + (self.number_of_views - 1) * self.view_s

    @property
    def total_bytes(self) -> float:
        """Of the run's views."""
        return self.number_of_views * self.bytes_of_views / len(self.views_s)

    def text(self) -> str:
        """The lines that a person reads."""
        number = self.number_of_views
        few = "views" if len(self.views_s) > 1 else "view"
        lines = [
            f"{number} {'views' if number > 1 else 'view'}, as measured with {few} "
            f"{' and '.join(map(str, self.views_s))}:",
            f"time  {duration(self.total_s)}: {duration(self.start_s)} until the first view, "
            f"then {self.view_s:.3g} s a view",
            f"size  {size(self.total_bytes)}: {size(self.total_bytes / number)} a view",
        ]
        if self.others:
            lines.append(f"not counted, since made of all views: {', '.join(self.others)}")
        return "".join(f"{line}\n" for line in lines)
