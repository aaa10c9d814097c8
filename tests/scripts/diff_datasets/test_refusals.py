"""What scripts/diff_datasets refuses, each in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.diff_datasets.command import main
from tests.scripts.conftest import Refusal
from tests.scripts.diff_datasets.asked import told
from viewbatch.dataset import Dataset


def no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def empty_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def text_as_exr(folder: Path) -> None:
    (folder / "002_depth.exr").write_text("this is text")


def text_as_png(folder: Path) -> None:
    (folder / "002_render.png").write_text("this is text")


def no_file(folder: Path) -> None:
    (folder / "001_mask.exr").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.toml").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.toml").write_text("seed = ")


def broken_points(folder: Path) -> None:
    (folder / "000_points.ply").write_text("ply")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            no_folder,
            "b is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            empty_folder,
            "b is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            text_as_exr,
            "b/002_depth.exr is not an OpenEXR file: it starts with 'this is text'; name another "
            "or write it again",
        ),
        (
            text_as_png,
            "b/002_render.png is not an image: it starts with 'this is text', expected PNG, JPEG, "
            "TIFF, WebP, BMP or OpenEXR; leave it out or write it again",
        ),
        (
            no_file,
            "b/001_mask.exr is missing; the command that made the dataset makes its view again",
        ),
        (
            no_config,
            "b/config.toml cannot be read (No such file or directory); a dataset has the "
            "configuration that made it",
        ),
        (
            broken_config,
            "b/config.toml is not TOML: Invalid value (at end of document)",
        ),
        (
            broken_points,
            "b/000_points.ply is not a whole PLY file as this program writes it; remove the record "
            "of its view, and the same command makes the view again",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    change: Callable[[Path], None],
    message: str,
    pair: Dataset,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(pair.folder)
    assert main(["a", "b"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    said = [line for line in err.splitlines() if line.strip() and "%|" not in line]
    assert said == [f"diff_datasets.py: {message}"]


@pytest.mark.usefixtures("pair")
def test_two_datasets_without_views_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("a", "b"):
        for path in Path(folder).glob("*_view.json"):
            path.unlink()
    assert main(["a", "b"]) == 2
    assert capsys.readouterr() == (
        "",
        "diff_datasets.py: neither a nor b has a view; render some first\n",
    )


@pytest.mark.usefixtures("pair")
def test_nothing_to_draw_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "b", "--picture", "seen.png"]) == 0
    assert told(capsys)[-2:] == [
        "seen.png is not written: no image differs that both datasets have in one size",
        "a and b are equal, byte for byte",
    ]
    assert not Path("seen.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "the following arguments are required: B; --help lists the arguments"),
        (
            ["a", "b", "--depth", "-1"],
            "argument --depth: expected a number of at least 0, found '-1'; --help lists the "
            "arguments",
        ),
        (
            ["a", "b", "--share", "2"],
            "argument --share: expected a number from 0 to 1, found '2'; --help lists the "
            "arguments",
        ),
        (
            ["a", "b", "--json", "found.txt"],
            "the output found.txt does not end in .json; name such a file",
        ),
        (
            ["a", "b", "--json", "there.json"],
            "the output there.json exists; name another file, or add --overwrite",
        ),
        (
            ["a", "b", "--picture", "seen.jpg"],
            "the output seen.jpg does not end in .png; name such a file",
        ),
    ],
)
def test_mistakes_get_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "there.json").write_text("mine")
    assert refusal(main, arguments) == f"diff_datasets.py: {message}\n"
    assert (tmp_path / "there.json").read_text() == "mine"
