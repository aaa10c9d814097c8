"""Settings with which keys of several tables matter."""

from __future__ import annotations

SMALL = ("render.resolution_x=32", "render.resolution_y=24", "render.samples=1",
         "render.cycles.use_denoising=false",
         'plugins.enabled=["depth", "mask", "normal", "albedo", "linear"]')  # fmt: skip

# One sample, and nothing but lamps: the light is in proportion to theirs.
LAMPS = ("world.strength=0.0", "render.cycles.max_bounces=0")

SCENE = ('camera.location.radius_unit="scene"', 'camera.location.mode="orbit"',
         "camera.location.orbit.radius=9.0")  # fmt: skip

NOISY = ("render.samples=16",)
DENOISED = ("render.samples=4", "render.cycles.use_denoising=true")
GPU = ('render.cycles.device="GPU"',)


def location(mode: str, *more: str) -> tuple[str, ...]:
    return (f'camera.location.mode="{mode}"', *more)


L = "camera.location."
