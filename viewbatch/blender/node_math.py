"""Arithmetic in the node tree of a material; what is constant is worked out in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

Scalar = Any
"""A float, or the output socket of a node that yields one."""
Color = Any
"""Three floats, or the output socket of a node that yields a colour or a vector."""

BLACK = (0.0, 0.0, 0.0)


class NodeMath:
    """Makes the nodes that a formula needs."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree

    def math(self, operation: str, a: Scalar, b: Scalar, *, clamp: bool = False) -> Scalar:
        """A scalar from two; clamped to 0 to 1 on request."""
        if isinstance(a, float) and isinstance(b, float):
            value = _FOLDED[operation](a, b)
            return min(max(value, 0.0), 1.0) if clamp else value
        node = self._tree.nodes.new("ShaderNodeMath")
        node.operation, node.use_clamp = operation, clamp
        feed(self._tree, node.inputs[0], a)
        feed(self._tree, node.inputs[1], b)
        return node.outputs[0]

    def scale(self, color: Color, factor: Scalar) -> Color:
        """A colour times a scalar."""
        if factor == 1.0:
            return color
        if factor == 0.0 or color == BLACK:
            return BLACK
        node = self._vector("SCALE", color)
        feed(self._tree, node.inputs["Scale"], factor)
        return node.outputs[0]

    def add(self, a: Color, b: Color) -> Color:
        """The sum of two colours."""
        if a == BLACK or b == BLACK:
            return b if a == BLACK else a
        node = self._vector("ADD", a)
        feed(self._tree, node.inputs[1], b)
        return node.outputs[0]

    def minimum(self, color: Color, limit: float) -> Color:
        """A colour, each component at most the limit."""
        if isinstance(color, tuple):
            return tuple(min(c, limit) for c in color)
        node = self._vector("MINIMUM", color)
        node.inputs[1].default_value = (limit,) * 3
        return node.outputs[0]

    def average(self, color: Color) -> Scalar:
        """The mean of a colour's components, clamped to 0 to 1."""
        if isinstance(color, tuple):
            return min(max(sum(color) / 3, 0.0), 1.0)
        node = self._vector("DOT_PRODUCT", color)
        node.inputs[1].default_value = (1 / 3,) * 3
        return self.math("MAXIMUM", node.outputs["Value"], 0.0, clamp=True)

    def _vector(self, operation: str, color: Color) -> Any:
        node = self._tree.nodes.new("ShaderNodeVectorMath")
        node.operation = operation
        feed(self._tree, node.inputs[0], color)
        return node


def _divide(a: float, b: float) -> float:
    return a / b if b != 0.0 else 0.0


_FOLDED: Mapping[str, Callable[[float, float], float]] = {
    "ADD": operator.add,
    "SUBTRACT": operator.sub,
    "MULTIPLY": operator.mul,
    "DIVIDE": _divide,  # by 0 it is 0, as in the node
    "MAXIMUM": max,
    "LESS_THAN": lambda a, b: float(a < b),
}


def link_of(socket: Any) -> Any | None:
    """The link that ends in an input, if it is one that Cycles follows."""
    for link in socket.links:
        ends = link.from_socket.enabled and link.to_socket.enabled
        if link.is_valid and ends and not link.is_muted:
            return link
    return None


def value_of(socket: Any) -> Scalar | Color:
    """What reaches an input that is no shader: the socket that it is linked from, or a constant."""
    link = link_of(socket)
    if link is not None:
        return link.from_socket
    value = socket.default_value
    return value if isinstance(value, float) else tuple(value)[:3]


def feed(tree: Any, socket: Any, value: Scalar | Color) -> None:
    """Let an input have a value."""
    if isinstance(value, float):
        socket.default_value = value
    elif isinstance(value, tuple):
        socket.default_value = (*value, 1.0)[: len(socket.default_value)]
    else:
        tree.links.new(value, socket)


def socket_of(sockets: Any, identifier: str) -> Any:
    """The socket with an identifier; names may occur twice."""
    return next(s for s in sockets if s.identifier == identifier)
