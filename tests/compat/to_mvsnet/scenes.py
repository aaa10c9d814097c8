"""How the readers of MVSNet and its kin read the files.

They parse as those do: MVSNet's own by words, those in PyTorch by lines.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.compat.datasets import surface
from tests.verify.damage import rewrite
from viewbatch.dataset import Dataset, View

NAME = "to_mvsnet"
Array = npt.NDArray[Any]

LAYOUTS = ("mvsnet", "dtu", "blendedmvs")

VIEWS = 14

ONE = "all objects are one, as neither depth nor masks tell them apart"
ALPHA = "the format has no alpha, so images are put on black (--background chooses a grey)"
FEW = (
    "with {} views each has {}, and readers that expect 10 (MVSNet's own of DTU) fail; "
    "they need 11 views"
)


@dataclass(frozen=True)
class Names:
    """Where a layout's loaders look for what they read of a view, by its number."""

    image: Callable[[int], str]
    camera: Callable[[int], str]
    depth: Callable[[int], str]
    pairs: str
    step: int
    center: float


NAMES = {
    "mvsnet": Names(
        image=lambda n: f"images/{n:0>8}.jpg",
        camera=lambda n: f"cams/{n:0>8}_cam.txt",
        depth=lambda n: f"depths/{n:0>8}.pfm",
        pairs="pair.txt",
        step=1,
        center=0.5,
    ),
    "dtu": Names(
        image=lambda n: f"Rectified/scan1_train/rect_{n + 1:0>3}_3_r5000.png",
        camera=lambda n: f"Cameras/train/{n:0>8}_cam.txt",
        depth=lambda n: f"Depths/scan1_train/depth_map_{n:0>4}.pfm",
        pairs="Cameras/pair.txt",
        step=4,
        center=0.0,
    ),
    "blendedmvs": Names(
        image=lambda n: f"blended_images/{n:08d}.jpg",
        camera=lambda n: f"cams/{n:08d}_cam.txt",
        depth=lambda n: f"rendered_depth_maps/{n:08d}.pfm",
        pairs="cams/pair.txt",
        step=1,
        center=0.5,
    ),
}


def read_camera(path: Path) -> tuple[Array, Array, list[float]]:
    """(W2C, K, depth line), which readers by line and by word must find alike."""
    lines = [line.rstrip() for line in path.read_text().splitlines()]
    extrinsics = np.array(" ".join(lines[1:5]).split(), dtype=float).reshape((4, 4))
    intrinsics = np.array(" ".join(lines[7:10]).split(), dtype=float).reshape((3, 3))
    depths = [float(word) for word in lines[11].split()]
    assert (lines[0], lines[5], lines[6], lines[10]) == ("extrinsic", "", "intrinsic", "")
    words = path.read_text().split()
    assert len(words) == 31
    assert np.array_equal(np.array(words[1:17], dtype=float).reshape(4, 4), extrinsics)
    assert np.array_equal(np.array(words[18:27], dtype=float).reshape(3, 3), intrinsics)
    assert [float(word) for word in words[27:]] == depths
    return extrinsics, intrinsics, depths


def read_pfm(path: Path) -> Array:
    """(H, W), row 0 on top, by the rules of MVSNet's own reader, the strictest."""
    with path.open("rb") as file:
        assert file.readline().decode().rstrip() == "Pf"
        size = re.match(r"^(\d+)\s(\d+)\s$", file.readline().decode())
        assert size is not None
        scale = float(file.readline().decode().rstrip())
        values = np.frombuffer(file.read(), "<f" if scale < 0 else ">f")
    return np.flipud(values.reshape(int(size[2]), int(size[1])))


def read_pairs(path: Path) -> dict[int, list[tuple[int, float]]]:
    """(source, score) of each view."""
    lines = path.read_text().splitlines()
    found = {}
    for i in range(int(lines[0])):
        words = lines[2 * i + 2].split()
        sources = [int(word) for word in words[1::2]]
        assert len(sources) == int(words[0])
        found[int(lines[2 * i + 1])] = list(zip(sources, map(float, words[2::2]), strict=True))
    return found


def layout_of(folder: Path) -> str:
    layout: str = json.loads((folder / "conversion.json").read_text())["settings"]["layout"]
    return layout


def numbered(dataset: Dataset, folder: Path) -> list[View]:
    """The view of each number, as conversion.json says."""
    views = json.loads((folder / "conversion.json").read_text())["views"]
    image = NAMES[layout_of(folder)].image
    return [dataset.view(views[image(n)]) for n in range(len(set(views.values())))]


def largest_error_px(dataset: Dataset, folder: Path, center: float | None = None) -> float:
    """How far the true surface lands from its pixels, by the written cameras."""
    names = NAMES[layout_of(folder)]
    center = names.center if center is None else center
    worst = 0.0
    for number, view in enumerate(numbered(dataset, folder)):
        points, pixels = surface(view)
        extrinsics, k, _ = read_camera(folder / names.camera(number))
        x, y, z = extrinsics[:3] @ np.c_[points, np.ones(len(points))].T
        if not (z > 0).all():
            return np.inf
        found = np.stack([k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]], axis=-1)
        # The layout's pixel j is ours of number j * step.
        wanted = (pixels - 0.5) / names.step + center
        worst = max(worst, float(np.abs(found - wanted).max()))
    return worst


def lifted_errors(dataset: Dataset, folder: Path) -> Array:
    """How far the written depth, lifted by its camera, lies from the surface, in bounding radii."""
    names, errors = NAMES[layout_of(folder)], []
    for number, view in enumerate(numbered(dataset, folder)):
        extrinsics, k, _ = read_camera(folder / names.camera(number))
        depth = read_pfm(folder / names.depth(number))
        rows, columns = np.nonzero(depth)
        pixels = np.c_[columns + names.center, rows + names.center, np.ones(len(rows))]
        in_cam = (pixels @ np.linalg.inv(k).T) * depth[rows, columns][:, None]
        lifted = (in_cam - extrinsics[:3, 3]) @ extrinsics[:3, :3]
        position = np.asarray(view.read("position"), dtype=float)
        true = position[rows * names.step, columns * names.step]
        errors.append(np.linalg.norm(lifted - true, axis=-1))
    return np.concatenate(errors) / dataset.record.bounds.radius


def showing(dataset: Dataset, folder: Path, ids: dict[int, int]) -> Dataset:
    """A copy in which some views show nothing but the object with an id; 0 is nothing at all."""
    shutil.copytree(dataset.folder, folder)
    for index, number in ids.items():
        view = Dataset.open(folder).view(index)
        mask = np.asarray(view.read("mask"))
        shown = (mask == number) & (mask > 0)
        for kind in ("mask", "depth"):
            rewrite(
                view,
                kind,
                lambda values, shown=shown: np.where(shown, values, values.dtype.type(0)),
            )
    return Dataset.open(folder)
