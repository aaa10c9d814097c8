"""File names: made and recognised by one module."""

from __future__ import annotations

import re

import pytest

from viewbatch.dataset import layout


@pytest.mark.parametrize(
    ("index", "name"), [(0, "000_depth.exr"), (42, "042_depth.exr"), (12345, "12345_depth.exr")]
)
def test_names_have_at_least_three_digits(index: int, name: str) -> None:
    assert layout.view_file(index, "depth", ".exr") == name


@pytest.mark.parametrize("index", [0, 7, 999, 1000, 123456])
def test_a_record_gives_its_index_back(index: int) -> None:
    assert layout.index_of_record(layout.view_record(index)) == index


@pytest.mark.parametrize(
    "name",
    ["00_view.json", "0001_view.json", "000_view.txt", "000_depth.exr", "view.json",
     "000_view.json~", "-01_view.json", "\u0661\u0662\u0663_view.json", "000_view.json\n"],
)  # fmt: skip
def test_other_names_are_no_records(name: str) -> None:
    assert layout.index_of_record(name) is None


@pytest.mark.parametrize("kind", ["Depth", "a-b", "", "1a", "../a", "a.b", "a b"])
def test_a_kind_of_file_is_a_plain_word(kind: str) -> None:
    message = f"a kind of file is made of a-z, 0-9 and _, not {kind!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layout.view_file(0, kind, ".exr")


@pytest.mark.parametrize("extension", ["exr", ".EXR", "./a", ".a.b", ""])
def test_an_extension_is_a_dot_and_a_plain_word(extension: str) -> None:
    message = f"an extension is a dot and a-z or 0-9, not {extension!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layout.view_file(0, "depth", extension)


@pytest.mark.parametrize("name", ["000_render.png", "012_my_kind2.txt", "1000_view.json"])
def test_files_of_views_are_recognised(name: str) -> None:
    assert layout.is_view_file(name)


@pytest.mark.parametrize(
    "name", ["0001_a.txt", "01_a.txt", "000.png", "000_A.png", "000_a", "x000_a.b"]
)
def test_files_of_others_are_not(name: str) -> None:
    assert not layout.is_view_file(name)


def test_a_number_beyond_the_plan_is_no_view() -> None:
    assert layout.is_view_file("015_notes.txt", 16)
    assert not layout.is_view_file("016_notes.txt", 16)
    assert not layout.is_view_file("2024_notes.txt", 16)


@pytest.mark.parametrize("name", ["000_depth.exr", "dataset.json", "config.toml"])
def test_temporary_names_are_hidden_recognised_and_keep_their_extension(name: str) -> None:
    temporary = layout.temporary(name, "host-12")
    assert temporary.startswith(".")
    assert temporary.endswith(name[name.index(".") :])
    assert layout.is_temporary(temporary)
    assert not layout.is_view_file(temporary)
    assert temporary != layout.temporary(name, "host-1")
    assert not layout.is_temporary(name)


def test_logs_are_recognised() -> None:
    assert layout.is_log(layout.log("20240102T030405Z", "host-12"))
    assert not layout.is_log("batch.log")
