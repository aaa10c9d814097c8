"""How the tests begin datasets in folders, and what they find there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from viewbatch.dataset import Dataset, DatasetRecord, ViewRecord, existing, folder
from viewbatch.errors import UsageError, ViewbatchError

MakeDataset = Callable[..., DatasetRecord]
CONFIG = "seed = 5\n[render]\nsamples = 4\nresolution_x = 7\n"


def message(call: Callable[[], object], kind: type[ViewbatchError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def begin(
    out: Path, record: DatasetRecord, config: str = CONFIG, *,
    overwrite: bool = False, extensible: bool = True,
) -> DatasetRecord:  # fmt: skip
    return folder.begin(out, record, config, overwrite=overwrite, extensible=extensible)


def claim_of(out: Path) -> existing.Claim:
    """Of the process that made what lies there."""
    config = (out / "config.toml").read_text(encoding="utf-8")
    return existing.Claim(out, Dataset.open(out).record, config)


def ignore(record: ViewRecord) -> None:
    """A writer's `on_written` that is not looked at."""


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())
