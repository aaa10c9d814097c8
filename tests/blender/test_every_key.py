"""Every key of config.default.toml does what its row of the table says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.blender import scenes
from tests.blender.keys import models
from tests.blender.keys.rows import FOLLOWS, Change, Choice, Message
from tests.blender.keys.settings import GPU, SMALL
from tests.blender.keys.table import ROWS
from tests.keys import default_keys
from viewbatch.blender.devices import select
from viewbatch.config.render import ComputeDeviceType
from viewbatch.dataset import Dataset
from viewbatch.errors import UsageError


def test_every_key_has_a_row() -> None:
    assert ROWS.keys() == default_keys()


# ---- Making and comparing datasets


class Studio:
    """Makes datasets, each of them once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[tuple[Any, ...], Dataset] = {}
        self._models: dict[str, Path] = {}
        _write_inputs(folder)
        for name, mode in (("poses", "orbit"), ("poses_other", "spiral")):
            scenes.generate(
                self.model("pair"), folder / name, 1, *SMALL, f'camera.location.mode="{mode}"'
            )

    def model(self, name: str) -> Path:
        if name not in self._models:
            self._models[name] = models.save(name, self.folder)
        return self._models[name]

    def made(self, model: str, views: int, overrides: Sequence[str]) -> Dataset:
        key = (model, views, *overrides)
        if key not in self._made:
            output = self.folder / f"out{len(self._made)}"
            at = [override.replace("{here}", str(self.folder)) for override in overrides]
            self._made[key] = scenes.generate(self.model(model), output, views, *SMALL, *at)
        return self._made[key]


def _write_inputs(folder: Path) -> None:
    """Images of the surroundings, one white and one whose right half is black; and others."""
    white = np.ones((32, 64, 3), dtype=np.float32)
    half = white.copy()
    half[:, 32:] = 0
    for name, image in (("white", white), ("half", half)):
        OpenEXR.File({}, {"RGB": image}).write(str(folder / f"{name}.exr"))
    levels_of_image = np.zeros((24, 32, 3), dtype=np.uint8)
    levels_of_image[:] = (200, 100, 50)
    Image.fromarray(levels_of_image).save(folder / "levels.png")
    own = Path(scenes.ROOT / "plugins" / "mask.py").read_text(encoding="utf-8")
    for name, factor in (("once", 1), ("sevenfold", 7)):
        (folder / name).mkdir()
        (folder / name / "own.py").write_text(
            own.replace("ids = frame[Pass.OBJECT_ID]", f"ids = {factor} * frame[Pass.OBJECT_ID]")
            .replace("mode: Literal", 'mode: Literal["instance", "binary"] = "instance"  # ')
            .replace("png: bool", "png: bool = False"),
            encoding="utf-8",
        )


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("keys"))


def contents(dataset: Dataset) -> dict[str, Any]:
    """Everything that a dataset holds, by name: values of records, pixels, bytes of files."""
    found = dict(json.loads((dataset.folder / "dataset.json").read_text(encoding="utf-8")))
    for name in found.pop("files"):
        found[name] = (dataset.folder / name).read_bytes()
    for view in dataset.views:
        record = json.loads(view.record.to_json())
        del record["schema"], record["dataset_sha256"], record["record_sha256"]
        files = record.pop("files")
        for name, value in record.items():
            found.setdefault(name, {})[view.index] = value
        for kind, file in files.items():
            path = dataset.folder / file["name"]
            is_map = path.suffix == ".exr" and kind != "render"
            # The header of a map holds the pose.
            data = view.read(kind).tobytes() if is_map else path.read_bytes()
            found.setdefault(kind, {})[view.index] = data
    return found


def of(kind: type) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("key", [k for k, row in ROWS.items() if isinstance(row, kind)])


@of(Change)
def test_what_a_key_changes(key: str, studio: Studio, request: pytest.FixtureRequest) -> None:
    row = ROWS[key]
    assert isinstance(row, Change)
    if row.opengl:
        request.getfixturevalue("opengl")
    before = studio.made(row.model, row.views, row.base)
    after = studio.made(row.model, row.views, (*row.base, f"{key}={row.value}"))
    a, b = contents(before), contents(after)
    different = {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}
    assert row.changes <= different
    assert different <= row.changes | row.may | FOLLOWS
    if row.shows is not None:
        row.shows(before, after)


@of(Message)
def test_what_a_key_makes_of_a_message(key: str, studio: Studio) -> None:
    row = ROWS[key]
    assert isinstance(row, Message)
    if row.without_gpu and has_gpu():
        pytest.skip("this machine has a GPU")
    for overrides, message in (
        (row.base, row.before),
        ((*row.base, f"{key}={row.value}"), row.after),
    ):
        if message:
            with pytest.raises(UsageError, match=f"^{message}$"):
                studio.made("pair", 6, overrides)
        else:
            assert studio.made("pair", 6, overrides).record.device == "CPU"


@of(Choice)
def test_what_a_key_chooses(key: str) -> None:
    row = ROWS[key]
    assert isinstance(row, Choice)
    found = {ComputeDeviceType.CUDA: ["NVIDIA TITAN", "NVIDIA RTX 4090", "NVIDIA H200"]}
    for overrides, positions in ([], row.before), ([f"{key}={row.value}"], row.after):
        config, _ = scenes.configured(*GPU, *overrides)
        assert select(found, "AMD EPYC", config.render.cycles).positions == positions


def has_gpu() -> bool:
    scenes.empty_scene()
    preferences = bpy.context.preferences.addons["cycles"].preferences
    preferences.refresh_devices()
    found = any(device.type != "CPU" for device in preferences.devices)
    scenes.empty_scene()
    return found
