"""scripts/verify: the certificate as a command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.verify.command import main
from tests.compat.datasets import ROOT, make
from tests.verify.damage import edit_record
from viewbatch.dataset import Dataset

SCRIPT = ROOT / "scripts" / "verify" / "verify.py"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify") / "out"
    make(folder, 5, "render.resolution_x=96", "render.resolution_y=72")
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    shutil.copytree(good, tmp_path / "out")
    return tmp_path / "out"


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Standard error without the progress bars."""
    lines = capsys.readouterr().err.splitlines()
    return [line for line in lines if line.strip() and "%|" not in line]


def test_the_program_certifies_a_good_dataset(good: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(good), "--json", str(tmp_path / "c.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "out: 5 of 5 views checked"
    assert lines[1].startswith("cross-view consistency   ")
    assert lines[-1] == "out is consistent: nothing is wrong"
    told = json.loads((tmp_path / "c.json").read_text())
    assert told["findings"] == []
    assert [view["index"] for view in told["views"]] == [0, 1, 2, 3, 4]


def test_what_is_wrong_is_printed_and_the_exit_code_is_1(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for view in Dataset.open(copy).views:
        edit_record(view, lambda tree: tree.update(cx=tree["cx"] + 0.5))
    assert main([str(copy)]) == 1
    *_, told, verdict = capsys.readouterr().out.splitlines()
    assert told.startswith("WRONG  in all views the principal point is wrong: cx is 0.")
    assert verdict == "out cannot be trusted: 1 thing is wrong"


def test_a_text_file_that_is_called_exr_is_named(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "002_depth.exr").write_text("no image")
    assert main([str(copy)]) == 1
    out = capsys.readouterr().out
    assert "WRONG  002_depth.exr differs from what was written\n" in out
    assert f"WRONG  {copy / '002_depth.exr'} cannot be read as OpenEXR: " in out
    assert "out: 4 of 5 views checked" in out


def test_one_view_is_checked_by_itself(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(1, 5):
        (copy / f"{index:03d}_view.json").unlink()
    assert main([str(copy)]) == 1
    out = capsys.readouterr().out
    assert "cross-view consistency   not told by fewer than two views\n" in out
    assert "WRONG  views 1, 2, 3 and 4 of 5 planned do not exist" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nowhere"],
            "nowhere is not a dataset: dataset.json cannot be read from it (No such file or "
            "directory)",
        ),
        (
            ["empty"],
            "empty is not a dataset: dataset.json cannot be read from it (No such file or "
            "directory)",
        ),
        ([], "the following arguments are required: dataset; --help lists the arguments"),
        (
            ["out", "--json"],
            "argument --json: expected one argument; --help lists the arguments",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    (copy.parent / "empty").mkdir()
    monkeypatch.chdir(copy.parent)
    assert main(arguments) == 2
    assert said(capsys) == [f"verify.py: {message}"]


def test_a_dataset_without_depth_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(
        tmp_path / "out", 1, "render.resolution_x=32", "render.resolution_y=24",
        'plugins.enabled=["mask"]',
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["out"]) == 2
    assert said(capsys) == [
        'verify.py: view 0 of out has no depth, without which nothing can be proved; add "depth" '
        "to [plugins] enabled and render again"
    ]


def test_a_file_that_cannot_be_written_is_named(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copy.parent)
    outputs = {
        str(Path("nowhere") / "c.json"): "the folder nowhere of the output does not exist; make it "
        "first, or name another",
        "c.txt": "the output c.txt does not end in .json; name such a file",
        str(Path("out") / "dataset.json"): f"the output {Path('out') / 'dataset.json'} is a name "
        "that the dataset in out has for its own files; name another file",
    }
    for path, message in outputs.items():
        assert main(["out", "--json", path]) == 2
        assert said(capsys) == [f"verify.py: {message}"]
    assert Dataset.open("out").views
