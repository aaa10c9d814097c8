"""What the URIs in a glTF file name: bytes in the text itself, or files beside the model."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from urllib.parse import unquote

from viewbatch.model_files.damage import DamageError
from viewbatch.model_files.gltf.container import Tree
from viewbatch.model_files.gltf.values import shown

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BASE64 = ";base64,"


def is_data(uri: str) -> bool:
    """Whether the bytes stand in the URI itself."""
    return uri.startswith("data:")


def data(uri: str, place: str) -> bytes:
    """The bytes that stand in a URI; Blender skips what is no base64, and loses them."""
    _, mark, text = uri.partition(_BASE64)
    if not mark:
        raise DamageError(f"{place}.uri holds data that is not base64, which Blender does not read")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DamageError(f"{place}.uri holds data that is damaged base64") from error


def files(tree: Tree, folder: Path) -> tuple[Path, ...]:
    """What the buffers and images of a file that has been checked name beside it."""
    named = [*(tree.get("buffers") or ()), *(tree.get("images") or ())]
    texts = [one["uri"] for one in named if one.get("uri") and not is_data(one["uri"])]
    return tuple(folder / path(text, "", inside=False) for text in texts)


def path(uri: str, place: str, *, inside: bool) -> Path:
    """The file that a relative URI names, from the model's folder.

    A model may be anybody's: it must not make the generator read what its user never meant
    to show. `inside`: also a path that leaves the model's folder is refused.
    """
    # Blender's importer also takes a backslash for a slash.
    relative = unquote(uri.replace("\\", "/"))
    if not uri or "\0" in relative:
        raise DamageError(f"{place}.uri is {shown(uri)}, which names no file")
    if relative.startswith("/") or _SCHEME.match(relative):
        raise DamageError(
            f"{place}.uri is {shown(uri)}, and files are read by relative paths alone",
            "put the file beside the model and name it there",
        )
    depth = 0
    for part in relative.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if inside and depth < 0:
            raise DamageError(
                f"{place}.uri is {shown(uri)}, which leaves the model's folder",
                "put the file beside the model and name it there",
            )
    return Path(relative)
