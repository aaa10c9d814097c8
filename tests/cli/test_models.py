"""Models of many formats, with the defaults: each is framed whole and large, or refused in words.

VIEWBATCH_MODELS names a folder that holds `good` (models that every viewer shows) and
`bad` (files that are no model). It is not part of the repository.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SUZANNE, Host
from viewbatch.dataset import Dataset
from viewbatch.model_files.kinds import EXTENSIONS

pytestmark = pytest.mark.every_blender

CHEAP = ["--set", "render.samples=1", "--set", "render.cycles.use_denoising=false"]
# Not in every build of Blender, or only with a library that some builds lack.
NOT_EVERYWHERE = {".dae", ".abc", ".usd", ".usda", ".usdc", ".usdz", ".fbx"}


def models(kind: str) -> list[Path]:
    if "VIEWBATCH_MODELS" not in os.environ:
        return []
    folder = Path(os.environ["VIEWBATCH_MODELS"], kind)
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS)


def named(path: Path) -> str:
    return path.name


def check_framing(out: Path) -> None:
    """Every view shows the whole model, large, by what its own record says."""
    dataset = Dataset.open(out)
    assert len(dataset.views) == 4
    bounds = dataset.record.bounds
    for view in dataset.views:
        mask, k = view.read("mask") != 0, view.camera.intrinsics
        assert mask.any()
        edges = [mask[0], mask[-1], mask[:, 0], mask[:, -1]]
        assert not np.concatenate(edges).any(), "the model is cut by the frame"
        distance = float(np.linalg.norm(view.camera.center_in_world - bounds.center))
        diameter = 2 * math.tan(math.asin(bounds.radius / distance)) * min(k.fx, k.fy)
        assert diameter >= 0.6 * min(k.width, k.height)


def test_our_own_model_is_framed(host: Host, tmp_path: Path) -> None:
    """What the other models are held to, always."""
    assert host.run(SUZANNE, "out", "4", *CHEAP, cwd=tmp_path).code == 0
    check_framing(tmp_path / "out")


@pytest.mark.parametrize("model", models("good"), ids=named)
def test_a_good_model_is_framed(host: Host, tmp_path: Path, model: Path) -> None:
    result = host.run(model, "out", "4", *CHEAP, cwd=tmp_path)
    assert not result.has_trace
    may_lack = model.suffix in NOT_EVERYWHERE or "draco" in model.parts
    if may_lack and result.code == 2:
        last = result.stderr.splitlines()[-1]
        assert last.startswith(f"error: the model {model} ")
        pytest.skip(last)
    assert result.code == 0, result.stderr
    check_framing(tmp_path / "out")


@pytest.mark.parametrize("model", models("bad"), ids=named)
def test_a_bad_model_is_refused_in_one_sentence(host: Host, tmp_path: Path, model: Path) -> None:
    result = host.run(model, "out", *CHEAP, cwd=tmp_path)
    assert result.code == 2, result.stderr
    lines = result.stderr.splitlines()
    assert lines[-1].startswith("error: the model ")
    assert result.in_blender or len(lines) == 2
    assert not (tmp_path / "out").exists()
