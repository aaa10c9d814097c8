"""What a converter is given to work on."""

from __future__ import annotations

import argparse
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from compat.shared.output import RECORD, read_record
from compat.shared.progress import say
from compat.shared.split import Split
from viewbatch.dataset import Dataset, View
from viewbatch.errors import DatasetError

Choice = TypeVar("Choice")

PLUGIN_OF_KIND = {"distance": "depth"}
"""The plugin that writes a kind of file, where it is not called like the kind."""


@dataclass
class Job:
    """One conversion: the views, and the folder to fill."""

    dataset: Dataset
    views: Sequence[View]
    """The views of all parts of the split, by index."""
    split: Split
    folder: Path
    """Empty; becomes the output when the conversion ends well."""
    output: Path
    """Where the user will find it."""
    link: bool
    options: argparse.Namespace
    names: dict[str, int] = field(default_factory=dict)
    """Index of the view that each converted image, by its path in the folder, shows."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What else one has to know to read the conversion; plain values."""

    def require(self, *kinds: str, otherwise: str = "") -> None:
        """Raise `DatasetError` where a view lacks a kind of file.

        `otherwise` ends the message where one can do without.
        """
        for view in self.views:
            for kind in kinds:
                if kind not in view.kinds:
                    raise DatasetError(
                        f"view {view.index} of {self.dataset.folder} has no {kind}, which this "
                        f'format needs; add "{PLUGIN_OF_KIND.get(kind, kind)}" to [plugins] '
                        f"enabled and render again{otherwise}"
                    )

    def require_one_size(self, format_name: str) -> None:
        """Raise `DatasetError` where images differ in size."""
        sizes = {(k.width, k.height): view for view in self.views for k in [view.camera.intrinsics]}
        if len(sizes) > 1:
            (size, view), (other_size, other) = list(sizes.items())[:2]
            raise DatasetError(
                f"view {view.index} of {self.dataset.folder} has {size[0]}x{size[1]} pixels and "
                f"view {other.index} {other_size[0]}x{other_size[1]}, but {format_name} takes "
                "images of one size; choose views of one size with --views"
            )

    def part(self, name: str) -> list[View]:
        """The views of one part of the split."""
        indices = set(self.split.parts.get(name, ()))
        return [view for view in self.views if view.index in indices]

    def warn(self, losses: Iterable[str]) -> None:
        """Say in one warning what of the dataset the format cannot carry."""
        if text := "; ".join(losses):
            say(f"warning: {text}")


def part_warning(job: Job, format_name: str) -> list[str]:
    """For a format without splits, where there is one: what is left out."""
    parts = {name: len(part) for name, part in job.split.parts.items() if name != "train"}
    if not parts:
        return []
    counts = " and ".join(f"{count} {name}" for name, count in parts.items())
    return [
        f"{format_name} has no split: only the train views are converted, and {counts} views are "
        "left out (convert them to a folder of their own with --views)"
    ]


def is_far(job: Job) -> bool:
    """Whether the model lies where float32 is too coarse for it."""
    return any(job.dataset.record.model.offset_m)


def far_warning(job: Job, exact: str, readers: str) -> list[str]:
    """For a format whose world is the dataset's, where the model is far: who loses what."""
    if not is_far(job):
        return []
    return [
        f"the model lies far from its origin: {exact} exact, but {readers} compute in float32, "
        "whose numbers are coarse there; set model.normalize and render again"
    ]


def shift_px(view: View) -> tuple[float, float]:
    """How far the principal point lies from the middle of the frame."""
    k = view.camera.intrinsics
    return k.cx - k.width / 2, k.cy - k.height / 2


def same_intrinsics(views: Sequence[View]) -> bool:
    """Whether all views have one calibration and size."""
    return len({view.camera.intrinsics for view in views}) <= 1


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A finished conversion, to be compared with its dataset."""

    folder: Path
    dataset: Dataset
    names: Mapping[str, int]
    settings: Mapping[str, Any]

    def view_of(self, name: str) -> View:
        """The view that a converted image shows; raises `DatasetError`."""
        if name not in self.names:
            raise DatasetError(
                f"{self.folder} was not made with {name}, so there is no view to compare it with; "
                "remove it, or convert again"
            )
        return self.dataset.view(self.names[name])

    def choice(self, name: str, among: Collection[Choice]) -> Choice:
        """A setting that is one of several values; raises `DatasetError`."""
        value = self._setting(name)
        for choice in among:
            if value == choice:
                return choice
        raise self._unusable(name, value)

    def number(self, name: str, least: float = -math.inf, most: float = math.inf) -> float:
        """A setting that is a finite number within limits; raises `DatasetError`."""
        value = self._setting(name)
        if type(value) not in (int, float) or not (math.isfinite(value) and least <= value <= most):
            raise self._unusable(name, value)
        return float(value)

    def _setting(self, name: str) -> Any:
        if name not in self.settings:
            raise DatasetError(f"{self.folder / RECORD} lacks the setting {name}; convert again")
        return self.settings[name]

    def _unusable(self, name: str, value: object) -> DatasetError:
        return DatasetError(
            f"{self.folder / RECORD} has {value!r} for the setting {name}, which no conversion "
            "has; convert again"
        )

    @cached_property
    def parts(self) -> Mapping[str, Collection[str]]:
        """The names of the images of each part of the split; raises `DatasetError`."""
        split = read_record(self.folder).get("split")
        if not (
            isinstance(split, dict)
            and {"train"} <= split.keys() <= {"train", "val", "test"}
            and all(isinstance(indices, list) for indices in split.values())
            and all(type(index) is int for indices in split.values() for index in indices)
        ):
            raise DatasetError(f"{self.folder / RECORD} lacks the split; convert again")
        part_of = {index: part for part, indices in split.items() for index in indices}
        return {
            part: {name for name, index in self.names.items() if part_of.get(index) == part}
            for part in split
        }

    @property
    def views(self) -> list[tuple[str, View]]:
        """The name of every converted image, in order, and the view that it shows."""
        return [(name, self.view_of(name)) for name in sorted(self.names)]
