"""The camera of every view: planned in world, checked, and as Blender holds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from viewbatch.blender.camera import BlenderPose
from viewbatch.blender.capture import Capture
from viewbatch.blender.checks import PoseChecks, certainly_free, read_surfaces
from viewbatch.blender.lens import Lens
from viewbatch.blender.scene import Stage
from viewbatch.config import Config
from viewbatch.config.camera import LocationMode, RadiusUnit
from viewbatch.dataset import CameraRecord
from viewbatch.errors import UsageError
from viewbatch.geometry import Camera, Intrinsics, fit_distance, rigid, transform_points
from viewbatch.geometry.transforms import Array, Vector3, added, negated
from viewbatch.sampling import Plan, Pose, Surroundings, cycles_seed, draw_focal_length


@dataclass(frozen=True, kw_only=True)
class ViewCamera:
    """A view's camera: as it is recorded, and what Blender is given."""

    record: CameraRecord
    pose: BlenderPose
    lens: Lens
    focus_m: float
    """Depth of the point that is in focus."""

    def apply(self, scene: Any) -> None:
        """Make this the camera of a scene."""
        self.lens.apply(scene)
        self.pose.place(scene.camera)
        data = scene.camera.data
        data.clip_start, data.clip_end = self.record.near_m, self.record.far_m
        data.dof.focus_distance = self.focus_m


class Cameras:
    """From a view's index to its camera, for a dataset of a planned number of views."""

    def __init__(self, config: Config, stage: Stage, capture: Capture, number: int) -> None:
        self._config = config
        self._stage = stage
        self._capture = capture
        lens = self._lens(0)
        self._bounds = stage.bounds.moved(stage.offset)
        target = config.camera.target
        self._target = self._bounds.center if target == "center" else target
        self._plan = Plan(
            config.camera,
            config.seed,
            number,
            Surroundings(
                target=self._target,
                bounds=self._bounds,
                unit_m=self._unit_m,
                frame_px=(lens.width, lens.height),
            ),
            self._reject,
        )

    def __call__(self, index: int) -> ViewCamera:
        """The camera of view `index`; raises `UsageError` where it cannot be placed."""
        planned = self._plan(index)
        lens = self._lens_of(index, planned.pose)
        pose = self._blender_pose(planned.pose)
        near, far = self._clip_planes(pose)
        drawn = dict(planned.pose.drawn)
        if self._config.camera.lens.draws:
            drawn["focal_length_mm"] = lens.focal_length_mm
        drawn |= self._stage.world.drawn(index) | self._stage.lights.drawn(index)
        drawn["cycles_seed"] = cycles_seed(self._config.seed, index)
        record = CameraRecord(
            camera=Camera(
                intrinsics=lens.intrinsics,
                cam_from_world=_from_world(pose.cam_from_world, self._stage.offset),
            ),
            near_m=near,
            far_m=far,
            drawn=drawn,
            rejected=planned.rejected,
        )
        focus = float(transform_points(record.camera.cam_from_world, self._target)[2])
        return ViewCamera(record=record, pose=pose, lens=lens, focus_m=max(focus, near))

    def set_up(self, index: int) -> None:
        """Bring the scene to where view `index` is rendered: camera, world, lamps."""
        camera = self(index)
        camera.apply(self._stage.scene)
        self._stage.world.prepare(index)
        self._stage.lights.prepare(index, camera.pose)

    @property
    def shared_intrinsics(self) -> Intrinsics | None:
        """Those of all views; None where they may vary."""
        camera = self._config.camera
        varies = camera.lens.draws or camera.location.mode is LocationMode.FILE
        return None if varies else self._lens(0).intrinsics

    def _lens(self, index: int) -> Lens:
        """The configured lens of a view."""
        return self._drawn_lens(index) if self._config.camera.lens.draws else self._fixed_lens

    def _drawn_lens(self, index: int) -> Lens:
        config = self._config
        focal_length = draw_focal_length(config.camera.lens, config.seed, index)
        return Lens.configured(config.camera, config.render, focal_length)

    @cached_property
    def _fixed_lens(self) -> Lens:
        return self._drawn_lens(0)

    def _lens_of(self, index: int, pose: Pose) -> Lens:
        return self._lens(index) if pose.intrinsics is None else Lens.nearest(pose.intrinsics)

    def _unit_m(self, index: int) -> float:
        """Metres of one unit of `[camera.location] radius_unit`."""
        if self._config.camera.location.radius_unit is RadiusUnit.SCENE:
            return 1.0
        try:
            return fit_distance(self._lens(index).intrinsics, self._bounds.radius)
        except ValueError as error:
            raise UsageError(
                f'camera.lens: {error}; shift it less, or set camera.location.radius_unit "scene"'
            ) from error

    def _blender_pose(self, pose: Pose) -> BlenderPose:
        location = added(pose.location, negated(self._stage.offset))
        return BlenderPose.nearest(location, pose.rotation)

    def _reject(self, index: int, pose: Pose) -> str | None:
        checks = self._config.camera.checks
        blender_pose = self._blender_pose(pose)
        margin = checks.margin * self._stage.bounds.radius
        if (
            checks.min_coverage == 0
            and checks.max_cut_off == 1
            and certainly_free(blender_pose.location, self._stage.boxes, margin)
        ):
            return None
        intrinsics = self._lens_of(index, pose).intrinsics
        camera = Camera(intrinsics=intrinsics, cam_from_world=blender_pose.cam_from_world)
        return self._checks.reason(camera)

    @cached_property
    def _checks(self) -> PoseChecks:
        config, stage = self._config.camera, self._stage
        surfaces = self._capture.evaluated(
            stage.scene, partial(read_surfaces, target_ids=stage.target_ids)
        )
        room = None
        if config.location.mode is LocationMode.INSIDE:
            low, size = np.array(stage.bounds.minimum), np.array(stage.bounds.size)
            inside = config.location.inside
            room = (low + size * inside.box_min, low + size * inside.box_max)
        return PoseChecks(config.checks, surfaces, stage.bounds, room)

    def _clip_planes(self, pose: BlenderPose) -> tuple[float, float]:
        """Depths that enclose all that is rendered, as Blender holds them: float32."""
        config, sphere = self._config.camera, self._stage.everything
        center_depth = float(transform_points(pose.cam_from_world, sphere.center)[2])
        # Rays do not lose precision by a near plane close to the camera, and by far ones:
        # there is room for what displacement and hair add to the measured meshes.
        near = max(1e-3 * self._stage.bounds.radius, 1e-6)
        far = max(2.0 * (center_depth + sphere.radius), 10.0 * near)
        if config.clip_start != "auto":
            near = config.clip_start
        if config.clip_end != "auto":
            far = config.clip_end
        if near >= far:
            raise UsageError(
                f"camera.clip_start {near:.6g} m is not nearer than clip_end {far:.6g} m; "
                'set both, or leave them "auto"'
            )
        return float(np.float32(near)), float(np.float32(far))


def _from_world(cam_from_stage: Array, offset: Vector3) -> Array:
    """`cam_from_world` of a camera in the rendered scene, whose origin is `offset` in world."""
    x, y, z = offset
    rotation, translation = cam_from_stage[:3, :3], cam_from_stage[:3, 3]
    return rigid(
        rotation,
        [
            float(t) - (float(r[0]) * x + float(r[1]) * y + float(r[2]) * z) + 0.0
            for r, t in zip(rotation, translation, strict=True)
        ],
    )
