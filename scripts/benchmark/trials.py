"""What could be cheaper: one small experiment for each idea, all figures as ratios."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image

from scripts.benchmark.hosts import MODELS, Host, Run, Work
from scripts.benchmark.jobs import heavy
from scripts.benchmark.tables import Table
from viewbatch.dataset import Dataset
from viewbatch.dataset.png import encode_png

IN_BLENDER = Path(__file__).with_name("in_blender.py")
REPEATS = 5


class TrialName(StrEnum):
    """Names of trials, as the command line has them."""

    EXR = "exr"
    PNG = "png"
    HASH = "hash"
    READING = "reading"
    ENCODER = "encoder"
    THREADS = "threads"
    PROCESSES = "processes"
    BVH = "bvh"
    TRUTH = "truth"


@dataclass(frozen=True, kw_only=True)
class Size:
    """Of what is rendered for a trial."""

    views: int
    resolution_px: int
    samples: int

    @property
    def settings(self) -> list[str]:
        """What the generator is told."""
        return [
            f"render.resolution_x={self.resolution_px}",
            f"render.resolution_y={self.resolution_px}",
            f"render.samples={self.samples}",
            "render.cycles.use_denoising=false",
        ]


def run(
    name: TrialName, host: Host, settings: Sequence[str], size: Size, folder: Path
) -> Iterator[Table]:
    """The tables of a trial."""
    folder.mkdir(parents=True, exist_ok=True)
    match name:
        case TrialName.EXR | TrialName.PNG | TrialName.HASH:
            kinds = 'plugins.enabled=["depth", "mask", "normal"]'
            work = Work(
                model=MODELS / "suzanne.glb", views=1, settings=[*size.settings, *settings, kinds]
            )
            dataset = Dataset.open(host.generate(work, folder / "batch").dataset)
            yield from _FILES[name](dataset, folder)
        case TrialName.PROCESSES:
            yield _processes(host, settings, size, folder)
        case TrialName.BVH:
            yield _in_blender(name, host, size, heavy(folder))
        case _:
            yield _in_blender(name, host, size, MODELS / "suzanne.glb")


def _exr(dataset: Dataset, folder: Path) -> Iterator[Table]:
    """Compressions of ground truth, over ZIP."""
    view = dataset.views[0]
    methods = {
        "ZIP": OpenEXR.ZIP_COMPRESSION,
        "ZIPS": OpenEXR.ZIPS_COMPRESSION,
        "PIZ": OpenEXR.PIZ_COMPRESSION,
        "RLE": OpenEXR.RLE_COMPRESSION,
        "NONE": OpenEXR.NO_COMPRESSION,
    }
    for kind in ("depth", "mask", "normal"):
        values = view.read(kind)
        names = "XYZ" if values.ndim == 3 else "Y"
        planes = np.atleast_3d(values)
        channels = {n: np.ascontiguousarray(planes[..., i]) for i, n in enumerate(names)}
        path = folder / "trial.exr"

        def write(method: Any, channels: Any = channels, path: Path = path) -> None:
            header = {"compression": method, "type": OpenEXR.scanlineimage}
            with OpenEXR.File(header, dict(channels)) as file:
                file.write(str(path))

        def read(path: Path = path) -> None:
            with OpenEXR.File(str(path), separate_channels=True) as file:
                file.channels()

        found = {}
        for name, method in methods.items():
            write_s = _seconds(write, method)
            found[name] = {
                "writing": write_s,
                "reading": _seconds(read),
                "bytes": float(path.stat().st_size),
            }
        yield _ratios(f"EXR compression, {kind} of {values.shape[1]}x{values.shape[0]}", found)


def _png(dataset: Dataset, _: Path) -> Iterator[Table]:
    """Efforts of zlib, over 6, of levels themselves and of what they differ by."""
    view = dataset.views[0]
    with Image.open(view.path("render")) as image:
        color = np.asarray(image)
    for kind, levels in (
        ("mask, 16 bits", view.read("mask").astype(np.uint16)),
        ("colour, 8 bits", color),
    ):
        found = {
            f"level {effort}{', of differences' if smooth else ''}": {
                "encoding": _seconds(partial(encode_png, levels, effort=effort, smooth=smooth)),
                "bytes": float(len(encode_png(levels, effort=effort, smooth=smooth))),
            }
            for smooth in (False, True)
            for effort in (6, 0, 1, 3, 9)
        }
        yield _ratios(f"PNG compression, {kind}", found)


def _hash(dataset: Dataset, _: Path) -> Iterator[Table]:
    """Hash functions on all files of a view, over SHA-256."""
    view = dataset.views[0]
    data = b"".join(view.path(kind).read_bytes() for kind in view.kinds)
    found = {
        name: {
            "hashing": _seconds(hashlib.new, name, data),
        }
        for name in ("sha256", "sha1", "md5", "blake2b", "blake2s", "sha512")
    }
    found["crc32"] = {"hashing": _seconds(zlib.crc32, data)}
    yield _ratios(f"Hashing of a view's files, {len(data) / 1e6:.1f} MB", found)


_FILES: Mapping[TrialName, Callable[[Dataset, Path], Iterator[Table]]] = {
    TrialName.EXR: _exr,
    TrialName.PNG: _png,
    TrialName.HASH: _hash,
}


def _processes(host: Host, settings: Sequence[str], size: Size, folder: Path) -> Table:
    """The same number of views by one process and by several, processors shared out."""
    cores = sorted(_own_cores())
    counts = sorted({count for count in (1, 2, 4, len(cores)) if count <= max(2, len(cores))})
    found: dict[str, dict[str, float | str]] = {}
    for count in counts:
        for shared in (False, True) if count > 1 else (False,):

            def one(number: int, count: int = count, shared: bool = shared) -> Run:
                if shared:
                    _use_cores(set(cores[number % len(cores) :: count]))
                work = Work(
                    model=MODELS / "suzanne.glb",
                    views=max(1, size.views // count),
                    settings=[*size.settings, *settings],
                )
                return host.generate(work, folder / f"{count}-{shared}-{number}")

            begin = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                runs = list(pool.map(one, range(count)))
            whole_s = time.perf_counter() - begin
            views = sum(len(run.trace.views) for run in runs)
            first = min(run.trace.first_pixel_s for run in runs)
            words = "1 process" if count == 1 else f"{count} processes"
            found[f"{words}{', each on processors of its own' if shared else ''}"] = {
                "per view": (max(run.trace.end_s for run in runs) - first) / views,
                "per view with start-up": whole_s / views,
            }
    return _ratios("Number of processes", found)


def _own_cores() -> set[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _use_cores(cores: set[int]) -> None:
    """Of the calling thread, and of processes that it starts; Linux alone."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


_TITLES = {
    TrialName.READING: "Reading passes, over one by one",
    TrialName.ENCODER: "Colour files, over no file at all",
    TrialName.THREADS: "Render threads",
    TrialName.BVH: "Settings of the BVH, two million triangles",
    TrialName.TRUTH: "Cheaper ground truth",
}


def _in_blender(name: TrialName, host: Host, size: Size, model: Path) -> Table:
    """An experiment with Blender alone."""
    numbers = (size.views, size.resolution_px, size.samples)
    printed = host.run_script(IN_BLENDER, name, str(model), *map(str, numbers))
    found = re.search(r"^found (\{.*\})$", printed, re.MULTILINE)
    assert found is not None, printed
    return _ratios(_TITLES[name], json.loads(found[1]))


def _seconds(work: Callable[..., Any], *arguments: Any) -> float:
    """The least of some repeats: what comes on top is the machine's."""
    best = float("inf")
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work(*arguments)
        best = min(best, time.perf_counter() - begin)
    return best


def _ratios(title: str, found: Mapping[str, Mapping[str, float | str]]) -> Table:
    """Everything over the first row; words stay words."""
    first = next(iter(found.values()))
    columns = list(first)

    def cell(values: Mapping[str, float | str], column: str) -> str:
        value, base = values.get(column, ""), first[column]
        if isinstance(value, str) or isinstance(base, str):
            return str(value)
        return f"{value / base:.3f}" if base else "0"

    rows = [[name, *(cell(values, column) for column in columns)] for name, values in found.items()]
    return Table(title=title, columns=["", *columns], rows=rows)
