"""The split, as 3D Gaussian splatting and as nerfstudio read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

HELD_OUT = "sparse/0/test.txt"
"""What 3D Gaussian splatting does not train with; it has no third part."""

NAMES = (HELD_OUT, "train_list.txt", "val_list.txt", "test_list.txt")
"""Where readers look for lists."""


def split_lists(parts: Mapping[str, Collection[str]]) -> Mapping[str, list[str]]:
    """The names of images in each list, by its path, of the names in each part of the split."""
    if parts.keys() == {"train"}:
        return {}
    val, test = sorted(parts.get("val", ())), sorted(parts.get("test", ()))
    # nerfstudio refuses a list that is missing, whichever part it is asked for.
    listed = (sorted([*val, *test]), sorted(parts["train"]), val or test, test or val)
    return dict(zip(NAMES, listed, strict=True))
