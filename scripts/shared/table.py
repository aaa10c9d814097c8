"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from viewbatch.errors import one_line


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, words: Collection[str]
) -> list[str]:
    """Lines of columns; those whose titles are in `words` are aligned left, numbers right."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if title in words else cell.rjust(width)
            for cell, title, width in zip(row, titles, widths, strict=True)
        ).rstrip()
        for row in (titles, *rows)
    ]


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown."""
    ruled = (titles, ["---"] * len(titles), *rows)
    return [f"| {' | '.join(cells)} |" for cells in ruled]
