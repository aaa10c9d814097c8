"""Datasets that Blender makes for the tests of converters."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import Dataset, View

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = ROOT / "references" / "models" / "blocks.glb"
"""Textured toys, six objects, off the origin."""

Array = npt.NDArray[Any]

QUICK = ("render.samples=4", "render.cycles.use_denoising=false", "render.film_transparent=true")
# Landscape, fx != fy, the principal point off the middle.
SHIFTED = (
    "render.resolution_x=120",
    "render.resolution_y=90",
    "render.pixel_aspect_x=1.25",
    "camera.lens.shift_x=0.05",
    "camera.lens.shift_y=-0.03",
    'plugins.enabled=["depth", "mask", "normal", "position", "mesh"]',
    'objects.categories={ball="ball"}',
)
# What formats with a field of view alone can hold.
CENTRED = (
    "render.resolution_x=120",
    "render.resolution_y=90",
    'plugins.enabled=["depth", "mask", "position"]',
)


def make(folder: Path, views: int, *settings: str, model: Path = BLOCKS) -> Dataset:
    """A dataset that the generator makes in a process of its own."""
    words = [word for setting in (*QUICK, *settings) for word in ("--set", setting)]
    script = str(ROOT / "generate-batch.py")
    done = subprocess.run(
        [sys.executable, script, str(model), str(folder), str(views), *words],
        cwd=folder.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Dataset.open(folder)


def surface(view: View) -> tuple[Array, Array]:
    """(n, 3) points in world and (n, 2) pixel centres of all that a view shows.

    The points are those that Cycles rendered as positions, in which our cameras had no part.
    """
    position = np.asarray(view.read("position"), dtype=np.float64)
    rows, columns = np.nonzero(view.read("depth"))
    return position[rows, columns], np.stack([columns + 0.5, rows + 0.5], axis=-1)


def repeated(dataset: Dataset, folder: Path, count: int) -> Dataset:
    """As many views as one likes, which share the files of those that there are."""
    shutil.copytree(dataset.folder, folder)
    record = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps({**record, "number_of_views": count}))
    views = [view.record for view in dataset.views]
    for index in range(count):
        view = replace(views[index % len(views)], index=index)
        (folder / f"{index:03d}_view.json").write_text(view.to_json())
    return Dataset.open(folder)
