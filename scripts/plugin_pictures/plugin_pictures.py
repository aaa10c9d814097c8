# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0"]
# ///
"""Make the picture of every built-in plugin from a dataset that has the files of all.

    uv run scripts/plugin_pictures/plugin_pictures.py blocks references/plugins --view 3

README.md beside this file says what each of them shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.grid.grid import write_png
from scripts.plugin_pictures import maps, shapes
from scripts.plugin_pictures.subject import Subject
from scripts.shared.command import Parser, answered
from scripts.shared.pictures import Rgb
from viewbatch.dataset import Dataset

PICTURES: dict[str, Callable[[Subject], Rgb]] = {
    "depth": maps.depth,
    "mask": maps.mask,
    "normal": maps.normal,
    "position": maps.position,
    "albedo": maps.albedo,
    "linear": maps.linear,
    "masked": maps.masked,
    "semantic": maps.semantic,
    "uv": maps.uv,
    "material": maps.material,
    "bounding_box": shapes.bounding_box,
    "camera_intrinsics": shapes.camera_intrinsics,
    "camera_extrinsics": shapes.camera_extrinsics,
    "camera_projection_matrix": shapes.camera_projection_matrix,
    "normalization_matrix": shapes.normalization_matrix,
    "point_cloud": shapes.point_cloud,
    "mesh": shapes.mesh,
}
"""What draws the picture of each plugin."""


def main(argv: Sequence[str]) -> int:
    """Parse the arguments, write the pictures, return the exit code."""
    parser = _parser()

    def work() -> None:
        options = parser.parse_args(argv)
        dataset = Dataset.open(options.dataset)
        subject = Subject(dataset=dataset, view=dataset.view(options.view))
        options.output.mkdir(parents=True, exist_ok=True)
        for name in options.only or PICTURES:
            write_png(options.output / f"{name}.png", PICTURES[name](subject))

    return answered(parser, work)


def _parser() -> Parser:
    parser = Parser(
        prog="plugin_pictures.py", description="Make the pictures of the built-in plugins."
    )
    parser.add_argument("dataset", type=Path, help="a dataset with the files of all plugins")
    parser.add_argument("output", type=Path, help="the folder that the pictures are written to")
    parser.add_argument(
        "--view", type=int, default=0, help="index of the view that is shown (default: 0)"
    )
    parser.add_argument(
        "--only", action="append", choices=list(PICTURES), metavar="PLUGIN",
        help="the picture of this plugin alone; may be repeated (default: all)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
