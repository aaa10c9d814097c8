"""Which devices Cycles is told to use: a pure choice, and Blender's preferences after it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender import devices, engine
from viewbatch.blender.capture import Capture
from viewbatch.blender.devices import CPU, Device, Selection, enable, select
from viewbatch.config.render import ComputeDeviceType, CyclesConfig
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at

OPTIX, CUDA, HIP = ComputeDeviceType.OPTIX, ComputeDeviceType.CUDA, ComputeDeviceType.HIP
TWO = ["NVIDIA RTX 4090", "NVIDIA H200"]
FOUND = {OPTIX: TWO, CUDA: ["NVIDIA TITAN", *TWO], HIP: []}


def cycles(*overrides: str) -> CyclesConfig:
    config, _ = scenes.configured(*[f"render.cycles.{override}" for override in overrides])
    return config.render.cycles


@pytest.mark.parametrize(
    ("found", "overrides", "expected"),
    [
        (FOUND, [], Selection(OPTIX, (0, 1))),
        ({CUDA: TWO, HIP: ["AMD"]}, [], Selection(CUDA, (0, 1))),
        # The order of the table above, whatever that of what was found.
        ({HIP: ["AMD"], OPTIX: [], CUDA: TWO}, [], Selection(CUDA, (0, 1))),
        (FOUND, ['compute_device_type="CUDA"'], Selection(CUDA, (0, 1, 2))),
        (FOUND, ["devices=[1]"], Selection(OPTIX, (1,))),
        (FOUND, ['devices=["h200"]'], Selection(OPTIX, (1,))),
        (FOUND, ['devices=["nvidia"]', 'compute_device_type="CUDA"'], Selection(CUDA, (0, 1, 2))),
        (FOUND, ['devices=["H200", 0]'], Selection(OPTIX, (0, 1))),
        (FOUND, ['devices=[1, "H200"]'], Selection(OPTIX, (1,))),
    ],
)
def test_a_choice(found: Any, overrides: list[str], expected: Selection) -> None:
    assert select(found, "AMD EPYC", cycles('device="GPU"', *overrides)) == expected


THERE = (
    "this build of Blender supports OPTIX, CUDA, HIP; found: OPTIX 0: NVIDIA RTX 4090, "
    "1: NVIDIA H200; CUDA 0: NVIDIA TITAN, 1: NVIDIA RTX 4090, 2: NVIDIA H200; the CPU AMD EPYC"
)
NONE_OF = 'set render.cycles.device "CPU", or render.cycles.fallback "cpu"'
NAME_ONE = "name one of these by its number or a part of its name"


@pytest.mark.parametrize(
    ("found", "overrides", "message"),
    [
        (
            {},
            [],
            'render.cycles.device is "GPU", and there is no GPU that Cycles can use (this build '
            f"of Blender supports no GPU; found: the CPU AMD EPYC); {NONE_OF}",
        ),
        (
            {OPTIX: [], CUDA: []},
            [],
            'render.cycles.device is "GPU", and there is no GPU that Cycles can use (this build '
            f"of Blender supports OPTIX, CUDA; found: the CPU AMD EPYC); {NONE_OF}",
        ),
        (
            FOUND,
            ['compute_device_type="HIP"'],
            f'render.cycles.device is "GPU", and there is no HIP device ({THERE}); {NONE_OF}',
        ),
        (
            FOUND,
            ['compute_device_type="METAL"'],
            f'render.cycles.device is "GPU", and there is no METAL device ({THERE}); {NONE_OF}',
        ),
        (
            FOUND,
            ["devices=[0, 2]"],
            f"render.cycles.devices holds 2, which is no OPTIX device ({THERE}); {NAME_ONE}",
        ),
        (
            FOUND,
            ['devices=["H200", "A100"]'],
            f'render.cycles.devices holds "A100", which is no OPTIX device ({THERE}); {NAME_ONE}',
        ),
    ],
)
def test_what_is_not_there_is_an_error_that_lists_what_is(
    found: Any, overrides: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        select(found, "AMD EPYC", cycles('device="GPU"', *overrides))
    assert str(caught.value) == message


def test_the_text_of_a_device() -> None:
    assert str(CPU) == "CPU"
    assert str(Device(OPTIX, ("NVIDIA H200", "NVIDIA H200"))) == "OPTIX: NVIDIA H200 + NVIDIA H200"


@pytest.fixture
def preferences() -> Iterator[Any]:
    """Those of Cycles in a Blender with factory settings, on a machine without a GPU."""
    scenes.empty_scene()
    found = bpy.context.preferences.addons["cycles"].preferences
    found.refresh_devices()
    if any(device.type != "CPU" for device in found.devices):
        pytest.skip("this machine has a GPU")
    scenes.empty_scene()
    yield bpy.context.preferences.addons["cycles"].preferences
    scenes.empty_scene()


def test_the_cpu_needs_no_look_for_devices(preferences: Any) -> None:
    assert enable(cycles()) == CPU
    assert len(preferences.devices) == 0
    assert preferences.compute_device_type == "NONE"


def test_a_gpu_that_is_not_there(preferences: Any) -> None:
    with pytest.raises(
        UsageError,
        match=r'^render\.cycles\.device is "GPU", and there is no GPU that Cycles can use '
        r"\(this build of Blender supports (OPTIX, )?CUDA, HIP.*; found: the CPU \S.*\); set ",
    ):
        enable(cycles('device="GPU"'))
    assert preferences.compute_device_type == "NONE"


def test_exactly_the_chosen_devices_are_used(preferences: Any) -> None:
    """Entries stand in for GPUs: Blender keeps one for each device it has ever found."""
    for name, kind in [("A", "CUDA"), ("B", "CUDA"), ("C", "CUDA"), ("B", "HIP")]:
        entry = preferences.devices.add()
        entry.name, entry.type, entry.id, entry.use = name, kind, f"{kind}_{name}", True
    assert enable(cycles('device="GPU"', 'devices=["C", 0]')) == Device(CUDA, ("A", "C"))
    assert preferences.compute_device_type == "CUDA"
    used = {(entry.type, entry.name) for entry in preferences.devices if entry.use}
    assert used == {("CUDA", "A"), ("CUDA", "C")}


@pytest.mark.usefixtures("preferences")
def test_without_a_gpu_the_fallback_renders_on_the_cpu_and_says_so(
    capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    images = []
    for overrides in ([], ['render.cycles.device="GPU"', 'render.cycles.fallback="cpu"']):
        scene = scenes.empty_scene()
        scenes.add_cube(scene, "cube")
        studio = scenes.Studio.of(
            scene, capture, "render.resolution_x=16", "render.resolution_y=12", *overrides
        )
        studio.look((0, -6, 2), look_at((0, -6, 2), (0, 0, 0)))
        with caplog.at_level(logging.WARNING, logger=devices.__name__):
            assert enable(studio.config.render.cycles) == CPU
        images.append(studio.color())
    np.testing.assert_array_equal(*images)
    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith('render.cycles.device is "GPU", and there is no GPU')
    assert message.endswith("; rendering on the CPU")


def test_the_optix_denoiser_needs_an_optix_device() -> None:
    config, _ = scenes.configured('render.cycles.denoiser="OPTIX"')
    for device in (CPU, Device(CUDA, ("NVIDIA H200",))):
        with pytest.raises(UsageError) as caught:
            engine.denoiser(config.render, device)
        assert str(caught.value) == (
            "render.cycles.denoiser is OPTIX, which needs a GPU that Cycles drives by OPTIX, and "
            f"the device is {device}; set render.cycles.device GPU and compute_device_type OPTIX, "
            "or use the denoiser OPENIMAGEDENOISE"
        )
    assert engine.denoiser(config.render, Device(OPTIX, ("NVIDIA H200",))) == "OPTIX"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "OPENIMAGEDENOISE"),
        (["render.cycles.use_denoising=true"], "OPENIMAGEDENOISE"),
        (["render.cycles.use_denoising=false"], "none"),
        (["render.cycles.use_denoising=false", 'render.cycles.denoiser="OPTIX"'], "none"),
        (['render.engine="EEVEE"'], "none"),
    ],
)
def test_the_denoiser_that_is_recorded(overrides: list[str], expected: str) -> None:
    config, _ = scenes.configured(*overrides)
    assert engine.denoiser(config.render, CPU) == expected
