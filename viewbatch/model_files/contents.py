"""Tell what a file is from its first bytes, whatever its name says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from viewbatch.errors import ModelError
from viewbatch.model_files.damage import COPY_AGAIN, DamageError
from viewbatch.model_files.kinds import Kind

HEAD = 4096

# What formats begin with, and the extension that they need.
_MODELS: Sequence[tuple[re.Pattern[bytes], Kind, str]] = [
    (re.compile(begin), kind, extension)
    for begin, kind, extension in [
        (rb"glTF", Kind.GLTF, ".glb"),
        (rb'\s*\{(?s:.*)"(asset|accessors|bufferViews|meshes)"\s*:', Kind.GLTF, ".gltf"),
        (rb"Kaydara FBX Binary", Kind.FBX, ".fbx"),
        (rb"; FBX \d", Kind.FBX, ".fbx"),
        (rb"ply\r?\n", Kind.PLY, ".ply"),
        (rb"PXR-USDC", Kind.USD, ".usdc"),
        (rb"#usda ", Kind.USD, ".usda"),
        (rb"Ogawa", Kind.ALEMBIC, ".abc"),
        (rb"(\xef\xbb\xbf)?\s*<(?s:.*)<COLLADA\b", Kind.COLLADA, ".dae"),
        (rb"(\xef\xbb\xbf)?\s*<COLLADA\b", Kind.COLLADA, ".dae"),
        (rb"BLENDER", Kind.BLEND, ".blend"),
        (rb"solid\b[^\n]*\n\s*facet normal ", Kind.STL, ".stl"),
    ]
]

_OTHERS: Sequence[tuple[re.Pattern[bytes], str]] = [
    (re.compile(begin), said)
    for begin, said in [
        (rb"version https://git-lfs\.", "is a Git LFS pointer; run git lfs pull"),
        (
            rb"(?i)(\xef\xbb\xbf)?\s*(<!doctype html|<html)",
            "is an HTML page; download the file itself",
        ),
        (rb"\x89PNG\r\n", "is a PNG image; name a model"),
        (rb"\xff\xd8\xff", "is a JPEG image; name a model"),
        (rb"GIF8", "is a GIF image; name a model"),
        (rb"RIFF....WEBP", "is a WebP image; name a model"),
        (rb"%PDF-", "is a PDF document; name a model"),
        (rb"\x7fELF|MZ\x90", "is a program; name a model"),
        (rb"Rar!|7z\xbc\xaf", "is an archive; unpack it and name the model in it"),
    ]
]
_ZIP = re.compile(rb"PK\x03\x04")
_GZIP = re.compile(rb"\x1f\x8b")
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff")
_TEXT_OF_BYTES = {Kind.OBJ, Kind.STL, Kind.PLY, Kind.FBX}


def check(path: Path, kind: Kind) -> None:
    """Raise an error where a file holds something else than its extension says."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise DamageError("the file is empty", COPY_AGAIN)
    for begin, found, extension in _MODELS:
        if begin.match(head):
            if found is not kind:
                raise ModelError(
                    f"the model {path} is {found.value} by its content; name it "
                    f"{path.with_suffix(extension).name}"
                )
            return
    if kind is not Kind.STL and _is_binary_stl(head, path.stat().st_size):
        raise ModelError(
            f"the model {path} is STL by its content; name it {path.with_suffix('.stl').name}"
        )
    for begin, said in _OTHERS:
        if begin.match(head):
            raise ModelError(f"the model {path} {said}")
    # USDZ is a ZIP archive, and a .blend of before 3.0 may be packed with gzip.
    packed = _ZIP.match(head) and kind is not Kind.USD
    if packed or (_GZIP.match(head) and kind is not Kind.BLEND):
        raise ModelError(
            f"the model {path} is a packed archive; unpack it and name the model in it"
        )
    if kind in _TEXT_OF_BYTES and _UTF_16.match(head):
        raise ModelError(f"the model {path} is UTF-16 text; save it as UTF-8")


def _is_binary_stl(head: bytes, size: int) -> bool:
    """Whether a file has as many bytes as the triangles that a header would count."""
    count = int.from_bytes(head[80:84], "little")
    return count > 0 and size == 84 + 50 * count
