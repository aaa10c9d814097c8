"""Three processes that share a folder, killed and started again, make what one makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.campaign.judge import wrong_of
from scripts.campaign.kills import LIMIT_S, VIEWS, Killer, command, undisturbed
from scripts.campaign.results import Result
from scripts.shared.equality import differing
from scripts.shared.hosts import Host
from viewbatch.dataset import layout
from viewbatch.errors import EXIT_OK

SHARDS = 3


def shards(host: Host, folder: Path, kills_each: int, seed: int) -> Result:
    """Three shards at once, all of them killed so many times; then to their ends."""
    alone = undisturbed(host, folder)
    views = VIEWS / SHARDS / (kills_each + 1)
    killer = Killer(np.random.default_rng([seed, 1]), alone.longest_s(views))
    out = folder / "shared"
    failures: list[str] = []
    killed = 0
    commands = [command(host, out.name, "--shard", f"{shard}/{SHARDS}") for shard in range(SHARDS)]
    try:
        for _ in range(kills_each):
            for process in [killer.start(words, folder) for words in commands]:
                code = killer.kill(process)
                killed += code is None
                if code not in (None, EXIT_OK):
                    failures.append(f"a shard ends with exit code {code} beside others")
            wrong = wrong_of(out) if (out / layout.DATASET).exists() else None
            if wrong is not None:
                failures.append(f"after {killed} kills: {wrong}")
        for process in [killer.start(words, folder) for words in commands]:
            code = process.wait(LIMIT_S)
            if code != EXIT_OK:
                failures.append(f"a shard ends with exit code {code} in the last round")
    finally:
        killer.clear()
    names = differing(out, alone.out) if out.exists() else ["all files"]
    if names:
        failures.append(f"{', '.join(names)} differ from those of one process")
    return Result(
        part="shards",
        tried=f"{SHARDS} at once into one folder of {VIEWS} views, {killed} kills",
        found="equal to one process, byte for byte"
        if not failures
        else f"{len(failures)} failures",
        failures=failures,
    )
