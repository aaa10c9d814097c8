"""What scripts/report refuses, each in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.report.command import main
from tests.scripts.conftest import Refusal
from tests.scripts.report.page import edit


def nothing(folder: Path) -> None:
    del folder


def empty_folder(folder: Path) -> None:
    (folder / "out").mkdir()


def of_another_schema(folder: Path) -> None:
    empty_folder(folder)
    (folder / "out" / "dataset.json").write_text('{"schema": 99}')


@pytest.mark.parametrize(
    ("prepare", "command", "message"),
    [
        (
            nothing,
            "out",
            "out is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            empty_folder,
            "out",
            "out is not a dataset: dataset.json cannot be read from it (No such file or directory)",
        ),
        (
            of_another_schema,
            "out",
            "out/dataset.json is of schema 99, and this program reads schema 1; "
            "use the version of the program that made it",
        ),
        (nothing, "", "the following arguments are required: dataset; --help lists the arguments"),
    ],
)
def test_what_is_no_dataset_is_said_in_one_sentence(
    tmp_path: Path, refusal: Refusal, prepare: Callable[[Path], None], command: str, message: str
) -> None:
    prepare(tmp_path)
    assert refusal(main, command.split()) == f"report.py: {message}\n"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("page.txt", "the output page.txt does not end in .html; name an HTML file"),
        (
            "no/page.html",
            "the folder no of the output does not exist; make it first, or name another",
        ),
        (
            "copy/000_page.html",
            "the name 000_page.html is one that the dataset's own files may have; "
            "name another with --output",
        ),
        (
            "copy/planned.html",
            "the name planned.html is one that the dataset's own files may have; "
            "name another with --output",
        ),
        (
            "mine.html",
            "the output mine.html exists and is not a report; "
            "name another file with --output, or remove this one",
        ),
    ],
)
def test_an_output_that_would_harm_is_refused(
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    output: str,
    message: str,
) -> None:
    monkeypatch.chdir(copy.parent)
    edit(copy / "dataset.json", lambda tree: tree.update(files=["planned.html"]))
    (copy.parent / "mine.html").write_text("<p>my page</p>")
    assert main(["copy", "--output", output]) == 2
    assert capfd.readouterr() == ("", f"report.py: {message}\n")
    assert (copy.parent / "mine.html").read_text() == "<p>my page</p>"


def test_a_dataset_without_views_shows_nothing(
    copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in copy.glob("*_view.json"):
        path.unlink()
    assert main([str(copy)]) == 2
    assert capfd.readouterr().err == (
        f"report.py: {copy} has no view yet, so there is nothing to show; "
        "the command that began it makes them\n"
    )
