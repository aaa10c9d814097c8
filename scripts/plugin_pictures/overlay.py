"""Lines, dots and words over a picture, and strips of explanation below it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Rgb = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

INK: Color = (34, 34, 34)
PAPER: Color = (255, 255, 255)
FONT_PX = 13
ROW_PX = 20
_FINE = 4
"""Lines are drawn so many times larger, and made smaller, so that they are smooth."""


class Overlay:
    """Draws over a picture. Places are (u, v) in its pixels, (0, 0) is the top-left corner."""

    def __init__(self, picture: Rgb) -> None:
        self._picture = Image.fromarray(picture)
        size = (self._picture.width * _FINE, self._picture.height * _FINE)
        self._lines = Image.new("RGBA", size, (*INK, 0))
        self._draw = ImageDraw.Draw(self._lines)
        self._words: list[tuple[float, float, str, Color, str]] = []

    def line(
        self, places: npt.ArrayLike, color: Color, *, width: float = 1.5, alpha: int = 255
    ) -> None:
        """A line through places (n, 2)."""
        points = [(float(u) * _FINE, float(v) * _FINE) for u, v in np.asarray(places)]
        self._draw.line(points, (*color, alpha), round(width * _FINE), joint="curve")

    def dot(self, place: npt.ArrayLike, color: Color, *, radius: float) -> None:
        """A filled circle."""
        u, v = (float(x) * _FINE for x in np.asarray(place))
        r = radius * _FINE
        self._draw.ellipse((u - r, v - r, u + r, v + r), (*color, 255))

    def text(
        self, place: npt.ArrayLike, words: str, color: Color = INK, *, anchor: str = "lt"
    ) -> None:
        """Words with a thin halo, at a place that `anchor` of the words (Pillow's) comes to.

        They are moved into the picture where they would stick out.
        """
        u, v = (float(x) for x in np.asarray(place))
        self._words.append((u, v, words, color, anchor))

    def finish(self) -> Rgb:
        """The picture with all of it."""
        # Premultiplied while it is made smaller, so that clear pixels lend no colour to edges.
        small = self._lines.convert("RGBa").resize(self._picture.size, Image.Resampling.BOX)
        below = self._picture.convert("RGBA")
        result = Image.alpha_composite(below, small.convert("RGBA")).convert("RGB")
        draw = ImageDraw.Draw(result)
        for u, v, words, color, anchor in self._words:
            halo = PAPER if sum(color) < 384 else INK
            font = _font()
            left, top, right, bottom = draw.textbbox((u, v), words, font, anchor, stroke_width=2)
            u += max(0, 2 - left) - max(0, right + 2 - result.width)
            v += max(0, 2 - top) - max(0, bottom + 2 - result.height)
            draw.text((u, v), words, color, font, anchor, stroke_width=2, stroke_fill=halo)
        return np.asarray(result)


def caption(width: int, words: str) -> Rgb:
    """One row of words."""
    strip = Image.new("RGB", (width, ROW_PX), PAPER)
    ImageDraw.Draw(strip).text((2, ROW_PX / 2 + 1), words, INK, _font(), "lm")
    return np.asarray(strip)


def legend(width: int, entries: Sequence[tuple[str, Color]]) -> Rgb:
    """A square of colour and a name for each entry, in as many rows as they need."""
    places: list[tuple[float, int]] = []
    x, row = 2.0, 0
    for name, _ in entries:
        needed = 15 + _font().getlength(name)
        if x > 2 and x + needed > width:
            x, row = 2.0, row + 1
        places.append((x, row))
        x += needed + 12
    strip = Image.new("RGB", (width, (row + 1) * ROW_PX), PAPER)
    draw = ImageDraw.Draw(strip)
    for (name, color), (left, row) in zip(entries, places, strict=True):
        middle = row * ROW_PX + ROW_PX / 2 + 1
        draw.rectangle((left, middle - 5, left + 10, middle + 5), color)
        draw.text((left + 15, middle), name, INK, _font(), "lm")
    return np.asarray(strip)


def color_bar(colors: Rgb, low: str, high: str) -> Rgb:
    """A bar of colours (1, W, 3) between the words for its two ends."""
    width = colors.shape[1]
    strip = Image.new("RGB", (width, ROW_PX), PAPER)
    draw = ImageDraw.Draw(strip)
    left, right = (round(_font().getlength(words)) + 8 for words in (low, high))
    draw.text((2, ROW_PX / 2 + 1), low, INK, _font(), "lm")
    draw.text((width - 2, ROW_PX / 2 + 1), high, INK, _font(), "rm")
    bar = Image.fromarray(colors).resize((width - left - right, ROW_PX - 8))
    strip.paste(bar, (left, 5))
    return np.asarray(strip)


def stack(*strips: Rgb) -> Rgb:
    """Pictures of one width below each other."""
    return np.concatenate(strips)


def beside(left: Rgb, right: Rgb, gap_px: int = 4) -> Rgb:
    """Two pictures of one height side by side."""
    gap = np.full((len(left), gap_px, 3), PAPER, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_PX)
