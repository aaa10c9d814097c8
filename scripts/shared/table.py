"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, words: Collection[str]
) -> list[str]:
    """Lines of columns; those whose titles are in `words` are aligned left, numbers right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if title in words else cell.rjust(width)
            for cell, title, width in zip(row, titles, widths, strict=True)
        ).rstrip()
        for row in (titles, *rows)
    ]
