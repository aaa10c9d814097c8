"""Take passes and geometry out of Cycles in memory.

Cycles is a Python `RenderEngine` in every Blender from 4.2 to 5.2: the methods of its
class are called for each render. While a `Capture` is active, `render`, which gets the
evaluated scene exactly as Cycles gets it, and `render_frame_finish`, after which the
result holds every tile, also call what is registered here. Neither the compositor nor a
file is involved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender import versions
from viewbatch.errors import RunError
from viewbatch.passes import Frame, Pass
from viewbatch.stopwatch import Stopwatch

T = TypeVar("T")

CYCLES_STAGE = "Cycles"
"""The stage that is Cycles' own render call; what is outside of it is Blender's operator."""

NO_SURFACE = np.float32(1e10)
"""What Cycles' depth pass holds where no surface is hit."""

AOVS = {Pass.ALBEDO: "viewbatch_albedo", Pass.NORMAL: "viewbatch_normal"}
"""What the nodes that `aov` installs make, and the names that it gives those nodes and the
passes. Blender makes a dot in such names an underscore."""

_SOURCES = {
    # pass -> names in the render result
    Pass.COLOR: ("Combined",),
    Pass.NOISY_COLOR: ("Noisy Image",),
    Pass.DEPTH: ("Depth",),
    Pass.OBJECT_ID: (versions.OBJECT_INDEX_PASS,),
    Pass.NORMAL: (AOVS[Pass.NORMAL], "Normal", "Depth"),
    Pass.POSITION: ("Position",),
    Pass.ALBEDO: (AOVS[Pass.ALBEDO],),
    Pass.UV: ("UV",),
    Pass.MATERIAL_ID: (versions.MATERIAL_INDEX_PASS, versions.OBJECT_INDEX_PASS),
}


def enable_passes(view_layer: Any, passes: Iterable[Pass]) -> None:
    """Make a view layer render these passes; UV and AOVs, once installed, always are."""
    wanted = _with_sources(passes)
    view_layer.use_pass_combined = True
    view_layer.cycles.denoising_store_passes = Pass.NOISY_COLOR in wanted
    view_layer.use_pass_z = Pass.DEPTH in wanted
    view_layer.use_pass_object_index = Pass.OBJECT_ID in wanted
    view_layer.use_pass_normal = Pass.NORMAL in wanted
    view_layer.use_pass_position = Pass.POSITION in wanted
    # Never switched off, and by a batch switched on before its first render: where it changes
    # between two renders that share their data, Cycles reads texture coordinates from stale
    # places, in this pass and in textures (measured with 4.2, 4.5 and 5.0).
    view_layer.use_pass_uv |= Pass.UV in wanted
    view_layer.use_pass_material_index = Pass.MATERIAL_ID in wanted


class Capture:
    """Renders scenes with Cycles and hands over what came out; a context manager."""

    def __init__(self, stopwatch: Stopwatch | None = None) -> None:
        """`stopwatch` tells Cycles' own time, and that of reading, from Blender's around it."""
        self._stopwatch = stopwatch or Stopwatch()
        self._on_start: Callable[[Any], None] | None = None
        self._on_finish: Callable[[Any], None] | None = None
        self._rendering = True
        self._error: BaseException | None = None
        self._originals: dict[str, Any] = {}

    def __enter__(self) -> Capture:
        engine = _engine_class()
        render, finish = (
            self._originals.setdefault(name, getattr(engine, name))
            for name in ("render", "render_frame_finish")
        )

        def captured_render(engine_self: Any, depsgraph: Any) -> None:
            self._call(self._on_start, depsgraph)
            if self._rendering:
                with self._stopwatch.stage(CYCLES_STAGE):
                    render(engine_self, depsgraph)

        def captured_finish(engine_self: Any) -> None:
            with self._stopwatch.stage(CYCLES_STAGE):
                finish(engine_self)
            with self._stopwatch.stage("reading passes"):
                self._call(self._on_finish, engine_self)

        engine.render, engine.render_frame_finish = captured_render, captured_finish
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        engine = _engine_class()
        for name, original in self._originals.items():
            setattr(engine, name, original)

    def passes(self, scene: Any, wanted: Iterable[Pass]) -> Frame:
        """Render a scene and return its passes; see `Pass` for shapes and units."""
        wanted = list(wanted)
        layer_name = scene.view_layers[0].name

        def read(engine: Any) -> Frame:
            result = engine.get_result()
            layer = next(layer for layer in result.layers if layer.name == layer_name)
            size = (result.resolution_y, result.resolution_x)
            raw = _read(layer, size)
            _check_there({name for kind in wanted for name in _SOURCES[kind]}, raw)
            return {kind: _decoded(kind, [raw[name] for name in _SOURCES[kind]]) for kind in wanted}

        return self._render(scene, on_finish=read)

    def evaluated(self, scene: Any, read: Callable[[Any], T], *, render: bool = False) -> T:
        """What `read` makes of the depsgraph that a render of the scene is made from.

        Blender begins a render of 4x4 pixels for that, whatever the settings are, and Cycles
        is asked for nothing; with `render`, it is asked for a single sample.
        """
        settings, cycles = scene.render, scene.cycles
        kept = settings.resolution_x, settings.resolution_y, cycles.samples, cycles.use_denoising
        settings.resolution_x = settings.resolution_y = 4
        cycles.samples, cycles.use_denoising = 1, False
        self._rendering = render
        try:
            return self._render(scene, on_start=read)
        finally:
            self._rendering = True
            (
                settings.resolution_x,
                settings.resolution_y,
                cycles.samples,
                cycles.use_denoising,
            ) = kept

    def forget(self, scene: Any) -> None:
        """Have Cycles build its data anew for the next render, as in a new process.

        It keeps its table of sample positions where it is large enough, and the positions in a
        table depend on its size: an image would show which had most samples before.
        """
        scene.render.use_persistent_data = False
        try:
            self.evaluated(scene, lambda _: None)
        finally:
            scene.render.use_persistent_data = True

    def _render(
        self,
        scene: Any,
        *,
        on_start: Callable[[Any], T] | None = None,
        on_finish: Callable[[Any], T] | None = None,
    ) -> T:
        outcome: list[T] = []

        def keep(read: Callable[[Any], T] | None) -> Callable[[Any], None] | None:
            return None if read is None else lambda source: outcome.append(read(source))

        self._on_start, self._on_finish, self._error = keep(on_start), keep(on_finish), None
        try:
            bpy.ops.render.render(scene=scene.name)
        except RuntimeError as error:
            raise RunError(f"Blender failed to render: {message_of(error)}") from error
        finally:
            self._on_start = self._on_finish = None
        # Blender only prints an exception of a render engine: it is kept and raised here. No
        # longer, since its trace holds Cycles' object, which Blender has ended.
        raised, self._error = self._error, None
        if raised is not None:
            raise raised
        if not outcome:
            raise RunError(
                f"Blender {versions.text()} ended a render without handing its passes over; "
                "use one of the versions that the README names"
            )
        return outcome[0]

    def _call(self, hook: Callable[[Any], None] | None, source: Any) -> None:
        if hook is None or self._error is not None:
            return
        try:
            hook(source)
        except BaseException as error:  # noqa: BLE001 - raised again by _render
            self._error = error


def message_of(error: RuntimeError) -> str:
    """What an operator's error says to a user: its last line that is no location or trace."""
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Location:")]
    return lines[-1].removeprefix("Error: ") if lines else "no reason given"


def _engine_class() -> Any:
    try:
        from cycles import CyclesRender
    except ImportError as error:
        raise RunError(
            f"this build of Blender {versions.text()} has no Cycles, which makes the ground "
            "truth; use a Blender that has it"
        ) from error
    if not hasattr(CyclesRender, "render_frame_finish"):
        raise RunError(
            f"Blender {versions.text()} no longer lets Cycles' passes be read in memory; "
            "use one of the versions that the README names"
        )
    return CyclesRender


def _read(layer: Any, size: tuple[int, int]) -> dict[str, npt.NDArray[np.float32]]:
    """A layer's passes as (H, W, channels) with row 0 on top; Blender's rows run bottom-up.

    All at once takes a fraction of the time that one by one does (`scripts/benchmark`, `reading`).
    """
    channels = {one.name: int(one.channels) for one in layer.passes}
    pixels = size[0] * size[1]
    buffer = np.empty(pixels * sum(channels.values()), dtype=np.float32)
    layer.passes.foreach_get("rect", buffer)
    found, begin = {}, 0
    for name, count in channels.items():
        end = begin + pixels * count
        found[name] = buffer[begin:end].reshape(*size, count)[::-1]
        begin = end
    return found


def _check_there(names: Iterable[str], there: Iterable[str]) -> None:
    for name in names:
        if name not in there:
            raise RunError(
                f"Blender {versions.text()} rendered no pass {name}, only {', '.join(there)}; use "
                "one of the versions that the README names"
            )


def _with_sources(wanted: Iterable[Pass]) -> frozenset[Pass]:
    """The passes that must be rendered for these."""
    passes = frozenset(wanted)
    if Pass.NORMAL in passes:
        passes |= {Pass.DEPTH}
    return passes | {Pass.OBJECT_ID} if Pass.MATERIAL_ID in passes else passes


def _decoded(kind: Pass, raw: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.generic]:
    """A pass as `Pass` describes it, contiguous and read-only, from its sources in order."""
    decoded: npt.NDArray[np.generic]
    match kind:
        case Pass.DEPTH:
            decoded = np.where(_no_surface(raw[0]), np.float32(0), raw[0][..., 0])
        case Pass.OBJECT_ID:
            decoded = _ids(raw[0])
        case Pass.MATERIAL_ID:
            # Material ids stand where object ids do.
            material_ids, object_ids = map(_ids, raw)
            decoded = np.where(object_ids == 0, np.uint32(0), material_ids)
        case Pass.ALBEDO:
            decoded = np.ascontiguousarray(raw[0][..., :3])
        case Pass.NORMAL:
            decoded = _normals(*raw)
        case _:
            decoded = np.ascontiguousarray(raw[0])
    decoded.flags.writeable = False
    return decoded


def _no_surface(depth: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """(H, W) where a depth pass holds no depth."""
    return np.asarray(depth[..., 0] == NO_SURFACE)


def _ids(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """(H, W) whole numbers of an index pass, which Cycles keeps as floats."""
    ids: npt.NDArray[np.uint32] = np.rint(values[..., 0]).astype(np.uint32)
    return ids


def _normals(
    of_geometry: npt.NDArray[np.float32],
    of_shading: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """(H, W, 3) unit normals, 0 where there is no surface.

    Where no material feeds the pass, since it has no shader that reflects, Cycles' own normal
    stands: nothing turns it there. (From 5.0 it is bent near outlines where there is no
    material at all, such as on geometry that only modifiers make.)
    """
    length = np.linalg.norm(of_geometry[..., :3], axis=-1, keepdims=True)
    normals = np.where(length > 0, of_geometry[..., :3], of_shading)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    there = (length > 0) & ~_no_surface(depth)[..., None]
    return np.asarray(np.divide(normals, length, out=np.zeros_like(normals), where=there))
