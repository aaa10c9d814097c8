"""Tables as text for a terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.shared.table import table


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, columns, rows of cells; the first column holds words, others numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """For a terminal."""
        lines = table(self.columns, self.rows, words=self.columns[:1])
        return "\n".join([self.title, *(f"  {line}" for line in lines)])

    def markdown(self) -> str:
        """For a document."""
        marks = ["---", *("---:" for _ in self.columns[1:])]
        lines = [f"| {' | '.join(cells)} |" for cells in (self.columns, marks, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines])
