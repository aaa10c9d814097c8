# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "numpy==1.26.4"]
# ///
"""Experiments with Blender alone, for `benchmark.py trials`; what is found is printed as JSON.

uv run scripts/benchmark/in_blender.py threads references/models/suzanne.glb 8 512 16
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
from cycles import CyclesRender

Result = dict[str, dict[str, float | str]]
"""Name of a way -> what was found of it."""

ROUNDS = 3

PASSES = ("Combined", "Depth", "Normal", "Position", "IndexOB", "Object Index")


class Rig:
    """A model, a lamp, a camera that goes around, and two kinds of renders as batches have them."""

    def __init__(self, model: str, views: int, resolution_px: int, samples: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.import_scene.gltf(filepath=model)
        self.scene = bpy.context.scene
        self.views, self.samples = views, samples
        points = np.concatenate(
            [
                [
                    (thing.matrix_world @ type(thing.location)(corner))[:]
                    for corner in thing.bound_box
                ]
                for thing in self.scene.objects
                if thing.type == "MESH"
            ]
        )
        self.center = (points.min(axis=0) + points.max(axis=0)) / 2
        self.radius = float(np.linalg.norm(points.max(axis=0) - points.min(axis=0))) / 2
        for number, thing in enumerate(self.scene.objects):
            thing.pass_index = number + 1
        self.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        self.camera.data.clip_end = 100 * self.radius
        lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "AREA"))
        lamp.data.energy, lamp.data.size = 200 * self.radius**2, 2 * self.radius
        lamp.location = self.center + np.array((0, 0, 4 * self.radius))
        for thing in (self.camera, lamp):
            self.scene.collection.objects.link(thing)
        self.scene.camera = self.camera
        render = self.scene.render
        render.engine, render.use_persistent_data = "CYCLES", True
        render.resolution_x = render.resolution_y = resolution_px
        render.use_compositing = render.use_sequencer = False
        self.scene.world = bpy.data.worlds.new("world")
        layer = self.scene.view_layers[0]
        layer.use_pass_z = layer.use_pass_normal = True
        layer.use_pass_position = layer.use_pass_object_index = True
        self.finished: Callable[[Any], None] | None = None
        finish = CyclesRender.render_frame_finish

        def captured(engine: Any) -> None:
            finish(engine)
            if self.finished is not None:
                self.finished(engine)

        CyclesRender.render_frame_finish = captured

    def color(self) -> None:
        """Settings of a colour render."""
        cycles = self.scene.cycles
        cycles.samples, cycles.filter_width = self.samples, 1.5
        cycles.use_denoising = False
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 8, 4, 4

    def truth(self) -> None:
        """Settings of a ground-truth render."""
        cycles = self.scene.cycles
        cycles.samples, cycles.filter_width = 1, 0.01
        cycles.use_denoising = cycles.use_adaptive_sampling = False
        cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = 0

    def render(self, view: int) -> float:
        """Render a view; wall seconds."""
        azimuth = math.tau * view / max(self.views, 1)
        out = np.array((math.sin(azimuth), -math.cos(azimuth), 0.4))
        out /= np.linalg.norm(out)
        self.camera.location = self.center + 4 * self.radius * out
        back = type(self.camera.location)(out)
        self.camera.rotation_euler = back.to_track_quat("Z", "Y").to_euler()
        begin = time.perf_counter()
        bpy.ops.render.render()
        return time.perf_counter() - begin

    def rendered(self) -> float:
        """Median seconds of all views, after one that builds the scene."""
        self.render(0)
        return statistics.median(self.render(view) for view in range(self.views))

    @contextmanager
    def read(self, hook: Callable[[Any], None]) -> Iterator[None]:
        """Call a function with the engine when a render is finished."""
        self.finished = hook
        try:
            yield
        finally:
            self.finished = None


def threads(rig: Rig) -> Result:
    """Render threads: from one to twice the processors."""
    cores = os.cpu_count() or 1
    found: Result = {}
    counts = sorted({1, 2, cores // 2, cores, 2 * cores} - {0})
    for count in counts:
        rig.scene.render.threads_mode, rig.scene.render.threads = "FIXED", count
        rig.color()
        color_s = rig.rendered()
        rig.truth()
        found[f"{count} threads"] = {"colour": color_s, "ground truth": rig.rendered()}
    return found


def bvh(rig: Rig) -> Result:
    """How Cycles sorts triangles: what building and rendering take."""
    ways: dict[str, dict[str, Any]] = {
        "as it is": {},
        "spatial splits": {"debug_use_spatial_splits": True},
        "compact": {"debug_use_compact_bvh": True},
        "static": {"debug_bvh_type": "STATIC_BVH"},
    }
    found: Result = {}
    cycles = rig.scene.cycles
    for name, settings in ways.items():
        kept = {key: getattr(cycles, key) for key in settings if hasattr(cycles, key)}
        if len(kept) < len(settings):
            found[name] = {"first view": "this Blender has none"}
            continue
        for key, value in settings.items():
            setattr(cycles, key, value)
        rig.scene.render.use_persistent_data = False  # to build it anew
        rig.color()
        rig.render(0)
        rig.scene.render.use_persistent_data = True
        first_s = rig.render(0)
        color_s = rig.rendered()
        rig.truth()
        found[name] = {
            "first view": first_s, "colour": color_s, "ground truth": rig.rendered(),
        }  # fmt: skip
        for key, value in kept.items():
            setattr(cycles, key, value)
    return found


def reading(rig: Rig) -> Result:
    """Passes read one by one, and all at once; whether that gives the same."""
    rig.truth()
    seconds: dict[str, list[float]] = {"one by one": [], "all at once": []}
    errors: dict[str, str] = {}

    def hook(engine: Any) -> None:
        result = engine.get_result()
        layer = result.layers[0]
        size = result.resolution_x * result.resolution_y
        begin = time.perf_counter()
        planes = [np.empty(size * one.channels, np.float32) for one in layer.passes]
        for one, plane in zip(layer.passes, planes, strict=True):
            one.rect.foreach_get(plane)
        seconds["one by one"].append(time.perf_counter() - begin)
        buffer = np.empty(size * sum(one.channels for one in layer.passes), np.float32)
        begin = time.perf_counter()
        try:
            layer.passes.foreach_get("rect", buffer)
        except (TypeError, RuntimeError, AttributeError) as error:
            errors["all at once"] = " ".join(str(error).split())
        seconds["all at once"].append(time.perf_counter() - begin)
        if not np.array_equal(buffer, np.concatenate(planes)):
            errors.setdefault("all at once", "other values")

    with rig.read(hook):
        rig.rendered()
    return {
        name: {"reading": errors.get(name, statistics.median(values))}
        for name, values in seconds.items()
    }


def truth(rig: Rig) -> Result:
    """Cheaper ground truth, and whether it is the same bit for bit."""
    layer, cycles = rig.scene.view_layers[0], rig.scene.cycles
    lamps = [thing for thing in rig.scene.objects if thing.type == "LIGHT"]
    shine = bpy.data.materials.new("shine")
    shine.use_nodes = True
    shine.node_tree.nodes.clear()
    output = shine.node_tree.nodes.new("ShaderNodeOutputMaterial")
    emission = shine.node_tree.nodes.new("ShaderNodeEmission")
    shine.node_tree.links.new(emission.outputs[0], output.inputs["Surface"])

    def no_lamps(on: bool) -> None:
        for lamp in lamps:
            lamp.hide_render = on

    def one_material(on: bool) -> None:
        layer.material_override = shine if on else None

    def no_tiles(on: bool) -> None:
        cycles.use_auto_tile = not on

    def no_tree(on: bool) -> None:
        cycles.use_light_tree = not on

    def black_world(on: bool) -> None:
        rig.scene.world.color = (0, 0, 0) if on else (0.05, 0.05, 0.05)

    def no_combined(on: bool) -> None:
        layer.use_pass_combined = not on

    def box_filter(on: bool) -> None:
        cycles.pixel_filter_type = "BOX" if on else "BLACKMAN_HARRIS"

    ways: dict[str, Callable[[bool], None]] = {
        "as it is": lambda _: None,
        "lamps hidden": no_lamps,
        "world black": black_world,
        "no light tree": no_tree,
        "no tiles": no_tiles,
        "without the combined pass": no_combined,
        "box filter": box_filter,
        "one material for all": one_material,
    }
    rig.truth()
    found: Result = {}
    reference: dict[str, npt.NDArray[np.float32]] = {}
    for name, use in ways.items():
        use(True)
        planes: dict[str, npt.NDArray[np.float32]] = {}

        def hook(engine: Any, planes: dict[str, Any] = planes) -> None:
            result = engine.get_result()
            for one in result.layers[0].passes:
                if one.name in PASSES[1:]:
                    size = result.resolution_x * result.resolution_y * one.channels
                    planes[one.name] = np.empty(size, np.float32)
                    one.rect.foreach_get(planes[one.name])

        seconds = rig.rendered()
        with rig.read(hook):
            rig.render(0)
        use(False)
        reference = reference or planes
        different = [k for k, v in planes.items() if not np.array_equal(v, reference[k])]
        found[name] = {"ground truth": seconds, "differs": ", ".join(different) or "nothing"}
    return found


def encoder(rig: Rig) -> Result:
    """Colour files by Blender on the thread that renders, beside it, in parts and without it."""
    size = rig.scene.render.resolution_x
    image = bpy.data.images.new("color", size, size, alpha=True, float_buffer=True)
    image.alpha_mode = "PREMUL"
    settings = rig.scene.render.image_settings
    settings.file_format, settings.color_mode, settings.compression = "PNG", "RGB", 15
    rig.scene.view_settings.view_transform = "Standard"
    folder = Path(tempfile.mkdtemp(prefix="viewbatch-"))
    pixels = np.empty(size * size * 4, np.float32)

    def hook(engine: Any) -> None:
        layer = engine.get_result().layers[0]
        next(one for one in layer.passes if one.name == "Combined").rect.foreach_get(pixels)

    def by_blender(values: npt.NDArray[Any], kind: str = "PNG", name: str = "color.png") -> None:
        settings.file_format = kind
        image.pixels.foreach_set(values)
        image.save_render(str(folder / name), scene=rig.scene)

    def raw_by_blender(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        by_blender(values, "TARGA_RAW", "color.tga")
        data = np.fromfile(folder / "color.tga", np.uint8)[18:][: 3 * size * size]
        return data.reshape(size, size, 3)[::-1, :, ::-1]

    def by_numpy(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        linear = np.clip(values.reshape(size, size, 4)[::-1, :, :3], 0, 1)
        shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        return np.asarray(np.rint(255 * shown).astype(np.uint8))

    def compressed(levels: npt.NDArray[Any]) -> None:
        rows = levels.reshape(size, -1)
        lines = np.concatenate([np.zeros((size, 1), np.uint8), rows], axis=1)
        (folder / "color.bin").write_bytes(zlib.compress(lines.tobytes(), 1))

    def same(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values

    def nothing(values: npt.NDArray[Any]) -> None:
        pass

    def batch(first: Callable[..., Any], then: Callable[..., Any]) -> float:
        """Seconds of a view, with `first` on the thread that renders and `then` beside it."""
        rig.render(0)
        running: threading.Thread | None = None
        begin = time.perf_counter()
        for view in range(rig.views):
            rig.render(view)
            found = first(pixels.copy())
            if running is not None:
                running.join()
            running = threading.Thread(target=then, args=(found,))
            running.start()
        if running is not None:
            running.join()
        return (time.perf_counter() - begin) / rig.views

    ways: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
        "no file": (nothing, nothing),
        "by Blender, on the thread that renders": (by_blender, nothing),
        "by Blender, beside rendering": (same, by_blender),
        "levels by Blender, file beside rendering": (raw_by_blender, compressed),
        "by numpy and zlib, beside rendering": (
            same, lambda values: compressed(by_numpy(values)),
        ),
    }  # fmt: skip
    rig.color()
    with rig.read(hook):
        return {name: {"per view": batch(*way)} for name, way in ways.items()}


EXPERIMENTS = {
    "threads": threads, "bvh": bvh, "reading": reading, "truth": truth, "encoder": encoder,
}  # fmt: skip


def main() -> None:
    """Run one experiment."""
    name, model, *numbers = (
        sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    )
    views, resolution_px, samples = map(int, numbers)
    rig = Rig(model, views, resolution_px, samples)
    # In rounds, and the least of each: what comes on top is the machine's.
    found = EXPERIMENTS[name](rig)
    for _ in range(ROUNDS - 1):
        for way, values in EXPERIMENTS[name](rig).items():
            for what, value in values.items():
                if isinstance(value, float):
                    found[way][what] = min(value, float(found[way][what]))
    print(f"\nfound {json.dumps(found)}", flush=True)


if __name__ == "__main__":
    code = 1
    try:
        main()
        code = 0
    except Exception:  # noqa: BLE001 - shown, before the process ends at once
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(code)  # bpy can crash while Python shuts down
