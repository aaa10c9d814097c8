"""Numbers as people read them."""

from __future__ import annotations


def metres(value: float) -> str:
    """A length with three digits that count, such as `1.53 m`."""
    return f"{digits(value)} m"


def digits(value: float, count: int = 3) -> str:
    """A number with so many digits that count, and without an exponent where that reads well."""
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        text = f"{value:.{count}g}"
        return text if "e" not in text else f"{value:.0f}"
    return f"{value:.{count}g}"


def plural(count: int, noun: str) -> str:
    """`1 view`, `16 views`, `1,000 views`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def seconds(value: float) -> str:
    """`0.81 s`, `34 s`, `12 min`, `3.4 h`."""
    if value < 100:
        return f"{digits(value, 2 if value < 10 else 3)} s"
    if value < 6000:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"
