"""All that differs between two datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scripts.diff_datasets.cameras import CameraDifference, compare_cameras
from scripts.diff_datasets.files import Pair, compare_file, compare_kind, same_bytes
from scripts.diff_datasets.measures import Measured, unequal
from scripts.diff_datasets.tolerances import Tolerances
from scripts.diff_datasets.trees import Difference, differences, meaning, settings
from viewbatch.dataset import Dataset, View, ViewRecord, layout
from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError

Progress = Callable[[Sequence[int], str], Iterator[int]]

_COMPARED_APART = (
    "width", "height", "fx", "fy", "cx", "cy", "cam_from_world", "near_m", "far_m", "files",
    "dataset_sha256", "record_sha256",
)  # fmt: skip
"""Keys of views' records that are not compared as such; the last two are hashes of all else."""


@dataclass(frozen=True, kw_only=True)
class ViewDifference:
    """Of a view that both have; files that are equal byte for byte are not listed."""

    index: int
    camera: CameraDifference
    files: Mapping[str, Measured]
    """By kind."""

    @property
    def beyond(self) -> list[str]:
        """What is not equal within the tolerances."""
        found = [] if self.camera.within else ["camera"]
        return found + [kind for kind, measured in self.files.items() if not measured.within]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between dataset `a` and dataset `b`."""

    a: str
    b: str
    tolerances: Tolerances
    identical: bool
    """Whether all files are equal byte for byte, records and settings included."""
    settings: Sequence[Difference]
    """How they were made. These explain differences, and are none by themselves."""
    meaning: Sequence[Difference]
    """What their numbers mean."""
    only_in_a: Sequence[int]
    only_in_b: Sequence[int]
    views: Sequence[ViewDifference]
    counts: Mapping[str, int]
    """How many files of each kind were compared."""
    records: Mapping[str, int]
    """Further keys of views' records that differ, and in how many views; none by themselves."""
    files: Mapping[str, Measured]
    """Files of the whole dataset that are not equal byte for byte, by name."""

    def worst_view(self, kind: str) -> ViewDifference | None:
        """The view whose files of a kind differ most; None where all are equal byte for byte."""
        found = [view for view in self.views if kind in view.files]
        return max(found, key=lambda view: view.files[kind].badness, default=None)

    @property
    def first(self) -> str | None:
        """What differs first, in words; None where all is equal within the tolerances."""
        if self.meaning:
            one = self.meaning[0]
            return f"{one.key} in {one.file}"
        for only, name in ((self.only_in_a, self.a), (self.only_in_b, self.b)):
            if only:
                return f"view {only[0]}, which {name} alone has"
        for view in self.views:
            if not view.camera.within:
                return f"the camera of view {view.index}, {view.camera.words}"
            for kind, measured in view.files.items():
                if not measured.within:
                    return f"{kind} of view {view.index}, {measured.words}"
        for name, measured in self.files.items():
            if not measured.within:
                return f"{name}, {measured.words}"
        return None

    def to_json(self) -> str:
        """All of it, with the verdict."""
        tree = {
            "equal": "bytes" if self.identical else "no" if self.first else "within tolerances",
            "first": self.first,
            **asdict(self),
        }
        # JSON has no infinity, which differences of broken numbers may be.
        return json_text(_finite(tree))


def compare(a: Dataset, b: Dataset, tolerances: Tolerances, progress: Progress) -> Comparison:
    """Compare two datasets view by view; one pair of files is in memory at a time."""
    by_index = [{view.index: view for view in dataset.views} for dataset in (a, b)]
    made, meant = list(settings(a, b)), list(meaning(a, b, tolerances.camera))
    shared = sorted(by_index[0].keys() & by_index[1].keys())
    if not (by_index[0] or by_index[1]):
        raise DatasetError(f"neither {a.folder} nor {b.folder} has a view; render some first")
    views: list[ViewDifference] = []
    counts: Counter[str] = Counter()
    records: Counter[str] = Counter()
    for index in progress(shared, "views") if shared else ():
        one, other = by_index[0][index], by_index[1][index]
        views.append(_compare_view(a, one, other, tolerances))
        counts.update(dict.fromkeys([*one.kinds, *other.kinds], 1))
        records.update(sorted(_differing_keys(one.record, other.record)))
    files = {
        name: measured
        for name in dict.fromkeys([*a.record.files, *b.record.files])
        if (measured := _compare_whole(a, b, name, tolerances)) is not None
    }
    differing = [view for view in views if view.files or view.beyond]
    only = [sorted(one.keys() - other.keys()) for one, other in (by_index, by_index[::-1])]
    own = [layout.DATASET, layout.CONFIG, *(layout.view_record(index) for index in shared)]
    return Comparison(
        a=str(a.folder),
        b=str(b.folder),
        tolerances=tolerances,
        identical=not (differing or files or only[0] or only[1])
        and all(same_bytes(a.folder / name, b.folder / name) for name in own),
        settings=made,
        meaning=meant,
        only_in_a=only[0],
        only_in_b=only[1],
        views=views,
        counts=dict(counts),
        records=dict(records),
        files=files,
    )


def _compare_view(a: Dataset, one: View, other: View, tolerances: Tolerances) -> ViewDifference:
    pair = Pair(a=one, b=other, offset_m=a.record.model.offset_m, radius_m=a.record.bounds.radius)
    files = {}
    for kind in dict.fromkeys([*one.kinds, *other.kinds]):
        if kind in one.kinds and kind in other.kinds:
            measured = compare_kind(pair, kind, tolerances)
        else:
            owner = one if kind in one.kinds else other
            measured = unequal(f"{owner.folder} alone has it")
        if measured is not None:
            files[kind] = measured
    return ViewDifference(
        index=one.index,
        camera=compare_cameras(one.record.camera, other.record.camera, pair.radius_m, tolerances),
        files=files,
    )


def _compare_whole(a: Dataset, b: Dataset, name: str, tolerances: Tolerances) -> Measured | None:
    """A file of the whole dataset, which a plugin writes only where it has something to write."""
    there = [(dataset.folder / name).is_file() for dataset in (a, b)]
    if not any(there):
        return None
    if not all(there):
        return unequal(f"{(a if there[0] else b).folder} alone has it")
    return compare_file(a, b, name, tolerances)


def _differing_keys(one: ViewRecord, other: ViewRecord) -> set[str]:
    """Of what views' records hold beside cameras and files, two levels deep."""
    trees = [
        {k: v for k, v in json.loads(record.to_json()).items() if k not in _COMPARED_APART}
        for record in (one, other)
    ]
    return {".".join(found.key.split(".")[:2]) for found in differences("", *trees)}


def _finite(tree: Any) -> Any:
    match tree:
        case dict():
            return {key: _finite(value) for key, value in tree.items()}
        case list() | tuple():
            return [_finite(value) for value in tree]
        case float() if abs(tree) == float("inf"):
            return "infinite"
        case _:
            return tree
