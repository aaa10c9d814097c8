"""Is the dataset good to train and test with? Nothing here is wrong; it is worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import View
from viewbatch.verify.cross_view import CrossView
from viewbatch.verify.findings import Finding, listed

CLIPPED_LIMIT = 0.05
"""Share of the surface's pixels that may be white or black in all channels."""

MAGENTA_LIMIT = 0.005
"""Share of the surface's pixels in the colour that Blender shows for a texture it lacks."""

CUT_OFF_LIMIT = 0.01
"""Share of the frame's border that objects may touch."""

SHARED_LIMIT = 20
"""Samples that two views must both see to count as overlapping."""

Ints = npt.NDArray[np.int64]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ViewHealth:
    """What is measured of one view's maps."""

    cut_off: float
    """Share of the frame's border where an object is."""
    white: float | None
    """Share of the surface's pixels that are full in all channels; None without an image."""
    black: float | None
    magenta: float | None


def measure(view: View, levels: Levels | None) -> ViewHealth:
    """Measure a view; `levels` is its colour image (H, W, 3 or 4), where it can be read."""
    there = view.read("depth") != 0
    target = view.read("mask") != 0 if "mask" in view.kinds else there
    border = np.concatenate([target[0], target[-1], target[1:-1, 0], target[1:-1, -1]])
    shares: list[float | None] = [None, None, None]
    if levels is not None and levels.shape[:2] == there.shape:
        r, g, b = np.moveaxis(levels[..., :3][there].astype(np.int16), -1, 0)
        kinds = (
            (r == 255) & (g == 255) & (b == 255),
            (r == 0) & (g == 0) & (b == 0),
            (r > 150) & (b > 150) & (g < 0.2 * np.minimum(r, b)),
        )
        shares = [float(kind.mean()) if len(r) else 0.0 for kind in kinds]
    white, black, magenta = shares
    return ViewHealth(cut_off=float(border.mean()), white=white, black=black, magenta=magenta)


def check_views(views: Sequence[View], found: Sequence[ViewHealth]) -> Iterator[Finding]:
    """What stands out of the measurements of all views."""
    blank = [view.index for view in views if view.record.depth_range_m is None]
    if blank:
        yield _notice(f"{listed(blank)} {_verb(blank, 'shows', 'show')} no surface at all", blank)
    unseen = [
        view.index for view in views if view.record.coverage == 0 and view.index not in set(blank)
    ]
    if unseen:
        yield _notice(f"no object with an id is in {listed(unseen)}", unseen)
    cut = [v.index for v, h in zip(views, found, strict=True) if h.cut_off > CUT_OFF_LIMIT]
    if cut:
        yield _notice(f"objects are cut off by the frame in {listed(cut)}", cut)
    for name, what in (
        ("white", "clipped to white"),
        ("black", "black"),
        ("magenta", "magenta, as Blender shows a missing texture,"),
    ):
        limit = MAGENTA_LIMIT if name == "magenta" else CLIPPED_LIMIT
        shares = {
            view.index: share
            for view, health in zip(views, found, strict=True)
            if (share := getattr(health, name)) is not None and share > limit
        }
        if shares:
            indices = list(shares)
            yield _notice(
                f"up to {max(shares.values()):.0%} of the surface is {what} in {listed(indices)}",
                indices,
            )


def check_cameras(views: Sequence[View], scale_m: float) -> Iterator[Finding]:
    """Views whose cameras stand and look alike, to a millionth of the scene."""
    first_of: dict[tuple[float, ...], int] = {}
    for view in views:
        camera = view.camera
        pose = np.concatenate(
            [camera.center_in_world / scale_m, camera.cam_from_world[:3, :3].ravel()]
        )
        k = camera.intrinsics
        key = (*np.rint(pose * 1e6).tolist(), k.fx, k.fy, k.cx, k.cy)
        first = first_of.setdefault(key, view.index)
        if first != view.index:
            pair = [first, view.index]
            yield _notice(f"{listed(pair)} have the same camera", pair)


def overlap(found: CrossView) -> Ints:
    """(views, views): how many samples both see."""
    count = len(found.seen)
    shared = np.zeros((count, count), dtype=np.int64)
    # In blocks, so that the products of many samples need little memory.
    for start in range(0, found.seen.shape[1], 8192):
        block = found.seen[:, start : start + 8192].astype(np.float32)
        shared += (block @ block.T).astype(np.int64)
    return shared


def parts(shared: Ints) -> list[list[int]]:
    """Groups of views that overlap, directly or through others, the largest first."""
    left = set(range(len(shared)))
    groups = []
    while left:
        group, todo = set(), {min(left)}
        while todo:
            group |= todo
            near = (shared[sorted(todo)] >= SHARED_LIMIT).any(axis=0)
            todo = set(np.flatnonzero(near).tolist()) - group
        groups.append(sorted(group))
        left -= group
    return sorted(groups, key=len, reverse=True)


def check_overlap(indices: Sequence[int], groups: Sequence[Sequence[int]]) -> Iterator[Finding]:
    """Views that see nothing of what the others see."""
    if len(groups) > 1:
        apart = sorted(indices[place] for group in groups[1:] for place in group)
        yield _notice(
            f"the views fall into {len(groups)} groups that see nothing of each other; "
            f"{listed(apart)} {_verb(apart, 'is', 'are')} apart from the largest",
            apart,
        )


def _notice(sentence: str, views: Sequence[int]) -> Finding:
    return Finding(check="health", sentence=sentence, views=views, wrong=False)


def _verb(indices: Sequence[int], one: str, many: str) -> str:
    return one if len(indices) == 1 else many
