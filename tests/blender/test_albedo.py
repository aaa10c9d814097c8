"""The albedo pass: base colours, exactly, whatever the light and the kind of surface."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.node_trees import (
    COPPER,
    LEAF,
    PASSES,
    SKY,
    Tree,
    albedo_of,
    checkered,
    gallery,
    group_of,
    mixture,
    rgba,
    square,
    studio,
)
from viewbatch.blender import versions
from viewbatch.blender.capture import AOVS, Capture
from viewbatch.geometry import look_at
from viewbatch.passes import GROUND_TRUTH, Pass

SHADERS = {
    # kind of node -> the input that holds its base colour
    "ShaderNodeBsdfPrincipled": "Base Color",
    "ShaderNodeBsdfDiffuse": "Color",
    "ShaderNodeBsdfAnisotropic": "Color",
    "ShaderNodeBsdfGlass": "Color",
    "ShaderNodeBsdfRefraction": "Color",
    "ShaderNodeBsdfTranslucent": "Color",
    "ShaderNodeBsdfMetallic": "Base Color",
    "ShaderNodeBsdfSheen": "Color",
    "ShaderNodeBsdfToon": "Color",
    "ShaderNodeBsdfHair": "Color",
    "ShaderNodeBsdfHairPrincipled": "Color",
    "ShaderNodeSubsurfaceScattering": "Color",
    "ShaderNodeEmission": "Color",
    "ShaderNodeBackground": "Color",
}


@pytest.mark.parametrize("shader", SHADERS)
def test_of_a_shader_it_is_the_colour(capture: Capture, shader: str) -> None:
    if not hasattr(bpy.types, shader):
        pytest.skip(f"{versions.text()} has no {shader}")

    def make() -> Any:
        material = scenes.shaded("m", shader)
        node = next(n for n in material.node_tree.nodes if n.bl_idname == shader)
        node.inputs[SHADERS[shader]].default_value = rgba(COPPER)
        return material

    # To the last bit: the pass holds the colour and nothing else.
    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_a_metal_has_its_base_colour(capture: Capture) -> None:
    def make() -> Any:
        return scenes.shaded(
            "metal", "ShaderNodeBsdfPrincipled", Base_Color=rgba(COPPER), Metallic=1.0,
            Roughness=0.05, Emission_Strength=3.0,
        )  # fmt: skip

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_a_mix_shader_mixes(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        inner = t.mix(0.25, t.diffuse(COPPER), t.new("ShaderNodeEmission", Color=rgba(LEAF)))
        return t.output(t.mix(0.4, inner, t.new("ShaderNodeBsdfGlass", Color=rgba(SKY))))

    expected = mixture([(0.6 * 0.75, COPPER), (0.6 * 0.25, LEAF), (0.4, SKY)])
    assert albedo_of(capture, make) == expected


def test_a_mix_by_a_texture_and_a_factor_out_of_range(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        value = t.new("ShaderNodeValue")
        value.outputs[0].default_value = 7.0  # Cycles clamps it to 1
        mix = t.mix(0.0, t.diffuse(COPPER), t.diffuse(LEAF))
        t.tree.links.new(value.outputs[0], mix.inputs["Fac"])
        return t.output(mix)

    assert albedo_of(capture, make) == mixture([(1, LEAF)])


def test_an_add_shader_adds_up_to_one(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        return t.output(t.add(t.diffuse(COPPER), t.diffuse((0.4, 0.3, 0.2))))

    assert albedo_of(capture, make) == pytest.approx([1.0, 0.6, 0.3], rel=3e-7)


def test_emission_that_is_added_to_a_surface_does_not_count(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        light = t.new("ShaderNodeEmission", Color=rgba(SKY), Strength=5.0)
        return t.output(t.add(t.add(light, t.diffuse(COPPER)), t.transparent((0, 0, 0))))

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


@pytest.mark.parametrize("alpha", [0.02, 0.3, 1.0])
def test_what_is_transparent_does_not_count(capture: Capture, alpha: float) -> None:
    def mixed() -> Any:
        t = Tree()
        return t.output(t.mix(alpha, t.transparent(), t.diffuse(COPPER)))

    def principled() -> Any:
        return scenes.shaded("p", "ShaderNodeBsdfPrincipled", Base_Color=rgba(COPPER), Alpha=alpha)

    assert albedo_of(capture, mixed) == mixture([(1, COPPER)])
    assert albedo_of(capture, principled) == mixture([(1, COPPER)])


def test_reroutes_and_muted_nodes(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        reroute = t.tree.nodes.new("NodeReroute")
        t.tree.links.new(t.diffuse(COPPER).outputs[0], reroute.inputs[0])
        muted = t.diffuse(SKY)
        muted.mute = True  # then it is no shader at all
        return t.output(t.add(reroute, muted))

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_a_muted_link_is_none(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        shader, color = t.diffuse(COPPER), t.new("ShaderNodeRGB")
        t.tree.links.new(color.outputs[0], shader.inputs["Color"]).is_muted = True
        return t.output(shader)

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_a_muted_mix_shader_shows_what_cycles_shows(capture: Capture) -> None:
    """Which side it is depends on Blender; both shine, so the colour render tells."""
    scene = scenes.empty_scene()
    t = Tree()
    shining = [t.new("ShaderNodeEmission", Color=rgba(c)) for c in (COPPER, LEAF)]
    mix = t.mix(0.5, *shining)
    square(scene, "square", 0, t.output(mix))
    mix.mute = True
    made = studio(scene, capture)
    color = made.color()[..., :3]
    np.testing.assert_allclose(made.ground_truth(PASSES)[Pass.ALBEDO], color, rtol=1e-6)


def test_groups(capture: Capture) -> None:
    """A group in a group, with a colour and a shader from outside, used twice."""

    def tinted(t: Tree, inputs: Any) -> Any:
        shader = t.diffuse((0, 0, 0))
        t.tree.links.new(inputs.outputs["Color"], shader.inputs["Color"])
        mix = t.mix(0.25, shader, None)
        t.tree.links.new(inputs.outputs["Other"], mix.inputs[2])
        return mix

    def make() -> Any:
        inner = group_of(tinted, ("Color", "NodeSocketColor"), ("Other", "NodeSocketShader"))

        def half_clear(t: Tree, _: Any) -> Any:
            node = t.new("ShaderNodeGroup")
            node.node_tree = inner
            node.inputs["Color"].default_value = rgba(COPPER)
            t.tree.links.new(t.diffuse(LEAF).outputs[0], node.inputs["Other"])
            return t.mix(0.5, t.transparent(), node)

        outer = group_of(half_clear)
        t = Tree()
        first, second = t.new("ShaderNodeGroup"), t.new("ShaderNodeGroup")
        first.node_tree, second.node_tree = outer, inner
        second.inputs["Color"].default_value = rgba(SKY)  # its other shader is missing: black
        return t.output(t.mix(0.5, first, second))

    weights = [(0.25 * 0.75, COPPER), (0.25 * 0.25, LEAF), (0.5 * 0.75, SKY)]
    assert albedo_of(capture, make) == mixture([(w / 0.75, c) for w, c in weights])


@pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="from 5.0 all materials have nodes")
def test_a_material_without_nodes(capture: Capture) -> None:
    def make() -> Any:
        material = bpy.data.materials.new("plain")
        material.diffuse_color = rgba(COPPER)
        return material

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_of_several_outputs_it_is_the_one_that_cycles_renders(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        for color, target in ((SKY, "EEVEE"), (COPPER, "CYCLES"), (LEAF, "CYCLES")):
            output = t.new("ShaderNodeOutputMaterial", t.diffuse(color))
            output.target = target
            output.is_active_output = color is not LEAF
        return t.material

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


def test_a_material_without_output_is_black(capture: Capture) -> None:
    def make() -> Any:
        t = Tree()
        t.diffuse(COPPER)
        return t.material

    assert (albedo_of(capture, make) == 0).all()


def test_what_cannot_be_told_is_the_viewport_colour(
    capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> Any:
        t = Tree()
        t.material.name, t.material.diffuse_color = "portal", rgba(SKY)
        portal = t.new("ShaderNodeBsdfRayPortal")
        return t.output(t.mix(0.5, portal, t.diffuse(COPPER)))

    with caplog.at_level(logging.WARNING):
        assert (albedo_of(capture, make) == np.float32(SKY)).all()
    assert [record.getMessage() for record in caplog.records] == [
        "the albedo of the material 'portal' is its viewport colour: no base colour can be told "
        "of its node 'Ray Portal BSDF'"
    ]


def test_a_chain_that_is_too_long_is_the_viewport_colour(
    capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> Any:
        t = Tree()
        t.material.name, t.material.diffuse_color = "chain", rgba(SKY)
        source = t.diffuse(COPPER)
        for _ in range(600):
            reroute = t.tree.nodes.new("NodeReroute")
            t.tree.links.new(source.outputs[0], reroute.inputs[0])
            source = reroute
        return t.output(source)

    with caplog.at_level(logging.WARNING):
        assert (albedo_of(capture, make) == np.float32(SKY)).all()
    assert [record.getMessage() for record in caplog.records] == [
        "the albedo of the material 'chain' is its viewport colour: its shaders form a circle, "
        "or too long a chain to follow"
    ]


def test_a_material_from_another_file(capture: Capture, tmp_path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scenes.shaded("linked", "ShaderNodeBsdfDiffuse", Color=rgba(COPPER)).use_fake_user = True
    path = scenes.save_blend(tmp_path / "library.blend")

    def make() -> Any:
        with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
            wanted.materials = ["linked"]
        assert bpy.data.materials["linked"].library is not None
        return bpy.data.materials["linked"]

    assert (albedo_of(capture, make) == np.float32(COPPER)).all()


@pytest.mark.parametrize("alpha", [0.0, 5e-6, 1 / 255, 0.3, 1.0])
def test_it_is_that_of_the_surface_that_depth_and_ids_see(capture: Capture, alpha: float) -> None:
    """Three boards of holes one behind another, and a wall.

    Alpha 0 is a hole, any other none; what is below 1e-5, Cycles drops.
    """
    scene = scenes.empty_scene()
    solid = np.float32([[0, 0, 0], COPPER, LEAF, SKY, (0.7, 0.7, 0.1)])
    clear = np.float32([[0, 0, 0], (0.9, 0.1, 0.5), (0.5, 0.5, 0.5), (0.2, 0.1, 0.4), (1, 1, 1)])
    for i in (1, 2, 3):
        board = square(scene, f"board {i}", 0.3 * i, checkered(solid[i], clear[i], alpha))
        board.pass_index = i
        board.rotation_euler = (0.0, 0.3 * i, 0.0)
    wall = scenes.shaded("wall", "ShaderNodeBsdfGlass", Color=rgba(solid[4]))
    square(scene, "wall", 4, wall).pass_index = 4
    made = studio(scene, capture, "render.resolution_x=96", "render.resolution_y=64")
    made.look((1.5, -5, 1), look_at((1.5, -5, 1), (0, 0, 0)))
    before = made.ground_truth(GROUND_TRUTH - AOVS.keys())
    frame = made.ground_truth(PASSES)
    ids, image = frame[Pass.OBJECT_ID], frame[Pass.ALBEDO]
    np.testing.assert_array_equal(ids, before[Pass.OBJECT_ID])
    assert set(np.unique(ids)) == ({1, 2, 3, 4} if alpha < 1e-5 else {1})
    is_solid = np.isclose(image, solid[ids], rtol=1e-6).all(axis=-1)
    is_clear = np.isclose(image, clear[ids], rtol=1e-6).all(axis=-1)
    assert (is_solid | is_clear).all()
    assert is_solid.any()
    assert is_clear.any() == (alpha > 1e-5)


def test_a_clear_background_is_black(capture: Capture) -> None:
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "cube", half=0.5).data.materials.append(
        scenes.shaded("cube", "ShaderNodeBsdfDiffuse", Color=rgba(COPPER))
    )
    made = studio(scene, capture)
    frame = made.ground_truth(PASSES)
    seen = frame[Pass.DEPTH] > 0
    assert 0.05 < seen.mean() < 0.9
    assert (frame[Pass.ALBEDO] == np.where(seen[..., None], np.float32(COPPER), 0)).all()


def test_light_does_not_matter(capture: Capture) -> None:
    scene = gallery()
    made = studio(scene, capture, "render.resolution_x=48", "render.resolution_y=40")
    lit = made.ground_truth(PASSES)[Pass.ALBEDO]
    bpy.data.objects.remove(bpy.data.objects["lamp"])
    scene.world = None
    np.testing.assert_array_equal(made.ground_truth(PASSES)[Pass.ALBEDO], lit)
