"""scripts/campaign without Blender; tests/cli/test_damaged_files.py has what needs one."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.campaign.command import main
from scripts.campaign.damage import damage
from scripts.campaign.kills import Undisturbed, undisturbed
from scripts.campaign.subjects import EXTENSIONS, export, subjects
from scripts.shared.equality import differing
from scripts.shared.errors import InputError
from scripts.shared.hosts import Host
from scripts.shared.table import markdown
from tests.compat.datasets import ROOT
from tests.scripts.conftest import Refusal
from viewbatch.model_files import kinds

SCRIPT = ROOT / "scripts" / "campaign" / "campaign.py"


def test_help_names_every_part() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "fuzz,kills,shards,memory,blenders" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--only", "fuzz,fire"],
            "argument --only: expected some of fuzz,kills,shards,memory,blenders, found 'fire'; "
            "--help lists the arguments",
        ),
        (
            ["--models", "nowhere"],
            "argument --models: expected a folder of models, found 'nowhere'; --help lists the "
            "arguments",
        ),
        (
            ["--kills", "0"],
            "argument --kills: expected a whole number of at least 1, found '0'; --help lists the "
            "arguments",
        ),
        (
            ["--host", "no/such/program"],
            "no/such/program does not start ([Errno 2] No such file or directory: "
            "'no/such/program'); name a Blender program or a Python with bpy",
        ),
        (
            ["--host", "{python}", "--keep", "full"],
            "the folder full is not empty; name a new one",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    tmp_path: Path, refusal: Refusal, arguments: list[str], message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    filled = [argument.format(python=sys.executable) for argument in arguments]
    assert refusal(main, filled) == f"campaign.py: {message}\n"


def test_a_folder_without_models_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(InputError) as refusal:
        subjects([tmp_path, tmp_path])
    assert str(refusal.value) == (
        f"there is no model in {tmp_path}, {tmp_path}; name a folder that holds some"
    )


@pytest.fixture
def failing(tmp_path: Path) -> Host:
    """A host that ends at once."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho first >&2\necho error: it is out of order >&2\nexit 3\n")
    program.chmod(0o755)
    return Host(str(program))


@pytest.mark.skipif(sys.platform == "win32", reason="the host is a shell script")
def test_a_host_that_fails_is_told(tmp_path: Path, failing: Host) -> None:
    with pytest.raises(InputError) as refusal:
        export(failing, tmp_path / "exports")
    assert str(refusal.value) == (
        f"{failing.program} wrote no model to damage (error: it is out of order); name a Blender "
        "program or a Python with bpy"
    )
    with pytest.raises(InputError) as refusal:
        undisturbed(failing, tmp_path / "kills")
    assert str(refusal.value) == (
        f"{failing.program} fails where nothing disturbs it: error: it is out of order"
    )


def test_damage_is_of_every_way_and_changes_files() -> None:
    data = bytes(range(1, 251))
    found = [damage(data, np.random.default_rng(seed)) for seed in range(100)]
    assert {words.split()[-1] if "to" in words else "changed" for _, words in found} >= {
        "zeroed", "removed", "doubled",
    }  # fmt: skip
    assert any(words.startswith("cut to ") for _, words in found)
    assert all(changed != data for changed, _ in found)
    for changed, words in found:
        assert words.endswith("doubled") == (len(changed) > len(data))


def test_kills_leave_as_many_views_as_was_asked_for() -> None:
    alone = Undisturbed(Path(), start_s=2.5, view_s=0.3)
    longest_s = alone.longest_s(0.6)
    moments = np.linspace(0.0, longest_s, 100_001)
    made = np.maximum(0.0, moments - alone.start_s) / alone.view_s
    assert math.isclose(made.mean(), 0.6, rel_tol=1e-3)


def test_what_lies_beside_a_model_that_is_alone_belongs_to_it(tmp_path: Path) -> None:
    for name in ("one/a.obj", "one/a.mtl", "one/textures/a.png", "two/b.ply", "two/c.stl", "two/d"):
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "models" / "two" / "empty.glb").touch()
    found = subjects([tmp_path / "models"])
    assert [subject.name for subject in found] == [
        "one/a.mtl", "one/a.obj", "one/textures/a.png", "two/b.ply", "two/c.stl",
    ]  # fmt: skip
    model, file = found[2].copy(tmp_path / "copy")
    assert (model, file) == (tmp_path / "copy" / "a.obj", tmp_path / "copy" / "textures" / "a.png")
    assert file.read_text() == "one/textures/a.png"
    assert (tmp_path / "copy" / "a.mtl").exists()


def test_models_of_every_kind_that_is_read_are_damaged() -> None:
    """Helpers know no more of the program than its datasets, so that the list stands twice."""
    assert set(kinds.EXTENSIONS) == EXTENSIONS


def test_files_differ_by_their_bytes_and_logs_never(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same").write_text("same")
        (tmp_path / folder / "file").write_text(folder)
        (tmp_path / folder / f"batch-{folder}.log").touch()
    (tmp_path / "one" / "alone").touch()
    assert differing(tmp_path / "one", tmp_path / "other") == ["alone", "file"]


def test_tables_in_markdown() -> None:
    assert markdown(["a", "b"], [["1", "two"]]) == ["| a | b |", "| --- | --- |", "| 1 | two |"]
