"""The output folder: which of its views are kept, and which are made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.folders import MakeDataset, begin, claim_of, names
from viewbatch.dataset import Dataset, ViewRecord, existing, layout


@pytest.fixture
def complete(view_record: Callable[..., ViewRecord]) -> Callable[[Path, Iterable[int]], set[int]]:
    """`complete_views` of a dataset whose cameras are planned as the views of `add_view` have."""
    return lambda out, indices: existing.complete_views(
        out, indices, lambda index: view_record(index).camera, claim_of(out)
    )


def test_complete_views_are_kept_and_damaged_ones_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(tmp_path, dataset_record(number_of_views=6))
    for index in range(5):
        add_view(tmp_path, index)
    (tmp_path / "001_depth.exr").unlink()
    (tmp_path / "002_depth.exr").write_text("other")
    (tmp_path / "003_view.json").write_text("{")
    assert complete(tmp_path, range(6)) == {0, 4}
    record = tmp_path / "003_view.json"
    assert caplog.messages == [
        "view 1 is made again: 001_depth.exr cannot be read (No such file or directory)",
        "view 2 is made again: 002_depth.exr differs from what was written",
        f"view 3 is made again: {record} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)",
    ]
    # A damaged view's record goes, so that the view does not exist.
    assert [layout.index_of_record(n) for n in names(tmp_path) if "_view" in n] == [0, 4]
    assert complete(tmp_path, range(3)) == {0}


def test_a_view_of_another_dataset_is_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Copied into the folder; or written by a process that had not noticed `--overwrite`."""
    for name, seed in (("a", 1), ("b", 2)):
        begin(tmp_path / name, dataset_record(seed=seed))
        add_view(tmp_path / name, 0)
        add_view(tmp_path / name, 1)
    for path in (tmp_path / "b").glob("001_*"):
        shutil.copy(path, tmp_path / "a")
    out = tmp_path / "a"
    assert existing.state(out, claim_of(out)).problems == {
        1: "001_view.json was made for another dataset"
    }
    assert complete(out, range(2)) == {0}
    assert caplog.messages == ["view 1 is made again: 001_view.json was made for another dataset"]


def test_a_view_of_another_camera_is_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(3):
        add_view(tmp_path, index)
    for index, key in ((1, "fx"), (2, "width")):
        path = tmp_path / f"00{index}_view.json"
        tree = json.loads(path.read_text(encoding="utf-8"))
        tree[key] += 1
        changed = ViewRecord.from_json(json.dumps(tree), "changed")
        path.write_text(changed.to_json(), encoding="utf-8")
    assert complete(tmp_path, range(3)) == {0}
    assert caplog.messages == [
        f"view {i} is made again: 00{i}_view.json has another camera than the one that is planned"
        for i in (1, 2)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": 0.5}, {"near_m": 0.25}, {"drawn": {}}, {"notes": {"a": 1}}, {"files": {}},
        {"schema": 7}, {"another": 1}, {"record_sha256": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_view_whose_record_was_changed_is_made_again(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(2):
        add_view(tmp_path, index)
    path = tmp_path / "001_view.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    # Laid out otherwise, it says the same.
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert complete(tmp_path, range(2)) == {0, 1}
    path.write_text(json.dumps({**tree, **change}), encoding="utf-8")
    assert complete(tmp_path, range(2)) == {0}
    assert caplog.messages == ["view 1 is made again: 001_view.json differs from what was written"]


def test_a_view_that_is_being_made_again_elsewhere_keeps_its_record(
    tmp_path: Path,
    dataset_record: MakeDataset,
    add_view: Callable[[Path, int], None],
    complete: Callable[[Path, Iterable[int]], set[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The other process puts the file back between the first look and the second."""
    begin(tmp_path, dataset_record())
    add_view(tmp_path, 0)
    depth = tmp_path / "000_depth.exr"
    content = depth.read_bytes()
    depth.unlink()
    look = existing._damage

    def look_and_mend(dataset: Dataset, index: int, expected: Any) -> str | None:
        damage = look(dataset, index, expected)
        depth.write_bytes(content)
        return damage

    monkeypatch.setattr(existing, "_damage", look_and_mend)
    assert complete(tmp_path, [0]) == {0}
    assert caplog.messages == []
    assert names(tmp_path) == ["000_depth.exr", "000_view.json", "config.toml", "dataset.json"]


def test_the_state_counts_what_is_whole(
    tmp_path: Path, dataset_record: MakeDataset, add_view: Callable[[Path, int], None]
) -> None:
    begin(tmp_path, dataset_record())
    for index in range(4):
        add_view(tmp_path, index)
    claim = claim_of(tmp_path)
    assert existing.state(tmp_path, claim).complete
    (tmp_path / "001_depth.exr").unlink()
    (tmp_path / "002_view.json").write_text("{")
    (tmp_path / "003_view.json").unlink()
    found = existing.state(tmp_path, claim)
    assert (found.planned, found.existing, found.complete) == (4, {0}, False)
    assert found.problems == {
        1: "001_depth.exr is gone",
        2: f"{tmp_path / '002_view.json'} is not JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)",
    }
