"""Times and sizes as a person reads them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """A time that a person can take in, such as "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(number_of_bytes: float) -> str:
    """A number of bytes in decimal units, such as "21 MB"."""
    value, unit = number_of_bytes, _UNITS[0]
    for unit in _UNITS:
        if value < 999.5:
            break
        if unit != _UNITS[-1]:
            value /= 1000
    return f"{value:.3g} {unit}"
