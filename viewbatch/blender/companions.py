"""The files that an imported model reads beside its own: textures, buffers, linked files."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import bpy

from viewbatch.dataset.reader import hash_file
from viewbatch.errors import ModelError
from viewbatch.model_files import places
from viewbatch.model_files.damage import DamageError

log = logging.getLogger(__name__)

_TILE = "<UDIM>"
_MOST_NAMED = 3


def hashes(model: Path, found: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of those that exist, by `ModelRecord`'s names, of the model that was imported last.

    `found` are those that Blender has read and not kept by name. What lies elsewhere than below
    the model's folder is told: it may have been the user's, and not the model's, until now.
    """
    own, temporary = _absolute(model), _absolute(Path(bpy.app.tempdir))
    by_name: dict[str, set[str]] = {}
    outside = []
    for path in sorted({_absolute(path) for path in (*found, *_named_by_blender())}):
        # What an importer unpacks for itself is part of the model's own file.
        if path == own or path.is_relative_to(temporary) or not os.path.isfile(path):  # noqa: PTH113
            continue
        try:
            digest = hash_file(path)
        except OSError:  # what Blender could not read either, and has been told
            continue
        if path.is_relative_to(own.parent):
            name = path.relative_to(own.parent).as_posix()
        else:
            name = path.name
            outside.append(str(path))
        name = os.fsencode(name).decode("utf-8", "backslashreplace")
        by_name.setdefault(name, set()).add(digest)
    if outside:
        one = len(outside) == 1
        log.warning(
            "the model reads %s from outside its folder (%s), and images may show %s",
            "a file" if one else f"{len(outside)} files",
            ", ".join(outside[:_MOST_NAMED]) + (", ..." if len(outside) > _MOST_NAMED else ""),
            "it" if one else "them",
        )
    return {
        name: of.pop() if len(of) == 1 else hashlib.sha256("".join(sorted(of)).encode()).hexdigest()
        # By name, wherever the files lie: `dataset.json` is the same on every machine.
        for name, of in sorted(by_name.items())
    }


def check(model: Path) -> None:
    """Raise `ModelError` where the model that was imported last names a pipe or a device."""
    try:
        for path in _named_by_blender():
            places.check(path.name, str(path))
    except DamageError as error:
        raise ModelError(f"the model {model} cannot be imported: {error}") from None


def _absolute(path: Path) -> Path:
    """As the file is named: of a model that is a link, Blender looks beside the link."""
    text = os.path.abspath(path)  # noqa: PTH100 - see above
    return Path(text[1:] if text.startswith("//") else text)


def _named_by_blender() -> Iterator[Path]:
    for name in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        path = Path(name)
        if _TILE in path.name:
            yield from path.parent.glob(path.name.replace(_TILE, "[0-9]" * 4))
        else:
            yield path
