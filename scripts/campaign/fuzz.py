"""Damaged models: each is refused in words or becomes a whole dataset."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.campaign.damage import damage
from scripts.campaign.judge import REFUSED, RENDERED, Outcome, try_file
from scripts.campaign.results import Result
from scripts.campaign.subjects import Subject
from scripts.shared.hosts import Host

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file that is damaged in one way."""

    number: int
    subject: Subject
    data: bytes
    damage: str

    @property
    def name(self) -> str:
        return f"file {self.number}: {self.subject.name}, {self.damage}"


def cases(found: Sequence[Subject], number: int, seed: int) -> list[Case]:
    """Damage every file in turn until there are so many; the same seed makes the same."""
    made = []
    for i in range(number):
        rng = np.random.default_rng([seed, i])
        subject = found[i % len(found)]
        data, words = damage(subject.file.read_bytes(), rng)
        made.append(Case(number=i, subject=subject, data=data, damage=words))
    return made


def prepare(case: Case, folder: Path) -> tuple[Path, Path]:
    """The model and its damaged file in a new folder."""
    model, file = case.subject.copy(folder / "model")
    file.write_bytes(case.data)
    return model, file


def try_case(host: Host, case: Case, folder: Path, limit_s: float) -> Outcome:
    """Run one case in a new folder."""
    model, file = prepare(case, folder)
    return try_file(host, model, file, folder, limit_s)


def fuzz(
    host: Host, made: Sequence[Case], folder: Path, *, jobs: int, limit_s: float, say: Say
) -> Result:
    """Run all cases, several at once; the folders of those that fail stay."""

    def work(case: Case) -> tuple[Case, Outcome]:
        place = folder / f"{case.number:03d}"
        outcome = try_case(host, case, place, limit_s)
        if outcome.allowed:
            shutil.rmtree(place)
        else:
            (place / "said.txt").write_text(outcome.said, encoding="utf-8")
        return case, outcome

    counts: Counter[str] = Counter()
    failures = []
    with ThreadPoolExecutor(jobs) as pool:
        for case, outcome in pool.map(work, made):
            counts[outcome.kind] += 1
            say(f"{case.name}: {outcome.kind}")
            if not outcome.allowed:
                failures.append(f"{case.name}: {outcome.kind}")
    return Result(
        part="damaged files",
        tried=f"{len(made)} files",
        found=f"{counts[REFUSED]} refused, {counts[RENDERED]} rendered, "
        f"{len(failures)} anything else",
        failures=failures,
    )
