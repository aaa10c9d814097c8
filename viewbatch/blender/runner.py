"""One run, from the model file to the last view's record."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from viewbatch import __version__, sampling, sources
from viewbatch.blender import engine, versions
from viewbatch.blender.camera import BlenderPose, intrinsics_of, new_camera
from viewbatch.blender.capture import Capture
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.model import format_of, import_model
from viewbatch.blender.scene import Stage, build
from viewbatch.config import Config, RadiusUnit
from viewbatch.dataset import (
    CameraRecord,
    Dataset,
    DatasetRecord,
    ModelRecord,
    ViewRecord,
    folder,
    layout,
)
from viewbatch.dataset.reader import hash_file
from viewbatch.dataset.records import cameras_to_json
from viewbatch.dataset.writer import ViewFiles, ViewWriter, making_files, process_name, write_text
from viewbatch.errors import UsageError
from viewbatch.geometry import Camera, fit_distance, transform_points
from viewbatch.passes import GROUND_TRUTH, Frame, Pass
from viewbatch.plugin import BatchContext, Plugin, SceneContext, ViewContext, hook
from viewbatch.stopwatch import Stopwatch

log = logging.getLogger(__name__)


CameraAt = Callable[[int], tuple[CameraRecord, BlenderPose]]
"""From a view's index to its camera, as recorded and as Blender holds it."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the command line asks for."""

    model: Path
    output: Path
    number_of_views: int
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
    """Make every view of the job that does not exist yet."""
    versions.check()
    kind = format_of(job.model)
    config = job.config
    plugins = {
        name: job.plugins[name](getattr(config.plugins, name)) for name in config.plugins.enabled
    }
    with Capture() as capture:
        with stopwatch.stage("import"):
            source = import_model(job.model)
            digest = hash_file(job.model)
            denoiser = engine.denoiser(config.render.cycles)
            camera = new_camera(config.camera)
            stage = build(source, kind, camera, config, capture)
            engine.configure(stage.scene, config.render)
            engine.configure_image(stage.scene, config.render)
        record = DatasetRecord(
            generator=f"viewbatch {__version__}",
            blender=versions.text(),
            device=config.render.cycles.device,
            denoiser=denoiser,
            model=ModelRecord(
                file=job.model.name, sha256=digest, world_from_model=stage.world_from_model
            ),
            bounds=stage.bounds,
            objects=tuple(stage.objects),
            seed=config.seed,
            number_of_views=job.number_of_views,
        )
        camera_at = _cameras(config, stage, job.number_of_views)
        camera_at(0)  # what cannot be placed is refused before anything is written
        record = folder.begin(
            job.output,
            record,
            sources.dump(config),
            overwrite=job.overwrite,
            extensible=sampling.extensible(config.camera.location.mode),
        )
        with _log_file(job.output):
            _Batch(job, stage, record, camera_at, plugins, capture, stopwatch).run()


class _Batch:
    """The views of one run."""

    def __init__(
        self,
        job: Job,
        stage: Stage,
        record: DatasetRecord,
        camera_at: CameraAt,
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
        self.camera_at = camera_at
        declared = frozenset[Pass]().union(*(plugin.passes for plugin in plugins.values()))
        # A view's record always tells its depth range and how much of it the target fills.
        self.ground_truth = (declared & GROUND_TRUTH) | {Pass.DEPTH, Pass.OBJECT_ID}

    def run(self) -> None:
        """Render what is missing; finish the dataset where that completes it."""
        for plugin in self.plugins.values():
            with hook(plugin, "on_scene_ready"):
                plugin.on_scene_ready(SceneContext(record=self.record))
        wanted = range(self.job.number_of_views)
        if self.job.skip_render:
            cameras = {index: self.camera_at(index)[0] for index in wanted}
            write_text(self.job.output, layout.CAMERAS, cameras_to_json(cameras))
            log.info("%d cameras planned in %s", len(wanted), self.job.output / layout.CAMERAS)
            return
        # A plan of the same cameras, if there was one, is now told by the views' records.
        (self.job.output / layout.CAMERAS).unlink(missing_ok=True)
        done = folder.complete_views(self.job.output, len(wanted))
        if done:
            log.info("%d of %s exist already and are kept", len(done), _views(len(wanted)))
        missing = [index for index in wanted if index not in done]
        if missing:
            self._render(missing)
        # Also where nothing was missing: the process that made the last view may have ended.
        self._finish()
        log.debug("timings %s", json.dumps(self.stopwatch.seconds))
        log.info("%s in %s", _views(len(wanted)), self.job.output)

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

        first = self.camera_at(indices[0])[0].camera.intrinsics
        encoder = ColorEncoder(self.stage.scene, first.width, first.height)
        with ViewWriter(report) as writer:
            for index in indices:
                started[index] = time.perf_counter()
                files, record = self._view(index, encoder)
                with self.stopwatch.stage("waiting for the writer"):
                    writer.submit(files, record)
            with self.stopwatch.stage("waiting for the writer"):
                writer.drain()

    def _view(self, index: int, encoder: ColorEncoder) -> tuple[ViewFiles, ViewRecord]:
        config, scene = self.job.config, self.stage.scene
        camera, pose = self.camera_at(index)
        files = ViewFiles(
            folder=self.job.output, index=index, cam_from_world=camera.camera.cam_from_world
        )
        view = ViewContext(index=index, camera=camera, files=files)
        try:
            for plugin in self.plugins.values():
                with hook(plugin, "on_view_ready", index):
                    plugin.on_view_ready(view)
            pose.place(scene.camera)
            data = scene.camera.data
            data.clip_start, data.clip_end = camera.near_m, camera.far_m
            data.dof.focus_distance = float(np.linalg.norm(np.subtract(pose.location, self.target)))
            with self.stopwatch.stage("colour"):
                engine.use_color(
                    scene,
                    config.render,
                    sampling.cycles_seed(config.seed, index),
                    denoise=self.record.denoiser != "none",
                    dof=config.camera.dof.use,
                )
                color = self.capture.passes(scene, [Pass.COLOR])
            with self.stopwatch.stage("ground truth"):
                engine.use_ground_truth(scene, self.ground_truth)
                frame = {**color, **self.capture.passes(scene, self.ground_truth)}
            with self.stopwatch.stage("colour file"), making_files():
                path = files.reserve(layout.RENDER, engine.image_extension(config.render))
                encoder.save(color[Pass.COLOR], path)
            with self.stopwatch.stage("plugins"):
                for plugin in self.plugins.values():
                    with hook(plugin, "on_view_rendered", index):
                        plugin.on_view_rendered(view, frame)
        except BaseException:
            files.discard()
            raise
        return files, _view_record(index, camera, frame)

    @property
    def target(self) -> tuple[float, float, float]:
        """The point that cameras look at."""
        return _target(self.job.config, self.stage)

    def _finish(self) -> None:
        dataset = Dataset.open(self.job.output)
        if dataset.missing:
            return
        for plugin in self.plugins.values():
            with hook(plugin, "on_batch_finished"):
                plugin.on_batch_finished(BatchContext(dataset=dataset))


def _views(number: int) -> str:
    return "1 view" if number == 1 else f"{number} views"


def _target(config: Config, stage: Stage) -> tuple[float, float, float]:
    return stage.bounds.center if config.camera.target == "center" else config.camera.target


def _cameras(config: Config, stage: Stage, number: int) -> CameraAt:
    """The cameras of a dataset of `number` views."""
    placement_of = sampling.plan(config.camera.location, config.seed, number)
    intrinsics = intrinsics_of(stage.scene.camera.data, stage.scene.render)
    target = _target(config, stage)
    try:
        fit = fit_distance(intrinsics, stage.bounds.radius)
    except ValueError as error:
        if config.camera.location.radius_unit is RadiusUnit.FIT:
            raise UsageError(
                f'camera.lens: {error}; shift it less, or set camera.location.radius_unit "scene"'
            ) from error
        fit = stage.bounds.radius
    unit = fit if config.camera.location.radius_unit is RadiusUnit.FIT else 1.0

    def camera_at(index: int) -> tuple[CameraRecord, BlenderPose]:
        placement = placement_of(index)
        try:
            pose = BlenderPose.nearest(*placement.pose(target, unit))
        except ValueError as error:
            raise UsageError(
                f"camera.location places view {index} at a distance of "
                f"{placement.radius * unit:.3g} m from its target, where {error}; "
                "choose a larger radius"
            ) from error
        near, far = _clip_planes(config, stage, pose)
        drawn = {
            "radius_m": placement.radius * unit,
            "inclination_rad": placement.inclination_rad,
            "azimuth_rad": placement.azimuth_rad,
            "cycles_seed": sampling.cycles_seed(config.seed, index),
        }
        camera = Camera(intrinsics=intrinsics, cam_from_world=pose.cam_from_world)
        return CameraRecord(camera=camera, near_m=near, far_m=far, drawn=drawn), pose

    return camera_at


def _clip_planes(config: Config, stage: Stage, pose: BlenderPose) -> tuple[float, float]:
    """Depths that enclose all that is rendered, as Blender holds them: float32."""
    sphere = stage.everything
    center_depth = float(transform_points(pose.cam_from_world, sphere.center)[2])
    # Rays do not lose precision by a near plane close to the camera, and by far ones:
    # there is room for what displacement and hair add to the measured meshes.
    near = max(1e-3 * stage.bounds.radius, 1e-6)
    far = max(2.0 * (center_depth + sphere.radius), 10.0 * near)
    if config.camera.clip_start != "auto":
        near = config.camera.clip_start
    if config.camera.clip_end != "auto":
        far = config.camera.clip_end
    if near >= far:
        raise UsageError(
            f"camera.clip_start {near:.6g} m is not nearer than clip_end {far:.6g} m; "
            'set both, or leave them "auto"'
        )
    return float(np.float32(near)), float(np.float32(far))


def _view_record(index: int, camera: CameraRecord, frame: Frame) -> ViewRecord:
    depth, ids = frame[Pass.DEPTH], frame[Pass.OBJECT_ID]
    surface = depth[depth > 0]
    depth_range = (float(surface.min()), float(surface.max())) if surface.size else None
    coverage = float(np.count_nonzero(ids)) / ids.size
    if coverage == 0.0:
        log.warning("view %d shows nothing of the target", index)
    return ViewRecord(index=index, camera=camera, depth_range_m=depth_range, coverage=coverage)


@contextmanager
def _log_file(output: Path) -> Iterator[None]:
    """Keep the run's log in the output folder; times stand there and nowhere else."""
    start = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    handler = logging.FileHandler(output / layout.log(start, process_name()), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("viewbatch")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
