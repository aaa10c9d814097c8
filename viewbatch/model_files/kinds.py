"""The kinds of files that can be models."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from viewbatch.errors import ModelError


class Kind(Enum):
    """A format; the value is its name as the user reads it."""

    GLTF = "glTF"
    OBJ = "OBJ"
    FBX = "FBX"
    PLY = "PLY"
    STL = "STL"
    USD = "USD"
    ALEMBIC = "Alembic"
    COLLADA = "Collada"
    BLEND = "Blender"


EXTENSIONS: Mapping[str, Kind] = {
    ".glb": Kind.GLTF,
    ".gltf": Kind.GLTF,
    ".obj": Kind.OBJ,
    ".fbx": Kind.FBX,
    ".ply": Kind.PLY,
    ".stl": Kind.STL,
    ".usd": Kind.USD,
    ".usda": Kind.USD,
    ".usdc": Kind.USD,
    ".usdz": Kind.USD,
    ".abc": Kind.ALEMBIC,
    ".dae": Kind.COLLADA,
    ".blend": Kind.BLEND,
}


def kind_of(path: Path) -> Kind:
    """The kind of a file by its extension; raises `ModelError` for an unknown one."""
    try:
        return EXTENSIONS[path.suffix.lower()]
    except KeyError:
        known = " ".join(EXTENSIONS)
        raise ModelError(
            f"the model {path} has the extension {path.suffix or '(none)'}, "
            f"and those that can be imported are {known}"
        ) from None
