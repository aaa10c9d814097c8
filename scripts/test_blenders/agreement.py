"""One dataset made on every Blender: ground truth equal, colour by how much not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.diff_datasets.comparison import Comparison, compare
from scripts.diff_datasets.tolerances import Tolerances
from scripts.shared.errors import InputError
from scripts.shared.hosts import ROOT, Host, overrides
from viewbatch.dataset import Dataset

MODEL = ROOT / "references" / "models" / "blocks.glb"
VIEWS = 4
SETTINGS = (
    "render.resolution_x=320",
    "render.resolution_y=240",
    "render.samples=64",
    "render.cycles.use_denoising=false",
    'plugins.enabled=["depth", "mask", "normal"]',
)

MOST = Tolerances(camera=1e-5, depth=1e-5, normal_deg=0.1, psnr_db=0.0, share=1e-3)
"""What counts as equal ground truth; colour is told and not judged. The share is for rims: on a
surface that is seen at 4 degrees, a rounding along its normal is fourteen times that in depth."""

MOST_DEPTH = 1e-4
"""Of the pixels that this share leaves out."""

TITLES = (
    "Blender", "other ids", "depth", "beyond 1e-5", "normals", "cameras", "RGB: lowest PSNR",
    "largest difference",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of one Blender's dataset with that of the first: the largest differences of all views."""

    version: str
    ids: int
    """Pixels with another id."""
    depth: float
    """Relative."""
    beyond: float
    """Share of pixels whose depth is beyond that of `MOST`, in the worst view."""
    normal_deg: float
    camera: float
    """Radians, over the scene's radius, over the width: the largest."""
    psnr_db: float | None
    """The lowest; None where all colour is equal."""
    levels: float
    """The largest difference in colour, of 255."""
    words: str | None
    """What is beyond `MOST` first; None where nothing is."""

    @property
    def good(self) -> bool:
        return self.words is None and not self.ids and self.depth <= MOST_DEPTH

    @property
    def cells(self) -> list[str]:
        """Under `TITLES`."""
        return [
            self.version,
            str(self.ids),
            _number(self.depth),
            f"{self.beyond:.3%}" if self.beyond else "0",
            f"{_number(self.normal_deg)}°" if self.normal_deg else "0",
            _number(self.camera),
            "equal" if self.psnr_db is None else f"{self.psnr_db:.1f} dB",
            f"{self.levels:.0f} of 255",
        ]


def make(host: Host, folder: Path) -> Path:
    """The dataset of one host; raises `InputError` where its run fails."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        host.generate(MODEL, "out", str(VIEWS), *overrides(SETTINGS)),
        cwd=folder, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise InputError(f"{host.program} makes no dataset to compare: {last}", 1)
    return folder / "out"


def agreements(
    reference: Host, others: Sequence[tuple[str, Host]], folder: Path
) -> Iterator[Agreement]:
    """The dataset of each Blender, named by its version, against that of the first."""
    first = Dataset.open(make(reference, folder / "reference"))
    for place, (version, host) in enumerate(others):
        other = Dataset.open(make(host, folder / str(place)))
        yield summary(version, compare(first, other, MOST, lambda items, _: iter(items)))


def summary(version: str, comparison: Comparison) -> Agreement:
    """The largest differences of all views."""

    def largest(kind: str, key: str) -> float:
        found = [view.files[kind] for view in comparison.views if kind in view.files]
        return max((measured.figures.get(key) or 0.0 for measured in found), default=0.0)

    psnr = [
        view.files["render"].figures.get("psnr_db")
        for view in comparison.views
        if "render" in view.files
    ]
    return Agreement(
        version=version,
        ids=int(largest("mask", "pixels")),
        depth=largest("depth", "largest_relative"),
        beyond=largest("depth", "share"),
        normal_deg=largest("normal", "largest_deg"),
        camera=max((view.camera.largest for view in comparison.views), default=0.0),
        psnr_db=min((value for value in psnr if value is not None), default=None),
        levels=largest("render", "largest_levels"),
        words=comparison.first,
    )


def _number(value: float) -> str:
    return f"{value:.1e}" if value else "0"
