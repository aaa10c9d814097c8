"""The types of the configuration: one frozen dataclass per TOML table.

Defaults and the meaning of every key stand in `config.default.toml` and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import new_class
from typing import Annotated, Any, TypeVar

from viewbatch._decode import AtLeast, Between, describe, encode
from viewbatch.config.camera import CameraConfig
from viewbatch.config.render import Engine, RenderConfig
from viewbatch.config.scene import (
    GroundConfig,
    GroundMode,
    LightConfig,
    MaterialsConfig,
    ModelConfig,
    ObjectsConfig,
    WorldConfig,
)
from viewbatch.config.table import Table

T = TypeVar("T", bound=Table)


class PluginsConfig(Table):
    """What every run has; a run's own type has a field more for each plugin's `Config`."""

    enabled: tuple[str, ...]
    path: str

    def problems(self) -> Iterator[tuple[str, str]]:
        for name in self.enabled:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                yield (
                    "enabled",
                    (f"expected names of plugins (letters, digits and _), found {describe(name)}"),
                )
        if len(set(self.enabled)) < len(self.enabled):
            yield "enabled", "expected each plugin once"


class VerifyConfig(Table):
    """The certificate at the end of a batch."""

    at_end: bool
    noise_views: Annotated[int, AtLeast(0)]

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.noise_views and not self.at_end:
            yield "noise_views", "expected 0 where verify.at_end is false"


class Config(Table):
    """Everything that can be set."""

    seed: Annotated[int, Between(0, (1 << 63) - 1)]
    model: ModelConfig
    objects: ObjectsConfig
    materials: MaterialsConfig
    ground: GroundConfig
    world: WorldConfig
    light: LightConfig
    render: RenderConfig
    camera: CameraConfig
    plugins: PluginsConfig
    verify: VerifyConfig

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.render.engine is Engine.EEVEE and self.ground.mode is GroundMode.SHADOW_CATCHER:
            yield "ground.mode", 'EEVEE catches no shadows; choose "plane" or render.engine CYCLES'
        if self.render.film_transparent and self.world.backdrop.path:
            yield "world.backdrop.path", "expected none where render.film_transparent is true"
        if self.camera.stereo.use and self.camera.lens.draws:
            yield "camera.lens.focal_length", "expected one value where camera.stereo.use is true"
        if self.verify.at_end and "depth" not in self.plugins.enabled:
            yield "verify.at_end", 'expected "depth" in plugins.enabled: views are compared by it'
        if self.render.engine is Engine.EEVEE and self.verify.noise_views:
            yield "verify.noise_views", "expected 0 with render.engine EEVEE, whose noise is fixed"

    @classmethod
    def with_plugins(cls, plugin_types: Mapping[str, type]) -> type[Config]:
        """The configuration's type where `[plugins.<name>]` decodes to these dataclasses."""
        plugins = _with_fields(PluginsConfig, plugin_types)
        return _with_fields(cls, {"plugins": plugins})

    def tree(self) -> dict[str, Any]:
        """The plain TOML tree that decodes to this configuration."""
        tree: dict[str, Any] = encode(self)
        return tree


def _with_fields(base: type[T], types: Mapping[str, type]) -> type[T]:
    """A table with these fields more, or of other types."""
    body = {"__annotations__": dict(types), "__module__": base.__module__}
    return new_class(base.__name__, (base,), exec_body=lambda namespace: namespace.update(body))
