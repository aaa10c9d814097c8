"""The table of a view transform, against Blender's own levels, at every place where they change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender import scenes
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.level_table import LevelTable
from viewbatch.dataset import layout
from viewbatch.dataset.writer import ViewFiles
from viewbatch.stopwatch import Stopwatch

pytestmark = pytest.mark.every_blender


@pytest.mark.parametrize("exposure", [0.0, 1.3, -3.0, -10.0, 10.0])
@pytest.mark.parametrize("view_transform", ["Standard", "Raw"])
def test_levels_are_blender_s(view_transform: str, exposure: float) -> None:
    """But within 1e-6 of where a level begins: there Blender's own curve goes to and fro."""
    scenes.empty_scene()
    config, _ = scenes.configured(
        f'render.view_transform="{view_transform}"', f"render.exposure={exposure}"
    )
    encoder = ColorEncoder(config.render)
    table = encoder._table
    gain = 2.0**exposure
    ramp = (np.linspace(-0.1, 1.1, 500_000) / gain).astype(np.float32)
    shown = table.levels(ramp)
    assert list(np.unique(shown)) == list(range(256))
    begins = ramp[np.searchsorted(shown, np.arange(1, 256))]
    near = np.concatenate([begins * np.float32(1 + share) for share in (-1e-5, -1e-7, 0, 1e-7)])
    rng = np.random.default_rng(0)
    light = np.concatenate([
        near, -rng.uniform(size=300), 10.0 ** rng.uniform(-40, 38, 30_000),
        rng.uniform(0, 1.2, 60_000) / gain,
    ]).astype(np.float32)  # fmt: skip
    light = rng.permutation(light)[: len(light) // 3 * 3].reshape(1, -1, 3)
    pixels = np.concatenate([light, np.ones((*light.shape[:2], 1), np.float32)], axis=-1)
    levels = table.levels(light)
    of_blender = encoder.levels(pixels)[..., :3]
    assert np.abs(levels.astype(int) - of_blender).max() <= 1
    sure = table.levels(light * np.float32(1 - 1e-6)) == table.levels(light * np.float32(1 + 1e-6))
    assert sure.mean() > 0.99
    np.testing.assert_array_equal(levels[sure], of_blender[sure])


@pytest.mark.parametrize("exposure", [-32.0, -20.0, -10.5, 0.0, 10.5, 31.9])
def test_colour_files_have_blender_s_levels_at_any_exposure(
    tmp_path: Path, exposure: float
) -> None:
    """Also where its Standard mixes channels, or is dark for bright light."""
    scenes.empty_scene()
    config, _ = scenes.configured(f"render.exposure={exposure}")
    encoder = ColorEncoder(config.render)
    rng = np.random.default_rng(0)
    pixels = np.ones((16, 24, 4), np.float32)
    pixels[..., :3] = rng.uniform(0, 1.2, (16, 24, 3)) * 2**-exposure
    files = ViewFiles(folder=tmp_path, index=0, cam_from_world=np.eye(4))
    encoder.add(pixels, files)
    path = tmp_path / files.write(Stopwatch())[layout.RENDER].name
    np.testing.assert_array_equal(np.asarray(Image.open(path)), encoder.levels(pixels)[..., :3])


def test_a_table_holds_any_curve_that_rises() -> None:
    """It asks for what it does not know, and has every float right."""

    def levels_of(light: np.ndarray) -> np.ndarray:
        return np.clip(np.floor(255 * np.clip(light, 0, None) ** 0.3), 0, 255).astype(np.uint8)

    rng = np.random.default_rng(0)
    light = rng.uniform(0, 1.1, (7, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(LevelTable(levels_of).levels(light), levels_of(light))
    assert LevelTable(levels_of).levels(light[::-2, ::2, :2]).shape == (4, 5, 2)
