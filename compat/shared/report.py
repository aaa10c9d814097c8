"""The figures of a check, and whether they stay within their limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

PIXEL_LIMIT = 0.01
"""How far a known surface point may land from its pixel; rounded text is far below that."""


@dataclass
class Report:
    """What a check found, a line for each figure."""

    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def largest(
        self, name: str, errors: npt.ArrayLike, limit: float, unit: str, *, of: str
    ) -> None:
        """A quantity of which every value must stay within a limit, NaN counting as beyond it.

        `of` says what there is a value for, in the plural.
        """
        values = np.abs(np.asarray(errors, dtype=np.float64)).ravel()
        if not len(values):
            self.fact(name, "nothing to compare", good=False)
            return
        worst = float(values.max())
        good = worst <= limit
        self.fact(
            name,
            f"median {float(np.median(values)):.3g} {unit}, largest {worst:.3g} {unit} of "
            f"{len(values)} {of} (limit {limit:g} {unit})",
            good=good,
        )

    def fact(self, name: str, value: str, *, good: bool) -> None:
        """Something that is so or not."""
        self.lines.append(f"{name:24} {value}{'' if good else '  <-- wrong'}")
        if not good:
            self.failures.append(f"{name}: {value}")

    @property
    def good(self) -> bool:
        """Whether something was checked, and all of it was right."""
        return bool(self.lines) and not self.failures
