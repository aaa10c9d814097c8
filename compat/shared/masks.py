"""What masks tell: which objects, and whether the ground is one of them."""

from __future__ import annotations

from viewbatch.dataset import Dataset, View
from viewbatch.errors import DatasetError


def check_ground(dataset: Dataset, view: View, *, otherwise: str = "") -> None:
    """Raise `DatasetError` where masks show a ground that cannot be left out of them.

    `otherwise` ends the message where one can do without.
    """
    if dataset.record.ground_id and not tells_objects_apart(view):
        raise DatasetError(
            f"the masks of {dataset.folder} are binary and show the ground, so that it cannot be "
            'told from the object; set ground.in_masks = false, or plugins.mask.mode = "instance", '
            f"and render again{otherwise}"
        )


def tells_objects_apart(view: View) -> bool:
    """Whether a view's mask has object ids; with `plugins.mask.mode = "binary"` it has not."""
    return not view.header("mask").quantity.endswith("(binary)")
