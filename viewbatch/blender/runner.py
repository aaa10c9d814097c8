"""One run, from the model file to the last view's record."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from viewbatch import __version__, sampling, sources
from viewbatch.blender import (
    companions,
    devices,
    draco,
    eevee,
    engine,
    pilot,
    rehearsal,
    versions,
)
from viewbatch.blender.batch import Batch
from viewbatch.blender.camera import new_camera
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.capture import Capture, enable_passes
from viewbatch.blender.job import Job
from viewbatch.blender.model import check_imported, import_model
from viewbatch.blender.scene import build
from viewbatch.blender.world import check_images, image_files
from viewbatch.config import Config
from viewbatch.config.render import Engine
from viewbatch.dataset import DatasetRecord, ModelRecord, existing, folder, layout
from viewbatch.dataset.reader import hash_file
from viewbatch.errors import ModelError
from viewbatch.estimate import Estimate
from viewbatch.logs import log_file
from viewbatch.model_files import Findings, unreadable
from viewbatch.plugin import dataset_files, ground_truth
from viewbatch.stopwatch import Stopwatch

log = logging.getLogger(__name__)


def run(job: Job, stopwatch: Stopwatch) -> None:
    """Make the job's views that do not exist yet."""
    with _prepared(job, stopwatch) as batch:
        batch.run()


def estimate(job: Job, stopwatch: Stopwatch, start_s: float, number_of_views: int) -> Estimate:
    """What so many views like the job's, which are made, would take; see `Batch.try_out`."""
    with _prepared(job, stopwatch) as batch:
        return batch.try_out(start_s, number_of_views)


@contextmanager
def _prepared(job: Job, stopwatch: Stopwatch) -> Iterator[Batch]:
    """All that comes before the first view."""
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
            source, digest, others = _import(job.model, job.findings)
            for warning in job.findings.warnings:  # only now they say what became of the model
                log.warning("%s", warning)
            device = devices.enable(config.render.cycles)
            denoiser = engine.denoiser(config.render, device)
            camera = new_camera(config.camera.dof)
            stage = build(source, job.model, camera, config, capture)
            engine.configure(stage.scene, config.render)
            enable_passes(stage.scene.view_layers[0], ground_truth(plugins.values()))
        with stopwatch.stage("planning"):
            cameras = Cameras(config, stage, capture, job.number_of_views)
            # What cannot be placed is refused before anything is written.
            for index in job.views:
                cameras(index)
        with stopwatch.stage("choosing samples"):
            samples = pilot.choose(job, stage, cameras, capture, denoiser)
        record = DatasetRecord(
            generator=f"viewbatch {__version__}",
            blender=versions.text(),
            engine=str(config.render.engine),
            device=str(device),
            denoiser=denoiser,
            samples=samples,
            model=ModelRecord(
                file=job.model.name,
                sha256=digest,
                companions=others,
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
        config_text = sources.dump(config)
        record = folder.begin(
            job.output,
            record,
            config_text,
            overwrite=job.overwrite,
            extensible=sampling.extensible(config.camera.location.mode),
        )
        with log_file(job.output):
            claim = existing.Claim(job.output, record, config_text)
            yield Batch(job, stage, claim, cameras, plugins, capture, stopwatch)


def _import(model: Path, findings: Findings) -> tuple[Any, str, dict[str, str]]:
    """What Blender makes of a model's file, the hash of that very file, and of its companions."""
    try:
        before = model.stat()
        source = import_model(model)
        check_imported(model, findings)
        digest, others = hash_file(model), companions.hashes(model, findings.companions)
        after = model.stat()
    except OSError as error:
        raise unreadable(model, error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ModelError(f"the model {model} changed while it was read; run the command again")
    return source, digest, others


def _inputs(config: Config) -> dict[str, str]:
    """SHA-256 of what every path in the configuration names, by key; of several files together."""
    found = {key: [path] for key, path in image_files(config.world).items()}
    found["camera.location.file.path"] = sampling.input_files(config.camera)
    hashes = {key: [hash_file(path) for path in paths] for key, paths in found.items() if paths}
    return {
        key: of[0] if len(of) == 1 else hashlib.sha256("".join(of).encode()).hexdigest()
        for key, of in hashes.items()
    }
