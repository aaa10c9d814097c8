"""Charts as SVG. All values that they show stand in text as well, in titles or in the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from scripts.report.markup import Element, element

WIDTH, HEIGHT = 360.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 10.0, 38.0
MOST_BINS = 24

Bin = tuple[float, float, int]
"""From, to, how many."""


class Axis:
    """Values to positions along one side of a chart."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = low, high if high != low else low + 1
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        """The position of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) with at most so many steps between."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(
        step
        for factor in (1, 2, 5, 10, 20)
        if (high - low) / (step := factor * power) <= most + 1e-9 or factor == 20
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) + 0.0 for index in range(first, last + 1)]


def chart(title: str, says: str, drawing: Element | None) -> Element:
    """A chart with its name, and below it what it says in a sentence."""
    return element(
        "figure", element("h3", title), drawing, element("figcaption", says), class_="chart"
    )


def columns(
    ranges: Mapping[int, tuple[float, float]],
    unit: str,
    tell: Callable[[float, float], str],
    label: str,
) -> Element:
    """A column from one value to another for each view; a percent sign as unit scales by 100."""
    scale = 100.0 if unit == "%" else 1.0
    places = {index: place for place, index in enumerate(ranges)}
    highest = max(high for _, high in ranges.values()) * scale
    x = Axis(-0.5, len(ranges) - 0.5, LEFT, WIDTH - RIGHT)
    y = Axis(0, highest * 1.05 or 1, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - RIGHT - LEFT) / len(ranges)
    # Where many views share a pixel, those that reach farthest make the outline.
    width = step * 0.78 if step > 2 else max(step, 1.0)
    marks = [
        element(
            "rect",
            element("title", f"view {index}: {tell(low, high)}"),
            class_="mark",
            data_view=str(index),
            x=x(places[index]) - width / 2,
            y=y(high * scale),
            width=width,
            height=max(0.75, y(low * scale) - y(high * scale)),
        )
        for index, (low, high) in ranges.items()
    ]
    order = list(ranges)
    named = [int(tick) for tick in ticks(0, len(order) - 1, 7) if tick == int(tick)]
    below = [(x(place), str(order[place])) for place in named]
    return _drawing(label, marks, below, "view", y, unit)


def histogram(
    bins: Sequence[Bin], x_name: str, tell: Callable[[Bin], str], label: str, *, whole: bool = False
) -> Element:
    """How many of something fall between two values, of which `whole` names whole ones alone."""
    x = Axis(bins[0][0], bins[-1][1], LEFT, WIDTH - RIGHT)
    y = Axis(0, max(count for _, _, count in bins) * 1.05, HEIGHT - BOTTOM, TOP)
    marks = [
        element(
            "rect",
            element("title", tell((low, high, count))),
            class_="mark",
            x=x(low) + 0.5,
            y=y(count),
            width=max(0.5, x(high) - x(low) - 1),
            height=y(0) - y(count),
        )
        for low, high, count in bins
    ]
    named = [v for v in ticks(bins[0][0], bins[-1][1], 6) if not whole or v == int(v)]
    below = [(x(value), f"{value:g}") for value in named]
    counts = [value for value in ticks(y.low, y.high) if value == int(value)]
    return _drawing(label, marks, below, x_name, y, "", beside=counts)


def directions(points: Mapping[int, tuple[float, float]], label: str) -> Element:
    """Azimuth and inclination of each view, in degrees: a map with straight up on top."""
    x = Axis(-180, 180, LEFT, WIDTH - RIGHT)
    y = Axis(180, 0, HEIGHT - BOTTOM, TOP)
    radius = 4.0 if len(points) <= 100 else 2.5
    marks = [
        element(
            "circle",
            element("title", f"view {index}: azimuth {azimuth:.0f}°, inclination {inc:.0f}°"),
            class_="mark dot",
            data_view=str(index),
            cx=x(azimuth),
            cy=y(inc),
            r=radius,
        )
        for index, (azimuth, inc) in points.items()
    ]
    below = [(x(value), f"{value}°") for value in (-180, -90, 0, 90, 180)]
    return _drawing(
        label, marks, below, "azimuth", y, "°", beside=(0, 45, 90, 135, 180), y_name="inclination"
    )


def share_bar(shares: Sequence[tuple[str, float]], label: str) -> Element:
    """Parts of a whole, side by side; the text beside it has to name them."""
    total = sum(value for _, value in shares)
    parts, start = [], 0.0
    for number, (name, value) in enumerate(shares):
        width = value / total * WIDTH
        parts.append(
            element(
                "rect",
                element("title", name),
                class_=f"part part{number}",
                x=start,
                y=0,
                width=max(0.0, width - 1),
                height=12,
            )
        )
        start += width
    return element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:g} 12", role="img", aria_label=label, class_="shares"
    )


def alike(values: Sequence[float]) -> bool:
    """Whether values are the same but for rounding."""
    low, high = min(values), max(values)
    return high - low <= 1e-6 * max(abs(low), abs(high))


def binned(values: Sequence[float]) -> list[Bin]:
    """Values in at most 24 bins of a round width; in one of nine where they are all the same."""
    low, high = min(values), max(values)
    if alike(values):
        step = max(abs(low), 1e-9) * 0.02
        return [
            (
                low + (place - 0.5) * step,
                low + (place + 0.5) * step,
                len(values) if place == 0 else 0,
            )
            for place in range(-4, 5)
        ]
    edges = ticks(low, high, MOST_BINS // 2)
    step = edges[1] - edges[0]
    first = math.floor(low / step + 1e-9)
    counts = [0] * (math.floor(high / step + 1e-9) - first + 1)
    for value in values:
        counts[math.floor(value / step + 1e-9) - first] += 1
    return [
        ((first + place) * step, (first + place + 1) * step, count)
        for place, count in enumerate(counts)
    ]


def grouped(counts: Sequence[int]) -> list[Bin]:
    """Counts of 1, 2, 3, ... in at most 24 bins of as many numbers each, from half to half."""
    size = -(-len(counts) // MOST_BINS)
    return [
        (start + 0.5, min(start + size, len(counts)) + 0.5, sum(counts[start : start + size]))
        for start in range(0, len(counts), size)
    ]


def _drawing(
    label: str,
    marks: Sequence[Element],
    below: Sequence[tuple[float, str]],
    x_name: str,
    y: Axis,
    unit: str,
    *,
    beside: Sequence[float] | None = None,
    y_name: str = "",
) -> Element:
    values = ticks(y.low, y.high) if beside is None else beside
    spaced = "" if unit in ("", "°", "%") else "\u202f"
    grid = [
        element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value))
        for value in values
    ]
    left = [
        element("text", f"{value:g}{spaced}{unit}", x=LEFT - 6, y=y(value) + 3.5, text_anchor="end")
        for value in values
    ]
    bottom = [
        element("text", text, x=place, y=HEIGHT - BOTTOM + 15, text_anchor=_anchor(place))
        for place, text in below
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    names = [element("text", x_name, class_="name", x=middle, y=HEIGHT - 5, text_anchor="middle")]
    if y_name:
        names.append(
            element(
                "text",
                y_name,
                class_="name",
                transform=f"translate(9 {(TOP + HEIGHT - BOTTOM) / 2:g}) rotate(-90)",
                text_anchor="middle",
            )
        )
    return element(
        "svg",
        *grid,
        *marks,
        *left,
        *bottom,
        *names,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_label=label,
    )


def _anchor(place: float) -> str:
    if place > WIDTH - RIGHT - 12:
        return "end"
    return "middle"
