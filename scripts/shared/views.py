"""Views of a dataset as arguments choose them."""

from __future__ import annotations

import argparse

from scripts.shared.exr import Pixels, read_channels, stacked
from viewbatch.dataset import Dataset, View
from viewbatch.dataset.selection import Selection
from viewbatch.errors import UsageError


def selection(text: str) -> Selection:
    """`0,3,5:9` among the arguments."""
    try:
        return Selection.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def chosen_views(dataset: Dataset, chosen: Selection) -> list[View]:
    """The chosen views, which must exist; of the selection of all, those that exist."""
    if not dataset.views:
        raise UsageError(f"{dataset.folder} has no view yet; render some first")
    if chosen == Selection():
        return dataset.views
    planned = dataset.record.number_of_views
    try:
        indices = chosen.indices(planned)
    except ValueError as error:
        raise UsageError(
            f"--views {error}; {dataset.folder} has the views 0 to {planned - 1}"
        ) from error
    return [dataset.view(index) for index in indices]


def read_map(view: View, kind: str) -> Pixels:
    """An EXR file of a view as `View.read` has it; what is none gets a sentence of its own."""
    return stacked(list(read_channels(view.path(kind)).values()))
