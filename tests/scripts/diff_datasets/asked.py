"""What is found of the two datasets in the current folder."""

from __future__ import annotations

import json

import pytest

from scripts.diff_datasets.comparison import Comparison, compare
from scripts.diff_datasets.tolerances import Tolerances
from viewbatch.dataset import Dataset


def compared(**tolerances: float) -> Comparison:
    found = compare(
        Dataset.open("a"),
        Dataset.open("b"),
        Tolerances(**tolerances),
        lambda items, _: iter(items),
    )
    # What is written is what is found, however the numbers are.
    assert json.loads(found.to_json())["first"] == found.first
    return found


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()
