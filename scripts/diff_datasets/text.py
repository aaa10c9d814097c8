"""A comparison as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scripts.diff_datasets.comparison import Comparison, ViewDifference
from scripts.diff_datasets.measures import Measured
from scripts.diff_datasets.trees import ABSENT, Difference
from scripts.shared.table import table
from viewbatch.verify.findings import listed

MOST_KEYS = 40
"""Settings that are listed; of two models, all object names may differ."""


def lines(comparison: Comparison, worst: int) -> Iterator[str]:
    """Settings, views, cameras, files, the views that are farthest apart."""
    yield from _differences("settings", comparison.settings, comparison)
    yield from _differences("meaning of the numbers", comparison.meaning, comparison)
    count = len(comparison.views)
    yield f"views     {count} in both"
    for only, name in ((comparison.only_in_a, comparison.a), (comparison.only_in_b, comparison.b)):
        if only:
            yield f"          {listed(only)} in {name} alone"
    yield from _cameras(comparison)
    yield from _kinds(comparison)
    for name, measured in comparison.files.items():
        yield f"{name}: {_verdict(measured)}; {measured.words}"
    if comparison.records:
        found = ", ".join(f"{key} ({n})" for key, n in sorted(comparison.records.items()))
        yield f"further keys of views' records that differ, and in how many: {found}"
    yield from _worst(comparison, worst)


def verdict(comparison: Comparison) -> str:
    """The last line."""
    both = f"{comparison.a} and {comparison.b}"
    if comparison.identical:
        return f"{both} are equal, byte for byte"
    first = comparison.first
    if first is not None:
        return f"{both} differ: first in {first}"
    decoded = any(view.files for view in comparison.views) or comparison.files
    rest = "" if decoded else "; all files of all views are equal, byte for byte"
    told = "; their settings differ" if comparison.settings else ""
    return f"{both} are equal within tolerances{rest}{told}"


def _differences(title: str, found: Any, comparison: Comparison) -> Iterator[str]:
    if not found:
        return
    yield f"{title}:"
    rows = [
        [difference.file, difference.key, _value(difference.a), _value(difference.b)]
        for difference in found[:MOST_KEYS]
    ]
    titles = ["", "", comparison.a, comparison.b]
    yield from (f"  {line}" for line in table(titles, rows, words=titles))
    if len(found) > MOST_KEYS:
        yield f"  and {len(found) - MOST_KEYS} more"
    yield ""


def _value(value: Difference | Any) -> str:
    text = value if value == ABSENT else json.dumps(value)
    return text if len(text) <= 32 else f"{text[:18]}...{text[-11:]}"


def _cameras(comparison: Comparison) -> Iterator[str]:
    beyond = [view for view in comparison.views if not view.camera.within]
    if not comparison.views:
        return
    if not beyond:
        yield f"cameras   equal within {comparison.tolerances.camera:g}"
        return
    worst = max(beyond, key=lambda view: view.camera.largest)
    yield (
        f"cameras   {len(beyond)} of {len(comparison.views)} differ; most in view {worst.index}: "
        f"{worst.camera.words}"
    )


def _kinds(comparison: Comparison) -> Iterator[str]:
    if not comparison.counts:
        return
    rows = []
    for kind, count in comparison.counts.items():
        found = [view.files[kind] for view in comparison.views if kind in view.files]
        beyond = sum(not measured.within for measured in found)
        worst = comparison.worst_view(kind)
        words = "" if worst is None else f"most in view {worst.index}: {worst.files[kind].words}"
        rows.append(
            [
                kind,
                str(count),
                str(count - len(found)),
                str(len(found) - beyond),
                str(beyond),
                words,
            ]
        )
    titles = ["files", "all", "equal", "within", "beyond"]
    # The words stand behind numbers, which are aligned right.
    for line, (*_, words) in zip(
        table(titles, [row[:5] for row in rows], words=titles[:1]),
        [[""], *rows],
        strict=True,
    ):
        yield f"{line}  {words}".rstrip()


def _worst(comparison: Comparison, worst: int) -> Iterator[str]:
    apart = sorted(
        (view for view in comparison.views if view.beyond), key=_view_badness, reverse=True
    )
    if not apart or not worst:
        return
    kinds = [kind for kind in comparison.counts if any(kind in view.files for view in apart)]
    rows = []
    for view in apart[:worst]:
        cells = [_cell(view.files.get(kind)) for kind in kinds]
        camera = view.camera
        rows.append(
            [str(view.index), f"{camera.rotation_deg:.2g}", f"{camera.center_m:.2g}", *cells]
        )
    yield ""
    shown = f", the {worst} that do most" if len(apart) > worst else ""
    yield f"views that differ{shown}; of files, the share beyond the tolerance, or the PSNR:"
    titles = ["view", "degrees", "metres", *kinds]
    yield from (f"  {line}" for line in table(titles, rows, words=()))
    yield ""


def _cell(measured: Measured | None) -> str:
    if measured is None:
        return "="
    if measured.figures.get("psnr_db") is not None:
        return f"{measured.figures['psnr_db']:.1f} dB"
    return f"{measured.share:.2%}" if measured.share else "0"


def _view_badness(view: ViewDifference) -> tuple[int, float, float]:
    measured = view.files.values()
    shares = sum(one.share for one in measured)
    lowest = min((one.figures.get("psnr_db") or 1e3 for one in measured), default=1e3)
    return (len(view.beyond), shares, -lowest)


def _verdict(measured: Measured) -> str:
    return "within the tolerance" if measured.within else "beyond the tolerance"
