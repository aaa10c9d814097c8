"""The files that are damaged."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.shared.errors import InputError
from scripts.shared.hosts import ROOT, Host

EXTENSIONS = frozenset(
    {".glb", ".gltf", ".obj", ".fbx", ".ply", ".stl", ".usd", ".usda", ".usdc", ".usdz", ".abc"}
    | {".dae", ".blend"}
)
OWN = ROOT / "references" / "models"
_EXPORTS = Path(__file__).with_name("exports.py")


@dataclass(frozen=True)
class Subject:
    """A file of a model: the model itself, or what belongs to it."""

    model: Path
    file: Path
    alone: bool
    """Whether the model has its folder to itself, with all that belongs to it."""

    @property
    def name(self) -> str:
        """Short, with the folder."""
        home = self.model.parent
        return f"{home.name}/{self.file.relative_to(home).as_posix()}"

    def copy(self, folder: Path) -> tuple[Path, Path]:
        """The model and the file in a folder of their own, to be damaged there."""
        if not self.alone:
            folder.mkdir(parents=True)
            copied = folder / self.model.name
            copied.write_bytes(self.model.read_bytes())
            return copied, copied
        home = self.model.parent
        # Not its permissions: the file is written again.
        shutil.copytree(home, folder, copy_function=shutil.copyfile)
        return folder / self.model.name, folder / self.file.relative_to(home)


def export(host: Host, folder: Path) -> None:
    """Let a host write a model in all its formats; raises `InputError` where it cannot."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        host.command(_EXPORTS, [folder]), capture_output=True, text=True, check=False, timeout=300
    )
    if not any(folder.iterdir()):
        last = (done.stderr.splitlines() or ["it said nothing"])[-1]
        raise InputError(
            f"{host.program} wrote no model to damage ({last}); name a Blender program or a "
            "Python with bpy"
        )


def subjects(folders: Sequence[Path]) -> list[Subject]:
    """Every file of the models in these folders, those that are not empty."""
    found = []
    for folder in folders:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        models = [path for path in files if path.suffix.lower() in EXTENSIONS]
        for model in models:
            beside = [path for path in files if path.is_relative_to(model.parent)]
            alone = not any(path in models for path in beside if path != model)
            for file in beside if alone else [model]:
                if file.stat().st_size:
                    found.append(Subject(model, file, alone))
    if not found:
        raise InputError(
            f"there is no model in {', '.join(map(str, folders))}; name a folder that holds some"
        )
    return found
