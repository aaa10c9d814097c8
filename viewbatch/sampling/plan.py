"""The poses of a dataset, one for each view.

A view depends on the configuration, the seed, the scene and its own index; where
`min_angle_deg` is set also on the views of lower index, and in the modes that spread a
known number of poses on that number. Every random number of pose i comes from a stream of
its own, seeded with (seed, purpose, i), so views can be made in any order and by any process.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from viewbatch.config.camera import CameraConfig, LocationMode
from viewbatch.errors import UsageError
from viewbatch.geometry.transforms import Array, Vector3
from viewbatch.sampling.inside import inside
from viewbatch.sampling.jitter import Wobble, wobbles
from viewbatch.sampling.placements import Placement, placements
from viewbatch.sampling.pose_files import read_poses
from viewbatch.sampling.poses import Pose, Surroundings, rolled, shifted_right

DRAWN = {LocationMode.RANDOM, LocationMode.QUASI_RANDOM, LocationMode.INSIDE}
"""Modes of which a pose can be drawn again; the poses of others are fixed."""
EXTENSIBLE = DRAWN | {LocationMode.FILE}

TOO_NEAR = "too near to another view"

Reject = Callable[[int, Pose], str | None]
"""From a view's index and a pose for it to a short reason, such as "inside geometry", why
it cannot be used; None where it can."""


def extensible(mode: LocationMode) -> bool:
    """Whether view i is the same for any number of views, so that a dataset can grow."""
    return mode in EXTENSIBLE


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedView:
    """A view's pose, and how many were drawn and rejected before it, by reason."""

    pose: Pose
    rejected: Mapping[str, int]


def _accept(_index: int, _pose: Pose) -> str | None:
    return None


class Plan:
    """From the index of a view to its pose.

    With `[camera.stereo]` a pose makes two views, otherwise one. Raises `UsageError` for
    what cannot be planned: at once where the configuration tells, when a view is asked for
    where only drawing does.
    """

    def __init__(
        self,
        camera: CameraConfig,
        seed: int,
        number: int,
        around: Surroundings,
        reject: Reject = _accept,
    ) -> None:
        self._camera = camera
        self._seed = seed
        self._around = around
        self._reject = reject
        self._views_per_pose = 2 if camera.stereo.use else 1
        if number % self._views_per_pose:
            raise UsageError(
                f"camera.stereo makes two views of every pose, and {number} is odd; "
                "ask for an even number of views"
            )
        jitter, mode = camera.jitter, camera.location.mode
        if jitter.target > 0 and mode in (LocationMode.INSIDE, LocationMode.FILE):
            raise UsageError(
                f"camera.jitter.target is {jitter.target:g}, but with camera.location.mode "
                f'"{mode}" cameras look at no target; set it to 0'
            )
        self._jittered = jitter.target > 0 or jitter.roll > 0
        self._base_poses = self._of_mode(number // self._views_per_pose)
        self._planned: dict[int, tuple[PlannedView, ...]] = {}
        # Of poses 0, 1, ..., as far as they are planned; for min_angle_deg only.
        self._directions = _Directions(math.radians(camera.location.min_angle_deg))

    def __call__(self, index: int) -> PlannedView:
        """The plan of one view."""
        k, side = divmod(index, self._views_per_pose)
        if self._camera.location.min_angle_deg > 0:
            for lower in range(len(self._planned), k):
                self._plan(lower)
        return self._plan(k)[side]

    def _plan(self, k: int) -> tuple[PlannedView, ...]:
        """The views of pose k; with a smallest angle, all lower poses are planned already."""
        if k in self._planned:
            return self._planned[k]
        rejected: Counter[str] = Counter()
        for pose in itertools.islice(self._candidates(k), self._camera.checks.attempts):
            direction = self._direction(pose)
            views = self._views(k, pose)
            reason = self._why_not(views, direction)
            if reason is None:
                self._directions.add(direction)
                planned = tuple(
                    PlannedView(pose=view, rejected=dict(rejected)) for view in views.values()
                )
                self._planned[k] = planned
                return planned
            rejected[reason] += 1
        raise self._nothing_found(k, rejected)

    def _why_not(self, views: Mapping[int, Pose], direction: Vector3) -> str | None:
        if self._directions.is_near(direction):
            return TOO_NEAR
        reasons = (self._reject(index, view) for index, view in views.items())
        return next((reason for reason in reasons if reason is not None), None)

    def _candidates(self, k: int) -> Iterator[Pose]:
        base_poses = self._base_poses(k)
        if not self._jittered:
            return (self._placed(k, base, Wobble()) for base in base_poses)
        if self._camera.location.mode not in DRAWN:
            base_poses = itertools.repeat(next(base_poses))
        draws = wobbles(self._camera.jitter, self._around.bounds.radius, self._seed, k)
        return (self._jittered_pose(k, *both) for both in zip(base_poses, draws, strict=False))

    def _jittered_pose(self, k: int, base: Placement | Pose, wobble: Wobble) -> Pose:
        pose = self._placed(k, base, wobble)
        drawn: dict[str, Any] = {}
        if self._camera.jitter.target > 0:
            aim = zip(self._around.target, wobble.aim_m, strict=True)
            drawn["target_m"] = [t + a for t, a in aim]
        if self._camera.jitter.roll > 0:
            pose = rolled(pose, wobble.roll_rad)
            drawn["roll_rad"] = wobble.roll_rad
        return replace(pose, drawn={**pose.drawn, **drawn})

    def _placed(self, k: int, base: Placement | Pose, wobble: Wobble) -> Pose:
        """The pose of a placement about the target; a pose as it is."""
        if isinstance(base, Pose):
            return base
        unit_m = self._around.unit_m(k)
        radius_m = base.radius * unit_m
        try:
            location, rotation = base.pose(self._around.target, unit_m, wobble.aim_m)
        except ValueError as error:
            raise UsageError(
                f"camera.location places view {k * self._views_per_pose} at a distance of "
                f"{radius_m:.3g} m from its target, where {error}; choose a larger radius"
            ) from error
        drawn = {
            "radius_m": radius_m,
            "inclination_rad": base.inclination_rad,
            "azimuth_rad": base.azimuth_rad,
        }
        return Pose(location=location, rotation=rotation, drawn=drawn)

    def _views(self, k: int, pose: Pose) -> dict[int, Pose]:
        """By index, the views that a pose makes: itself, or the left and the right one.

        Both of a pair have one orientation and stand on either side along its x axis, so
        that a point has the same v (px) in both: they are rectified.
        """
        if not self._camera.stereo.use:
            return {k: pose}
        baseline_m = self._camera.stereo.baseline * self._around.unit_m(k)
        left, right = 2 * k, 2 * k + 1
        views = {}
        for index, other, side, shift in ((left, right, "left", -0.5), (right, left, "right", 0.5)):
            stereo = {"pair": k, "side": side, "other": other, "baseline_m": baseline_m}
            view = shifted_right(pose, shift * baseline_m)
            views[index] = replace(view, drawn={**pose.drawn, "stereo": stereo})
        return views

    def _of_mode(self, number: int) -> Callable[[int], Iterator[Placement | Pose]]:
        """From the index of a pose, of `number` ones, to what its mode gives for it in turn."""
        location, seed = self._camera.location, self._seed
        match location.mode:
            case LocationMode.INSIDE:
                return lambda k: inside(location.inside, self._around.bounds, seed, k)
            case LocationMode.FILE:
                poses = self._in_file(number)
                return lambda k: iter([poses[k]])
            case mode:
                return placements(location, mode, seed, number)

    def _in_file(self, number: int) -> list[Pose]:
        path = Path(self._camera.location.file.path)
        poses = read_poses(path, self._around.frame_px)
        if len(poses) < number:
            found = "1 pose" if len(poses) == 1 else f"{len(poses)} poses"
            raise UsageError(
                f"camera.location.file: {path} holds {found}, which is enough for "
                f"{len(poses) * self._views_per_pose} of the {number * self._views_per_pose} "
                "views; ask for fewer, or name another file"
            )
        return poses

    def _direction(self, pose: Pose) -> Vector3:
        """The unit vector whose angle to those of other poses `min_angle_deg` limits.

        It leads from the target to the camera, or, for poses inside, along the optical axis.
        """
        forward = tuple(float(v) for v in pose.rotation[2])
        away = tuple(c - t for c, t in zip(pose.location, self._around.target, strict=True))
        length = math.hypot(*away)
        if self._camera.location.mode is LocationMode.INSIDE:
            x, y, z = forward
        elif length > 0:
            x, y, z = (a / length for a in away)
        else:
            # A pose of a file may stand on the target itself.
            x, y, z = (-f for f in forward)
        return (x, y, z)

    def _nothing_found(self, k: int, rejected: Counter[str]) -> UsageError:
        mode = self._camera.location.mode
        draws = "1 draw" if rejected.total() == 1 else f"{rejected.total()} draws"
        reasons = ", ".join(
            f"{'once' if count == 1 else f'{count} times'} {reason}"
            for reason, count in rejected.most_common()
        )
        limits = [key for key, concerned in (
            ("camera.checks", rejected.keys() - {TOO_NEAR}),
            ("camera.location.min_angle_deg", TOO_NEAR in rejected),
        ) if concerned]  # fmt: skip
        return UsageError(
            f"camera.location: no pose for view {k * self._views_per_pose} in {draws}: {reasons}; "
            f"{'widen' if mode in DRAWN else 'change'} camera.location.{mode}, or relax "
            f"{' and '.join(limits)}"
        )


class _Directions:
    """Unit vectors, asked whether another one is nearer to any of them than an angle."""

    def __init__(self, min_angle_rad: float) -> None:
        self.min_angle_rad = min_angle_rad
        # The chord is exact for small angles, where the cosine is not. Steps of exactly the
        # angle, as an orbit may have them, are not too near by rounding.
        self.min_chord_squared = (2 * math.sin(min_angle_rad / 2)) ** 2 * (1 - 1e-9)
        self.vectors: Array = np.empty((64, 3))
        self.count = 0

    def is_near(self, vector: Vector3) -> bool:
        # Sums that are written out, not BLAS, are the same on every processor.
        x, y, z = ((self.vectors[: self.count] - vector) ** 2).T
        return bool(np.any(x + y + z < self.min_chord_squared))

    def add(self, vector: Vector3) -> None:
        if self.min_angle_rad == 0.0:
            return
        if self.count == len(self.vectors):
            self.vectors = np.concatenate([self.vectors, np.empty_like(self.vectors)])
        self.vectors[self.count] = vector
        self.count += 1
