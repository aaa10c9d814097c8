"""What Blender or the configuration cannot do is said in one sentence, word for word."""

from __future__ import annotations

import gc
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender import engine, model, runner, versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.devices import CPU
from viewbatch.config.render import Denoiser
from viewbatch.dataset.exr import write_exr
from viewbatch.dataset.writer import ViewFiles
from viewbatch.errors import ModelError, RunError, UsageError
from viewbatch.model_files import Findings, Kind
from viewbatch.passes import Pass

QUICK = ("render.resolution_x=32", "render.resolution_y=24", "render.samples=1",
         "render.cycles.use_denoising=false")  # fmt: skip


def cube(tmp_path: Path) -> Path:
    scenes.add_cube(scenes.empty_scene(), "cube")
    return scenes.save_blend(tmp_path / "cube.blend")


def test_a_blender_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "OLDEST", (99, 0, 0))
    with pytest.raises(UsageError) as refusal:
        versions.check()
    assert str(refusal.value) == (
        f"this is Blender {versions.text()}, and the oldest supported one is 99.0; use a newer "
        "Blender"
    )


def test_a_blender_without_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cycles", None)
    with pytest.raises(RunError) as refusal, Capture():
        pass
    assert str(refusal.value) == (
        f"this build of Blender {versions.text()} has no Cycles, which makes the ground truth; "
        "use a Blender that has it"
    )


def test_a_blender_whose_cycles_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from cycles import CyclesRender

    monkeypatch.delattr(CyclesRender, "render_frame_finish")
    with pytest.raises(RunError) as refusal, Capture():
        pass
    assert str(refusal.value) == (
        f"Blender {versions.text()} no longer lets Cycles' passes be read in memory; use one of "
        "the versions that the README names"
    )


def test_a_render_whose_passes_are_not_handed_over(capture: Capture) -> None:
    class Idle(bpy.types.RenderEngine):  # type: ignore[misc]
        bl_idname = "IDLE"
        bl_label = "Idle"

        def render(self, depsgraph: Any) -> None:
            """Nothing is drawn."""

    scene = scenes.Studio.of(scenes.empty_scene(), capture).scene
    bpy.utils.register_class(Idle)
    try:
        scene.render.engine = "IDLE"
        with pytest.raises(RunError) as failure:
            capture.passes(scene, [Pass.DEPTH])
    finally:
        bpy.utils.unregister_class(Idle)
    assert str(failure.value) == (
        f"Blender {versions.text()} ended a render without handing its passes over; use one of "
        "the versions that the README names"
    )


# The error's trace holds Cycles' object beyond its end, of which its own destructor complains.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_render_that_lacks_a_pass(capture: Capture) -> None:
    scene = scenes.Studio.of(scenes.empty_scene(), capture, *QUICK).scene
    engine.use_ground_truth(scene, frozenset())
    with pytest.raises(RunError) as failure:
        capture.passes(scene, [Pass.DEPTH])
    assert str(failure.value) == (
        f"Blender {versions.text()} rendered no pass Depth, only Combined; use one of the versions "
        "that the README names"
    )
    del failure
    gc.collect()


def test_a_blender_without_a_denoiser(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import _cycles

    monkeypatch.setattr(_cycles, "with_openimagedenoise", False)
    config, _ = scenes.configured("render.cycles.use_denoising=auto")
    assert config.render.cycles.denoiser is Denoiser.OPENIMAGEDENOISE
    with caplog.at_level(logging.WARNING):
        assert engine.denoiser(config.render, CPU) == "none"
    assert caplog.messages == [
        f"this build of Blender {versions.text()} has no denoiser; images are noisier"
    ]
    config, _ = scenes.configured("render.cycles.use_denoising=true")
    with pytest.raises(UsageError) as refusal:
        engine.denoiser(config.render, CPU)
    assert str(refusal.value) == (
        f"render.cycles.use_denoising is true, and this build of Blender {versions.text()} has no "
        'OpenImageDenoise; set it to "auto" or false, or use another build'
    )


def test_a_blender_without_a_view_transform() -> None:
    """As with a colour configuration of the system's."""
    config, _ = scenes.configured()
    other: Any = "Studio 9"
    with pytest.raises(UsageError) as refusal:
        engine.configure_color_management(
            scenes.empty_scene(), replace(config.render, view_transform=other)
        )
    assert str(refusal.value) == (
        f"render.view_transform is Studio 9, which this Blender {versions.text()} lacks; set "
        "another, such as Standard"
    )


def test_an_importer_that_gives_no_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Silent(bpy.types.Operator):  # type: ignore[misc]
        bl_idname = "wm.silent_import"
        bl_label = "Silent"
        filepath: bpy.props.StringProperty()  # type: ignore[valid-type]

        def execute(self, _context: Any) -> set[str]:
            return {"CANCELLED"}

    silent = replace(model.FORMATS[Kind.OBJ], operators=(("wm", "silent_import"),))
    monkeypatch.setattr(model, "FORMATS", {**model.FORMATS, Kind.OBJ: silent})
    bpy.utils.register_class(Silent)
    try:
        with pytest.raises(ModelError) as refusal:
            model.import_model(tmp_path / "a.obj")
    finally:
        bpy.utils.unregister_class(Silent)
    assert str(refusal.value) == (
        f"the model {tmp_path / 'a.obj'} cannot be imported: Blender gave no reason; is it really "
        "OBJ?"
    )


def test_a_blender_file_that_blender_cannot_open(tmp_path: Path) -> None:
    """Whose damage is none that is found without Blender."""
    path = tmp_path / "a.blend"
    path.write_bytes(b"BLENDER-v402" + bytes(1000))
    with pytest.raises(ModelError) as refusal:
        model.import_model(path)
    assert re.fullmatch(
        rf"the model {re.escape(str(path))} cannot be imported: it is damaged \(.+\); copy or "
        r"save it again",
        str(refusal.value),
    )


@pytest.mark.parametrize(
    ("meddle", "problem"),
    [
        (
            lambda path: path.write_bytes(path.read_bytes() + b"\n"),
            "the model {path} changed while it was read; run the command again",
        ),
        (
            Path.unlink,
            "the model {path} cannot be read: No such file or directory; check the file",
        ),
    ],
)
def test_a_model_that_somebody_else_changes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    meddle: Callable[[Path], object],
    problem: str,
) -> None:
    path = cube(tmp_path)
    check = runner.check_imported

    def check_and_meddle(path: Path, findings: Findings) -> None:
        check(path, findings)
        meddle(path)

    monkeypatch.setattr(runner, "check_imported", check_and_meddle)
    with pytest.raises(ModelError) as refusal:
        scenes.generate(path, tmp_path / "out", 1, *QUICK)
    assert str(refusal.value) == problem.format(path=path)
    assert not (tmp_path / "out").exists()


def test_a_colour_image_that_cannot_be_written(tmp_path: Path) -> None:
    """Blender names no reason of the system's, and it is found."""
    scenes.empty_scene()
    config, _ = scenes.configured(*QUICK, "render.image_settings.file_format=JPEG")
    folder = tmp_path / "file"
    folder.touch()
    files = ViewFiles(folder=folder, index=0, cam_from_world=np.eye(4))
    with pytest.raises(RunError) as failure:
        ColorEncoder(config.render).add(np.zeros((4, 4, 4), np.float32), files)
    assert str(failure.value) == (
        f"writing {folder / '000_render.jpg'} failed: Not a directory; the views with a record are "
        "complete, and the same command continues"
    )


def test_clip_planes_that_enclose_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        scenes.generate(cube(tmp_path), tmp_path / "out", 1, *QUICK, "camera.clip_start=1000")
    assert re.fullmatch(
        "camera.clip_start 1000 m is not nearer than clip_end [0-9.]+ m; set both, or leave them "
        '"auto"',
        str(refusal.value),
    )
    assert not (tmp_path / "out").exists()


def test_a_lens_that_looks_past_the_target(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        scenes.generate(cube(tmp_path), tmp_path / "out", 1, *QUICK, "camera.lens.shift_x=10")
    assert str(refusal.value) == (
        "camera.lens: the lens is shifted so far that the optical axis leaves the frame; the "
        "target cannot be framed by looking at it; shift it less, or set "
        'camera.location.radius_unit "scene"'
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("key", "more"), [("world.hdri.path", ["world.mode=hdri"]), ("world.backdrop.path", [])]
)
def test_an_image_that_holds_no_numbers(
    tmp_path: Path, value: float, key: str, more: list[str]
) -> None:
    channel = np.full((8, 16), 0.5, dtype=np.float32)
    channel[2, 3] = value
    path = tmp_path / "bad.exr"
    write_exr(path, dict.fromkeys("RGB", channel), cam_from_world=np.eye(4), attributes={})
    with pytest.raises(UsageError) as refusal:
        scenes.generate(cube(tmp_path), tmp_path / "out", 1, *QUICK, *more, f"{key}={path}")
    assert str(refusal.value) == (
        f"the image {path} of {key} holds 3 values that are not finite numbers, which no light "
        "can be; repair it, or name another"
    )
