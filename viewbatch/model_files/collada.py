"""Collada: XML whose lists Blender takes on trust.

What it does was measured (4.2 and 4.5): it takes as much memory as an accessor states, moves
a vertex that is NaN or infinite to the origin, leaves out faces that refer to missing
vertices, and instances of what is not there, and textures that do not exist, and dies of a
sampler whose surface is missing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from viewbatch.errors import ModelError
from viewbatch.model_files import damage, numbers, places
from viewbatch.model_files.damage import CutShortError, DamageError, Defect
from viewbatch.model_files.findings import Findings

DEEPEST = 255
"""Blender's own parser ends here."""

_CUT = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}
_PRIMITIVES = {"triangles", "polylist", "polygons", "tristrips", "trifans", "lines", "linestrips"}
_INSTANCES = {"instance_geometry", "instance_controller", "instance_node", "instance_visual_scene"}
_TEXTS = {"float_array", "p", "vcount", "init_from", "ref", "source"}


@dataclass
class _Primitive:
    """A list of faces; `line` is where it stands."""

    kind: str
    line: int
    count: int
    inputs: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Source and offset by semantic; of several texture coordinates, one."""
    width: int = 0
    corners: list[npt.NDArray[Any]] = field(default_factory=list)
    sizes: npt.NDArray[Any] | None = None


def _missing() -> Defect:
    what = "to missing vertices"
    return Defect(
        f"face that refers {what}", f"faces that refer {what}", "which Blender leaves out"
    )


def _absent() -> Defect:
    one = "instance of what the file does not hold"
    return Defect(one, one.replace("instance", "instances", 1), "which Blender leaves out", "")


def _textures() -> Defect:
    effect = "without which Blender draws its materials"
    return Defect("texture that does not exist", "textures that do not exist", effect, "")


@dataclass
class _Document:
    """What the elements so far hold."""

    parser: Any
    path: list[str] = field(default_factory=list)
    text: list[str] | None = None
    line: int = 0
    ids: set[str] = field(default_factory=set)
    urls: dict[str, None] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    image: str = ""
    used_images: set[str] = field(default_factory=set)
    in_effect: bool = False
    parameters: set[str] = field(default_factory=set)
    samplers: list[str] = field(default_factory=list)
    """What the effect at hand defines, and what it refers to."""
    source: str = ""
    array: npt.NDArray[Any] | None = None
    array_line: int = 0
    stated: int = 0
    rows: dict[str, tuple[int, npt.NDArray[Any], int]] = field(default_factory=dict)
    """Of each source its count, its numbers as rows, and its line."""
    positions: dict[str, str] = field(default_factory=dict)
    """The source of positions by the element `vertices`."""
    vertices: str = ""
    primitive: _Primitive | None = None
    primitives: list[_Primitive] = field(default_factory=list)
    faces: int = 0
    unplaced: Defect = field(
        default_factory=lambda: damage.points("which Blender moves to the origin")
    )
    dangling: Defect = field(default_factory=_missing)
    small: Defect = field(default_factory=damage.small_faces)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self.path and name != "COLLADA":
            raise DamageError(
                f"its XML begins with {damage.shown(name.encode())}, and not with COLLADA"
            )
        self.path.append(name)
        if len(self.path) > DEEPEST:
            raise DamageError(f"its elements are nested more than {DEEPEST} deep")
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if name in _TEXTS and (name != "source" or self.in_effect):
            self.text, self.line = [], self.parser.CurrentLineNumber
        if name in _INSTANCES:
            self.urls[attributes.get("url", "")] = None
        elif name == "source":
            self.source, self.array = attributes.get("id", ""), None
        elif name == "float_array":
            self.stated = _number(attributes, "count")
        elif name == "accessor" and self.array is not None:
            self._accessor(attributes)
        elif name == "vertices":
            self.vertices = attributes.get("id", "")
        elif name in _PRIMITIVES:
            self.primitive = _Primitive(
                name, self.parser.CurrentLineNumber, _number(attributes, "count")
            )
        elif name == "input":
            self._input(attributes)
        elif name == "image":
            self.image = attributes.get("id", "")
        elif name == "effect":
            self.in_effect = True
            self.parameters.clear()
            self.samplers.clear()
        elif name == "newparam":
            self.parameters.add(attributes.get("sid", ""))
        elif name == "instance_image":
            self.used_images.add(attributes.get("url", "")[1:])

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self.path.pop()
        text = "".join(self.text or ())
        if name in _TEXTS:
            self.text = None
        if name == "float_array":
            self.array, self.array_line = self._numbers(text, np.float64), self.line
            if len(self.array) != self.stated:
                raise DamageError(
                    f"the float_array in line {self.line} states {self.stated} numbers and has "
                    f"{len(self.array)}"
                )
        elif name == "p" and self.primitive:
            self.primitive.corners.append(self._numbers(text, np.int64))
        elif name == "vcount" and self.primitive:
            self.primitive.sizes = self._numbers(text, np.int64)
        elif name in {"init_from", "ref"} and text.strip():
            if self.in_effect:
                self.used_images.add(text.strip())
            elif self.image:
                self.images[self.image] = text.strip()
        elif name == "source" and self.in_effect:
            self.samplers.append(text.strip())
        elif name == "image":
            self.image = ""
        elif name == "effect":
            self.in_effect = False
            for sampler in self.samplers:
                if sampler not in self.parameters:
                    raise DamageError(
                        f"an effect refers to {_name(sampler)}, which it does not define"
                    )
        elif name == "vertices":
            self.vertices = ""
        elif name in _PRIMITIVES and self.primitive:
            self.primitives.append(self.primitive)
            self.primitive = None
        elif name == "mesh":
            for primitive in self.primitives:
                self._check(primitive)
            self.primitives.clear()
            self.rows.clear()

    def characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _numbers(self, text: str, kind: Any) -> npt.NDArray[Any]:
        array = numbers.parse(text.encode("ascii", "replace"), kind)
        if array is None:
            raise DamageError(f"the list in line {self.line} holds what is no number")
        return array

    def _accessor(self, attributes: Mapping[str, str]) -> None:
        assert self.array is not None
        count, stride = _number(attributes, "count"), _number(attributes, "stride", 1)
        offset = _number(attributes, "offset", 0)
        if offset + count * stride > len(self.array):
            raise DamageError(
                f"the accessor in line {self.parser.CurrentLineNumber} reads beyond its array"
            )
        rows = self.array[offset : offset + count * stride].reshape(count, stride)
        self.rows[self.source] = count, rows, self.array_line

    def _input(self, attributes: Mapping[str, str]) -> None:
        semantic, source = attributes.get("semantic", ""), attributes.get("source", "")[1:]
        if self.primitive:
            offset = _number(attributes, "offset", 0)
            self.primitive.inputs[semantic] = source, offset
            self.primitive.width = max(self.primitive.width, offset + 1)
        elif self.vertices and semantic == "POSITION":
            self.positions[self.vertices] = source

    def _check(self, primitive: _Primitive) -> None:
        vertices, offset = primitive.inputs.get("VERTEX", ("", 0))
        source = self.positions.get(vertices) or vertices
        if source in self.rows:
            count, rows, line = self.rows[source]
            bad = np.count_nonzero(numbers.unusable(rows))
            self.unplaced.add(np.full(bad, line))
            self.rows[source] = count, rows[:0], line  # counted once
        else:
            raise DamageError(f"the faces in line {primitive.line} have no positions")
        if primitive.width == 0:
            raise DamageError(f"the faces in line {primitive.line} have no input")
        if primitive.kind not in {"triangles", "polylist", "polygons"}:
            return
        indices = np.concatenate([np.empty(0, np.int64), *primitive.corners])
        given = len(indices) // primitive.width  # corners, of which nothing larger is made
        if primitive.kind == "triangles":
            sizes = np.full(given // 3, 3)
        elif primitive.kind == "polylist" and primitive.sizes is not None:
            sizes = primitive.sizes
        else:
            sizes = np.array([len(p) // primitive.width for p in primitive.corners], np.int64)
        in_range = ((sizes >= 0) & (sizes <= given)).all()
        if (
            len(sizes) != primitive.count
            or not in_range
            or int(sizes.sum()) * primitive.width != len(indices)
        ):
            raise DamageError(
                f"the {primitive.kind} in line {primitive.line} are not the {primitive.count} "
                "that they state"
            )
        if indices.min(initial=0) < 0:
            raise DamageError(
                f"the {primitive.kind} in line {primitive.line} have a negative index"
            )
        missing = indices.reshape(-1, primitive.width)[:, offset] >= count
        dangles = np.zeros(len(sizes), np.bool_)
        dangles[np.repeat(np.arange(len(sizes)), sizes)[missing]] = True
        self.faces += len(sizes)
        self.dangling.add(np.full(dangles.sum(), primitive.line))
        self.small.add(np.full(((sizes < 3) & ~dangles).sum(), primitive.line))

    def instances(self) -> Defect:
        """What is placed in the scene and is not in the file."""
        absent = _absent()
        absent.add([_name(url) for url in self.urls if url[:1] != "#" or url[1:] not in self.ids])
        return absent

    def textures(self, folder: Path) -> Defect:
        """Images that a material uses and that are nowhere."""
        absent = _textures()
        for key, uri in self.images.items():
            name = unquote(re.sub(r"^file:/{0,2}", "", uri))
            places.check(uri, name, f"{folder}/{name}", uri, f"{folder}/{uri}")
            if key in self.used_images and not any(
                os.path.isfile(place)  # noqa: PTH113 - a name may be too long for Path
                for place in (name, f"{folder}/{name}")
            ):
                absent.add([_name(uri)])
        return absent


def _name(text: str) -> str:
    return damage.shown(text.encode()) or "without a name"


def _number(attributes: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = attributes.get(name, "" if default is None else str(default)).strip()
    if not re.fullmatch(r"\d{1,18}", text):
        raise DamageError(f"an attribute {name} is no count: {_name(text)}")
    return int(text)


def _no_entities(*_: object) -> None:
    """Entities can grow to any size and read other files; Blender knows none either."""
    raise DamageError("its XML declares entities, which no model needs")


def read(path: Path) -> Findings:
    """Parse the XML, and check all lists of numbers and what refers to what."""
    parser = expat.ParserCreate()
    document = _Document(parser)
    parser.buffer_text = True
    parser.buffer_size = 1 << 20
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.characters
    parser.EntityDeclHandler = _no_entities
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        if not document.ids and not document.path:
            raise ModelError(
                f"the model {path} is no Collada file; check that it was downloaded whole, or "
                "name it by its real kind"
            ) from None
        if error.code in _CUT:
            raise CutShortError(f"its XML ends in line {error.lineno}") from None
        reason = expat.ErrorString(error.code)
        raise DamageError(f"its XML is damaged in line {error.lineno} ({reason})") from None
    except (ValueError, LookupError):  # what its encoding can be
        raise DamageError("its XML has an encoding that cannot be read") from None
    left_out = document.dangling.count + document.small.count
    if document.faces and left_out == document.faces:
        raise DamageError("none of its faces has three corners that exist")
    return Findings(
        warnings=damage.warnings(
            path,
            [
                document.unplaced,
                document.dangling,
                document.small,
                document.instances(),
                document.textures(path.parent),
            ],
        )
    )
