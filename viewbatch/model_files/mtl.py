"""MTL: what an OBJ file says of its materials."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from viewbatch.model_files import damage, places
from viewbatch.model_files.damage import DamageError, Defect

_TEXTURE = re.compile(rb"(?i)\s*(?:map_\w+|bump|disp|decal|norm|refl)\s+(.+)")
_GAP = re.compile(rb"\s+")
_MOST_OPTIONS = 4096
"""Bytes before a texture's name."""
_GREY = "which Blender draws in plain grey"


def files(path: Path, libraries: Iterable[bytes]) -> tuple[Path, ...]:
    """The material files of an OBJ file that there are."""
    named = [path.with_suffix(".mtl"), *(_library(path, name) for name in libraries)]
    return tuple(library for library in dict.fromkeys(named) if os.path.isfile(library))  # noqa: PTH113


def defects(path: Path, libraries: Iterable[bytes], used: Iterable[bytes]) -> Iterator[Defect]:
    """Material files that do not exist, and materials that none defines.

    Blender also looks into a file with the model's own name.
    """
    missing: list[bytes] = []
    defined = _defined(path.with_suffix(".mtl"))
    for name in dict.fromkeys(libraries):
        library = _library(path, name)
        places.check(_text(name), str(library))
        if os.path.isdir(library):  # noqa: PTH112 - a name may be too long for Path
            raise DamageError(f"its material file {damage.shown(name)} is no file", "name another")
        if os.path.isfile(library):  # noqa: PTH113
            defined |= _defined(library)
        else:
            missing.append(name)
    undefined = [name for name in used if name not in defined]
    if not undefined:
        return
    if missing:
        own = damage.plural(len(undefined), "material")
        absent = Defect(
            "material file that does not exist",
            "material files that do not exist",
            f"and {own} that no file defines, {_GREY}",
            place="",
        )
        absent.add([damage.shown(name) for name in missing])
        yield absent
    else:
        what = "that no material file defines"
        unknown = Defect(f"material {what}", f"materials {what}", _GREY, place="")
        unknown.add([damage.shown(name) for name in undefined])
        yield unknown


def _library(path: Path, name: bytes) -> Path:
    """Joined as text, as Blender does: an absolute name does not leave the folder."""
    return Path(f"{path.parent}/{_text(name)}")


def _text(name: bytes) -> str:
    return name.strip(b'"').decode("utf-8", "surrogateescape")


def _defined(library: Path) -> set[bytes]:
    """The materials of a file; what it names as textures must not be pipes."""
    places.check(library.name, str(library))
    if not os.path.isfile(library):  # noqa: PTH113 - a name may be too long for Path
        return set()
    defined = set()
    with library.open("rb") as file:
        for line in file:
            words = line.strip().split(None, 1)
            if words[:1] == [b"newmtl"] and len(words) == 2:
                defined.add(words[1].strip())
            elif (texture := _TEXTURE.match(line)) is not None:
                _check_texture(library.parent, texture[1].strip())
    return defined


def _check_texture(folder: Path, text: bytes) -> None:
    """Check all that a texture's name can be: options of any number stand before it."""
    for words in [text, *(text[gap.end() :] for gap in _GAP.finditer(text, 0, _MOST_OPTIONS))]:
        name = os.fsdecode(words.strip(b'"')).replace("\\", "/")
        for form in (name, name.replace("_", " ")):
            base = form.rpartition("/")[2]
            places.check(form, form, f"{folder}/{form}", f"{folder}/{base}")
