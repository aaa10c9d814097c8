"""The nodes of a glTF file: trees that Blender's importer can follow."""

from __future__ import annotations

from viewbatch.model_files.damage import DamageError
from viewbatch.model_files.gltf.container import Tree

_DEEPEST = 500
"""Blender's importer follows nodes by recursion, of which Python allows 1000 levels in all."""


def check(tree: Tree) -> None:
    """Raise `DamageError` unless every node has one parent at most and is not its own ancestor."""
    nodes = tree.get("nodes") or []
    parents: dict[int, int] = {}
    for parent, node in enumerate(nodes):
        for child in node.get("children") or ():
            if child in parents:
                raise DamageError(
                    f"nodes[{child}] is a child of nodes[{parents[child]}] and of nodes[{parent}],"
                    " and may have one parent"
                )
            parents[child] = parent
    depths: dict[int, int] = {}
    for node in range(len(nodes)):
        above = []
        at: int | None = node
        while at is not None and at not in depths:
            above.append(at)
            depths[at] = 0  # not yet known
            at = parents.get(at)
        if at is not None and depths[at] == 0:
            raise DamageError(f"nodes[{at}] is its own ancestor")
        depth = depths[at] if at is not None else 0
        for each in reversed(above):
            depth += 1
            depths[each] = depth
        if depth > _DEEPEST:
            raise DamageError(
                f"nodes[{node}] is {depth - 1} levels below its root, and Blender's importer is "
                f"known to follow {_DEEPEST - 1}",
                "flatten the tree of nodes",
            )
