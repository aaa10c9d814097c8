"""The colour images of a view, by either engine."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.blender import eevee, engine
from viewbatch.blender.backdrop import Backdrop
from viewbatch.blender.capture import Capture
from viewbatch.blender.targets import check, held_out, read_without_id, split_off
from viewbatch.blender.twin import follow, twin_of
from viewbatch.config import Config
from viewbatch.config.render import Engine
from viewbatch.passes import Frame, Pass


class ColorRender:
    """Renders the colours of the scene whose ground truth Cycles makes.

    Cycles renders that very scene. EEVEE has a twin of it, which shares its objects, so all
    that moves there moves in both; objects must be in the scene before the first image.
    Blender keeps the data of one scene at a time: with EEVEE Cycles builds its own anew in
    every view.
    """

    def __init__(
        self,
        scene: Any,
        config: Config,
        denoiser: str,
        capture: Capture,
        backdrop: Backdrop | None = None,
    ) -> None:
        self._scene = scene
        self._config = config
        self._denoise = denoiser != "none"
        self._capture = capture
        self._backdrop = backdrop

    def passes(self, wanted: frozenset[Pass], seed: int) -> Frame:
        """The colours that are wanted, all of `passes.COLORS`; see `Pass`.

        `seed` is that of Cycles' noise; EEVEE's is the same in every view.
        """
        frame: dict[Pass, npt.NDArray[Any]] = {}
        if Pass.MASKED_COLOR in wanted:
            # First, so that the scene is the same in every image, whichever view is the first.
            held = self._held
            with held_out(self._color_scene, held):
                masked = self._render(frozenset({Pass.COLOR}), seed, clear_film=True)[Pass.COLOR]
            # The denoiser spreads a little colour to where nothing is.
            masked = np.where(masked[..., 3:] > 0, masked, np.float32(0))
            masked.flags.writeable = False
            frame[Pass.MASKED_COLOR] = masked
        if whole := wanted - {Pass.MASKED_COLOR}:
            # What stands behind everything is put there afterwards.
            backdrop = self._backdrop
            clear = self._config.render.film_transparent or backdrop is not None
            rendered = self._render(whole, seed, clear_film=clear)
            if backdrop is not None:
                rendered = {kind: backdrop.over(color) for kind, color in rendered.items()}
            frame |= rendered
        return frame

    @cached_property
    def _color_scene(self) -> Any:
        """The scene that the configured engine renders."""
        if self._config.render.engine is Engine.CYCLES:
            return self._scene
        scene = twin_of(self._scene, "viewbatch.eevee")
        engine.configure(scene, self._config.render)
        eevee.configure(scene, self._config.render)
        return scene

    @cached_property
    def _held(self) -> Any:
        """The collection of all that has no id."""
        scene = self._scene
        engine.use_ground_truth(scene, frozenset())
        held = split_off(scene, self._capture.evaluated(scene, read_without_id))
        with held_out(scene, held):
            self._capture.evaluated(scene, check)
        return held

    def _render(self, wanted: frozenset[Pass], seed: int, *, clear_film: bool) -> Frame:
        scene = self._color_scene
        scene.render.film_transparent = clear_film
        dof = self._config.camera.dof.use
        if self._config.render.engine is Engine.EEVEE:
            follow(scene, self._scene)
            scene.camera.data.dof.use_dof = dof
            color = eevee.render(scene)
            color.flags.writeable = False
            return dict.fromkeys(wanted, color)
        # Blender keeps the image before denoising only where there is a denoiser.
        rendered = wanted if self._denoise else frozenset({Pass.COLOR})
        engine.use_color(scene, self._config.render, seed, rendered, denoise=self._denoise, dof=dof)
        frame = self._capture.passes(scene, rendered)
        return {kind: frame[kind if kind in rendered else Pass.COLOR] for kind in wanted}
