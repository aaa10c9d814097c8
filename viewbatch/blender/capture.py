"""Take passes and geometry out of Cycles in memory.

Cycles is a Python `RenderEngine` in every Blender from 4.2 to 5.2: the methods of its
class are called for each render. While a `Capture` is active, `render`, which gets the
evaluated scene exactly as Cycles gets it, and `render_frame_finish`, after which the
result holds every tile, also call what is registered here. Neither the compositor nor a
file is involved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch.blender import versions
from viewbatch.errors import RunError
from viewbatch.passes import Frame, Pass

T = TypeVar("T")

NO_SURFACE = np.float32(1e10)
"""What Cycles' depth pass holds where no surface is hit."""

_SOURCES = {
    # pass -> (name in the render result, channels)
    Pass.COLOR: ("Combined", 4),
    Pass.DEPTH: ("Depth", 1),
    Pass.OBJECT_ID: (versions.OBJECT_INDEX_PASS, 1),
    Pass.NORMAL: ("Normal", 3),
    Pass.POSITION: ("Position", 3),
}


def enable_passes(view_layer: Any, passes: Iterable[Pass]) -> None:
    """Make a view layer render exactly these passes."""
    wanted = frozenset(passes)
    view_layer.use_pass_combined = True
    view_layer.use_pass_z = Pass.DEPTH in wanted
    view_layer.use_pass_object_index = Pass.OBJECT_ID in wanted
    view_layer.use_pass_normal = Pass.NORMAL in wanted
    view_layer.use_pass_position = Pass.POSITION in wanted


class Capture:
    """Renders scenes with Cycles and hands over what came out; a context manager."""

    def __init__(self) -> None:
        self._on_start: Callable[[Any], None] | None = None
        self._on_finish: Callable[[Any], None] | None = None
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
            render(engine_self, depsgraph)

        def captured_finish(engine_self: Any) -> None:
            finish(engine_self)
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
            return {p: _decoded(p, _read(layer, size, *_SOURCES[p])) for p in wanted}

        return self._render(scene, on_finish=read)

    def evaluated(self, scene: Any, read: Callable[[Any], T]) -> T:
        """Render a scene, and return what `read` makes of the depsgraph that is rendered."""
        return self._render(scene, on_start=read)

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
        # Blender only prints an exception of a render engine: it is kept and raised here.
        if self._error is not None:
            raise self._error
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


def _read(layer: Any, size: tuple[int, int], name: str, channels: int) -> npt.NDArray[np.float32]:
    """A pass as (H, W, channels) with row 0 on top; Blender's rows run bottom-up."""
    try:
        source = next(p for p in layer.passes if p.name == name)
    except StopIteration:
        there = ", ".join(p.name for p in layer.passes)
        raise RunError(f"the render has no pass {name}, only {there}") from None
    buffer = np.empty(size[0] * size[1] * channels, dtype=np.float32)
    source.rect.foreach_get(buffer)
    return buffer.reshape(*size, channels)[::-1]


def _decoded(kind: Pass, values: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
    """A pass as `Pass` describes it, contiguous and read-only."""
    decoded: npt.NDArray[np.generic]
    match kind:
        case Pass.DEPTH:
            depth = values[..., 0]
            decoded = np.where(depth == NO_SURFACE, np.float32(0), depth)
        case Pass.OBJECT_ID:
            decoded = np.rint(values[..., 0]).astype(np.uint32)
        case _:
            decoded = np.ascontiguousarray(values)
    decoded.flags.writeable = False
    return decoded
