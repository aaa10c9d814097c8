"""Memory does not grow with the number of views."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts.campaign.judge import TINY
from scripts.campaign.kills import MODEL
from scripts.campaign.results import Result
from scripts.shared.hosts import Host, overrides

FEW, MANY = 50, 500
MOST_GROWTH = 0.05


def memory(host: Host, folder: Path) -> Result:
    """Resident memory of one process after few views and after many."""
    folder.mkdir(parents=True, exist_ok=True)
    resident: dict[int, int] = {}
    with subprocess.Popen(
        host.generate(MODEL, "out", str(MANY), *overrides(TINY)), cwd=folder, text=True,
        encoding="utf-8", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            for number in (FEW, MANY):
                if line.startswith(f"view {number - 1}: "):
                    resident[number] = resident_bytes(process.pid)
    if process.returncode or len(resident) < 2:
        found = f"exit code {process.returncode}"
        return Result(part="memory", tried=f"{MANY} views", found=found, failures=[found])
    growth = resident[MANY] / resident[FEW] - 1
    found = f"{resident[FEW] / 2**20:.0f} MiB, then {resident[MANY] / 2**20:.0f} MiB: {growth:+.1%}"
    return Result(
        part="memory",
        tried=f"after {FEW} views of 16x12, and after {MANY}",
        found=found,
        failures=[found] if abs(growth) > MOST_GROWTH else [],
    )


def resident_bytes(process: int) -> int:
    """Memory that a running process has now."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) * 1024
