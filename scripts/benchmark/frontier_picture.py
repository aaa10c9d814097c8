"""Time and quality of all settings, a panel for every scene."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from scripts.benchmark.frontier import DEFAULT, ENOUGH_DB, SceneResult
from scripts.benchmark.scenes import SceneName
from scripts.shared.output import write_output

_KINDS = {
    # beginning of a variant's name -> what the legend calls it, colour, marker
    "samples": ("samples, denoised", "#0072b2", "o"),
    "noisy": ("samples alone", "#d55e00", "s"),
    "threshold": ("256 samples, adaptive", "#009e73", "^"),
    "adaptive": ("256 samples, adaptive from few", "#cc79a7", "v"),
    "denoiser": ("variants of the denoiser", "#56b4e9", "D"),
    "": ("other settings", "#999999", "x"),
}
"""Colours that are told apart by everyone: Okabe and Ito, "Color Universal Design", 2008."""


def write(results: Mapping[SceneName, SceneResult], path: Path) -> None:
    """Write the picture as PNG."""
    columns = min(3, len(results))
    rows = math.ceil(len(results) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.4 * rows + 0.7), dpi=110, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(results) :]:
        axes.set_visible(False)
    for axes, (name, result) in zip(panels.flat, results.items(), strict=False):
        _panel(axes, name, result)
    for row in panels:
        row[0].set_ylabel("PSNR (dB)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_output(path, stream.getvalue())


def _panel(axes: Axes, name: SceneName, result: SceneResult) -> None:
    axes.axhline(ENOUGH_DB, color="#bbbbbb", linewidth=1, linestyle="--")
    left = dict(result.outcomes)
    default = left.pop(DEFAULT)
    for beginning, (label, color, marker) in _KINDS.items():
        names = [variant for variant in left if variant.startswith(beginning)]
        points = [left.pop(variant) for variant in names]
        if not points:
            continue
        axes.scatter(
            [point.ratio for point in points],
            [point.quality.psnr_db for point in points],
            s=20,
            color=color,
            marker=marker,
            label=label,
            zorder=2,
        )
    best = sorted((result.outcomes[variant] for variant in result.best), key=lambda one: one.ratio)
    axes.step(
        [one.ratio for one in best],
        [one.quality.psnr_db for one in best],
        where="post",
        color="#333333",
        linewidth=1,
        label="none is faster and better",
        zorder=1,
    )
    axes.scatter(
        [default.ratio], [default.quality.psnr_db],
        s=110, facecolors="none", edgecolors="black", label="default", zorder=3,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(str(name), fontsize=10, loc="left")
    axes.set_xlabel("time of a view, over the default's", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
