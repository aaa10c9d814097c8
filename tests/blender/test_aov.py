"""The output nodes of our passes: whose they are, and that they change no image."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender.node_trees import (
    COPPER,
    SKY,
    Tree,
    albedo_of,
    gallery,
    group_of,
    rgba,
    studio,
)
from viewbatch.blender import aov
from viewbatch.blender.capture import AOVS, Capture
from viewbatch.passes import GROUND_TRUTH, Pass

pytestmark = pytest.mark.every_blender


@pytest.mark.parametrize("inside", [False, True], ids=["material", "group"])
def test_outputs_of_the_model_with_our_names_do_not_count(capture: Capture, inside: bool) -> None:
    def feed_ours(t: Tree) -> None:
        for name in AOVS.values():
            t.new("ShaderNodeOutputAOV", Color=rgba(SKY)).aov_name = name

    def grouped(t: Tree, _: Any) -> Any:
        feed_ours(t)
        return t.diffuse(COPPER)

    def make() -> Any:
        t = Tree()
        if inside:
            node = t.new("ShaderNodeGroup")
            node.node_tree = group_of(grouped)
            return t.output(node)
        # One before our own and one after it, in the order of the names.
        feed_ours(t)
        feed_ours(t)
        return t.output(t.diffuse(COPPER))

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_an_output_of_the_model_with_our_name_is_no_surface(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        t.new("ShaderNodeOutputAOV", Color=rgba(SKY)).aov_name = AOVS[Pass.ALBEDO]
        return t.output(t.transparent())

    assert (albedo_of(capture, make) == 0).all()


@pytest.mark.parametrize("installed", [{Pass.NORMAL}, {Pass.ALBEDO, Pass.NORMAL}])
def test_the_colour_render_does_not_change_by_a_bit(capture: Capture, installed: set[Pass]) -> None:
    scene = gallery()
    made = studio(
        scene, capture, "render.resolution_x=48", "render.resolution_y=40", "render.samples=8"
    )
    color, frame = made.color(seed=5), made.ground_truth(GROUND_TRUTH - AOVS.keys())
    assert color[..., :3].std() > 0.05
    aov.install(scene, installed)
    # From 5.2 albedo may round the light of the constant emission otherwise; see `aov`.
    exact = bpy.app.version < (5, 2, 0) or Pass.ALBEDO not in installed
    last_bit = 0.0 if exact else 3e-7
    np.testing.assert_allclose(made.color(seed=5), color, rtol=last_bit)
    with_aovs = made.ground_truth(GROUND_TRUTH - AOVS.keys() | installed)
    for kind, values in frame.items():
        np.testing.assert_array_equal(with_aovs[kind], values, err_msg=kind)
    for kind in installed:
        assert with_aovs[kind].any(axis=-1)[frame[Pass.DEPTH] > 0].mean() > 0.95
