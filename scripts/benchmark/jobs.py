"""The batches whose time is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scripts.benchmark import shapes
from scripts.benchmark.glb import Material, Thing, encode_glb
from scripts.benchmark.hosts import MODELS

HEAVY_ROWS = 500
"""Of each of two objects of 4 * rows**2 triangles: two million."""
HEAVY_TEXTURE_PX = 4096


class JobName(StrEnum):
    """Names of jobs, as the command line has them."""

    SMALL = "small"
    OVERHEAD = "overhead"
    HEAVY = "heavy"
    LARGE = "large"
    MANY = "many"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A batch of square images."""

    name: JobName
    views: int
    resolution_px: int
    samples: int
    model: Callable[[Path], Path]
    """Makes the model in a folder, or names one that is there."""

    @property
    def settings(self) -> list[str]:
        """What the generator is told. Denoising of single samples would hide all else."""
        denoising = '"auto"' if self.samples > 1 else "false"
        return [
            f"render.resolution_x={self.resolution_px}",
            f"render.resolution_y={self.resolution_px}",
            f"render.samples={self.samples}",
            f"render.cycles.use_denoising={denoising}",
        ]

    def changed(self, views: int | None, resolution_px: int | None, samples: int | None) -> Job:
        """The job in another size, where one is given."""
        return replace(
            self,
            views=views or self.views,
            resolution_px=resolution_px or self.resolution_px,
            samples=samples or self.samples,
        )


def suzanne(_: Path) -> Path:
    """The model that is in the repository."""
    return MODELS / "suzanne.glb"


def heavy(folder: Path) -> Path:
    """Two bumpy spheres, of two million triangles in all, with an image of 4096 x 4096 each."""
    return write_heavy(folder / "heavy.glb", HEAVY_ROWS, HEAVY_TEXTURE_PX)


def write_heavy(path: Path, rows: int, texture_px: int) -> Path:
    """`heavy` of any size: 8 rows**2 triangles."""
    things = [
        Thing(
            name=f"rock_{i}",
            mesh=shapes.bumpy_sphere((2.3 * i, 0, 0), 1.0, rows=rows, seed=i),
            material=Material(image=rock(texture_px, seed=i), roughness=0.8),
        )
        for i in range(2)
    ]
    path.write_bytes(encode_glb(things))
    return path


def rock(size_px: int, seed: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) sRGB: bands of colour under grain."""
    random = np.random.Generator(np.random.PCG64([seed, size_px]))
    across, down = np.meshgrid(*[np.linspace(0, 1, size_px, dtype=np.float32)] * 2)
    bands = np.sin(70 * (down + 0.05 * np.sin(23 * across)))
    grain = random.integers(0, 32, (size_px, size_px), dtype=np.uint8)
    levels = np.stack([150 + 50 * bands, 120 + 40 * bands, 90 + 20 * across], axis=-1)
    grained: npt.NDArray[np.uint8] = levels.astype(np.uint8) + grain[..., None]
    return grained


JOBS = {
    job.name: job
    for job in (
        Job(name=JobName.SMALL, views=16, resolution_px=512, samples=64, model=suzanne),
        Job(name=JobName.OVERHEAD, views=64, resolution_px=512, samples=1, model=suzanne),
        Job(name=JobName.HEAVY, views=16, resolution_px=512, samples=1, model=heavy),
        Job(name=JobName.LARGE, views=4, resolution_px=2048, samples=16, model=suzanne),
        Job(name=JobName.MANY, views=1000, resolution_px=64, samples=1, model=suzanne),
    )
}
