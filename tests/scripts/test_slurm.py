"""scripts/slurm: its job is that of the README, and mistakes get a sentence."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts.shared.errors import InputError
from scripts.slurm import cluster
from scripts.slurm.command import ARRAY, main, run
from tests.compat.datasets import ROOT


def test_the_readme_quotes_the_job() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert ARRAY.read_text(encoding="utf-8") in blocks


def test_a_task_makes_its_shard() -> None:
    """As Slurm runs it: with the arguments of sbatch, and a shard of its own."""
    environment = {
        **os.environ, "PYTHON": "echo", "SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3",
    }  # fmt: skip
    done = subprocess.run(
        ["sh", str(ARRAY), "a model.glb", "out", "9"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "generate-batch.py a model.glb out 9 --shard 2/3\n"


def test_help_and_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "array.sbatch" in capsys.readouterr().out
    assert main(["--tasks", "none"]) == 2
    assert capsys.readouterr().err == (
        "slurm.py: argument --tasks: expected a whole number of at least 1, found 'none'; --help "
        "lists the arguments\n"
    )


def test_without_slurm_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "slurm.py: munged, munge, slurmctld, slurmd, sbatch, scontrol, sinfo cannot be found, and "
        "a Slurm consists of them; `apt-get install slurm-wlm munge`\n"
    )


def test_without_the_rights_of_root_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/usr/sbin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "slurm.py: a Slurm that starts tasks needs the rights of root; run this as root\n"
    )


def test_a_slurm_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_S", 0)
    with pytest.raises(InputError) as refusal:
        cluster.wait(["sinfo"], "idle", tmp_path, {})
    assert str(refusal.value) == (
        "`sinfo` gets no answer of the Slurm after 0 s: its daemons tell of no error"
    )
    (tmp_path / "slurmd.log").write_text("started\nerror: no munge\n")
    with pytest.raises(InputError) as refusal:
        cluster.wait(["sinfo"], "idle", tmp_path, {})
    assert str(refusal.value) == "`sinfo` gets no answer of the Slurm after 0 s: error: no munge"


def test_an_array_that_fails_is_told_in_the_words_of_its_tasks(tmp_path: Path) -> None:
    failing = ["sh", "-c", "echo refused >&2; exit 3"]
    with pytest.raises(InputError) as refusal:
        run(failing, "the array")
    assert str(refusal.value) == "the array ends with exit code 3: refused"
    (tmp_path / "task-1.out").write_text("view 1 of 4\nerror: the disk is full\n")
    with pytest.raises(InputError) as refusal:
        run(failing, "the array", logs=tmp_path)
    assert str(refusal.value) == "the array ends with exit code 3: error: the disk is full"
