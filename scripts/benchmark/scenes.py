"""Scenes that are hard to render in different ways, each about a metre in size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scripts.benchmark import shapes
from scripts.benchmark.glb import MATTE, Material, Mesh, Thing, encode_glb
from scripts.benchmark.hosts import REPOSITORY

MATTE_NAME = "matte"
"""Names of things that look alike from everywhere begin with it; the ground does as well."""

STUDIO = REPOSITORY / "references" / "surroundings" / "studio.exr"
STRANDS = 2500

_FLOOR = ("ground.mode=plane", "ground.in_masks=true", "ground.roughness=1.0")
_ARC = (
    "camera.location.mode=orbit",
    "camera.location.orbit.radius=1.1",
    'camera.location.orbit.inclination="0.38*pi"',
    'camera.location.orbit.azi_start="-0.6*pi"',
    "camera.location.orbit.turns=0.15",
)
"""Views that see much of the same; nothing is drawn, so that a seed changes the noise alone."""


class SceneName(StrEnum):
    """Names of scenes, as the command line has them."""

    DIFFUSE = "diffuse"
    GLOSSY = "glossy"
    GLASS = "glass"
    TEXTURE = "texture"
    HDRI = "hdri"
    HAIR = "hair"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A model and the settings that it is rendered with."""

    make: Callable[[], list[Thing]]
    settings: Sequence[str] = field(default=())

    @property
    def all_settings(self) -> list[str]:
        """With those of the floor and the cameras."""
        return [*_FLOOR, *_ARC, *self.settings]


def write_scene(name: SceneName, folder: Path) -> Path:
    """Write a scene's model; the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.glb"
    path.write_bytes(encode_glb(SCENES[name].make()))
    return path


def _matte(name: str, color: tuple[float, float, float]) -> tuple[str, Material]:
    return f"{MATTE_NAME}_{name}", Material(color=color, specular=MATTE.specular)


def _thing(named: tuple[str, Material], mesh: Mesh) -> Thing:
    return Thing(name=named[0], mesh=mesh, material=named[1])


def _diffuse() -> list[Thing]:
    """Colours that light each other in corners."""
    return [
        _thing(_matte("ball", (0.8, 0.25, 0.15)), shapes.sphere((-0.35, 0, 0.3), 0.3)),
        _thing(_matte("ring", (0.15, 0.4, 0.75)), shapes.torus((0.4, -0.1, 0.12), 0.25, 0.12)),
        _thing(_matte("wall", (0.8, 0.8, 0.78)), shapes.box((0, 0.5, 0.4), (1.4, 0.1, 0.8))),
        _thing(_matte("post", (0.25, 0.65, 0.3)), shapes.box((0.35, 0.2, 0.3), (0.2, 0.2, 0.6))),
    ]


def _glossy() -> list[Thing]:
    """Metal and lacquer from nearly a mirror to nearly matte."""
    balls = [
        Thing(
            name=f"metal_{i}",
            mesh=shapes.sphere((-0.6 + 0.4 * i, -0.15, 0.19), 0.19),
            material=Material(color=(0.9, 0.7 + 0.05 * i, 0.5), metallic=1.0, roughness=roughness),
        )
        for i, roughness in enumerate((0.05, 0.15, 0.3, 0.5))
    ]
    lacquer = Material(color=(0.5, 0.05, 0.05), roughness=0.12)
    return [
        *balls,
        Thing(name="lacquer", mesh=shapes.torus((0, 0.3, 0.14), 0.3, 0.14), material=lacquer),
        _thing(_matte("wall", (0.7, 0.7, 0.7)), shapes.box((0, 0.7, 0.35), (1.6, 0.1, 0.7))),
    ]


def _glass() -> list[Thing]:
    """Solid glass, clear and frosted, before coloured things."""
    clear = Material(color=(0.97, 0.99, 0.97), roughness=0.0, transmission=1.0)
    frosted = Material(color=(0.9, 0.95, 1.0), roughness=0.25, transmission=1.0)
    return [
        Thing(name="clear", mesh=shapes.sphere((-0.3, -0.2, 0.28), 0.28), material=clear),
        Thing(name="frosted", mesh=shapes.torus((0.35, -0.2, 0.12), 0.24, 0.12), material=frosted),
        _thing(_matte("wall", (0.75, 0.6, 0.3)), shapes.box((0, 0.5, 0.35), (1.4, 0.1, 0.7))),
        _thing(_matte("post", (0.2, 0.3, 0.7)), shapes.box((0.1, 0.15, 0.25), (0.15, 0.15, 0.5))),
    ]


def _texture() -> list[Thing]:
    """Detail as fine as a pixel, which a denoiser may take for noise."""

    def printed(name: str, seed: int) -> tuple[str, Material]:
        material = Material(specular=MATTE.specular, image=_print(512, seed))
        return f"{MATTE_NAME}_{name}", material

    return [
        _thing(printed("box", 1), shapes.box((-0.35, 0, 0.3), (0.5, 0.5, 0.6))),
        _thing(printed("ball", 2), shapes.sphere((0.4, -0.1, 0.32), 0.32)),
        _thing(printed("wall", 3), shapes.box((0, 0.5, 0.4), (1.4, 0.1, 0.8))),
    ]


def _hdri() -> list[Thing]:
    """A little of everything under an image of the surroundings."""
    metal = Material(color=(0.9, 0.9, 0.9), metallic=1.0, roughness=0.2)
    return [
        Thing(name="metal", mesh=shapes.sphere((-0.4, 0, 0.28), 0.28), material=metal),
        _thing(_matte("ring", (0.7, 0.3, 0.2)), shapes.torus((0.35, -0.15, 0.12), 0.25, 0.12)),
        _thing(_matte("post", (0.3, 0.5, 0.7)), shapes.box((0.1, 0.35, 0.35), (0.3, 0.3, 0.7))),
    ]


def _hair() -> list[Thing]:
    """Strands thinner than a pixel."""
    random = np.random.Generator(np.random.PCG64(4))
    directions = random.normal(size=(STRANDS, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    center = np.array((0.0, 0.0, 0.6))
    bends = random.normal(size=(STRANDS, 3)) * 0.25
    strands = [
        shapes.strand(
            center + 0.34 * direction, center + 0.34 * direction + 0.24 * (direction + bend), 0.0012
        )
        for direction, bend in zip(directions, bends, strict=True)
    ]
    fur = Material(color=(0.35, 0.2, 0.1), roughness=0.4)
    return [
        _thing(_matte("ball", (0.5, 0.35, 0.25)), shapes.sphere((0, 0, 0.6), 0.35)),
        Thing(name="fur", mesh=shapes.joined(strands), material=fur),
    ]


def _print(size_px: int, seed: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) sRGB: single dark and light texels in patches of colour."""
    random = np.random.Generator(np.random.PCG64(seed))
    patches = random.integers(60, 220, (8, 8, 3)).repeat(size_px // 8, 0).repeat(size_px // 8, 1)
    dots = random.choice([0.3, 1.0, 1.4], size=(size_px, size_px, 1), p=[0.3, 0.5, 0.2])
    levels: npt.NDArray[np.uint8] = np.clip(patches * dots, 0, 255).astype(np.uint8)
    return levels


SCENES = {
    SceneName.DIFFUSE: Scene(make=_diffuse),
    SceneName.GLOSSY: Scene(make=_glossy, settings=("ground.pattern=checkerboard",)),
    SceneName.GLASS: Scene(make=_glass, settings=("ground.pattern=checkerboard",)),
    SceneName.TEXTURE: Scene(make=_texture),
    SceneName.HDRI: Scene(
        make=_hdri,
        settings=(
            "world.mode=hdri",
            f"world.hdri.path={STUDIO.as_posix()}",
            "world.hdri.strength=0.4",
            "light.mode=none",
        ),
    ),
    SceneName.HAIR: Scene(make=_hair),
}
