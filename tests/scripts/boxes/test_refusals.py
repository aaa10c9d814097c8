"""What scripts/boxes refuses, each in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.boxes.command import main
from tests.scripts.boxes.ids import sample_ids
from tests.scripts.conftest import Refusal
from tests.scripts.foreign_exr import save
from viewbatch.dataset import Dataset


def make_files(folder: Path) -> None:
    save(folder / "a.exr", {"Y": sample_ids()})
    values = sample_ids().astype(np.float32)
    save(folder / "half.exr", {"Y": values / 2})
    save(folder / "below.exr", {"Y": values - 1})
    save(folder / "nan.exr", {"Y": np.where(values > 0, values, np.nan)})
    save(folder / "two.exr", {"a.X": values, "b.X": values + 1})
    (folder / "notes.exr").write_text("hello, this is text")
    (folder / "short.exr").write_bytes((folder / "a.exr").read_bytes()[:-50])
    Image.new("RGB", (4, 3)).save(folder / "color.png")
    Image.new("RGB", (4, 3)).save(folder / "photo.png")
    (folder / "folder.json").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(noise).save(folder / "whole.png")
    (folder / "short.png").write_bytes((folder / "whole.png").read_bytes()[:2000])
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "no.exr",
            "no.exr cannot be read: No such file or directory; name an existing id map or dataset",
        ),
        ("empty", "empty is a folder without dataset.json; name a dataset, or id maps"),
        (
            "notes.exr",
            "notes.exr is not an image: it starts with 'hello, this is t'; "
            "name an EXR or PNG file with ids",
        ),
        (
            "short.exr",
            "short.exr is damaged: it starts like an OpenEXR file, but OpenEXR cannot read it; "
            "leave it out or write it again",
        ),
        (
            "short.png",
            "short.png is damaged: image file is truncated; name another or write it again",
        ),
        (
            "color.png",
            "color.png is a colour image (RGB), and an id map has one channel; "
            "name an EXR or PNG file with ids",
        ),
        (
            "half.exr",
            "half.exr has the value 2.5, and ids are whole numbers from 0; "
            "name an id map, or its --channel",
        ),
        (
            "below.exr",
            "below.exr has the value -1, and ids are whole numbers from 0; "
            "name an id map, or its --channel",
        ),
        (
            "nan.exr",
            "nan.exr has the value nan, and ids are whole numbers from 0; "
            "name an id map, or its --channel",
        ),
        (
            "two.exr",
            "which channel of two.exr is the id map is not clear: it has a.X, b.X; "
            "choose one with --channel",
        ),
        ("a.exr --channel Id", "a.exr has no channel and no layer Id; it has Y"),
        (
            "a.exr --views 0",
            "a.exr is not a dataset, and --kind and --views choose files of a dataset; "
            "name one, or leave them out",
        ),
        ("{dataset} --views 9", "--views asks for view 9; {dataset} has the views 0 to 3"),
        (
            "{dataset} --kind material",
            "view 0 of {dataset} has no material, only bounding; enable the plugin that writes it",
        ),
        (
            "{dataset} a.exr",
            "{dataset} is a dataset; name it alone, or name only id maps",
        ),
        (
            "{dataset} --channel Y",
            "{dataset} is a dataset, and --image and --channel are of id maps outside of one; "
            "leave them out",
        ),
        (
            "a.exr a.exr --image photo.png",
            "--image is of one id map, and 2 are given; name one of them",
        ),
        (
            "a.exr --image photo.png --draw b.png",
            "photo.png has 4 x 3 pixels and the id map a.exr 30 x 20; "
            "name the image of the same view with --image",
        ),
        (
            "a.exr --json folder.json",
            "the output folder.json is a folder; name a file",
        ),
        (
            "a.exr --draw photo.png",
            "the output photo.png exists; name another file, or add --overwrite",
        ),
        (
            "a.exr --image photo.png --draw photo.png --overwrite",
            "the output photo.png is an input as well; name another file",
        ),
        (
            "{dataset} --draw b.png",
            "--draw b.png is one picture, and there are 4 id maps; "
            "name a folder, or choose one with --views",
        ),
        ("a.exr --json b.txt", "the output b.txt does not end in .json; name such a file"),
        (
            "a.exr --json b.json --coco b.json",
            "--json and --coco both name b.json; name two files",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    dataset: Dataset, tmp_path: Path, refusal: Refusal, command: str, message: str
) -> None:
    make_files(tmp_path)
    arguments = command.replace("{dataset}", str(dataset.folder)).split()
    message = message.replace("only bounding", "only " + ", ".join(dataset.views[0].kinds))
    message = message.replace("{dataset}", str(dataset.folder))
    assert refusal(main, arguments) == f"boxes.py: {message}\n"
