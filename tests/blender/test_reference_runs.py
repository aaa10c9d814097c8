"""references/configs: each file, run at thumbnail size, makes what its purpose says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.blender import scenes
from tests.blender.reference_promises import PROMISES
from tests.reference_configs import FILES, FOLDER, ROOT, rows
from viewbatch.config import Config
from viewbatch.config.camera import LensMode, LocationMode

LONG_SIDE_PX = 40


def small(config: Config) -> list[str]:
    """Overrides that make thumbnails of few samples, in the same proportions."""
    settings = ["render.samples=1", "render.cycles.use_denoising=false"]
    lens = config.camera.lens
    if config.camera.location.mode is LocationMode.FILE:
        return settings  # the file says the size
    if lens.mode is LensMode.INTRINSICS:
        k = lens.intrinsics
        factor = LONG_SIDE_PX / max(k.width, k.height)
        sizes = {"width": round(k.width * factor), "height": round(k.height * factor)}
        others = {name: getattr(k, name) * factor for name in ("fx", "fy", "cx", "cy")}
        changed = {**sizes, **others}
        return [*settings, *(f"camera.lens.intrinsics.{k}={v!r}" for k, v in changed.items())]
    render = config.render
    factor = LONG_SIDE_PX / max(render.width, render.height)
    for axis, size in (("x", render.resolution_x), ("y", render.resolution_y)):
        settings.append(f"render.resolution_{axis}={round(size * factor)}")
    return settings


def test_every_file_promises_something() -> None:
    assert sorted(PROMISES) == [path.stem for path in FILES]


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_it_makes_what_it_is_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if name == "eevee_preview":
        request.getfixturevalue("opengl")
    # Paths in configurations are relative to the current folder.
    monkeypatch.chdir(ROOT)
    path = FOLDER / f"{name}.toml"
    model = {row.name: ROOT / row.model for row in rows()}[name]
    config, _ = scenes.configured(path=path)
    promise = PROMISES[name]
    dataset = scenes.generate(model, tmp_path / "out", promise.views, *small(config), path=path)
    assert [view.index for view in dataset.views] == list(range(promise.views))
    for view in dataset.views:
        assert set(view.kinds) == set(promise.kinds)
        assert view.damage() is None
    for file in dataset.record.files:
        assert (dataset.folder / file).is_file()
    written = tomllib.loads((dataset.folder / "config.toml").read_text(encoding="utf-8"))
    assert written["plugins"]["enabled"] == list(config.plugins.enabled)
    promise.check(dataset, config)
