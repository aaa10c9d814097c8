"""What is wrong with views that do not agree: each known mistake is undone, to see if they then do.

The mistakes are those that converters and readers of poses make.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from viewbatch.geometry import Intrinsics, invert_rigid
from viewbatch.geometry.transforms import Array
from viewbatch.verify.cross_view import (
    CrossView,
    Load,
    compare,
    draw_samples,
    is_more_than_allowed,
)
from viewbatch.verify.surface import MATCH_PX, Seen

_SAMPLES = 400
"""Of each view, for a trial."""

_STEP_PX = 0.05
"""By which the principal point is moved to see what that changes."""

_EXACT_SCALE_PX = 0.005
"""What is nearer than this counts in full."""

_ENOUGH = 20
"""Sightings without which nothing is concluded."""

_ENOUGH_VIEWS = 2
"""That must agree for others to be wrong by them."""

_TRIAL_VIEWS = 24
"""At most, evenly chosen, for mistakes that all views share."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A way to be wrong, and its undoing."""

    sentence: str
    """What is wrong, as `the cameras ...`."""
    undo: Callable[[Seen], Seen]


def _with_pose(view: Seen, cam_from_world: Array) -> Seen:
    return replace(view, camera=replace(view.camera, cam_from_world=cam_from_world))


def _flipped(view: Seen, *signs: float) -> Seen:
    return _with_pose(view, np.diag([*signs, 1.0]) @ view.camera.cam_from_world)


def _transposed(view: Seen) -> Seen:
    matrix = view.camera.cam_from_world.copy()
    matrix[:3, :3] = matrix[:3, :3].T
    return _with_pose(view, matrix)


def _ray_distance(view: Seen) -> Seen:
    lengths = np.linalg.norm(view.camera.intrinsics.rays(), axis=-1)
    return replace(view, depth_m=view.depth_m / lengths)


MISTAKES = (
    Mistake(
        sentence="y is flipped: the y axis of the cameras points up instead of down, or the depth "
        "maps are upside down",
        undo=lambda view: _flipped(view, 1.0, -1.0, 1.0),
    ),
    Mistake(
        sentence="y and z are flipped: the cameras have OpenGL's axes, y up and z backward, "
        "instead of y down and z forward",
        undo=lambda view: _flipped(view, 1.0, -1.0, -1.0),
    ),
    Mistake(
        sentence="the poses are camera-to-world where cam_from_world is expected",
        undo=lambda view: _with_pose(view, invert_rigid(view.camera.cam_from_world)),
    ),
    Mistake(
        sentence="the rotations of the poses are transposed",
        undo=_transposed,
    ),
    Mistake(
        sentence="depth is the distance along each pixel's ray instead of that along the optical "
        "axis",
        undo=_ray_distance,
    ),
    Mistake(
        sentence="y is flipped: the depth maps are upside down",
        undo=lambda view: replace(view, depth_m=view.depth_m[::-1]),
    ),
    Mistake(
        sentence="x is flipped: the depth maps, or the cameras, are mirrored",
        undo=lambda view: replace(view, depth_m=view.depth_m[:, ::-1]),
    ),
    Mistake(
        sentence="depth is in millimetres instead of metres",
        undo=lambda view: replace(view, depth_m=view.depth_m / 1000),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong with views."""

    sentence: str
    """Without the views, such as `the poses are ...`."""
    places: Sequence[int]
    """The views that it is about; none where it is about all."""


UNKNOWN = "cameras and depth contradict those of other views, and why is not known"


def diagnose(load: Load, found: CrossView) -> list[Diagnosis]:
    """What is wrong with views, by what their comparison gave; nothing where they agree.

    Views that see nothing of others may be right: of those only a mistake that is found is told.
    """
    everything = range(len(found.samples.cameras))
    wrong = _culprits(found)
    right = [place for place in everything if place not in wrong]
    if wrong or not found.consistent:
        # One mistake of all views explains more than many of single ones.
        trial = everything[:: math.ceil(len(everything) / _TRIAL_VIEWS)]
        sentence = _of_all(load, trial)
        if sentence is not None:
            return [Diagnosis(sentence=sentence, places=())]
    if not found.compared:
        return []
    told: list[Diagnosis] = []
    if len(right) >= _ENOUGH_VIEWS:
        told = [*_of_some(load, right, wrong), *_of_isolated(load, right, found)]
    if not told and (wrong or not found.consistent):
        told = [Diagnosis(sentence=UNKNOWN, places=wrong)]
    return told


def _culprits(found: CrossView) -> list[int]:
    """The views without which the rest agree, the worst removed first."""
    count = len(found.samples.cameras)
    pairs = np.zeros((2, count, count))
    for place in range(count):
        own = found.samples.views == place
        pairs[0, :, place] = found.conflicts[:, own].sum(axis=1)
        pairs[1, :, place] = (np.isfinite(found.errors_px) | found.conflicts)[:, own].sum(axis=1)
    conflicts, compared = pairs + pairs.transpose(0, 2, 1)
    wrong: list[int] = []
    while True:
        bad, of = conflicts.sum(axis=1), compared.sum(axis=1)
        excess = is_more_than_allowed(bad, of)
        if not excess.any():
            return sorted(wrong)
        share = np.where(excess, bad / np.maximum(of, 1), -1.0)
        worst = int(share.argmax())
        wrong.append(worst)
        for matrix in (conflicts, compared):
            matrix[worst] = matrix[:, worst] = 0


def _of_all(load: Load, trial: Sequence[int]) -> str | None:
    """A mistake that all views share."""
    for mistake in MISTAKES:

        def repaired(place: int, m: Mistake = mistake) -> Seen:
            return m.undo(load(place))

        if _tried(repaired, trial).consistent:
            return mistake.sentence
    return _principal_point_error(load, trial)


def _of_some(load: Load, right: Sequence[int], wrong: Sequence[int]) -> Iterator[Diagnosis]:
    """Mistakes of single views among others that agree."""
    left = list(wrong)
    for a, b in combinations(wrong, 2):
        if a in left and b in left and _mixed_agree(load, right, a, b):
            yield Diagnosis(sentence="the depth maps, or the cameras, are swapped", places=(a, b))
            left = [place for place in left if place not in (a, b)]
    for place in left:
        yield Diagnosis(sentence=_of_one(load, right, place) or UNKNOWN, places=(place,))


def _of_isolated(load: Load, right: Sequence[int], found: CrossView) -> Iterator[Diagnosis]:
    """Mistakes of views that see nothing of the others, such as those that look away.

    They may be right, and see something else: only a mistake that is found is told.
    """
    told = found.seen | found.conflicts
    for place in right:
        own = found.samples.views == place
        if not (told[place, ~own].any() or told[:, own][np.arange(len(told)) != place].any()):
            sentence = _of_one(load, [other for other in right if other != place], place)
            if sentence is not None:
                yield Diagnosis(sentence=sentence, places=(place,))


def _of_one(load: Load, right: Sequence[int], place: int) -> str | None:
    for mistake in MISTAKES:

        def repaired(at: int, m: Mistake = mistake) -> Seen:
            return m.undo(load(at)) if at == place else load(at)

        if _joins(repaired, right, place):
            return mistake.sentence
    return _principal_point_error(load, [*_some(right), place], only=place)


def _mixed_agree(load: Load, right: Sequence[int], a: int, b: int) -> bool:
    """Whether two views agree with the right ones when each has the other's depth."""

    def mixed(place: int) -> Seen:
        depth = {a: b, b: a}.get(place, place)
        return replace(load(depth), camera=load(place).camera)

    return _joins(mixed, right, a) and _joins(mixed, right, b)


def _joins(load: Load, right: Sequence[int], place: int) -> bool:
    """Whether a view agrees with right ones, and sees enough of what they see."""
    found = _tried(load, [*_some(right), place])
    own = found.samples.views == len(found.seen) - 1
    shared = np.count_nonzero(found.seen[-1, ~own]) + np.count_nonzero(found.seen[:-1, own])
    return found.consistent and shared >= _ENOUGH


def _some(places: Sequence[int]) -> list[int]:
    return list(places[:: -(-len(places) // _TRIAL_VIEWS)])


def _tried(load: Load, places: Sequence[int]) -> CrossView:
    def read(number: int) -> Seen:
        return load(places[number])

    return compare(read, draw_samples(read, len(places), _SAMPLES, 0))


def _principal_point_error(load: Load, trial: Sequence[int], only: int | None = None) -> str | None:
    """By how much cx and cy are wrong, where moving them makes the views agree.

    Gauss-Newton on how far samples stand in front of or behind other views' surfaces, which for
    small shifts is linear in them.
    """
    shift = np.zeros(2)

    def moved(by: Array) -> CrossView:
        def read(place: int) -> Seen:
            view = load(place)
            if only is not None and place != only:
                return view
            k = view.camera.intrinsics
            intrinsics: Intrinsics = replace(k, cx=k.cx - by[0], cy=k.cy - by[1])
            return replace(view, camera=replace(view.camera, intrinsics=intrinsics))

        return _tried(read, trial)

    for _ in range(8):
        here = moved(shift)
        slopes = [
            (moved(shift + step).in_front_px - here.in_front_px) / _STEP_PX
            for step in (np.array([_STEP_PX, 0.0]), np.array([0.0, _STEP_PX]))
        ]
        told = np.isfinite(here.in_front_px + slopes[0] + slopes[1])
        told &= np.abs(here.in_front_px) < MATCH_PX
        if np.count_nonzero(told) < _ENOUGH:
            return None
        matrix = np.stack([slope[told] for slope in slopes], axis=-1).astype(np.float64)
        step = _robust_step(matrix, here.in_front_px[told].astype(np.float64))
        shift = shift + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 0.005:
            break
    if not moved(shift).consistent:
        return None
    names = [
        f"{name} is {abs(value):.2f} px too {'large' if value > 0 else 'small'}"
        for name, value in zip(("cx", "cy"), shift, strict=True)
        if abs(value) >= 0.03
    ]
    return f"the principal point is wrong: {' and '.join(names)}" if names else None


def _robust_step(matrix: Array, residuals: Array) -> Array:
    """The step x for which most of `residuals + matrix @ x` are small.

    Least squares, weighted anew by Cauchy's function at the scale of the median: samples that
    something hides stand behind a surface, whatever the camera, and must have no part in it.
    """
    step = np.zeros(matrix.shape[1])
    for _ in range(10):
        left = residuals + matrix @ step
        scale = max(_EXACT_SCALE_PX, 1.48 * float(np.median(np.abs(left))))
        weights = 1 / np.sqrt(1 + (left / scale) ** 2)
        step, *_ = np.linalg.lstsq(weights[:, None] * matrix, -weights * residuals, rcond=None)
    return step
