"""Bring a model file into a fresh Blender: one table of formats, and checks after import."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy

from viewbatch.blender import versions
from viewbatch.blender.capture import message_of
from viewbatch.config.scene import UpAxis
from viewbatch.errors import ModelError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Format:
    """How files of one format are imported.

    `operators` are tried in order, and the first that this Blender has is used.
    `file_up` is the axis that points up in the file's own coordinates where the format
    or Blender's convention fixes it; None where the file states its axes itself, and the
    imported scene, z up, is what `[model] up_axis` speaks of.
    """

    name: str
    operators: tuple[tuple[str, str], ...]
    file_up: UpAxis | None
    available: str = "every supported Blender"
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


GLTF = Format(
    name="glTF",
    operators=(("import_scene", "gltf"),),
    file_up=UpAxis.Y,
    options={"disable_bone_shape": True},
)
_USD = Format(
    name="USD",
    operators=(("wm", "usd_import"),),
    file_up=None,
    available="the bpy package and the programs from blender.org",
)
# The importer in C++ (4.5) also reads ASCII files.
_FBX = Format(name="FBX", operators=(("wm", "fbx_import"), ("import_scene", "fbx")), file_up=None)
_BLEND = Format(name="Blender", operators=(), file_up=None)
_Z_UP = {"forward_axis": "Y", "up_axis": "Z"}
_PLY = Format(name="PLY", operators=(("wm", "ply_import"),), file_up=UpAxis.Z, options=_Z_UP)

FORMATS: Mapping[str, Format] = {
    ".glb": GLTF,
    ".gltf": GLTF,
    ".obj": Format(
        name="OBJ",
        operators=(("wm", "obj_import"),),
        file_up=UpAxis.Y,
        options={"forward_axis": "NEGATIVE_Z", "up_axis": "Y"},
    ),
    ".fbx": _FBX,
    ".ply": _PLY,
    ".stl": Format(name="STL", operators=(("wm", "stl_import"),), file_up=UpAxis.Z, options=_Z_UP),
    ".usd": _USD,
    ".usda": _USD,
    ".usdc": _USD,
    ".usdz": _USD,
    ".abc": Format(
        name="Alembic",
        operators=(("wm", "alembic_import"),),
        file_up=UpAxis.Y,
        available="the bpy package and the programs from blender.org",
        options={"as_background_job": False},
    ),
    ".dae": Format(
        name="Collada",
        operators=(("wm", "collada_import"),),
        file_up=None,
        available="Blender up to 4.5",
    ),
    ".blend": _BLEND,
}


def format_of(path: Path) -> Format:
    """The format of a file by its extension; raises `ModelError` for an unknown one."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = " ".join(FORMATS)
        raise ModelError(
            f"the model {path} has the extension {path.suffix or '(none)'}, "
            f"and those that can be imported are {known}"
        ) from None


def import_model(path: Path) -> Any:
    """Import a file into an empty Blender with factory settings, and return its scene.

    A user's preferences and start-up file play no part.
    """
    kind = format_of(path)
    if kind is _PLY:
        _check_ply(path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    filepath = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    try:
        if kind is _BLEND:
            # Scripts must be forbidden by name: a preference or an earlier call may allow them.
            finished = bpy.ops.wm.open_mainfile(filepath=filepath, load_ui=False, use_scripts=False)
        else:
            operator = _operator(kind, path)
            known = versions.operator_options(operator)
            options = {k: v for k, v in kind.options.items() if k in known}
            finished = operator(filepath=filepath, **options)
    except RuntimeError as error:
        raise ModelError(f"the model {path} cannot be imported: {_reason(error)}") from error
    if "FINISHED" not in finished:
        raise ModelError(
            f"the model {path} cannot be imported: Blender gave no reason; "
            f"is it really {kind.name}?"
        )
    if kind is _FBX:
        _show_invisible_materials()
    for name, where in _undecoded_images():
        log.warning(
            "the texture %s of the model cannot be read (%s); what uses it is drawn in magenta",
            name,
            where,
        )
    return bpy.context.scene


def _operator(kind: Format, path: Path) -> Any:
    for category, name in kind.operators:
        if (operator := versions.operator(category, name)) is not None:
            return operator
    raise ModelError(
        f"the model {path} is {kind.name}, which this build of Blender {versions.text()} cannot "
        f"import; {kind.available} can"
    )


def _reason(error: RuntimeError) -> str:
    reason = message_of(error)
    if "ASCII FBX" in reason:
        reason += " in this Blender; use Blender 4.5 or newer, or save it as binary FBX"
    return reason


def _check_ply(path: Path) -> None:
    """Refuse a PLY file that claims more elements than it has bytes: Blender aborts at it."""
    with path.open("rb") as file:
        header = file.read(1 << 16).partition(b"end_header")[0]
    claimed = sum(int(count) for count in re.findall(rb"^element \S+ (\d{1,30})\s*$", header, re.M))
    size = path.stat().st_size
    if claimed > size:
        raise ModelError(
            f"the model {path} cannot be imported: its header claims {claimed} elements, and the "
            f"file has {size} bytes"
        )


def _show_invisible_materials() -> None:
    """Make opaque what an FBX importer made wholly transparent.

    Many exporters write an opacity of 0 for opaque materials, and the importer in Python
    (up to 4.4) believes them.
    """
    for material in bpy.data.materials:
        if material.node_tree is None:
            continue
        for node in material.node_tree.nodes:
            alpha = node.inputs.get("Alpha") if node.type == "BSDF_PRINCIPLED" else None
            if alpha is not None and not alpha.is_linked and alpha.default_value == 0.0:
                alpha.default_value = 1.0
                log.warning(
                    "the material %s of the model is wholly transparent in the file; it is drawn "
                    "opaque",
                    material.name,
                )


def _undecoded_images() -> Iterator[tuple[str, str]]:
    """Name and place of every image in use that Blender could not load."""
    for image in bpy.data.images:
        if image.users and image.source in {"FILE", "TILED"} and image.size[0] == 0:
            where = "embedded" if image.packed_file else bpy.path.abspath(image.filepath)
            yield image.name, where or "no path"
