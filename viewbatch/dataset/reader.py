"""Read a dataset: typed records, cameras and arrays.

dataset = Dataset.open("out")
for view in dataset.views:
    depth = view.read("depth")                      # (H, W) float32, metres
    points = view.camera.unproject(depth)[depth > 0]  # (n, 3) in world
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import layout
from viewbatch.dataset.records import DatasetRecord, ViewRecord
from viewbatch.errors import DatasetError
from viewbatch.geometry import Camera

if TYPE_CHECKING:
    from viewbatch.dataset.exr import Header


@dataclass(frozen=True, kw_only=True)
class View:
    """One complete view."""

    folder: Path
    record: ViewRecord
    checked: bool = False
    """Whether every file is compared with its hash before it is used."""
    _intact: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def index(self) -> int:
        """Position in the plan, from 0."""
        return self.record.index

    @property
    def camera(self) -> Camera:
        """Intrinsics and pose."""
        return self.record.camera.camera

    @property
    def kinds(self) -> Collection[str]:
        """The kinds of files that this view has, such as "render", "depth", "mask"."""
        return self.record.files.keys()

    def path(self, kind: str) -> Path:
        """The file of one kind; raises `DatasetError` where the view has none.

        Also where the view is `checked`, and the file is not as it was written.
        """
        if kind not in self.record.files:
            raise DatasetError(
                f"view {self.index} of {self.folder} has no {kind}, only "
                f"{', '.join(self.kinds)}; enable the plugin that writes it"
            )
        path = self.folder / self.record.files[kind].name
        if self.checked and kind not in self._intact:
            self._check(path, self.record.files[kind].sha256)
            self._intact.add(kind)
        return path

    def check_size(self, path: Path, width: int, height: int) -> None:
        """Raise `DatasetError` where an image's size is not that in the record."""
        k = self.camera.intrinsics
        if (width, height) != (k.width, k.height):
            raise DatasetError(
                f"{path} has {width}x{height} pixels, and the record of view {self.index} says "
                f"{k.width}x{k.height}; remove that record, and the command that made the dataset "
                "makes it again"
            )

    def _check(self, path: Path, sha256: str) -> None:
        try:
            same = hash_file(path) == sha256
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
        if not same:
            raise DatasetError(
                f"{path} differs from what was written; remove the record of view {self.index}, "
                "and the command that made the dataset makes it again"
            )

    def read(self, kind: str) -> npt.NDArray[np.generic]:
        """An EXR file as (H, W) if it has one channel, else as (H, W, C).

        Channels are in the order R G B A or X Y Z, and others follow by name.
        """
        from viewbatch.dataset.exr import channel_order, read_exr  # needs OpenEXR; records do not

        path = self.path(kind)
        if path.suffix != ".exr":
            raise DatasetError(f"{path} is no EXR file; read it with an image library")
        channels = read_exr(path)
        if self.checked:
            height, width = next(iter(channels.values())).shape
            self.check_size(path, width, height)
        if len(channels) == 1:
            return next(iter(channels.values()))
        return np.stack([channels[name] for name in channel_order(channels)], axis=-1)

    def header(self, kind: str) -> Header:
        """What an EXR file says of itself."""
        from viewbatch.dataset.exr import read_header  # as above

        return read_header(self.path(kind))

    def damage(self) -> str | None:
        """What is wrong with the view's files by their hashes; None where nothing is."""
        for file in self.record.files.values():
            try:
                digest = hash_file(self.folder / file.name)
            except OSError as error:
                return f"{file.name} cannot be read ({error.strerror})"
            if digest != file.sha256:
                return f"{file.name} differs from what was written"
        return None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset folder. Only complete views count, and more may come while it is open."""

    folder: Path
    record: DatasetRecord
    checked: bool = False
    """Whether the files of its views are compared with their hashes before they are used."""

    @classmethod
    def open(cls, folder: str | Path, *, checked: bool = False) -> Dataset:
        """Read `dataset.json`; raises `DatasetError` where there is none."""
        folder = Path(folder)
        path = folder / layout.DATASET
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(
                f"{folder} is not a dataset: {layout.DATASET} cannot be read from it "
                f"({getattr(error, 'strerror', None) or error})"
            ) from error
        record = DatasetRecord.from_json(text, str(path))
        return cls(folder=folder, record=record, checked=checked)

    @property
    def indices(self) -> list[int]:
        """Indices of the views that have a record now, rising, whether or not it can be read."""
        found = (layout.index_of_record(path.name) for path in self.folder.iterdir())
        return sorted(index for index in found if index is not None)

    @cached_property
    def views(self) -> list[View]:
        """The views that existed when this was first asked for, by index."""
        return [self.view(index) for index in self.indices]

    def view(self, index: int) -> View:
        """One view; raises `DatasetError` where it does not exist or its record is damaged."""
        path = self.folder / layout.view_record(index)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"view {index} of {self.folder} does not exist") from error
        record = ViewRecord.from_json(text, str(path))
        if record.index != index:
            raise DatasetError(f"{path} is the record of view {record.index}")
        view = View(folder=self.folder, record=record, checked=self.checked)
        if self.checked and np.linalg.det(view.camera.cam_from_world[:3, :3]) < 0:
            raise DatasetError(
                f"{path} has a mirrored pose, whose rotation has the determinant -1; remove it, "
                "and the command that made the dataset makes it again"
            )
        return view

    @property
    def missing(self) -> list[int]:
        """Indices of planned views that do not exist."""
        present = {view.index for view in self.views}
        return [i for i in range(self.record.number_of_views) if i not in present]


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
