"""Types, required properties and indices of a glTF file's JSON.

What Blender's importer relies on, as a table. It imports nothing of a file in which any
value has another type; an index out of range ends it with a Python error, and a negative
one is taken from the end of the list.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, section 5 (properties).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from viewbatch.model_files.damage import DamageError
from viewbatch.model_files.gltf.container import Tree
from viewbatch.model_files.gltf.values import shown

Check = Callable[[object, str, Tree], None]
"""Raises `DamageError` where a value does not fit; gets its place in the file and the file."""

_FLOAT32_MAX = 3.4028234663852886e38


def check(tree: Tree) -> None:
    """Raise `DamageError` at the first property that Blender's importer would fail at."""
    _ROOT(tree, "", tree)
    version = tree["asset"]["version"]
    if version != "2.0":
        raise DamageError(
            f"it is glTF of version {shown(version)}, and Blender reads version '2.0'"
        )
    used = tree.get("extensionsUsed") or ()
    for name in tree.get("extensionsRequired") or ():
        if name not in used:
            raise DamageError(
                f"extensionsRequired names {shown(name)}, and extensionsUsed does not, which "
                "Blender refuses"
            )


def _expected(value: object, place: str, what: str) -> DamageError:
    return DamageError(f"{place or 'its JSON'} is {shown(value)}, and must be {what}")


def _integer(value: object, place: str, _: Tree) -> None:
    if type(value) is not int:
        raise _expected(value, place, "an integer")


def _size(value: object, place: str, _: Tree) -> None:
    if type(value) is not int or value < 0:
        raise _expected(value, place, "an integer of 0 or more")


def _number(value: object, place: str, _: Tree) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _expected(value, place, "a number")
    if abs(value) > _FLOAT32_MAX:
        raise _expected(value, place, "a number that 32 bits can hold")


def _text(value: object, place: str, _: Tree) -> None:
    if not isinstance(value, str):
        raise _expected(value, place, "a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _expected(value, place, "text that UTF-8 can write") from error
    if "\0" in value:
        raise _expected(value, place, "text without a null character")


def _boolean(value: object, place: str, _: Tree) -> None:
    if not isinstance(value, bool):
        raise _expected(value, place, "true or false")


def _one_of(*allowed: object) -> Check:
    def check(value: object, place: str, _: Tree) -> None:
        if type(value) is not type(allowed[0]) or value not in allowed:
            raise _expected(value, place, "one of " + ", ".join(map(str, allowed)))

    return check


def _index(name: str) -> Check:
    """An index into one of the lists of the file's root."""

    def check(value: object, place: str, tree: Tree) -> None:
        _size(value, place, tree)
        count = len(tree.get(name) or ())
        if value not in range(count):
            raise DamageError(f"{place} is {value}, and the file has {count} {name}")

    return check


def _items(of: Check, *, count: int | None = None, at_least: int = 0) -> Check:
    def check(value: object, place: str, tree: Tree) -> None:
        if not isinstance(value, list):
            raise _expected(value, place, "an array")
        if (count is not None and len(value) != count) or len(value) < at_least:
            wanted = count if count is not None else f"{at_least} or more"
            raise DamageError(f"{place} has {len(value)} items, and must have {wanted}")
        for i, item in enumerate(value):
            of(item, f"{place}[{i}]", tree)

    return check


def _mapping(of: Check) -> Check:
    def check(value: object, place: str, tree: Tree) -> None:
        if not isinstance(value, dict):
            raise _expected(value, place, "an object")
        for name, item in value.items():
            of(item, f"{place}.{_name(name)}", tree)

    return check


def _name(name: str) -> str:
    """A property's name, quoted where it is none that a program would choose."""
    return name if name.isidentifier() and name.isascii() else shown(name)


def _object(
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    extensions: Mapping[str, Check] | None = None,
) -> Check:
    """Null stands for a property that is not there; what no row names is ignored."""
    rows = {**(required or {}), **(optional or {})}

    def check(value: object, place: str, tree: Tree) -> None:
        if not isinstance(value, dict):
            raise _expected(value, place, "an object")
        for name in required or ():
            if value.get(name) is None:
                raise DamageError(f"{place or 'its JSON'} has no {name}")
        prefix = f"{place}." if place else ""
        for name, of in rows.items():
            if (item := value.get(name)) is not None:
                of(item, prefix + name, tree)
        if value.get("extensions") is not None:
            _EXTENSIONS(value["extensions"], prefix + "extensions", tree)
            for name, of in (extensions or {}).items():
                if name in value["extensions"]:
                    of(value["extensions"][name], f"{prefix}extensions.{name}", tree)

    return check


def _anything(value: object, place: str, tree: Tree) -> None:
    """Of a type that only whoever defined an extension knows."""


_EXTENSIONS = _mapping(_mapping(_anything))

_COMPONENT = _one_of(5120, 5121, 5122, 5123, 5125, 5126)
_TYPE = _one_of("SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4")
_NAME = {"name": _text}

_SPARSE = _object(
    {
        "count": _size,
        "indices": _object(
            {"bufferView": _index("bufferViews"), "componentType": _one_of(5121, 5123, 5125)},
            {"byteOffset": _size},
        ),
        "values": _object({"bufferView": _index("bufferViews")}, {"byteOffset": _size}),
    }
)
_ACCESSOR = _object(
    {"componentType": _COMPONENT, "count": _size, "type": _TYPE},
    {
        **_NAME,
        "bufferView": _index("bufferViews"),
        "byteOffset": _size,
        "normalized": _boolean,
        "max": _items(_number),
        "min": _items(_number),
        "sparse": _SPARSE,
    },
)
_MESHOPT = _object({"buffer": _index("buffers"), "byteLength": _size}, {"byteOffset": _size})
_BUFFER_VIEW = _object(
    {"buffer": _index("buffers"), "byteLength": _size},
    {**_NAME, "byteOffset": _size, "byteStride": _size, "target": _integer},
    {"EXT_meshopt_compression": _MESHOPT, "KHR_meshopt_compression": _MESHOPT},
)
_SAMPLED = _object({"input": _index("accessors"), "output": _index("accessors")},
                   {"interpolation": _text})  # fmt: skip
_CHANNEL = _object(
    {"sampler": _size, "target": _object({"path": _text}, {"node": _index("nodes")})}
)
_ANIMATION = _object({"channels": _items(_CHANNEL), "samplers": _items(_SAMPLED)}, _NAME)
_CAMERA = _object(
    {"type": _one_of("perspective", "orthographic")},
    {
        **_NAME,
        "perspective": _object(
            {"yfov": _number, "znear": _number}, {"aspectRatio": _number, "zfar": _number}
        ),
        "orthographic": _object(
            {"xmag": _number, "ymag": _number, "zfar": _number, "znear": _number}
        ),
    },
)
_IMAGE = _object(
    optional={**_NAME, "bufferView": _index("bufferViews"), "mimeType": _text, "uri": _text}
)


def _texture_info(**more: Check) -> Check:
    return _object({"index": _index("textures")}, {"texCoord": _size, **more})


_TEXTURE_INFO = _texture_info()
_MATERIAL = _object(
    optional={
        **_NAME,
        "alphaCutoff": _number,
        "alphaMode": _text,
        "doubleSided": _boolean,
        "emissiveFactor": _items(_number, count=3),
        "emissiveTexture": _TEXTURE_INFO,
        "normalTexture": _texture_info(scale=_number),
        "occlusionTexture": _texture_info(strength=_number),
        "pbrMetallicRoughness": _object(
            optional={
                "baseColorFactor": _items(_number, count=4),
                "baseColorTexture": _TEXTURE_INFO,
                "metallicFactor": _number,
                "metallicRoughnessTexture": _TEXTURE_INFO,
                "roughnessFactor": _number,
            }
        ),
    },
    extensions={
        "KHR_materials_clearcoat": _object(
            optional={
                "clearcoatFactor": _number,
                "clearcoatTexture": _TEXTURE_INFO,
                "clearcoatRoughnessFactor": _number,
                "clearcoatRoughnessTexture": _TEXTURE_INFO,
                "clearcoatNormalTexture": _texture_info(scale=_number),
            }
        ),
        "KHR_materials_pbrSpecularGlossiness": _object(
            optional={
                "diffuseFactor": _items(_number, count=4),
                "diffuseTexture": _TEXTURE_INFO,
                "specularFactor": _items(_number, count=3),
                "glossinessFactor": _number,
                "specularGlossinessTexture": _TEXTURE_INFO,
            }
        ),
        "KHR_materials_sheen": _object(
            optional={
                "sheenColorFactor": _items(_number, count=3),
                "sheenColorTexture": _TEXTURE_INFO,
                "sheenRoughnessFactor": _number,
                "sheenRoughnessTexture": _TEXTURE_INFO,
            }
        ),
        "KHR_materials_specular": _object(
            optional={
                "specularFactor": _number,
                "specularTexture": _TEXTURE_INFO,
                "specularColorFactor": _items(_number, count=3),
                "specularColorTexture": _TEXTURE_INFO,
            }
        ),
        "KHR_materials_transmission": _object(
            optional={"transmissionFactor": _number, "transmissionTexture": _TEXTURE_INFO}
        ),
        "KHR_materials_volume": _object(
            optional={
                "thicknessFactor": _number,
                "thicknessTexture": _TEXTURE_INFO,
                "attenuationDistance": _number,
                "attenuationColor": _items(_number, count=3),
            }
        ),
        "KHR_materials_emissive_strength": _object(optional={"emissiveStrength": _number}),
        "KHR_materials_ior": _object(optional={"ior": _number}),
    },
)
_ATTRIBUTES = _mapping(_index("accessors"))
_DRACO = _object({"bufferView": _index("bufferViews"), "attributes": _mapping(_size)})
_PRIMITIVE = _object(
    {"attributes": _ATTRIBUTES},
    {
        "indices": _index("accessors"),
        "material": _index("materials"),
        "mode": _one_of(0, 1, 2, 3, 4, 5, 6),
        "targets": _items(_ATTRIBUTES),
    },
    {"KHR_draco_mesh_compression": _DRACO},
)
_MESH = _object({"primitives": _items(_PRIMITIVE)}, {**_NAME, "weights": _items(_number)})
_NODE = _object(
    optional={
        **_NAME,
        "camera": _index("cameras"),
        "children": _items(_index("nodes")),
        "matrix": _items(_number, count=16),
        "mesh": _index("meshes"),
        "rotation": _items(_number, count=4),
        "scale": _items(_number, count=3),
        "skin": _index("skins"),
        "translation": _items(_number, count=3),
        "weights": _items(_number),
    },
    extensions={"EXT_mesh_gpu_instancing": _object({"attributes": _ATTRIBUTES})},
)
_SAMPLER = _object(
    optional={**_NAME, **dict.fromkeys(("magFilter", "minFilter", "wrapS", "wrapT"), _integer)}
)
_SKIN = _object(
    {"joints": _items(_index("nodes"), at_least=1)},
    {**_NAME, "inverseBindMatrices": _index("accessors"), "skeleton": _index("nodes")},
)
_SOURCE = {"source": _index("images")}
_TEXTURE = _object(
    optional={**_NAME, "sampler": _index("samplers"), **_SOURCE},
    extensions={
        "EXT_texture_webp": _object(optional=_SOURCE),
        "KHR_texture_basisu": _object(optional=_SOURCE),
    },
)

_ROOT = _object(
    {
        "asset": _object(
            {"version": _text}, {"copyright": _text, "generator": _text, "minVersion": _text}
        )
    },
    {
        "extensionsUsed": _items(_text),
        "extensionsRequired": _items(_text),
        "accessors": _items(_ACCESSOR),
        "animations": _items(_ANIMATION),
        "buffers": _items(_object({"byteLength": _size}, {**_NAME, "uri": _text})),
        "bufferViews": _items(_BUFFER_VIEW),
        "cameras": _items(_CAMERA),
        "images": _items(_IMAGE),
        "materials": _items(_MATERIAL),
        "meshes": _items(_MESH),
        "nodes": _items(_NODE),
        "samplers": _items(_SAMPLER),
        "scene": _index("scenes"),
        "scenes": _items(_object(optional={**_NAME, "nodes": _items(_index("nodes"))})),
        "skins": _items(_SKIN),
        "textures": _items(_TEXTURE),
    },
)
