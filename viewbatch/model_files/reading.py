"""Read a model's file by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from viewbatch.errors import ModelError
from viewbatch.model_files import contents, damage
from viewbatch.model_files.damage import CutShortError, DamageError
from viewbatch.model_files.findings import Findings
from viewbatch.model_files.kinds import Kind, kind_of

_MODULES: Mapping[Kind, str] = {
    Kind.GLTF: "gltf",
    Kind.OBJ: "obj",
    Kind.FBX: "fbx",
    Kind.PLY: "ply",
    Kind.STL: "stl",
    Kind.COLLADA: "collada",
    Kind.USD: "usd",
    Kind.ALEMBIC: "alembic",
    Kind.BLEND: "blend",
}
"""The reader of each kind; only that of the model at hand is loaded."""


def read(path: Path) -> Findings:
    """What is found in a model's file; raises `ModelError` where it must not be imported."""
    kind = kind_of(path)
    try:
        contents.check(path, kind)
        read_kind: Callable[[Path], Findings]
        read_kind = import_module(f"{__package__}.{_MODULES[kind]}").read
        return read_kind(path)
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
