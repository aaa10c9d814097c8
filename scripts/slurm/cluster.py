"""A Slurm of one node that lives in a folder and ends with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.shared.errors import InputError

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "scontrol", "sinfo")
PATIENCE_S = 60

_CONFIGURATION = """\
ClusterName=proof
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# Control groups belong to the system, or to the container, and not to this Slurm.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# So that tasks run at once also where there are fewer processors.
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN
PartitionName=proof Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def check() -> None:
    """Raise `InputError` where no Slurm can be started."""
    missing = [name for name in PROGRAMS if _program(name) is None]
    if missing:
        raise InputError(
            f"{', '.join(missing)} cannot be found, and a Slurm consists of them; "
            "`apt-get install slurm-wlm munge`"
        )
    if os.geteuid() != 0:
        raise InputError("a Slurm that starts tasks needs the rights of root; run this as root")


@contextlib.contextmanager
def cluster(folder: Path, processors: int) -> Iterator[Mapping[str, str]]:
    """Start it with all its files in a folder, on loopback alone; yields its environment."""
    folder.chmod(0o755)  # munge refuses a socket that others could not reach
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    configuration = folder / "slurm.conf"
    controller_port, node_port = _free_ports()
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            processors=processors,
            controller_port=controller_port,
            node_port=node_port,
        ),
        encoding="utf-8",
    )
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    munge = [
        "munged", "--foreground", f"--key-file={key}", f"--socket={folder}/munge.socket",
        f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed",
        f"--log-file={folder}/munged.log",
    ]  # fmt: skip
    ready = [
        (munge, ["munge", "--no-input", f"--socket={folder}/munge.socket"], ""),
        (["slurmctld", "-D"], ["scontrol", "ping"], "UP"),
        (["slurmd", "-D", "-N", "localhost"], ["sinfo", "-h", "-o", "%T"], "idle"),
    ]
    with contextlib.ExitStack() as started:
        for daemon, question, answer in ready:
            started.enter_context(_daemon(daemon, folder, environment))
            wait(question, answer, folder, environment)
        yield environment


@contextlib.contextmanager
def _daemon(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    program = _program(command[0])
    assert program is not None
    with (folder / f"{command[0]}.txt").open("wb") as said:
        process = subprocess.Popen(
            [program, *command[1:]], env=environment, stdin=subprocess.DEVNULL,
            stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(question: list[str], answer: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Ask until the answer comes: a daemon that is asked by another too early gives up."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                question, env=environment, capture_output=True, text=True, check=False, timeout=10
            )
            if done.returncode == 0 and answer in done.stdout:
                return
        time.sleep(0.2)
    said = [
        line
        for path in [*sorted(folder.glob("*.log")), *sorted(folder.glob("*.txt"))]
        for line in path.read_text(errors="replace").splitlines()
        if "error" in line.lower()
    ]
    raise InputError(
        f"`{question[0]}` gets no answer of the Slurm after {PATIENCE_S} s: "
        + (said[-1] if said else "its daemons tell of no error"),
        1,
    )


def _program(name: str) -> str | None:
    # Daemons lie where an ordinary user's PATH does not lead.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
