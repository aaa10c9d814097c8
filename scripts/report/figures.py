"""The charts of a dataset."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from scripts.report import charts as draw
from scripts.report.content import Content
from scripts.report.markup import Element, element
from scripts.report.words import digits, metres, plural, seconds
from viewbatch.verify import Certificate

_STAGES = {
    "colour": "colour images",
    "ground truth": "ground truth",
    "start-up": "starting Blender",
    "import": "importing the model",
    "certificate": "the certificate",
}
_OTHER = "files and the rest"
_LEAST = 0.005
"""Share of the time below which a stage is part of the rest."""


def charts(content: Content) -> Iterator[Element]:
    """Directions, distances, depth, coverage and time."""
    yield _directions(content)
    yield _distances(content)
    depth = _depth(content)
    if depth is not None:
        yield depth
    yield _filled(content)
    if isinstance(content.certificate, Certificate) and any(content.certificate.seen_by):
        yield _seen_by(content.certificate)
    yield _time(content)


def _directions(content: Content) -> Element:
    inside = content.from_inside
    points = {
        v.view.index: (at.azimuth_deg, at.inclination_deg)
        for v in content.views
        for at in [v.looks if inside else v.position]
    }
    says = (
        "Where the cameras look. " if inside else "Where the cameras stand, seen from the model. "
    )
    return draw.chart(
        "Directions" if inside else "Angles",
        says + "Inclination 0° is straight up, azimuth 0° the x axis and 90° the y axis.",
        draw.directions(points, "Azimuth and inclination of every view"),
    )


def _distances(content: Content) -> Element:
    distances = [view.position.distance_m for view in content.views]
    bins = draw.binned(distances)
    if draw.alike(distances):
        subject = "The camera is" if len(distances) == 1 else "All cameras are"
        says = f"{subject} {metres(distances[0])} from the centre of the model's bounds."
    else:
        says = (
            f"From the centre of the model's bounds: {metres(min(distances))} to "
            f"{metres(max(distances))}, median {metres(statistics.median(distances))}."
        )
    return draw.chart(
        "Distances",
        says,
        draw.histogram(
            bins,
            "metres",
            lambda b: f"{digits(b[0])} to {metres(b[1])}: {plural(b[2], 'view')}",
            "How many cameras are how far away",
        ),
    )


def _depth(content: Content) -> Element | None:
    ranges = {
        v.view.index: v.view.record.depth_range_m
        for v in content.views
        if v.view.record.depth_range_m is not None
    }
    if not ranges:
        return None
    near, far = min(r[0] for r in ranges.values()), max(r[1] for r in ranges.values())
    return draw.chart(
        "Depth",
        f"From the nearest to the farthest surface of each view; {metres(near)} to "
        f"{metres(far)} in all.",
        draw.columns(
            ranges,
            "m",
            lambda low, high: f"{metres(low)} to {metres(high)}",
            "Nearest and farthest surface of every view",
        ),
    )


def _filled(content: Content) -> Element:
    coverage = {view.view.index: view.view.record.coverage for view in content.views}
    values = list(coverage.values())
    return draw.chart(
        "Frame filled",
        f"Share of the frame that objects with an id fill: {min(values):.1%} to "
        f"{max(values):.1%}, median {statistics.median(values):.1%}.",
        draw.columns(
            {index: (0.0, value) for index, value in coverage.items()},
            "%",
            lambda _, high: f"{high:.1%}",
            "Share of the frame that objects fill in every view",
        ),
    )


def _seen_by(certificate: Certificate) -> Element:
    counts = certificate.seen_by
    total = sum(counts)
    mean = sum(number * count for number, count in enumerate(counts, start=1)) / total
    return draw.chart(
        "Coverage of the surface",
        f"How many views see the same point of the surface: {mean:.1f} on average; "
        f"{sum(counts[2:]) / total:.0%} of the points are seen by three or more, "
        f"{counts[0] / total:.0%} by one alone.",
        draw.histogram(
            draw.grouped(counts),
            "views that see a point",
            lambda b: f"{_numbers(b)}: {b[2] / total:.1%} of the points",
            "How many views see the same surface point",
            whole=True,
        ),
    )


def _numbers(found: draw.Bin) -> str:
    low, high = math.ceil(found[0]), math.floor(found[1])
    return plural(low, "view") if low == high else f"{low} to {high} views"


def _time(content: Content) -> Element:
    times = {
        view.view.index: content.times.views[view.view.index]
        for view in content.views
        if view.view.index in content.times.views
    }
    if not times:
        says = "There is no log beside the dataset that tells how long its views took."
        return draw.chart("Time", says, None)
    values = list(times.values())
    says = f"Seconds for each view, median {seconds(statistics.median(values))}"
    if len(times) > 1:
        says += f"; {seconds(sum(values))} in all"
    if content.times.processes > 1:
        says += f", by {content.times.processes} processes"
    figure = draw.chart(
        "Time",
        says + ".",
        draw.columns(
            {index: (0.0, value) for index, value in times.items()},
            "s",
            lambda _, high: seconds(high),
            "Seconds that every view took",
        ),
    )
    shares = _stages(content)
    if shares:
        figure.append(draw.share_bar(shares, "Where the time went"))
        total = sum(value for _, value in shares)
        figure.append(
            element(
                "ul",
                *(
                    element("li", f"{name} {value / total:.0%}", class_=f"part part{number}")
                    for number, (name, value) in enumerate(shares)
                ),
                class_="legend",
            )
        )
    return figure


def _stages(content: Content) -> list[tuple[str, float]]:
    """Where the time went, by names that a reader knows; none where no log tells."""
    total = sum(content.times.stages.values())
    shares = [
        (name, value)
        for stage, name in _STAGES.items()
        if (value := content.times.stages.get(stage, 0.0)) > total * _LEAST
    ]
    rest = total - sum(value for _, value in shares)
    return [*shares, (_OTHER, rest)] if rest > total * _LEAST else shares
