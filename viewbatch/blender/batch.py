"""The views of one run, and what spans them all."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from viewbatch import sampling
from viewbatch.blender import aov, engine
from viewbatch.blender.backdrop import backdrop_of
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.capture import Capture
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.color_render import ColorRender
from viewbatch.blender.job import Job
from viewbatch.blender.pilot import with_samples
from viewbatch.blender.scene import Stage, read_scene_mesh
from viewbatch.dataset import Dataset, ViewRecord, existing, layout
from viewbatch.dataset.records import cameras_to_json
from viewbatch.dataset.writer import ViewFiles, ViewWriter, write_text
from viewbatch.errors import RunError
from viewbatch.estimate import Estimate
from viewbatch.passes import Frame, Pass, RenderedFrame
from viewbatch.plugin import (
    BatchContext,
    Plugin,
    SceneContext,
    SceneMesh,
    ViewContext,
    colors,
    ground_truth,
    hook,
)
from viewbatch.stopwatch import Stopwatch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """Carried by a log record of a finished view, for the console to draw a line from."""

    done: int
    total: int
    average_seconds: float


class Batch:
    """The views of one run."""

    def __init__(
        self,
        job: Job,
        stage: Stage,
        claim: existing.Claim,
        cameras: Cameras,
        plugins: Mapping[str, Plugin],
        capture: Capture,
        stopwatch: Stopwatch,
    ) -> None:
        self.job = job
        self.stage = stage
        self.claim = claim
        self.plugins = plugins
        self.capture = capture
        self.stopwatch = stopwatch
        self.cameras = cameras
        self.encoder = ColorEncoder(job.config.render)
        self.scene_context = SceneContext(
            record=claim.record,
            intrinsics=cameras.shared_intrinsics,
            mesh=self._mesh,
            ground_id=stage.ground_id,
        )
        self.ground_truth = ground_truth(plugins.values())
        self.colors = colors(plugins.values())
        self.color_render = ColorRender(
            stage.scene,
            with_samples(job.config, claim.record.samples),
            claim.record.denoiser,
            capture,
            backdrop_of(job.config, stage.world.plain_color),
        )

    def _mesh(self) -> SceneMesh:
        return read_scene_mesh(self.stage, self.capture)

    def run(self) -> None:
        """Render what is missing; finish the dataset where that completes it."""
        self._get_ready()
        wanted = self.job.views
        if self.job.skip_render:
            records = {index: self.cameras(index).record for index in wanted}
            write_text(self.job.output, layout.CAMERAS, cameras_to_json(records))
            log.info("%d cameras planned in %s", len(wanted), self.job.output / layout.CAMERAS)
            return
        # A plan of the same cameras, if there was one, is now told by the views' records.
        (self.job.output / layout.CAMERAS).unlink(missing_ok=True)
        done = existing.complete_views(
            self.job.output, wanted, lambda index: self.cameras(index).record, self.claim
        )
        if done:
            log.info(
                "%d of %d views %s",
                len(done),
                len(wanted),
                "exists already and is kept" if len(done) == 1 else "exist already and are kept",
            )
        missing = [index for index in wanted if index not in done]
        if missing:
            self._render(missing)
        # Also where nothing was missing: the process that made the last view may have ended.
        self._finish()
        log.debug("timings %s", json.dumps(self.stopwatch.summary()))
        self._conclude()

    def try_out(self, start_s: float, number_of_views: int) -> Estimate:
        """Make the job's views, and tell from them what a run of so many would take.

        `start_s` is when the process began, by `time.perf_counter`.
        """
        self._get_ready()
        began = time.perf_counter()
        seconds = self._render(self.job.views, tell=log.debug)
        dataset = Dataset.open(self.job.output)
        sizes = [
            path.stat().st_size
            for view in dataset.views
            for path in (
                dataset.folder / layout.view_record(view.index),
                *(view.path(kind) for kind in view.record.files),
            )
        ]
        return Estimate(
            number_of_views=number_of_views,
            start_s=began - start_s,
            views_s=seconds,
            bytes_of_views=sum(sizes),
            others=self.claim.record.files,
        )

    def _get_ready(self) -> None:
        for plugin in self.plugins.values():
            with hook(plugin, "on_scene_ready"):
                plugin.on_scene_ready(self.scene_context)

    def _conclude(self) -> None:
        """Say what there is, or what is not there after all."""
        self.claim.check()
        output, wanted = self.job.output, self.job.views
        now = existing.state(output, self.claim)
        gone = [index for index in wanted if index not in now.existing]
        if gone:
            one = len(gone) == 1
            first = now.problems.get(gone[0], f"{layout.view_record(gone[0])} is gone")
            raise RunError(
                f"{len(gone)} of {len(wanted)} views in {output} {'is' if one else 'are'} no "
                f"longer whole ({first}); the same command makes {'it' if one else 'them'} again"
            )
        if len(wanted) == now.planned:
            log.info("%s in %s", _views(len(wanted)), output)
            return
        made = f"{_views(len(wanted))} in {output}"
        if not wanted:
            made = f"this shard has none of the views asked for, and makes nothing in {output}"
        there = len(now.existing)
        log.info(
            "%s; %d of %d planned views %s",
            made,
            there,
            now.planned,
            "exists" if there == 1 else "exist",
        )

    def _render(
        self, indices: Sequence[int], tell: Callable[..., None] = log.info
    ) -> dict[int, float]:
        """Make views; returns the seconds after which each was handed over to be written."""
        seconds: dict[int, float] = {}
        begin = time.perf_counter()
        started: dict[int, float] = {}
        written, others = 0, 0

        def report(record: ViewRecord) -> None:
            nonlocal written
            written += 1
            now = time.perf_counter()
            average = (now - begin) / written
            tell(
                "view %d: %.2f s, %s",
                record.index,
                now - started.pop(record.index),
                self.job.output / layout.view_record(record.index),
                extra={"progress": Progress(written, len(indices) - others, average)},
            )

        aov.install(self.stage.scene, self.ground_truth)
        check, sha256 = self.claim.check, self.claim.sha256
        with ViewWriter(report, self.stopwatch, check, sha256) as writer:
            for index in indices:
                if (self.job.output / layout.view_record(index)).exists():
                    # Another process was asked for it as well. What it made is as good.
                    log.info("view %d was made by another process", index)
                    others += 1
                    continue
                start = started[index] = time.perf_counter()
                files, record = self._view(index)
                with self.stopwatch.stage("waiting for the writer", view=index):
                    writer.submit(files, record)
                seconds[index] = time.perf_counter() - start
                self.stopwatch.note_memory()
            with self.stopwatch.stage("waiting for the writer"):
                writer.drain()
        return seconds

    def _view(self, index: int) -> tuple[ViewFiles, ViewRecord]:
        config, scene = self.job.config, self.stage.scene
        camera = self.cameras(index)
        files = ViewFiles(
            folder=self.job.output,
            index=index,
            cam_from_world=camera.record.camera.cam_from_world,
        )
        view = ViewContext(
            index=index, camera=camera.record, files=files, encode_color=self.encoder.levels
        )
        try:
            with self.stopwatch.stage("plugins", view=index):
                for plugin in self.plugins.values():
                    with hook(plugin, "on_view_ready", index):
                        plugin.on_view_ready(view)
            with self.stopwatch.stage("setting up", view=index):
                self.cameras.set_up(index)
            with self.stopwatch.stage("colour", view=index):
                color = self.color_render.passes(
                    self.colors, sampling.cycles_seed(config.seed, index)
                )
            with self.stopwatch.stage("ground truth", view=index):
                engine.use_ground_truth(scene, self.ground_truth)
                frame = RenderedFrame({**color, **self.capture.passes(scene, self.ground_truth)})
            # Blender would make a folder that is gone anew.
            self.claim.check()
            with self.stopwatch.stage("colour file", view=index):
                self.encoder.add(color[Pass.COLOR], files)
            with self.stopwatch.stage("plugins", view=index):
                for plugin in self.plugins.values():
                    with hook(plugin, "on_view_rendered", index):
                        plugin.on_view_rendered(view, frame)
            with self.stopwatch.stage("record", view=index):
                record = _view_record(view, frame, self.stage.ground_id)
        except BaseException:
            files.discard()
            raise
        return files, record

    def _finish(self) -> None:
        """Make what spans all views, where they all exist; other processes may do so as well."""
        self.claim.check()
        out, planned = self.job.output, 0
        # Again where the dataset was extended in the meantime.
        while (now := existing.state(out, self.claim)).complete and now.planned != planned:
            planned = now.planned
            self._make_whole(Dataset.open(out))

    def _make_whole(self, dataset: Dataset) -> None:
        with self.stopwatch.stage("plugins, at the end"):
            for plugin in self.plugins.values():
                with hook(plugin, "on_batch_finished"):
                    context = BatchContext(dataset=dataset, scene=self.scene_context)
                    plugin.on_batch_finished(context)
        if self.job.config.verify.at_end:
            # Here, since few runs need it, and none before its first image.
            from viewbatch.blender.certificate import write_certificate

            with self.stopwatch.stage("certificate"):
                write_certificate(
                    dataset, self.job.config, self.cameras, self.color_render, self.encoder
                )


def _views(number: int) -> str:
    return "1 view" if number == 1 else f"{number} views"


def _view_record(view: ViewContext, frame: Frame, ground_id: int) -> ViewRecord:
    depth, ids = frame[Pass.DEPTH], frame[Pass.OBJECT_ID]
    surface = depth[depth > 0]
    depth_range = (float(surface.min()), float(surface.max())) if surface.size else None
    coverage = float(np.count_nonzero((ids != 0) & (ids != ground_id))) / ids.size
    if coverage == 0.0:
        log.warning("view %d shows nothing of the target", view.index)
    return ViewRecord(
        index=view.index,
        camera=view.camera,
        depth_range_m=depth_range,
        coverage=coverage,
        notes=view.notes,
    )
