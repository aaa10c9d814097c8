"""Rectangles with labels that are readable on any image and never overlap each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from scripts.shared.pictures import Color, Rgb, to_rgb

Whole = npt.NDArray[np.int64]
Edges = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels from the top left; right and bottom are outside."""

_LEAST_PX = 640
"""The longer side of smaller images is enlarged towards this, so that labels have room."""
_LINE_PX = 2
_MARGIN_PX = 3
"""Around the words of a label."""
_BLACK: Color = (0, 0, 0)
_WHITE: Color = (255, 255, 255)


@dataclass(frozen=True, kw_only=True)
class LabelledBox:
    """What is drawn of an object."""

    index: int
    box: Sequence[int]
    """x y width height, from pixel edge to pixel edge."""
    words: str


def draw_boxes(image: Rgb, boxes: Sequence[LabelledBox]) -> tuple[Rgb, int]:
    """The image (H, W, 3) with boxes and labels, and how many labels found no room.

    Small images are enlarged by a whole number, of pixels that stay sharp. The line around a
    box is inside of it.
    """
    zoom = enlargement(image)
    picture = Image.fromarray(image.repeat(zoom, axis=0).repeat(zoom, axis=1))
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        left, top, right, bottom = _edges(box, zoom)
        around = (left, top, right - 1, bottom - 1)
        # Dark beside bright, one of which is seen on any image.
        draw.rectangle(around, outline=_BLACK, width=_LINE_PX + 1)
        draw.rectangle(around, outline=_color(box), width=_LINE_PX)
    font_px = min(28, max(13, picture.width // 60))
    font = ImageFont.load_default(font_px)
    words = [_shortened(box.words, font, picture.width - 2 * _MARGIN_PX) for box in boxes]
    sizes = [
        (round(font.getlength(text)) + 2 * _MARGIN_PX, font_px + 2 * _MARGIN_PX) for text in words
    ]
    places = place_labels([_edges(box, zoom) for box in boxes], sizes, picture.size)
    # Lines first, so that none crosses a label.
    for box, place in zip(boxes, places, strict=True):
        if place is not None:
            _lead(draw, _edges(box, zoom), place, _color(box))
    for box, text, place in zip(boxes, words, places, strict=True):
        if place is None:
            continue
        left, top, right, bottom = place
        draw.rectangle((left, top, right - 1, bottom - 1), _color(box))
        ink = _readable_on(_color(box))
        draw.text((left + _MARGIN_PX, (top + bottom) / 2), text, ink, font, "lm")
    return np.asarray(picture), places.count(None)


def enlargement(image: Rgb) -> int:
    """How many pixels of the picture along each side show one of the image."""
    return max(1, _LEAST_PX // max(image.shape[:2]))


def place_labels(
    boxes: Sequence[Edges], sizes: Sequence[tuple[int, int]], within: tuple[int, int]
) -> list[Edges | None]:
    """A place for each label of (width, height), near its box; None where all room is taken.

    All labels are of one height. None overlaps another, and none leaves the picture of
    (width, height).
    """
    places: list[Edges | None] = [None] * len(boxes)
    room = np.array(within)
    taken = np.zeros(within[::-1], dtype=np.int32)
    objects = np.zeros_like(taken)
    for left, top, right, bottom in boxes:
        objects[top:bottom, left:right] += 1
    crowds = _sums(objects)

    def smallest_first(number: int) -> int:
        # Large boxes have more good places to choose from.
        left, top, right, bottom = boxes[number]
        return (right - left) * (bottom - top)

    # Where a label found no room, none as wide finds any.
    too_wide = within[0] + 1
    labels = _sums(taken)
    for number in sorted(range(len(boxes)), key=smallest_first):
        size = np.array(sizes[number])
        if size[0] >= too_wide or size[1] > within[1]:
            continue
        free = _free(_beside(boxes[number], size), size, room, labels)
        # Where it covers least of any object; of equal ones, the first.
        best = free[np.argsort(_covered(free, crowds), kind="stable")]
        if not len(best):
            best = _free(_anywhere(boxes[number], size, room), size, room, labels)
        if not len(best):
            too_wide = sizes[number][0]
            continue
        left, top, right, bottom = (int(edge) for edge in best[0])
        places[number] = (left, top, right, bottom)
        taken[top:bottom, left:right] = 1
        labels = _sums(taken)
    return places


def _free(corners: Whole, size: Whole, room: Whole, labels: Whole) -> Whole:
    """(n, 4) edges of those of the places that are in the picture and on no label."""
    inside = ((corners >= 0) & (corners + size <= room)).all(axis=1)
    edges = np.concatenate([corners, corners + size], axis=1)[inside]
    free: Whole = edges[_covered(edges, labels) == 0]
    return free


def _beside(box: Edges, size: Whole) -> Whole:
    """(n, 2) top left corners of a label at a box, the best one first."""
    left, top, right, bottom = box
    width, height = (int(side) for side in size)
    ends = (left, right - width)
    return np.array(
        [
            *((x, top - height) for x in ends),
            *((x, bottom) for x in ends),
            *((x, y) for y in (top, bottom - height) for x in ends),
            *((x, y) for x in (right, left - width) for y in (top, bottom - height)),
        ]
    )


def _anywhere(box: Edges, size: Whole, room: Whole) -> Whole:
    """(n, 2) corners all over the picture, those near the box first."""
    across, down = (
        np.unique([*range(0, int(end) + 1, step), int(end)])
        for end, step in zip(room - size, (8, 4), strict=True)
    )
    corners = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    low, high = np.array(box[:2]) - size, np.array(box[2:])
    away = np.maximum(low - corners, 0) + np.maximum(corners - high, 0)
    near_first: Whole = corners[np.argsort((away**2).sum(axis=1), kind="stable")]
    return near_first


def _sums(counts: npt.NDArray[np.int32]) -> Whole:
    """(H + 1, W + 1) sums of all that is above and left of a corner."""
    padded: Whole = np.pad(counts.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return padded


def _covered(edges: Whole, sums: Whole) -> Whole:
    """(n,) sums over the rectangles (n, 4)."""
    left, top, right, bottom = edges.T
    counted: Whole = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return counted


def _lead(draw: ImageDraw.ImageDraw, box: Edges, label: Edges, color: Color) -> None:
    """A line from a label to its box, where they do not touch."""
    start, end = [], []
    for axis in (0, 1):
        low, high = max(box[axis], label[axis]), min(box[axis + 2], label[axis + 2])
        if low <= high:
            start.append((low + high) // 2)
            end.append((low + high) // 2)
        else:
            is_after = label[axis] >= box[axis + 2]
            start.append(label[axis] if is_after else label[axis + 2])
            end.append(box[axis + 2] if is_after else box[axis])
    if start != end:
        draw.line((*start, *end), _BLACK, _LINE_PX + 2)
        draw.line((*start, *end), color, _LINE_PX)


def _edges(box: LabelledBox, zoom: int) -> Edges:
    x, y, width, height = box.box
    return x * zoom, y * zoom, (x + width) * zoom, (y + height) * zoom


def _color(box: LabelledBox) -> Color:
    """The colour that the id has in every picture of ids."""
    red, green, blue = to_rgb(np.array([[box.index]], dtype=np.uint32), background=_WHITE)[0, 0]
    return int(red), int(green), int(blue)


def _readable_on(color: Color) -> Color:
    """Black or white, whichever contrasts more (WCAG 2.1, "contrast ratio")."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (level / 255 for level in color)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else _WHITE


def _shortened(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, most_px: int) -> str:
    """The words, their end left out where they are too long for the picture."""
    short = words
    while font.getlength(short) > most_px and len(short) > 1:
        short = short.removesuffix("…")[:-1] + "…"
    return short
