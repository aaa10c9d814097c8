"""Bring a model file into a fresh Blender: one table of formats, and checks after import."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy
import numpy as np

from viewbatch.blender import companions, draco, versions
from viewbatch.blender.blend_file import open_blend
from viewbatch.blender.capture import message_of
from viewbatch.config.scene import UpAxis
from viewbatch.errors import ModelError
from viewbatch.model_files import KTX2_ADVICE, Findings, Kind, kind_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Format:
    """How files of one format are imported.

    `operators` are tried in order, and the first that this Blender has is used.
    `file_up` is the axis that points up in the file's own coordinates where the format
    or Blender's convention fixes it; None where the file states its axes itself, and the
    imported scene, z up, is what `[model] up_axis` speaks of.
    """

    operators: tuple[tuple[str, str], ...]
    file_up: UpAxis | None
    available: str = "every supported Blender"
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


_FROM_BLENDER_ORG = "the bpy package and the programs from blender.org"
_Z_UP = {"forward_axis": "Y", "up_axis": "Z"}

FORMATS: Mapping[Kind, Format] = {
    Kind.GLTF: Format(
        operators=(("import_scene", "gltf"),),
        file_up=UpAxis.Y,
        options={"disable_bone_shape": True},
    ),
    Kind.OBJ: Format(
        operators=(("wm", "obj_import"),),
        file_up=UpAxis.Y,
        options={"forward_axis": "NEGATIVE_Z", "up_axis": "Y"},
    ),
    # The importer in C++ (4.5) also reads ASCII files.
    Kind.FBX: Format(operators=(("wm", "fbx_import"), ("import_scene", "fbx")), file_up=None),
    Kind.PLY: Format(operators=(("wm", "ply_import"),), file_up=UpAxis.Z, options=_Z_UP),
    Kind.STL: Format(operators=(("wm", "stl_import"),), file_up=UpAxis.Z, options=_Z_UP),
    Kind.USD: Format(operators=(("wm", "usd_import"),), file_up=None, available=_FROM_BLENDER_ORG),
    Kind.ALEMBIC: Format(
        operators=(("wm", "alembic_import"),),
        file_up=UpAxis.Y,
        available=_FROM_BLENDER_ORG,
        options={"as_background_job": False},
    ),
    Kind.COLLADA: Format(
        operators=(("wm", "collada_import"),),
        file_up=None,
        available=f"{_FROM_BLENDER_ORG} up to 4.5",
    ),
    Kind.BLEND: Format(operators=(), file_up=None),
}

_MESHOPT_ADVICE = "save it without that compression, or use Blender 5.2"
_WITHOUT_EXTENSION = {
    "EXT_meshopt_compression": _MESHOPT_ADVICE,
    "KHR_meshopt_compression": _MESHOPT_ADVICE,
    "KHR_texture_basisu": KTX2_ADVICE,
}

_CONSOLE = re.compile(r",? \(?see (Blender )?console( for detail)?\)?", re.IGNORECASE)


def import_model(path: Path) -> Any:
    """Import a file into an empty Blender with factory settings, and return its scene.

    A user's preferences and start-up file play no part.
    """
    kind = kind_of(path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    filepath = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    if filepath.startswith("//"):  # to Blender, beside the file that is open
        filepath = filepath[1:]
    opened = (
        open_blend(path, filepath) if kind is Kind.BLEND else _call_importer(kind, path, filepath)
    )
    if "FINISHED" not in opened:
        raise ModelError(
            f"the model {path} cannot be imported: Blender gave no reason; "
            f"is it really {kind.value}?"
        )
    companions.check(path)  # before anything reads what would never answer
    _correct_meshes()
    if kind is Kind.FBX:
        _show_invisible_materials()
    for name, where in _undecoded_images(kind):
        log.warning(
            "the texture %s of the model cannot be read (%s); what uses it is drawn in magenta",
            name,
            where,
        )
    return bpy.context.scene


def check_imported(path: Path, findings: Findings) -> None:
    """Raise `ModelError` where fewer faces were imported than the file holds."""
    imported = sum(len(mesh.polygons) for mesh in bpy.data.meshes)
    if findings.faces is not None and imported < findings.faces:
        raise ModelError(
            f"the model {path} cannot be imported whole: Blender made {imported} of its "
            f"{findings.faces} faces; repair the file, or save it in another format"
        )


def _call_importer(kind: Kind, path: Path, filepath: str) -> AbstractSet[str]:
    """What its operator answers."""
    operator = _operator(kind, path)
    known = versions.operator_options(operator)
    options = {k: v for k, v in FORMATS[kind].options.items() if k in known}
    try:
        with draco.watched(path):
            answer: AbstractSet[str] = operator(filepath=filepath, **options)
    except RuntimeError as error:
        raise ModelError(f"the model {path} cannot be imported: {_reason(error)}") from error
    return answer


def _operator(kind: Kind, path: Path) -> Any:
    for category, name in FORMATS[kind].operators:
        if (operator := versions.operator(category, name)) is not None:
            return operator
    raise ModelError(
        f"the model {path} is {kind.value}, which this build of Blender {versions.text()} cannot "
        f"import; {FORMATS[kind].available} can"
    )


def _reason(error: RuntimeError) -> str:
    reason = message_of(error)
    if "ASCII FBX" in reason:
        reason += " in this Blender; use Blender 4.5 or newer, or save it as binary FBX"
    if unknown := re.fullmatch(r"Extension (\S+) is not available on this addon version", reason):
        name = unknown[1]
        reason = (
            f"it needs the glTF extension {name}, which Blender {versions.text()} does not know; "
            + _WITHOUT_EXTENSION.get(name, "save it without that extension")
        )
    # The console is the user's, and what Blender prints there is hidden from it.
    return _CONSOLE.sub("; --debug shows why", reason)


def _correct_meshes() -> None:
    """Have Blender check what it trusts blindly from here on, such as which vertices are meant.

    A mesh with coordinates that are no numbers is left alone: it would get others in their
    place, and is refused where it is rendered.
    """
    for mesh in bpy.data.meshes:
        coordinates = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", coordinates)
        if np.isfinite(coordinates).all() and mesh.validate():
            log.warning(
                "the mesh %s of the model contradicts itself, as in faces with vertices that do "
                "not exist; Blender corrected it or left the faces out",
                mesh.name,
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


def _undecoded_images(kind: Kind) -> Iterator[tuple[str, str]]:
    """Name and place of every image that a rendered material shows and Blender could not load."""
    for image in _drawn_images():
        if image.source in {"FILE", "TILED"} and image.size[0] == 0:
            path = bpy.path.abspath(image.filepath)
            # The importer of glTF also packs what it read from a file.
            embedded = image.packed_file and (kind is not Kind.GLTF or not path)
            yield image.name, "embedded" if embedded else path or "no path"


def _drawn_images() -> list[Any]:
    """The images in nodes that lead anywhere, of the materials of objects that are rendered."""
    pending = [
        slot.material.node_tree
        for thing in bpy.data.objects
        if not thing.hide_render
        for slot in thing.material_slots
        if slot.material is not None
    ]
    trees: set[int] = set()
    images: dict[str, Any] = {}
    while pending:
        tree = pending.pop()
        if tree is None or tree.as_pointer() in trees:
            continue
        trees.add(tree.as_pointer())
        for node in tree.nodes:
            pending.append(getattr(node, "node_tree", None))
            image = getattr(node, "image", None)
            if image is not None and any(output.is_linked for output in node.outputs):
                images[image.name_full] = image
    return list(images.values())
