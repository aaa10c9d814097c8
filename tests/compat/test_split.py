"""compat/shared/split: which views train and which are held out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compat.shared.split import parse_split
from viewbatch.errors import UsageError

CHOSEN = [0, 1, 3, 4, 5, 8, 9]


def test_every_view_trains() -> None:
    split = parse_split("all")(CHOSEN)
    assert split.parts == {"train": CHOSEN}
    assert split.indices == CHOSEN


def test_every_third_of_the_chosen_views_is_held_out_from_the_first_on() -> None:
    split = parse_split("every:3")(CHOSEN)
    assert split.parts == {"train": [1, 3, 5, 8], "test": [0, 4, 9]}
    assert [split.part_of(index) for index in (0, 1)] == ["test", "train"]
    assert split.indices == CHOSEN


def test_a_share_drawn_at_random_is_held_out_and_the_seed_tells_which() -> None:
    chosen = range(100)
    first = parse_split("random:0.2")(chosen)
    assert len(first.test) == 20
    assert sorted([*first.train, *first.test]) == list(chosen)
    assert parse_split("random:0.2:0")(chosen) == first
    assert parse_split("random:0.2:1")(chosen).test != first.test


def test_of_few_views_a_share_holds_out_at_least_one() -> None:
    assert len(parse_split("random:0.01")(CHOSEN).test) == 1


def test_a_file_lists_the_parts_and_leaves_others_out(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text('{"train": [9, 1], "val": [3], "test": [0]}')
    split = parse_split(str(path))(CHOSEN)
    assert split.parts == {"train": [1, 9], "val": [3], "test": [0]}
    assert split.indices == [0, 1, 3, 9]


def test_the_record_of_a_conversion_is_such_a_file(tmp_path: Path) -> None:
    path = tmp_path / "conversion.json"
    path.write_text(json.dumps({"converter": "x", "split": {"train": [1], "test": [0]}}))
    assert parse_split(str(path))(CHOSEN).parts == {"train": [1], "test": [0]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "some",
            "--split is 'some', expected all, every:8, random:0.1, random:0.1:SEED or a JSON file",
        ),
        ("every:1", "--split every:1 leaves no view to train; expected at least every:2"),
        *(
            (
                f"random:{share}",
                f"--split random:{share} gives no share of the views; expected one between 0 and "
                "1, such as random:0.1",
            )
            for share in ("0", "1", "1.2.3")
        ),
        (
            "random:0.99",
            "--split random:0.99 leaves no view to train of the 7 that are chosen; choose more "
            "views, or --split all",
        ),
    ],
)
def test_what_is_no_split_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_split(text)(CHOSEN)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"train": [0, 2]}', "{path} lists view 2, which is not among the chosen views"),
        ('{"train": [0], "test": [0]}', "{path} lists view 0 twice; a view has one part"),
        ('{"test": [0]}', "{path} lists no view under train; expected at least one"),
        *(
            (
                text,
                "{path} holds no split; expected lists of view indices under train, val and test, "
                'such as {{"train": [1, 2, 3], "test": [0]}}',
            )
            for text in ('{"training": [0]}', "[0]", '{"train": 0}', '{"train": ["0", true]}')
        ),
        ("{", "--split {path} is not JSON: Expecting property name enclosed in double "
         "quotes: line 1 column 2 (char 1)"),
    ],
)  # fmt: skip
def test_a_file_that_lists_no_split_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        parse_split(str(path))(CHOSEN)
    assert str(caught.value) == message.format(path=path)


def test_a_split_file_that_is_not_there_or_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    with pytest.raises(UsageError) as caught:
        parse_split(str(path))(CHOSEN)
    assert str(caught.value) == f"--split {path} cannot be read: No such file or directory"
    path.write_text("[" * 100_000)
    with pytest.raises(UsageError) as caught:
        parse_split(str(path))(CHOSEN)
    assert str(caught.value).startswith(f"--split {path} is not JSON: ")
