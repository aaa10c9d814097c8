# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0"]
# ///
"""Tile images, or the views of a dataset, into one PNG.

    uv run scripts/grid/grid.py out grid.png --kind render --columns 4
    uv run scripts/grid/grid.py out views.png --kind render --kind depth --kind mask --views 0,3,5:9

README.md beside this file shows what comes out.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont, PngImagePlugin

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.shared.command import Parser, answered, at_least
from scripts.shared.errors import InputError
from scripts.shared.pictures import (
    FORMATS,
    SUFFIXES,
    Color,
    Pixels,
    Rgb,
    is_measurement,
    read_image,
    shrink,
    to_rgb,
)
from scripts.shared.views import selection
from viewbatch.dataset import Dataset
from viewbatch.dataset.selection import Selection

Cell = tuple[str, Path | None]
"""A label, and a file, or None for a cell that stays empty."""

MAX_PIXELS = 2**29
_SOFTWARE = "viewbatch grid"


def make_grid(
    images: Iterable[Pixels | None],
    *,
    columns: int | None = None,
    rows: int | None = None,
    cell_width: int | None = None,
    labels: Sequence[str] | None = None,
    spacing: int = 4,
    background: Color = (255, 255, 255),
    depth_range_m: tuple[float, float] | None = None,
) -> Rgb:
    """One picture (H, W, 3) of all images, row by row; None leaves a cell empty.

    Images are 8- or 16-bit, linear float colour, float depth or 32-bit ids, as
    `pictures.py` describes. All cells are as large as the largest image, after
    images wider than `cell_width` were made smaller; images are centred in
    their cells, and labels stand below them. Without rows and columns the grid
    is about as many cells high as wide. Raises `InputError`, a `ValueError`.
    """
    if depth_range_m is not None and not 0 <= depth_range_m[0] < depth_range_m[1]:
        near, far = depth_range_m
        raise InputError(f"a depth range is two depths, the nearer one first, not {near} {far}")
    pictures = [
        None
        if image is None
        else shrink(
            to_rgb(image, background=background, depth_range_m=depth_range_m),
            cell_width,
            smooth=not is_measurement(image),
        )
        for image in images
    ]
    seen = [picture for picture in pictures if picture is not None]
    if not seen:
        raise InputError("there is nothing to tile: expected at least one image, found none")
    if labels is not None and len(labels) != len(pictures):
        raise InputError(f"{len(pictures)} images need as many labels, found {len(labels)}")
    rows, columns = grid_shape(len(pictures), rows=rows, columns=columns)
    width = max(picture.shape[1] for picture in seen)
    height = max(picture.shape[0] for picture in seen)
    font_px = min(28, max(11, width // 18))
    step_x = width + spacing
    step_y = height + spacing + (font_px * 3 // 2 if labels else 0)
    total = (columns * step_x - spacing, rows * step_y - spacing)
    if total[0] * total[1] > MAX_PIXELS:
        raise InputError(
            f"the grid would have {total[0]} x {total[1]} pixels, expected at most {MAX_PIXELS} "
            "in all; give a smaller --cell-width or choose fewer images"
        )
    grid = Image.new("RGB", total, background)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        left, top = column * step_x, row * step_y
        if picture is not None:
            place = (left + (width - picture.shape[1]) // 2, top + (height - picture.shape[0]) // 2)
            grid.paste(Image.fromarray(picture), place)
        if labels:
            _write(grid, labels[index], (left, top + height), width, font_px, background)
    return np.asarray(grid)


def grid_shape(
    count: int, *, rows: int | None, columns: int | None, kinds: int = 1
) -> tuple[int, int]:
    """(rows, columns) for so many cells; the `kinds` cells of a view stay in one row."""
    if columns is None and rows is None:
        columns = kinds * math.ceil(math.sqrt(count) / kinds)
    elif columns is None:
        assert rows is not None
        columns = kinds * math.ceil(count / kinds / rows)
    if columns % kinds:
        raise InputError(
            f"--columns {columns} does not hold the {kinds} kinds of a view side by side; "
            f"expected a multiple of {kinds}"
        )
    rows = math.ceil(count / columns) if rows is None else rows
    if rows * columns < count:
        raise InputError(
            f"{rows} x {columns} cells (rows x columns) do not hold {count} images; give only "
            "one of --rows and --columns, or larger ones"
        )
    return rows, columns


def dataset_files(folder: Path, kind: str) -> list[Cell]:
    """The files of one kind of all planned views of a dataset, by index; None = missing."""
    dataset = Dataset.open(folder)
    views = {view.index: view for view in dataset.views}
    known = sorted({name for view in views.values() for name in view.kinds})
    if views and kind not in known:
        raise InputError(
            f"no view of {folder} has the kind {kind!r}, only {', '.join(known)}; "
            "choose one of them with --kind"
        )
    files = {i: view.path(kind) for i, view in views.items() if kind in view.kinds}
    indices = range(dataset.record.number_of_views)
    return [
        (files[index].stem if index in files else f"{index:03d} missing", files.get(index))
        for index in indices
    ]


def folder_files(folder: Path, *, besides: Path) -> list[Cell]:
    """The images of a folder by name, numbers in names by value; not the one written to."""
    names = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    images = [path for path in names if path.suffix.lower() in SUFFIXES]
    images = [path for path in images if path.resolve() != besides.resolve()]
    if not images:
        raise InputError(
            f"{folder} holds no image among its {len(names)} files; expected {FORMATS}, "
            "or a dataset with its dataset.json"
        )

    def in_order(path: Path) -> list[tuple[int, str]]:
        parts = re.split(r"([0-9]+)", path.name)
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

    return [(path.stem, path) for path in sorted(images, key=in_order)]


def chosen_cells(options: argparse.Namespace) -> list[Cell]:
    """What the command's inputs stand for, in order; the kinds of a view follow each other."""
    cells: list[Cell] = []
    for path in options.inputs:
        if (path / "dataset.json").exists():
            by_kind = [dataset_files(path, kind) for kind in options.kind or ["render"]]
            count = len(by_kind[0])
            try:
                views = options.views.indices(count)
            except ValueError as error:
                raise InputError(
                    f"--views {error}; {path} has the views 0 to {count - 1}"
                ) from error
            chosen = [files[index] for index in views for files in by_kind]
            if all(file is None for _, file in chosen):
                raise InputError(
                    f"none of the {len(views)} chosen views of {path} exists yet; "
                    "make them first, or choose others with --views"
                )
            cells += chosen
        elif options.kind or options.views != Selection():
            raise InputError(
                f"{path} is not a dataset: it has no dataset.json, and --kind and --views "
                "choose files of a dataset; name one, or leave them out"
            )
        elif path.is_dir():
            cells += folder_files(path, besides=options.output)
        else:
            cells.append((path.stem, path))
    return cells


def check_output(path: Path) -> None:
    """Refuse to replace a file that this program did not write, such as a listed input."""
    if path.suffix.lower() != ".png":
        raise InputError(f"the output {path} does not end in .png; name a PNG file last")
    if not path.parent.is_dir():
        raise InputError(
            f"the folder {path.parent} of the output does not exist; make it first, or name another"
        )
    if not path.exists():
        return
    try:
        with Image.open(path) as image:
            own = image.info.get("Software") == _SOFTWARE
    except OSError:
        own = False
    if not own:
        raise InputError(
            f"the output {path} exists and is not a grid; "
            "name another file last, or remove this one"
        )


def write_png(path: Path, picture: Rgb) -> None:
    """Write under a temporary name beside the file, then rename: never half a file."""
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", _SOFTWARE)
    unfinished = path.with_name(f".{path.stem}-{os.getpid()}.tmp.png")
    try:
        Image.fromarray(picture).save(unfinished, pnginfo=note)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}", 1) from error
    finally:
        unfinished.unlink(missing_ok=True)


def main(argv: Sequence[str]) -> int:
    """Parse the arguments, write the grid, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_intermixed_args(argv)
        check_output(options.output)
        cells = chosen_cells(options)
        rows, columns = grid_shape(
            len(cells),
            rows=options.rows,
            columns=options.columns,
            kinds=len(options.kind or ["render"]),
        )
        grid = make_grid(
            (None if path is None else read_image(path) for _, path in cells),
            rows=rows,
            columns=columns,
            cell_width=options.cell_width,
            labels=[label for label, _ in cells] if options.labels else None,
            spacing=options.spacing,
            background=options.background,
            depth_range_m=tuple(options.depth_range) if options.depth_range else None,
        )
        write_png(options.output, grid)

    return answered(parser, work)


def _parser() -> Parser:
    parser = Parser(prog="grid.py", description="Tile images or the views of a dataset.")
    parser.add_argument(
        "inputs", nargs="+", type=Path, help="image files, folders of images, or datasets"
    )
    parser.add_argument("output", type=Path, help="the PNG file to write")
    parser.add_argument(
        "--kind",
        action="append",
        help="kind of file of a dataset's views, such as render, depth, mask, normal (default: "
        "render); give it several times to see kinds side by side",
    )
    parser.add_argument(
        "--views",
        type=selection,
        default=Selection(),
        help="views of a dataset, such as 0,3,5:9; 5:9 is 5, 6, 7, 8 (default: all)",
    )
    parser.add_argument("--columns", type=at_least(1), help="cells per row")
    parser.add_argument("--rows", type=at_least(1), help="cells per column")
    parser.add_argument("--cell-width", type=at_least(1), help="make wider images this wide (px)")
    parser.add_argument("--labels", action="store_true", help="write file names below the images")
    parser.add_argument(
        "--spacing", type=at_least(0), default=4, help="between cells (px; default: 4)"
    )
    parser.add_argument(
        "--background",
        type=_color,
        default="white",
        help="behind transparent images and between cells: a name, or #rrggbb (default: white)",
    )
    parser.add_argument(
        "--depth-range",
        nargs=2,
        type=float,
        metavar=("NEAR", "FAR"),
        help="depths with the brightest and darkest colour, in metres (default: of each image)",
    )
    return parser


def _color(text: str) -> Color:
    wrong = argparse.ArgumentTypeError(
        f"expected a colour such as white, black or #1a2b3c, found {text!r}"
    )
    try:
        color = ImageColor.getrgb(text)
    except ValueError as error:
        raise wrong from error
    if len(color) != 3:
        raise wrong
    return color


def _write(
    grid: Image.Image,
    text: str,
    place: tuple[int, int],
    width: int,
    font_px: int,
    background: Color,
) -> None:
    """One line below a cell, centred, its middle left out where it is too long."""
    font = ImageFont.load_default(font_px)
    short, kept = text, len(text)
    while font.getlength(short) > width and kept > 1:
        kept -= 1
        short = text[: (kept + 1) // 2] + "…" + text[len(text) - kept // 2 :]
    dark = sum(background) < 384
    ImageDraw.Draw(grid).text(
        (place[0] + width / 2, place[1] + font_px * 0.75),
        short,
        fill="white" if dark else "black",
        font=font,
        anchor="mm",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
