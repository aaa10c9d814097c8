"""What a run would take, told before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK_SET, SUZANNE, Host, settings
from viewbatch.dataset import Dataset

SETTINGS = settings(QUICK_SET)
NUMBER = r"([\d.]+)"
SECONDS = r"(?:\d+ min )?\d+ s"


def test_an_estimate_keeps_nothing_and_tells_the_size(host: Host, tmp_path: Path) -> None:
    asked = [SUZANNE, "out", "6", *SETTINGS]
    (tmp_path / "temporary").mkdir()
    environment = {"TMPDIR": str(tmp_path / "temporary")}
    result = host.run(*asked, "--estimate", cwd=tmp_path, env=environment)
    assert result.code == 0, result.stderr
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    first, time, size = result.stdout.splitlines()[-3:]
    assert first == "6 views, as measured with views 1 and 4:"
    assert re.fullmatch(rf"time  {SECONDS}: {SECONDS} until the first view, .+ s a view", time)
    told = re.fullmatch(rf"size  {NUMBER} kB: {NUMBER} kB a view", size)
    assert told
    assert host.run(*asked, cwd=tmp_path).code == 0
    sizes = [
        path.stat().st_size / 1000
        for view in Dataset.open(tmp_path / "out").views
        for path in (tmp_path / "out").glob(f"{view.index:03}_*")
    ]
    assert sum(sizes) / float(told[1]) == pytest.approx(1, abs=0.2)
    assert float(told[2]) == pytest.approx(float(told[1]) / 6, rel=0.02)


def test_an_estimate_of_a_part_and_of_one_view(host: Host, tmp_path: Path) -> None:
    asked = [SUZANNE, "out", "20", *SETTINGS, "--estimate"]
    result = host.run(*asked, "--shard", "1/10", cwd=tmp_path)
    assert "2 views, as measured with views 1 and 11:\n" in result.stdout
    result = host.run(*asked, "--views", "7", "--set", "verify.at_end=true", cwd=tmp_path)
    assert "1 view, as measured with view 7:\n" in result.stdout
    assert result.stdout.endswith("not counted, since made of all views: certificate.json\n")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            ["--skip-render"],
            "--estimate renders and keeps nothing, so it cannot be combined with --skip-render or "
            "--overwrite; leave those out",
        ),
        (
            ["--overwrite"],
            "--estimate renders and keeps nothing, so it cannot be combined with --skip-render or "
            "--overwrite; leave those out",
        ),
        (
            ["--shard", "2/3"],
            "this shard has none of the views asked for, so there is nothing to estimate; "
            "choose another",
        ),
    ],
)
def test_estimates_that_cannot_be_made_in_words(
    host: Host, tmp_path: Path, more: Sequence[str], sentence: str
) -> None:
    result = host.run(SUZANNE, "out", "2", "--estimate", *more, cwd=tmp_path)
    assert result.code == 2
    assert result.told(f"configuration: config.default.toml\nerror: {sentence}\n")
