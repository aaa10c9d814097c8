"""Files of glTF made of a good one by changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.gltf_files import DRACO, GltfFile
from viewbatch.errors import ModelError
from viewbatch.model_files import read

EXPORT = "; export it again"

Change = Callable[[GltfFile], object]


def reason(path: Path) -> str:
    """Why a file is refused, without what every such sentence starts with."""
    with pytest.raises(ModelError) as caught:
        read(path)
    start, _, rest = str(caught.value).partition(" cannot be imported: ")
    assert start == f"the model {path}"
    return rest


def at(*path: str | int) -> Callable[[GltfFile], dict[str, object]]:
    """Looks up an object in a file's JSON."""

    def look(file: GltfFile) -> dict[str, object]:
        found: object = file.tree
        for step in path:
            found = found[step]  # type: ignore[index]
        assert isinstance(found, dict)
        return found

    return look


def put(*path: str | int, **values: object) -> Change:
    return lambda file: at(*path)(file).update(values)


def without(*path: str | int) -> Change:
    return lambda file: at(*path[:-1])(file).pop(str(path[-1]))


POINTS = ("accessors", 0)

PRIMITIVE = ("meshes", 0, "primitives", 0)


def sparse(count: int, *indices: int) -> Change:
    def change(file: GltfFile) -> None:
        where = file.view(np.array(indices, "u2").tobytes())
        what = file.view(np.zeros((len(indices), 3), "f4").tobytes())
        file.tree["accessors"][0]["sparse"] = {
            "count": count,
            "indices": {"bufferView": where, "componentType": 5123},
            "values": {"bufferView": what},
        }

    return change


def skinned(joint: int = 0, matrix: float = 1, count: int = 1) -> Change:
    def change(file: GltfFile) -> None:
        file.primitive["attributes"] |= {
            "JOINTS_0": file.numbers(np.full((4, 4), joint, "u1")),
            "WEIGHTS_0": file.numbers(np.full((4, 4), 0.25, "f4")),
        }
        matrices = np.full((count, 16), matrix, "f4")
        file.tree["skins"] = [{"joints": [1], "inverseBindMatrices": file.numbers(matrices)}]
        file.tree["nodes"] = [{"mesh": 0, "skin": 0}, {}]

    return change


def draco(data: bytes = DRACO, name: str = "POSITION") -> Change:
    return lambda file: file.compress(data, {name: 0})


def image(uri: str) -> Change:
    return lambda file: file.texture({"uri": uri})


def all_of(*changes: Change) -> Change:
    return lambda file: [change(file) for change in changes]


def of_mode(mode: int, *corners: int) -> Change:
    def change(file: GltfFile) -> None:
        file.primitive.update(mode=mode, indices=file.numbers(np.array(corners, "u1")))

    return change
