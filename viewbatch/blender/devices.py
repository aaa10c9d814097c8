"""What Cycles renders on: the CPU, or the GPUs that the configuration chooses."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from viewbatch.config.render import ComputeDeviceType, CyclesConfig
from viewbatch.errors import UsageError

log = logging.getLogger(__name__)

Found = Mapping[ComputeDeviceType, Sequence[str]]
"""Names of the GPUs by each type of device that this build of Blender supports, in order."""


@dataclass(frozen=True)
class Device:
    """What Cycles renders on."""

    kind: ComputeDeviceType | None
    """How the GPUs are driven; None is the CPU."""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As in `dataset.json`: "CPU", or "OPTIX: NVIDIA H200 + NVIDIA H200"."""
        return "CPU" if self.kind is None else f"{self.kind}: {' + '.join(self.names)}"


CPU = Device(None)


class NoSuchDeviceError(UsageError):
    """What the configuration asks for is not there."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem


@dataclass(frozen=True)
class Selection:
    """GPUs of one type, by their positions among those of that type."""

    kind: ComputeDeviceType
    positions: tuple[int, ...]


def enable(config: CyclesConfig) -> Device:
    """Make Cycles use exactly the chosen devices.

    They stand in the preferences, of which only the copy in memory changes; factory
    settings must have been loaded, which know of no device.
    """
    if config.device == "CPU":
        return CPU
    preferences = bpy.context.preferences.addons["cycles"].preferences
    supported = {name for name, *_ in preferences.get_device_types(bpy.context)}
    kinds = [k for k in ComputeDeviceType if k in supported]
    # Asking may enlarge the array in which the entries lie, so all are asked for first.
    for name in ("CPU", *map(str, kinds)):
        preferences.get_device_list(name)
    entries = {kind: [e for e in preferences.devices if e.type == kind] for kind in kinds}
    found = {kind: [entry.name for entry in entries[kind]] for kind in kinds}
    [cpu] = [entry.name for entry in preferences.devices if entry.type == "CPU"]
    try:
        selection = select(found, cpu, config)
    except NoSuchDeviceError as error:
        if config.fallback == "none":
            raise
        log.warning("%s; rendering on the CPU", error.problem)
        return CPU
    chosen = [entries[selection.kind][position] for position in selection.positions]
    _use(preferences, selection.kind, chosen)
    return Device(selection.kind, tuple(entry.name for entry in chosen))


def _use(preferences: Any, kind: ComputeDeviceType, chosen: Sequence[Any]) -> None:
    preferences.compute_device_type = str(kind)
    wanted = {entry.id for entry in chosen}
    for entry in preferences.devices:
        entry.use = entry.type == kind and entry.id in wanted


def select(found: Found, cpu: str, config: CyclesConfig) -> Selection:
    """The GPUs that a configuration asks for; raises `NoSuchDeviceError`, which lists all."""
    if config.compute_device_type is ComputeDeviceType.AUTO:
        kinds, what = list(found), "GPU that Cycles can use"
    else:
        kinds, what = [config.compute_device_type], f"{config.compute_device_type} device"
    # The members of the type stand in the order of preference.
    kind = next((k for k in ComputeDeviceType if k in kinds and found.get(k)), None)
    if kind is None:
        raise NoSuchDeviceError(
            f'render.cycles.device is "GPU", and there is no {what} ({_there(found, cpu)})',
            'set render.cycles.device "CPU", or render.cycles.fallback "cpu"',
        )
    names = found[kind]
    positions: set[int] = set()
    for wanted in config.devices:
        matching = {
            i
            for i, name in enumerate(names)
            if (i == wanted if isinstance(wanted, int) else wanted.casefold() in name.casefold())
        }
        if not matching:
            label = str(wanted) if isinstance(wanted, int) else f'"{wanted}"'
            raise NoSuchDeviceError(
                f"render.cycles.devices holds {label}, which is no {kind} device "
                f"({_there(found, cpu)})",
                "name one of these by its number or a part of its name",
            )
        positions |= matching
    return Selection(kind, tuple(sorted(positions)) or tuple(range(len(names))))


def _there(found: Found, cpu: str) -> str:
    """What this build supports and what it found, for an error."""
    supported = ", ".join(found) or "no GPU"
    lists = [
        f"{kind} {', '.join(f'{i}: {name}' for i, name in enumerate(names))}"
        for kind, names in found.items()
        if names
    ]
    return (
        f"this build of Blender supports {supported}; found: "
        f"{'; '.join([*lists, f'the CPU {cpu}'])}"
    )
