"""The command line of boxes."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from compat.to_coco.annotations import (
    SeenObject,
    add_annotation,
    add_image,
    empty_file,
    seen_objects,
)
from scripts.boxes.drawing import LabelledBox, draw_boxes
from scripts.boxes.ids import IdMap, Ids, map_of_file, map_of_view, read_backdrop, read_ids
from scripts.shared.command import Parser, answered
from scripts.shared.output import check_output, write_output
from scripts.shared.table import table
from scripts.shared.views import chosen_views, selection
from viewbatch.dataset import Dataset
from viewbatch.dataset.selection import Selection
from viewbatch.dataset.text import json_text
from viewbatch.errors import UsageError

_NO_CATEGORY = "object"
"""What COCO's file calls the category of objects of which none is known."""


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    maps: Sequence[IdMap]
    made_of: str
    categories: Sequence[str]


def main(argv: Sequence[str]) -> int:
    """Print, write and draw as the arguments say, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        inputs = _inputs(options)
        pictures = _check_outputs(options, inputs.maps)
        tables: list[str] = []
        listed: list[dict[str, Any]] = []
        coco = empty_file(inputs.made_of, inputs.categories)
        for number, source in enumerate(inputs.maps):
            ids = read_ids(source)
            found = list(seen_objects(ids))
            height, width = ids.shape
            tables.append("\n".join(_table(source, found)))
            listed.append({**_heading(source, width, height), "objects": _objects(source, found)})
            _enter(coco, source, found, number, width, height)
            if pictures:
                _draw(parser.prog, source, ids, found, pictures[number])
        if options.json is not None:
            write_output(options.json, json_text({"images": listed}).encode())
        if options.coco is not None:
            write_output(options.coco, (json.dumps(coco, allow_nan=False) + "\n").encode())
        print("\n\n".join(tables))

    return answered(parser, work)


def _inputs(options: argparse.Namespace) -> _Inputs:
    paths: list[Path] = options.inputs
    dataset = next((path for path in paths if (path / "dataset.json").exists()), None)
    if dataset is None:
        return _of_files(paths, options)
    if len(paths) > 1:
        raise UsageError(f"{dataset} is a dataset; name it alone, or name only id maps")
    if options.image is not None or options.channel is not None:
        raise UsageError(
            f"{dataset} is a dataset, and --image and --channel are of id maps outside of one; "
            "leave them out"
        )
    opened = Dataset.open(dataset)
    views = chosen_views(opened, options.views)
    return _Inputs(
        maps=[map_of_view(opened, view, options.kind or "mask") for view in views],
        made_of=f"{opened.record.model.file}, by {opened.record.generator}",
        categories=_categories(opened.record.categories),
    )


def _of_files(paths: Sequence[Path], options: argparse.Namespace) -> _Inputs:
    for path in paths:
        if path.is_dir():
            raise UsageError(f"{path} is a folder without dataset.json; name a dataset, or id maps")
    if options.kind is not None or options.views != Selection():
        raise UsageError(
            f"{paths[0]} is not a dataset, and --kind and --views choose files of a dataset; "
            "name one, or leave them out"
        )
    if options.image is not None and len(paths) > 1:
        raise UsageError(f"--image is of one id map, and {len(paths)} are given; name one of them")
    maps = [map_of_file(path, options.channel, options.image) for path in paths]
    known = {k.category for source in maps for k in source.known.values() if k.category}
    return _Inputs(
        maps=maps,
        made_of=", ".join(path.name for path in paths),
        categories=_categories(sorted(known)),
    )


def _categories(known: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*known, _NO_CATEGORY]))


def _check_outputs(options: argparse.Namespace, maps: Sequence[IdMap]) -> list[Path]:
    """The pictures to draw, one for each map, or none; refuses files that must not be written."""
    read = [path for source in maps for path in (source.path, source.image) if path is not None]
    for path in (options.json, options.coco):
        if path is not None:
            check_output(path, [".json"], overwrite=options.overwrite)
    if options.json is not None and options.json == options.coco:
        raise UsageError(f"--json and --coco both name {options.json}; name two files")
    if options.draw is None:
        return []
    if options.draw.suffix.lower() == ".png":
        if len(maps) > 1:
            raise UsageError(
                f"--draw {options.draw} is one picture, and there are {len(maps)} id maps; name a "
                "folder, or choose one with --views"
            )
        pictures = [options.draw]
    else:
        options.draw.mkdir(parents=True, exist_ok=True)
        pictures = [options.draw / f"{source.path.stem}_boxes.png" for source in maps]
    for path in pictures:
        check_output(path, [".png"], overwrite=options.overwrite, inputs=read)
    return pictures


def _heading(source: IdMap, width: int, height: int) -> dict[str, Any]:
    return {"file": source.path.name, "view": source.view, "width": width, "height": height}


def _objects(source: IdMap, found: Sequence[SeenObject]) -> list[dict[str, Any]]:
    return [
        {
            "index": seen.id,
            "name": known.name if known else None,
            "category": known.category if known else None,
            "bbox": seen.box,
            "area": seen.area,
        }
        for seen in found
        for known in [source.known.get(seen.id)]
    ]


def _table(source: IdMap, found: Sequence[SeenObject]) -> list[str]:
    if not found:
        return [str(source.path), "no object is seen"]
    titles = ["index", "name", "x", "y", "width", "height", "area"]
    rows = [
        [str(value) for value in (seen.id, _name(source, seen) or "-", *seen.box, seen.area)]
        for seen in found
    ]
    return [str(source.path), *table(titles, rows, words=("name",))]


def _enter(
    coco: dict[str, Any],
    source: IdMap,
    found: Sequence[SeenObject],
    number: int,
    width: int,
    height: int,
) -> None:
    image_id = number if source.view is None else source.view
    name = (source.image or source.path).name
    add_image(coco, image_id=image_id, name=name, width=width, height=height)
    ids = {category["name"]: category["id"] for category in coco["categories"]}
    for seen in found:
        known = source.known.get(seen.id)
        category = (known.category if known else None) or _NO_CATEGORY
        add_annotation(
            coco,
            seen,
            image_id=image_id,
            category_id=ids[category],
            name=_name(source, seen),
        )


def _draw(
    program: str, source: IdMap, ids: Ids, found: Sequence[SeenObject], picture: Path
) -> None:
    boxes = [
        LabelledBox(
            index=seen.id, box=seen.box, words=f"{seen.id} {_name(source, seen) or ''}".rstrip()
        )
        for seen in found
    ]
    drawn, left_out = draw_boxes(read_backdrop(source, ids), boxes)
    stream = io.BytesIO()
    Image.fromarray(drawn).save(stream, "PNG")
    write_output(picture, stream.getvalue())
    if left_out:
        print(
            f"{program}: warning: {picture} has no room for {left_out} of {len(found)} labels",
            file=sys.stderr,
        )


def _name(source: IdMap, seen: SeenObject) -> str | None:
    known = source.known.get(seen.id)
    return known.name if known else None


def _parser() -> Parser:
    parser = Parser(prog="boxes.py", description="Boxes of the objects in id maps.")
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="a dataset, or id maps: EXR with whole numbers, grey or palette PNG",
    )
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write the boxes as JSON")
    parser.add_argument(
        "--coco", type=Path, metavar="FILE.json", help="write masks and boxes as COCO has them"
    )
    parser.add_argument(
        "--draw",
        type=Path,
        metavar="PATH",
        help="draw labelled boxes on the image: a PNG file for one id map, a folder for several",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace outputs")
    parser.add_argument(
        "--views",
        type=selection,
        default=Selection(),
        help="views of a dataset, such as 0,3,5:9; 5:9 is 5, 6, 7, 8 (default: all)",
    )
    parser.add_argument(
        "--kind",
        choices=["mask", "semantic", "material"],
        help="which id map of a dataset's views (default: mask)",
    )
    parser.add_argument(
        "--channel",
        metavar="NAME",
        help="of an EXR file with several (default: Blender's object index)",
    )
    parser.add_argument(
        "--image",
        type=Path,
        metavar="FILE",
        help="what to draw on (default: the view's image, else the colours in the same EXR file, "
        "else the ids as colours)",
    )
    return parser
