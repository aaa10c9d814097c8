"""Read a model's file by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from viewbatch.errors import ModelError
from viewbatch.model_files import (
    alembic,
    blend,
    collada,
    contents,
    damage,
    fbx,
    gltf,
    obj,
    ply,
    stl,
    usd,
)
from viewbatch.model_files.damage import CutShortError, DamageError
from viewbatch.model_files.findings import Findings
from viewbatch.model_files.kinds import Kind, kind_of

_READERS: Mapping[Kind, Callable[[Path], Findings]] = {
    Kind.GLTF: gltf.read,
    Kind.OBJ: obj.read,
    Kind.FBX: fbx.read,
    Kind.PLY: ply.read,
    Kind.STL: stl.read,
    Kind.COLLADA: collada.read,
    Kind.USD: usd.read,
    Kind.ALEMBIC: alembic.read,
    Kind.BLEND: blend.read,
}


def read(path: Path) -> Findings:
    """What is found in a model's file; raises `ModelError` where it must not be imported."""
    kind = kind_of(path)
    try:
        contents.check(path, kind)
        return _READERS[kind](path)
    except CutShortError as error:
        raise ModelError(f"the model {path} is cut short: {error}") from None
    except DamageError as error:
        raise ModelError(f"the model {path} cannot be imported: {error}") from None
    except OSError as error:
        raise unreadable(path, error) from error
    except (ModelError, MemoryError):
        raise
    except Exception as error:
        told = damage.shown(str(error).encode("utf-8", "replace"))
        raise ModelError(
            f"the model {path} cannot be read ({type(error).__name__}: {told}); it is damaged, or "
            "of a kind that is not known here; export it again"
        ) from error


def unreadable(path: Path, error: OSError) -> ModelError:
    """What to raise where the system does not let a model's file be read."""
    return ModelError(f"the model {path} cannot be read: {error.strerror or error}; check the file")
