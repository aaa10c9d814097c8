"""What the shaders of a material make of a surface: its base colour, and how much is there.

What counts as the base colour:

- of a shader, its Color or Base Color, whatever its strength, roughness or kind: metals
  and glass too, but not what is lit with a strength of 0;
- of a Mix Shader, the mixture of both sides by the same factor, where what is transparent
  does not count: it says how much of the surface is there, not of which colour it is;
- of an Add Shader, the sum, at most 1. Emission counts only where nothing reflects, as in
  glTF's unlit materials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from viewbatch.blender.node_math import (
    BLACK,
    Color,
    NodeMath,
    Scalar,
    feed,
    link_of,
    socket_of,
    value_of,
)

_COLOR_OF: Mapping[str, str] = {
    # kind of shader node that reflects -> the input that holds its base colour
    "ShaderNodeBsdfAnisotropic": "Color",  # called Glossy
    "ShaderNodeBsdfDiffuse": "Color",
    "ShaderNodeBsdfGlass": "Color",
    "ShaderNodeBsdfHair": "Color",
    "ShaderNodeBsdfHairPrincipled": "Color",
    "ShaderNodeBsdfMetallic": "Base Color",
    "ShaderNodeBsdfPrincipled": "Base Color",
    "ShaderNodeBsdfRefraction": "Color",
    "ShaderNodeBsdfSheen": "Color",
    "ShaderNodeBsdfToon": "Color",
    "ShaderNodeBsdfTranslucent": "Color",
    "ShaderNodeEeveeSpecular": "Base Color",
    "ShaderNodeSubsurfaceScattering": "Color",
}


class Kind(IntEnum):
    """What a shader does that counts most.

    Whose kind is NOTHING may get no AOV: Cycles takes a surface that no shader makes for an
    opaque one, and with an AOV for a hole.
    """

    NOTHING = 0
    EMITS = 1
    REFLECTS = 2


@dataclass(frozen=True)
class Surface:
    """What a shader socket carries, as values of the node tree that it stands in."""

    kind: Kind
    color: Color
    """Base colour times the share of the surface that has it."""
    transparency: Scalar
    """The share of light that goes straight through."""
    unknown: str = ""
    """Why the base colour cannot be told, if it cannot."""


_NOTHING = Surface(Kind.NOTHING, BLACK, 0.0)
_ENDLESS = Surface(
    Kind.REFLECTS, BLACK, 0.0, "its shaders form a circle, or too long a chain to follow"
)


def _unknown(node: Any) -> str:
    return f"no base colour can be told of its node {node.name!r}"


@dataclass
class Group:
    """A node group whose surfaces have been led out of it, and in: sockets by identifier."""

    outputs: dict[str, tuple[Kind, str, str, str]] = field(default_factory=dict)
    """Of a shader output: its kind, the outputs for colour and transparency, and `unknown`."""
    inputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of a shader input: the inputs for colour and transparency."""


LONGEST = 100
"""Nodes in a chain of shaders that are followed."""

Groups = dict[int, Group]
"""The node groups of all materials that have been walked so far, by pointer."""


class _EndlessError(Exception):
    """A chain of shaders is longer than any that is followed, or a circle."""


class Walk:
    """Follows shaders backwards from an input of a node tree.

    Nodes are added for what is not constant, beside those that lead to the surface.
    """

    def __init__(self, tree: Any, groups: Groups, own: Group | None = None) -> None:
        self.nodes = NodeMath(tree)
        self._tree = tree
        self._groups = groups
        self._own = own
        self._known: dict[tuple[str, str], Surface] = {}
        self._depth = 0

    def surface_of(self, output: Any) -> Surface:
        """What the material is that an output node of it renders."""
        try:
            return self.surface_at(output.inputs["Surface"])
        except _EndlessError:
            return _ENDLESS

    def surface_at(self, socket: Any) -> Surface:
        """What reaches a shader input."""
        link = link_of(socket)
        if link is None:
            return _NOTHING
        # Shaders may be used many times over.
        key = (link.from_node.name, link.from_socket.identifier)
        if key not in self._known:
            # Counted, because near Python's own limit Blender runs out of objects instead.
            if self._depth == LONGEST:
                raise _EndlessError
            self._depth += 1
            self._known[key] = self._surface_of(link.from_node, link.from_socket)
            self._depth -= 1
        return self._known[key]

    def _surface_of(self, node: Any, output: Any) -> Surface:
        if node.mute:
            through = (i.from_socket for i in node.internal_links if i.to_socket == output)
            source = next(through, None)
            return _NOTHING if source is None else self.surface_at(source)
        match node.bl_idname:
            case "NodeReroute":
                return self.surface_at(node.inputs[0])
            case "ShaderNodeMixShader":
                return self._mix(node)
            case "ShaderNodeAddShader":
                return self._add(node)
            case "ShaderNodeGroup" if node.node_tree is not None:
                return self._group(node, output)
            case "NodeGroupInput" if self._own is not None:
                return self._group_input(node, output, self._own)
            case "ShaderNodeBsdfTransparent":
                through = self.nodes.average(value_of(node.inputs["Color"]))
                return Surface(Kind.NOTHING, BLACK, through)
            case "ShaderNodeBsdfRayPortal":
                through = self.nodes.average(value_of(node.inputs["Color"]))
                return Surface(Kind.NOTHING, BLACK, through, _unknown(node))
            case "ShaderNodeHoldout":
                return _NOTHING
            case "ShaderNodeBackground" | "ShaderNodeEmission":
                return self._light(node)
            case _:
                return self._leaf(node)

    def _light(self, node: Any) -> Surface:
        color = value_of(node.inputs["Color"])
        if color == BLACK or value_of(node.inputs["Strength"]) == 0.0:
            # Cycles drops it.
            return _NOTHING
        return Surface(Kind.EMITS, color, 0.0)

    def _leaf(self, node: Any) -> Surface:
        name = _COLOR_OF.get(node.bl_idname)
        if name is None or not node.inputs[name].enabled:
            return Surface(Kind.REFLECTS, BLACK, 0.0, _unknown(node))
        color = value_of(node.inputs[name])
        if node.bl_idname != "ShaderNodeBsdfPrincipled":
            return Surface(Kind.REFLECTS, color, 0.0)
        alpha = self.nodes.math("MAXIMUM", value_of(node.inputs["Alpha"]), 0.0, clamp=True)
        transparency = self.nodes.math("SUBTRACT", 1.0, alpha)
        return Surface(Kind.REFLECTS, self.nodes.scale(color, alpha), transparency)

    def _mix(self, node: Any) -> Surface:
        nodes = self.nodes
        first, second = self.surface_at(node.inputs[1]), self.surface_at(node.inputs[2])
        # Cycles clamps the factor.
        factor = nodes.math("MAXIMUM", value_of(node.inputs[0]), 0.0, clamp=True)
        if factor in (0.0, 1.0):
            return second if factor else first
        rest = nodes.math("SUBTRACT", 1.0, factor)
        return Surface(
            max(first.kind, second.kind),
            nodes.add(nodes.scale(first.color, rest), nodes.scale(second.color, factor)),
            nodes.math(
                "ADD",
                nodes.math("MULTIPLY", first.transparency, rest),
                nodes.math("MULTIPLY", second.transparency, factor),
            ),
            first.unknown or second.unknown,
        )

    def _add(self, node: Any) -> Surface:
        nodes = self.nodes
        first, second = self.surface_at(node.inputs[0]), self.surface_at(node.inputs[1])
        if first.kind is second.kind:
            color = nodes.minimum(nodes.add(first.color, second.color), 1.0)
        else:
            color = max(first, second, key=lambda surface: surface.kind).color
        transparency = nodes.math("ADD", first.transparency, second.transparency, clamp=True)
        unknown = first.unknown or second.unknown
        return Surface(max(first.kind, second.kind), color, transparency, unknown)

    def _group(self, node: Any, output: Any) -> Surface:
        pointer = node.node_tree.as_pointer()
        if pointer not in self._groups:
            self._groups[pointer] = _open(node.node_tree, self._groups)
        group = self._groups[pointer]
        if output.identifier not in group.outputs:
            return _NOTHING
        kind, color, transparency, unknown = group.outputs[output.identifier]
        for identifier, (color_in, transparency_in) in group.inputs.items():
            surface = self.surface_at(socket_of(node.inputs, identifier))
            feed(self._tree, socket_of(node.inputs, color_in), surface.color)
            feed(self._tree, socket_of(node.inputs, transparency_in), surface.transparency)
            unknown = unknown or surface.unknown
        outputs = node.outputs
        return Surface(kind, socket_of(outputs, color), socket_of(outputs, transparency), unknown)

    def _group_input(self, node: Any, output: Any, own: Group) -> Surface:
        if output.identifier not in own.inputs:
            own.inputs[output.identifier] = _new_sockets(self._tree, "INPUT")
        color, transparency = own.inputs[output.identifier]
        return Surface(
            Kind.REFLECTS, socket_of(node.outputs, color), socket_of(node.outputs, transparency)
        )


def _open(tree: Any, groups: Groups) -> Group:
    """Lead the surfaces of a node group's shader outputs out of it, as further outputs."""
    group = Group()
    walk = Walk(tree, groups, group)
    ends = (n for n in tree.nodes if n.bl_idname == "NodeGroupOutput" and n.is_active_output)
    end = next(ends, None)
    if end is None:
        # Cycles takes its outputs for unlinked.
        return group
    for socket in [s for s in end.inputs if s.type == "SHADER"]:
        surface = walk.surface_at(socket)
        if surface == _NOTHING:
            continue
        color, transparency = _new_sockets(tree, "OUTPUT")
        feed(tree, socket_of(end.inputs, color), surface.color)
        feed(tree, socket_of(end.inputs, transparency), surface.transparency)
        group.outputs[socket.identifier] = (surface.kind, color, transparency, surface.unknown)
    return group


def _new_sockets(tree: Any, direction: str) -> tuple[str, str]:
    """Add a colour and a scalar to the interface of a node group; their identifiers."""
    color = tree.interface.new_socket(
        "viewbatch.color", in_out=direction, socket_type="NodeSocketColor"
    )
    transparency = tree.interface.new_socket(
        "viewbatch.transparency", in_out=direction, socket_type="NodeSocketFloat"
    )
    return color.identifier, transparency.identifier
