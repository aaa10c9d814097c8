"""scripts/grid: what users are told about their mistakes, word for word."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.grid.grid import main
from tests.scripts.conftest import Refusal
from tests.scripts.grid_samples import RED, plain, save_exr, write_dataset

FORMATS = "PNG, JPEG, TIFF, WebP, BMP or OpenEXR"


def make_text_exr(folder: Path) -> None:
    (folder / "notes.exr").write_text("hello, this is text")


def make_short_exr(folder: Path) -> None:
    save_exr(folder / "whole.exr", {"Y": np.random.default_rng(3).random((64, 64)).astype("f4")})
    (folder / "short.exr").write_bytes((folder / "whole.exr").read_bytes()[:3000])


def make_short_png(folder: Path) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "whole.png")
    (folder / "short.png").write_bytes((folder / "whole.png").read_bytes()[:3000])


def make_odd_exr(folder: Path) -> None:
    zeros = np.zeros((4, 6), dtype=np.float32)
    save_exr(folder / "odd.exr", {"u": zeros, "v": zeros})


def make_empty_file(folder: Path) -> None:
    (folder / "empty.png").touch()


def make_texts(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").touch()
    (folder / "in" / "b.csv").touch()


def make_image(folder: Path) -> None:
    Image.fromarray(plain(RED)).save(folder / "a.png")


def make_images(folder: Path) -> None:
    (folder / "in").mkdir()
    for number in range(5):
        Image.fromarray(plain(RED)).save(folder / "in" / f"{number}.png")


def make_dataset(folder: Path) -> None:
    views = {index: {"render": plain(RED), "depth": np.ones((4, 6), "f4")} for index in (0, 2)}
    write_dataset(folder / "out", views, planned=4)


def make_unfinished(folder: Path) -> None:
    write_dataset(folder / "out", {}, planned=4)


def make_broken_dataset(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "dataset.json").write_text('{"schema": 99}')


def make_nothing(folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "command", "message"),
    [
        (
            make_nothing,
            "no.png grid.png",
            "no.png cannot be read: No such file or directory; "
            "name an existing image, folder or dataset",
        ),
        (
            make_text_exr,
            "notes.exr grid.png",
            f"notes.exr is not an image: it starts with 'hello, this is t', expected {FORMATS}; "
            "leave it out or write it again",
        ),
        (
            make_empty_file,
            "empty.png grid.png",
            f"empty.png is not an image: it starts with nothing, being empty, expected {FORMATS}; "
            "leave it out or write it again",
        ),
        (
            make_short_exr,
            "short.exr grid.png",
            "short.exr is damaged: it starts like an OpenEXR file, but OpenEXR cannot read it; "
            "leave it out or write it again",
        ),
        (
            make_short_png,
            "short.png grid.png",
            "short.png is damaged: image file is truncated; leave it out or write it again",
        ),
        (
            make_odd_exr,
            "odd.exr grid.png",
            "odd.exr has the channels u, v; expected R G B (A), X Y Z or a single one, "
            "all of the same size",
        ),
        (
            make_texts,
            "in grid.png",
            f"in holds no image among its 2 files; expected {FORMATS}, "
            "or a dataset with its dataset.json",
        ),
        (
            make_dataset,
            "out grid.png --kind foo",
            "no view of out has the kind 'foo', only depth, render; choose one of them with --kind",
        ),
        (
            make_dataset,
            "out grid.png --views 1,3",
            "none of the 2 chosen views of out exists yet; "
            "make them first, or choose others with --views",
        ),
        (
            make_unfinished,
            "out grid.png",
            "none of the 4 chosen views of out exists yet; "
            "make them first, or choose others with --views",
        ),
        (
            make_dataset,
            "out grid.png --views 2:9",
            "--views asks for view 8; out has the views 0 to 3",
        ),
        (
            make_dataset,
            "out grid.png --views 2:2",
            "--views chooses no view; out has the views 0 to 3",
        ),
        (
            make_dataset,
            "out grid.png --views 1-3",
            "argument --views: expected indices and ranges such as 0,3,5:9, found '1-3'; "
            "--help lists the arguments",
        ),
        (
            make_dataset,
            "out grid.png --kind render --kind depth --columns 3",
            "--columns 3 does not hold the 2 kinds of a view side by side; "
            "expected a multiple of 2",
        ),
        (
            make_images,
            "in grid.png --kind depth",
            "in is not a dataset: it has no dataset.json, and --kind and --views choose files of "
            "a dataset; name one, or leave them out",
        ),
        (
            make_images,
            "in grid.png --rows 2 --columns 2",
            "2 x 2 cells (rows x columns) do not hold 5 images; "
            "give only one of --rows and --columns, or larger ones",
        ),
        (
            make_images,
            "in grid.png --columns 0",
            "argument --columns: expected a whole number of at least 1, found '0'; "
            "--help lists the arguments",
        ),
        (
            make_images,
            "in grid.png --background sky",
            "argument --background: expected a colour such as white, black or #1a2b3c, "
            "found 'sky'; --help lists the arguments",
        ),
        (
            make_images,
            "in grid.png --background #11223344",
            "argument --background: expected a colour such as white, black or #1a2b3c, "
            "found '#11223344'; --help lists the arguments",
        ),
        (
            make_images,
            "in grid.png --depth-range 3 2",
            "a depth range is two depths, the nearer one first, not 3.0 2.0",
        ),
        (
            make_images,
            "in grid.png --columns 100 --rows 100 --spacing 300",
            "the grid would have 30300 x 30100 pixels, expected at most 536870912 in all; "
            "give a smaller --cell-width or choose fewer images",
        ),
        (
            make_images,
            "in grid.jpg",
            "the output grid.jpg does not end in .png; name a PNG file last",
        ),
        (
            make_images,
            "in no/grid.png",
            "the folder no of the output does not exist; make it first, or name another",
        ),
        (
            make_images,
            "in/0.png in/1.png in/2.png",
            "the output in/2.png exists and is not a grid; "
            "name another file last, or remove this one",
        ),
        (
            make_image,
            "a.png",
            "the following arguments are required: output; --help lists the arguments",
        ),
        (
            make_broken_dataset,
            "out grid.png",
            "out/dataset.json is of schema 99, and this program reads schema 1; "
            "use the version of the program that made it",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    tmp_path: Path, refusal: Refusal, make: Callable[[Path], None], command: str, message: str
) -> None:
    make(tmp_path)
    assert refusal(main, command.split()) == f"grid.py: {message}\n"


def test_a_failed_write_keeps_the_old_grid_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_image(tmp_path)
    out = tmp_path / "grid.png"
    assert main([str(tmp_path / "a.png"), str(out)]) == 0
    old = out.read_bytes()

    def full(_image: Image.Image, path: Path, **_: object) -> None:
        path.write_bytes(b"half a fi")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    assert main([str(tmp_path / "a.png"), str(out), "--labels"]) == 1
    assert capsys.readouterr().err == f"grid.py: {out} cannot be written: No space left on device\n"
    assert out.read_bytes() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "grid.png"]
