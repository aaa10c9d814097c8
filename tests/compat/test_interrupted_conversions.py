"""What interrupted, killed and simultaneous conversions leave; shown with the quickest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.converters import Result, converted, run
from tests.compat.datasets import ROOT
from tests.compat.quickest import NAME, files

SCRIPT = ROOT / "compat" / NAME / f"{NAME}.py"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, [f"{NAME}.py: interrupted; nothing was converted"]),
        (signal.SIGTERM, 143, []),
    ],
)
def test_an_interrupt_leaves_nothing(
    dataset: Path, tmp_path: Path, number: signal.Signals, code: int, said: list[str]
) -> None:
    pipe = dataset / "004_render.png"
    pipe.unlink()
    os.mkfifo(pipe)
    command = [sys.executable, str(SCRIPT), str(dataset), str(tmp_path / "out")]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
        # Opening it waits for the converter, which then waits for what is never written.
        pipe.open("wb"),
    ):
        assert (tmp_path / "out").is_dir()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, Result(code, "", stderr).said) == (code, said)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_process_at_work_is_waited_for(dataset: Path, tmp_path: Path) -> None:
    pipe = dataset / "004_render.png"
    whole = pipe.read_bytes()
    pipe.unlink()
    os.mkfifo(pipe)
    command = [sys.executable, str(SCRIPT), str(dataset), str(tmp_path / "out")]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        pipe.open("wb") as writer,
    ):
        result = run(NAME, dataset, tmp_path / "out", "--overwrite")
        assert (result.code, result.said) == (
            2,
            [
                f"{NAME}.py: another process converts to {tmp_path / 'out'} now; wait for it, or "
                "name another folder"
            ],
        )
        pipe.unlink()
        pipe.write_bytes(whole)
        writer.write(whole)
        writer.close()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert run(NAME, "--verify", dataset, tmp_path / "out").code == 0


def test_what_a_killed_process_left_is_no_content(dataset: Path, tmp_path: Path) -> None:
    left = tmp_path / "out" / ".conversion-unfinished" / "rgb"
    left.mkdir(parents=True)
    (left / "0_099.png").write_text("half an ima")
    converted(NAME, dataset, tmp_path / "out")
    assert "0_099.png" not in " ".join(files(tmp_path / "out"))
