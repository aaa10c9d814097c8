"""Damaged models are refused in words, or what they hold becomes a whole dataset.

scripts/campaign tries 200 of them in processes of their own, this a sample of the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.campaign.damage import damage
from scripts.campaign.fuzz import Case, cases, prepare, try_case
from scripts.campaign.judge import REFUSED, RENDERED, wrong_of
from scripts.campaign.subjects import OWN, export, subjects
from scripts.shared import hosts
from tests.cli.conftest import SUZANNE, Host
from viewbatch.errors import ModelError
from viewbatch.model_files import Kind, kind_of, read

SEED = 6
LIMIT_S = 120.0


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Two hundred damaged files of every format that this Blender writes, and of our models."""
    folder = tmp_path_factory.mktemp("exports") / "all"
    export(hosts.Host(sys.executable), folder)
    found = subjects([folder, OWN])
    kinds = {kind_of(subject.model) for subject in found}
    assert kinds >= set(Kind) - {Kind.COLLADA}  # which Blender 5.0 does not write
    return cases(found, 200, SEED)


def test_the_same_seed_damages_alike(made: list[Case]) -> None:
    again = cases([case.subject for case in made[:20]], 20, SEED)
    assert [(case.data, case.damage) for case in again] == [
        (case.data, case.damage) for case in made[:20]
    ]
    other = cases([case.subject for case in made[:20]], 20, SEED + 1)
    assert sum(a.data != b.data for a, b in zip(again, other, strict=True)) > 10


def test_reading_two_hundred_damaged_files_has_no_third_outcome(
    made: list[Case], tmp_path: Path
) -> None:
    """What looks at files before Blender does either lets them pass or says why not."""
    for case in made:
        model, file = prepare(case, tmp_path / str(case.number))
        try:
            found = read(model)
        except ModelError as error:
            sentence = str(error)
            assert "\n" not in sentence, case.name
            assert model.name in sentence or file.name in sentence, case.name
        else:
            assert all("\n" not in warning for warning in found.warnings), case.name


@pytest.mark.parametrize("number", range(0, 36, 3))
def test_a_damaged_file_is_refused_in_words_or_becomes_a_whole_dataset(
    host: Host, made: list[Case], tmp_path: Path, number: int
) -> None:
    case = made[number]
    outcome = try_case(hosts.Host(host.program), case, tmp_path / "case", LIMIT_S)
    assert outcome.kind in (REFUSED, RENDERED), f"{case.name}\n{outcome.said}"


def test_the_judge_sees_a_view_that_lacks_a_file(host: Host, tmp_path: Path) -> None:
    command = ["--set", "render.resolution_x=16", "--set", "render.samples=1"]
    assert host.run(SUZANNE, "out", "2", *command, cwd=tmp_path).code == 0
    out = tmp_path / "out"
    assert wrong_of(out, 2) is None
    assert wrong_of(out, 3) == "of 3 views there are [0, 1]"
    data, _ = damage((out / "001_depth.exr").read_bytes(), np.random.default_rng(0))
    (out / "001_depth.exr").write_bytes(data)
    assert wrong_of(out) == ("view 1 is damaged: 001_depth.exr differs from what was written")
    (out / "001_depth.exr").unlink()
    assert wrong_of(out) == (
        "view 1 is damaged: 001_depth.exr cannot be read (No such file or directory)"
    )
