"""Figures of matplotlib in a window."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
from matplotlib.figure import Figure

from viewbatch.errors import UsageError


def open_window(fill: Callable[[Figure], None]) -> None:
    """Show a figure until its window is closed; raises `UsageError` where there can be none."""
    from matplotlib import pyplot  # looks for a display

    try:
        figure = pyplot.figure()
    except ImportError:  # the backend that MPLBACKEND names cannot be loaded here
        figure = None
    if figure is None or mpl.get_backend().lower() == "agg":
        raise UsageError(
            "no window can be opened, since matplotlib finds no display or none of the packages "
            "that it draws windows with; write a picture with --output FILE.png"
        )
    fill(figure)
    pyplot.show()
