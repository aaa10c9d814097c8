"""One run, from the model file to the last view's record."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch import __version__, sampling, sources
from viewbatch.blender import aov, devices, draco, eevee, engine, rehearsal, versions
from viewbatch.blender.backdrop import Backdrop
from viewbatch.blender.camera import new_camera
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.capture import Capture, enable_passes
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.color_render import ColorRender
from viewbatch.blender.model import check_imported, import_model
from viewbatch.blender.scene import Stage, build, read_scene_mesh
from viewbatch.blender.world import check_images, image_files
from viewbatch.config import Config
from viewbatch.config.render import Engine
from viewbatch.config.scene import GroundMode
from viewbatch.dataset import (
    Dataset,
    DatasetRecord,
    ModelRecord,
    View,
    ViewRecord,
    folder,
    layout,
)
from viewbatch.dataset.reader import hash_file
from viewbatch.dataset.records import cameras_to_json
from viewbatch.dataset.writer import (
    ViewFiles,
    ViewWriter,
    failed,
    making_files,
    write_text,
)
from viewbatch.errors import ModelError, RunError
from viewbatch.logs import log_file
from viewbatch.model_files import Findings, unreadable
from viewbatch.passes import COLORS, GROUND_TRUTH, Frame, Pass, RenderedFrame
from viewbatch.plugin import (
    BatchContext,
    Plugin,
    SceneContext,
    SceneMesh,
    ViewContext,
    dataset_files,
    hook,
)
from viewbatch.stopwatch import Stopwatch
from viewbatch.verify import certify, psnr_db, text

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the command line asks for."""

    model: Path
    findings: Findings
    """What is known of the model's file."""
    output: Path
    number_of_views: int
    """How many the dataset is planned to have."""
    views: Sequence[int]
    """Indices of those that this process makes."""
    config: Config
    plugins: Mapping[str, type[Plugin]]
    skip_render: bool
    overwrite: bool


@dataclass(frozen=True)
class Progress:
    """Carried by a log record of a finished view, for the console to draw a line from."""

    done: int
    total: int
    average_seconds: float


def run(job: Job, stopwatch: Stopwatch) -> None:
    """Make the job's views that do not exist yet."""
    versions.check()
    check_images(job.config.world)
    config = job.config
    plugins = {
        name: job.plugins[name](getattr(config.plugins, name)) for name in config.plugins.enabled
    }
    if config.render.engine is Engine.EEVEE and not job.skip_render:
        with stopwatch.stage("looking for OpenGL"):
            eevee.check_opengl()
    if job.findings.draco:
        draco.check(job.model)
    with stopwatch.stage("rehearsing the import"):
        rehearsal.check(job.model, config.model.frame)
    with Capture(stopwatch) as capture:
        with stopwatch.stage("import"):
            source, digest = _import(job.model, job.findings)
            for warning in job.findings.warnings:  # only now they say what became of the model
                log.warning("%s", warning)
            device = devices.enable(config.render.cycles)
            denoiser = engine.denoiser(config.render, device)
            camera = new_camera(config.camera.dof)
            stage = build(source, job.model, camera, config, capture)
            engine.configure(stage.scene, config.render)
        record = DatasetRecord(
            generator=f"viewbatch {__version__}",
            blender=versions.text(),
            engine=str(config.render.engine),
            device=str(device),
            denoiser=denoiser,
            model=ModelRecord(
                file=job.model.name,
                sha256=digest,
                world_from_model=stage.world_from_model,
                offset_m=stage.offset,
            ),
            bounds=stage.bounds.moved(stage.offset),
            objects=tuple(stage.objects),
            categories=tuple(stage.categories),
            materials=tuple(stage.materials),
            inputs=_inputs(config),
            seed=config.seed,
            number_of_views=job.number_of_views,
            files=(
                *dataset_files(plugins),
                *([layout.CERTIFICATE] if config.verify.at_end else []),
            ),
        )
        with stopwatch.stage("planning"):
            cameras = Cameras(config, stage, capture, job.number_of_views)
            # What cannot be placed is refused before anything is written.
            for index in range(job.number_of_views):
                cameras(index)
        record = folder.begin(
            job.output,
            record,
            sources.dump(config),
            overwrite=job.overwrite,
            extensible=sampling.extensible(config.camera.location.mode),
        )
        with log_file(job.output):
            _Batch(job, stage, record, cameras, plugins, capture, stopwatch).run()


def _import(model: Path, findings: Findings) -> tuple[Any, str]:
    """What Blender makes of a model's file, and the hash of that very file."""
    try:
        before = model.stat()
        source = import_model(model)
        check_imported(model, findings)
        digest = hash_file(model)
        after = model.stat()
    except OSError as error:
        raise unreadable(model, error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ModelError(f"the model {model} changed while it was read; run the command again")
    return source, digest


class _Batch:
    """The views of one run."""

    def __init__(
        self,
        job: Job,
        stage: Stage,
        record: DatasetRecord,
        cameras: Cameras,
        plugins: Mapping[str, Plugin],
        capture: Capture,
        stopwatch: Stopwatch,
    ) -> None:
        self.job = job
        self.stage = stage
        self.record = record
        self.plugins = plugins
        self.capture = capture
        self.stopwatch = stopwatch
        self.cameras = cameras
        self.claim = folder.Claim(job.output)
        self.encoder = ColorEncoder(job.config.render)
        self.scene_context = SceneContext(
            record=record,
            intrinsics=cameras.shared_intrinsics,
            mesh=self._mesh,
            ground_id=stage.ground_id,
        )
        declared = frozenset[Pass]().union(*(plugin.passes for plugin in plugins.values()))
        # A view's record always tells its depth range and how much of it the target fills.
        self.ground_truth = (declared & GROUND_TRUTH) | {Pass.DEPTH, Pass.OBJECT_ID}
        self.colors = (declared & COLORS) | {Pass.COLOR}
        enable_passes(stage.scene.view_layers[0], self.ground_truth)
        self.color_render = ColorRender(
            stage.scene, job.config, record.denoiser, capture, _backdrop(job.config, stage)
        )

    def _mesh(self) -> SceneMesh:
        return read_scene_mesh(self.stage, self.capture)

    def run(self) -> None:
        """Render what is missing; finish the dataset where that completes it."""
        for plugin in self.plugins.values():
            with hook(plugin, "on_scene_ready"):
                plugin.on_scene_ready(self.scene_context)
        wanted = self.job.views
        if self.job.skip_render:
            records = {index: self.cameras(index).record for index in wanted}
            write_text(self.job.output, layout.CAMERAS, cameras_to_json(records))
            log.info("%d cameras planned in %s", len(wanted), self.job.output / layout.CAMERAS)
            return
        # A plan of the same cameras, if there was one, is now told by the views' records.
        (self.job.output / layout.CAMERAS).unlink(missing_ok=True)
        done = folder.complete_views(
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

    def _conclude(self) -> None:
        """Say what there is, or what is not there after all."""
        self.claim.check()
        output, wanted = self.job.output, self.job.views
        now = folder.state(output, self.claim)
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
        existing = len(now.existing)
        log.info(
            "%s; %d of %d planned views %s",
            made,
            existing,
            now.planned,
            "exists" if existing == 1 else "exist",
        )

    def _render(self, indices: Sequence[int]) -> None:
        begin = time.perf_counter()
        started: dict[int, float] = {}
        written = 0

        def report(record: ViewRecord) -> None:
            nonlocal written
            written += 1
            now = time.perf_counter()
            seconds = now - started.pop(record.index)
            average = (now - begin) / written
            log.info(
                "view %d: %.2f s, %s",
                record.index,
                seconds,
                self.job.output / layout.view_record(record.index),
                extra={"progress": Progress(written, len(indices), average)},
            )

        aov.install(self.stage.scene, self.ground_truth)
        check, sha256 = self.claim.check, self.claim.sha256
        with ViewWriter(report, self.stopwatch, check, sha256) as writer:
            for index in indices:
                started[index] = time.perf_counter()
                if (self.job.output / layout.view_record(index)).exists():
                    # Another process was asked for it as well. What it made is as good.
                    log.info("view %d was made by another process", index)
                    continue
                files, record = self._view(index)
                with self.stopwatch.stage("waiting for the writer", view=index):
                    writer.submit(files, record)
                self.stopwatch.note_memory()
            with self.stopwatch.stage("waiting for the writer"):
                writer.drain()

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
                self._set_up(index)
            with self.stopwatch.stage("colour", view=index):
                color = self.color_render.passes(
                    self.colors, sampling.cycles_seed(config.seed, index)
                )
            with self.stopwatch.stage("ground truth", view=index):
                engine.use_ground_truth(scene, self.ground_truth)
                frame = RenderedFrame({**color, **self.capture.passes(scene, self.ground_truth)})
            # Blender would make a folder that is gone anew.
            self.claim.check()
            with self.stopwatch.stage("colour file", view=index), making_files():
                path = files.reserve(layout.RENDER, engine.image_extension(config.render))
                try:
                    self.encoder.save(color[Pass.COLOR], path)
                except OSError as error:
                    raise failed(self.job.output / files.name(layout.RENDER), error) from error
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

    def _set_up(self, index: int) -> None:
        """Bring the scene to where a view is rendered."""
        camera = self.cameras(index)
        camera.apply(self.stage.scene)
        self.stage.world.prepare(index)
        self.stage.lights.prepare(index, camera.pose)

    def _finish(self) -> None:
        """Make what spans all views, where they all exist; other processes may do so as well."""
        self.claim.check()
        out, planned = self.job.output, 0
        # Again where the dataset was extended in the meantime.
        while (now := folder.state(out, self.claim)).complete and now.planned != planned:
            planned = now.planned
            self._make_whole(Dataset.open(out))

    def _make_whole(self, dataset: Dataset) -> None:
        with self.stopwatch.stage("plugins, at the end"):
            for plugin in self.plugins.values():
                with hook(plugin, "on_batch_finished"):
                    context = BatchContext(dataset=dataset, scene=self.scene_context)
                    plugin.on_batch_finished(context)
        if self.job.config.verify.at_end:
            with self.stopwatch.stage("certificate"):
                self._certify(dataset)

    def _certify(self, dataset: Dataset) -> None:
        noise = {
            index: self._noise_db(dataset.view(index))
            for index in _spread(len(dataset.views), self.job.config.verify.noise_views)
        }
        certificate = certify(dataset, read_levels=self._read_levels, noise_db=noise)
        write_text(self.job.output, layout.CERTIFICATE, certificate.to_json())
        for line in text.lines(certificate):
            log.info("%s", line)
        if not certificate.good:
            raise RunError(
                f"the dataset {self.job.output} is complete, but it contradicts itself; "
                f"{layout.CERTIFICATE} says where"
            )

    def _read_levels(self, view: View) -> npt.NDArray[np.uint8]:
        levels = self.encoder.levels_of_file(view.path(layout.RENDER))
        # Blender reads four channels from any file: what is opaque throughout has three.
        return levels[..., :3] if (levels[..., 3] == 255).all() else levels

    def _noise_db(self, view: View) -> float:
        """How much a second image of the view, with other noise, is like its first."""
        self._set_up(view.index)
        seed = sampling.second_cycles_seed(self.job.config.seed, view.index)
        color = self.color_render.passes(frozenset({Pass.COLOR}), seed)[Pass.COLOR]
        shown = view.read("depth") != 0
        return psnr_db(self._read_levels(view), self.encoder.levels(color), shown)


def _spread(count: int, chosen: int) -> list[int]:
    """At most `chosen` of `count` indices, evenly spread."""
    chosen = min(count, chosen)
    return [(2 * i + 1) * count // (2 * chosen) for i in range(chosen)]


def _views(number: int) -> str:
    return "1 view" if number == 1 else f"{number} views"


def _backdrop(config: Config, stage: Stage) -> Backdrop | None:
    """What is put behind clear images, if anything is."""
    plain_color = stage.world.plain_color
    # Cycles draws a dark line around what stands in front of a shadow catcher, unless the
    # film is clear: then a plain world is put behind it afterwards as well.
    catches = config.ground.mode is GroundMode.SHADOW_CATCHER and plain_color is not None
    if config.world.backdrop.path or (catches and not config.render.film_transparent):
        return Backdrop(config.world.backdrop, plain_color)
    return None


def _inputs(config: Config) -> dict[str, str]:
    """SHA-256 of what every path in the configuration names, by key; of several files together."""
    found = {key: [path] for key, path in image_files(config.world).items()}
    found["camera.location.file.path"] = sampling.input_files(config.camera)
    hashes = {key: [hash_file(path) for path in paths] for key, paths in found.items() if paths}
    return {
        key: of[0] if len(of) == 1 else hashlib.sha256("".join(of).encode()).hexdigest()
        for key, of in hashes.items()
    }


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
