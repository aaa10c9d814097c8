"""Passes that Cycles does not have: every material gets output nodes that make them.

Nodes that lead to the surface itself are left as they are, so colour images do not change.
(Measured with 5.2: what a material of one constant Emission node lights changes in its last
bit, since Cycles takes such a material's light from a table, and with an AOV computes it.)

`Pass.ALBEDO` is the base colour without light; see `surfaces` for what counts as that.
Cycles' diffuse colour leaves metals out, and the denoiser's albedo looks through mirrors and
glass.

`Pass.NORMAL` is the normal of the geometry. Cycles' normal is the mean of those that the
shaders use: bump and normal maps turn them, and near outlines so does a correction that
keeps reflections above the surface.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import bpy

from viewbatch.blender import versions
from viewbatch.blender.capture import AOVS
from viewbatch.blender.materials import make_nodes
from viewbatch.blender.node_math import Color, NodeMath, Scalar, feed, link_of
from viewbatch.blender.surfaces import Groups, Kind, Surface, Walk
from viewbatch.passes import Pass

log = logging.getLogger(__name__)

_LEAST = {Pass.ALBEDO: Kind.EMITS, Pass.NORMAL: Kind.REFLECTS}
"""The kind of surface from which on a material feeds a pass. What only emits or is clear has
Cycles' own normal, which nothing turns."""

_FLAT = (0.5, 0.5, 1.0, 1.0)
"""The colour of a tangent-space normal map that turns nothing."""


def install(scene: Any, passes: Iterable[Pass]) -> None:
    """Give a scene those of the passes that are AOVs, and every material what feeds them.

    To be called once, when all materials are there.
    """
    wanted = [kind for kind in AOVS if kind in frozenset(passes)]
    if not wanted:
        return
    layer = scene.view_layers[0]
    for kind in wanted:
        aov = layer.aovs.add()
        aov.name, aov.type = AOVS[kind], "COLOR"
    _remove_outputs()
    groups: Groups = {}
    for material in bpy.data.materials:
        if material.users > 0 and material.grease_pencil is None:
            _install(material, wanted, layer.pass_alpha_threshold, groups)


def _remove_outputs() -> None:
    """Remove what the model's own materials would feed the passes with."""
    trees = [material.node_tree for material in bpy.data.materials]
    for tree in [*filter(None, trees), *bpy.data.node_groups]:
        for node in list(tree.nodes):
            if node.bl_idname == "ShaderNodeOutputAOV" and node.aov_name in AOVS.values():
                tree.nodes.remove(node)


def _install(material: Any, wanted: Iterable[Pass], hole_alpha: float, groups: Groups) -> None:
    if not versions.has_nodes(material):
        # Cycles makes such a material diffuse.
        diffuse = make_nodes(material, "ShaderNodeBsdfDiffuse")
        diffuse.inputs["Color"].default_value = material.diffuse_color
    tree = material.node_tree
    # Cycles renders this one of several.
    output = tree.get_output_node("CYCLES")
    if output is None:
        return
    walk = Walk(tree, groups)
    surface = walk.surface_of(output)
    alpha, visible = _seen(walk.nodes, surface, hole_alpha)
    for kind in wanted:
        if surface.kind < _LEAST[kind]:
            continue
        if kind is Pass.NORMAL:
            value = walk.nodes.scale(_normal(tree, material, output), visible)
        elif surface.unknown:
            log.warning(
                "the albedo of the material %r is its viewport colour: %s",
                material.name, surface.unknown,
            )  # fmt: skip
            value = walk.nodes.scale(tuple(material.diffuse_color)[:3], visible)
        else:
            value = _base_color(walk.nodes, surface, alpha, visible)
        aov = tree.nodes.new("ShaderNodeOutputAOV")
        aov.aov_name = AOVS[kind]
        feed(tree, aov.inputs["Color"], value)


def _seen(nodes: NodeMath, surface: Surface, hole_alpha: float) -> tuple[Scalar, Scalar]:
    """How opaque a surface is, and 1, or 0 where that is so little that it is a hole.

    Cycles adds up what a ray meets until the first surface that is no hole.
    """
    alpha = nodes.math("SUBTRACT", 1.0, surface.transparency)
    hole = nodes.math("LESS_THAN", alpha, hole_alpha)
    return alpha, nodes.math("SUBTRACT", 1.0, hole)


def _base_color(nodes: NodeMath, surface: Surface, alpha: Scalar, visible: Scalar) -> Color:
    """The colour of what is not transparent, and black where there is a hole."""
    return nodes.scale(surface.color, nodes.math("DIVIDE", visible, alpha))


def _normal(tree: Any, material: Any, output: Any) -> Any:
    """The socket of a node that yields the interpolated normal of the surface, in world.

    Bumps that come from displacement are in Geometry's Normal already. A tangent-space
    normal map starts again from the mesh. Where the surface is displaced as well, the normals
    at the vertices are, depending on the version, those from before: then it is the normal
    of the face that is left.
    """
    if link_of(output.inputs["Displacement"]) is not None:
        if material.displacement_method == "BUMP":
            node = tree.nodes.new("ShaderNodeNormalMap")
            node.space = "TANGENT"
            node.inputs["Color"].default_value = _FLAT
            return node.outputs["Normal"]
        if material.displacement_method == "BOTH":
            return tree.nodes.new("ShaderNodeNewGeometry").outputs["True Normal"]
    return tree.nodes.new("ShaderNodeNewGeometry").outputs["Normal"]
