"""The certificate of a dataset: figures and findings, per view and in all."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError
from viewbatch.verify import health
from viewbatch.verify.agreement import check_view, has_depth_map, proper_depth
from viewbatch.verify.cross_view import CrossView, compare, draw_samples
from viewbatch.verify.diagnosis import diagnose
from viewbatch.verify.findings import Finding, listed
from viewbatch.verify.integrity import check_files, read_views
from viewbatch.verify.photometry import swapped_images
from viewbatch.verify.surface import Seen

MAX_COMPARISONS = 10_000_000
"""Samples times views: what bounds memory (about 20 bytes each) and time."""

SAMPLES_PER_VIEW = 2000

ReadLevels = Callable[[View], npt.NDArray[np.uint8]]
"""Reads a view's colour image as (H, W, 3 or 4) 8-bit sRGB with straight alpha."""

Progress = Callable[[Sequence[View], str], Iterator[View]]
"""Passes views on while it shows how far the work is."""


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """Of the errors of all comparisons."""

    median: float
    p95: float
    maximum: float


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """Cross-view figures of a view, or of all."""

    sightings: int
    """How often one view sees a sample of another."""
    conflicts: int
    """How often a view sees past a sample that should hide what is behind."""
    error_px: Quantiles | None
    """None where there is no sighting."""
    error_of_radius: Quantiles | None
    """Distances between surface points, in units of the bounds' radius."""


@dataclass(frozen=True, kw_only=True)
class ViewFigures:
    """What the certificate says of one view."""

    index: int
    consistency: Consistency | None
    coverage: float
    depth_range_m: tuple[float, float] | None
    health: health.ViewHealth
    neighbors: Sequence[int]
    """Indices of the views that share most of what it sees, at most eight, falling."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a dataset's own files prove."""

    dataset: str
    """Name of its folder."""
    number_of_views: int
    consistency: Consistency | None
    """None where there are fewer than two views."""
    seen_by: Sequence[int]
    """How many samples are seen by 1, 2, 3, ... views, their own included."""
    groups: Sequence[Sequence[int]]
    """Indices of views that overlap, directly or through others."""
    views: Sequence[ViewFigures]
    noise_db: Mapping[int, float]
    """PSNR of the colour images of some views, by index, where it was measured."""
    findings: Sequence[Finding]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.wrong for finding in self.findings)

    def to_json(self) -> str:
        """All of it as JSON, but for the folder's name: it lies in there, wherever that is."""
        tree = asdict(self)
        del tree["dataset"]
        return json_text(_plain(tree))


def certify(
    dataset: Dataset,
    *,
    read_levels: ReadLevels,
    noise_db: Mapping[int, float] | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """Check a dataset; raises `DatasetError` where it lacks what a proof needs."""
    shown: Progress = progress or (lambda views, _: iter(views))
    present, findings = read_views(dataset)
    for view in present:
        if "depth" not in view.kinds:
            raise DatasetError(
                f"view {view.index} of {dataset.folder} has no depth, without which nothing can be "
                'proved; add "depth" to [plugins] enabled and render again'
            )
    findings += check_files(dataset, present)
    measured: dict[int, health.ViewHealth] = {}
    disagreements: dict[str, list[int]] = {}
    sharp = not _is_blurred(dataset)
    for view in shown(present, "maps"):
        try:
            levels = read_levels(view) if "render" in view.kinds else None
            for disagreement in check_view(dataset, view, levels, sharp=sharp):
                disagreements.setdefault(disagreement.what, []).append(view.index)
            if has_depth_map(view, view.read("depth")):
                measured[view.index] = health.measure(view, levels)
        except (DatasetError, OSError) as error:
            findings.append(Finding(check="integrity", sentence=str(error), views=[view.index]))
    views = [view for view in present if view.index in measured]
    notes = list(health.check_views(views, [measured[view.index] for view in views]))
    radius = dataset.record.bounds.radius
    notes += health.check_cameras(views, radius)
    indices = [view.index for view in views]
    cross = _compared(shown, views) if len(views) > 1 else None
    shared = np.zeros((len(views), len(views)), dtype=np.int64)
    groups: list[list[int]] = []
    if cross is not None:
        found = list(_consistency(views, cross))
        if not found and all("render" in view.kinds for view in views):
            # Only where cameras and depth are right can colours be looked up by them.
            found = list(_photometry(views, cross, read_levels))
        # What explains most stands first.
        findings = found + findings
        shared = health.overlap(cross)
        groups = health.parts(shared)
        notes += health.check_overlap(indices, groups)
    findings += [
        Finding(check="agreement", sentence=f"in {listed(told)} {what}", views=told)
        for what, told in disagreements.items()
    ]
    findings += notes
    return Certificate(
        dataset=dataset.folder.name,
        number_of_views=dataset.record.number_of_views,
        consistency=None if cross is None else _figures(cross, None, radius),
        seen_by=[] if cross is None else np.bincount(cross.seen.sum(axis=0))[1:].tolist(),
        groups=[[indices[place] for place in group] for group in groups],
        views=[
            ViewFigures(
                index=view.index,
                consistency=None if cross is None else _figures(cross, place, radius),
                coverage=view.record.coverage,
                depth_range_m=view.record.depth_range_m,
                health=measured[view.index],
                neighbors=_neighbors(shared[place], place, indices),
            )
            for place, view in enumerate(views)
        ],
        noise_db=dict(noise_db or {}),
        findings=findings,
    )


def _is_blurred(dataset: Dataset) -> bool:
    """Whether the lens blurs what is out of focus, by the configuration beside the dataset."""
    try:
        tree = tomllib.loads((dataset.folder / layout.CONFIG).read_text(encoding="utf-8"))
        return bool(tree["camera"]["dof"]["use"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"the key {error} is missing" if isinstance(error, KeyError) else error
        raise DatasetError(
            f"{dataset.folder / layout.CONFIG} is not the configuration that made the dataset: "
            f"{problem}; put that one back"
        ) from error


def _load(view: View) -> Seen:
    depth_m = proper_depth(np.asarray(view.read("depth"), dtype=np.float64))
    return Seen(camera=view.camera, depth_m=depth_m)


def _compared(shown: Progress, views: Sequence[View]) -> CrossView:
    count = len(views)
    per_view = max(10, min(SAMPLES_PER_VIEW, MAX_COMPARISONS // count**2))
    samples = draw_samples(lambda place: _load(views[place]), count, per_view, 0)
    # `compare` asks for the views in their order, once each.
    told = shown(views, "views")
    cross = compare(lambda _: _load(next(told)), samples)
    next(told, None)  # which ends the bar
    return cross


def _consistency(views: Sequence[View], cross: CrossView) -> Iterator[Finding]:
    for mistake in diagnose(lambda place: _load(views[place]), cross):
        indices = [views[place].index for place in mistake.places]
        yield Finding(
            check="consistency",
            sentence=f"in {listed(indices) if indices else 'all views'} {mistake.sentence}",
            views=indices,
        )


def _photometry(
    views: Sequence[View], cross: CrossView, read_levels: ReadLevels
) -> Iterator[Finding]:
    for pair in swapped_images(cross, lambda place: read_levels(views[place])):
        indices = [views[place].index for place in pair]
        yield Finding(
            check="consistency",
            sentence=f"in {listed(indices)} the colour images are swapped: each fits the other's "
            "maps better than its own",
            views=indices,
        )


def _figures(cross: CrossView, place: int | None, radius: float) -> Consistency:
    """Of all comparisons, or of those in which the view at a place is one of the two."""

    def of(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if place is None:
            return values.ravel()
        own = cross.samples.views == place  # which no view compares with itself
        return np.concatenate([values[place, ~own], values[:, own].ravel()])

    errors_px, errors_m = of(cross.errors_px), of(cross.errors_m)
    return Consistency(
        sightings=int(np.count_nonzero(np.isfinite(errors_px))),
        conflicts=int(np.count_nonzero(of(cross.conflicts))),
        error_px=_quantiles(errors_px),
        error_of_radius=_quantiles(errors_m / np.float32(radius)),
    )


def _quantiles(errors: npt.NDArray[np.float32]) -> Quantiles | None:
    finite = errors[np.isfinite(errors)]
    if not len(finite):
        return None
    median, p95, maximum = (float(f"{q:.4g}") for q in np.quantile(finite, (0.5, 0.95, 1.0)))
    return Quantiles(median=median, p95=p95, maximum=maximum)


def _neighbors(shared: npt.NDArray[np.int64], place: int, indices: Sequence[int]) -> list[int]:
    order = [int(other) for other in np.argsort(-shared, kind="stable") if other != place]
    return [indices[other] for other in order[:8] if shared[other]]


def _plain(value: Any) -> Any:
    """Mappings and lists for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
