"""The textures of a glTF file: images that Blender reads, and none from anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

from viewbatch.model_files.damage import DamageError
from viewbatch.model_files.gltf import uris
from viewbatch.model_files.gltf.container import Tree
from viewbatch.model_files.gltf.data import Data
from viewbatch.model_files.gltf.values import shown

KTX2_ADVICE = "convert its KTX2 textures to PNG, for example with gltf-transform ktxdecompress"

_READ = "EXT_texture_webp"


def check(tree: Tree, data: Data, folder: Path) -> None:
    """Raise `DamageError` where Blender would read a file it must not, or leave a texture out.

    An image that is missing or damaged is found after the import.
    """
    for i, texture in enumerate(tree.get("textures") or ()):
        extensions = texture.get("extensions") or {}
        if texture.get("source") is not None or _READ in extensions:
            continue
        for name, extension in extensions.items():
            if "source" in extension:
                raise DamageError(
                    f"textures[{i}] is given as {shown(name)[1:-1]} alone, which Blender does not "
                    "read",
                    KTX2_ADVICE if name == "KHR_texture_basisu" else "save its textures as PNG",
                )
    for i, image in enumerate(tree.get("images") or ()):
        place = f"images[{i}]"
        uri, view = image.get("uri"), image.get("bufferView")
        if (uri is None) == (view is None):
            found = "both uri and bufferView" if uri else "neither uri nor bufferView"
            raise DamageError(f"{place} has {found}, and must have one of them")
        if view is not None:
            data.view(view)
        elif uris.is_data(uri):
            uris.data(uri, place)
        else:
            path = folder / uris.path(uri, place, inside=False)
            # A name may be too long for Path.
            if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
                raise DamageError(f"{place}.uri is {shown(uri)}, which is no file")
