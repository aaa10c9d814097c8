"""Colour images of a view: before denoising, and of the targets alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender.backdrop import Backdrop
from viewbatch.blender.capture import Capture
from viewbatch.blender.color_render import ColorRender
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at
from viewbatch.passes import COLORS, Frame, Pass

EYE = (0.5, -8.0, 2.5)
SIZE = ["render.resolution_x=46", "render.resolution_y=31", "camera.lens.shift_x=0.08"]
SHARP = ["render.samples=1", "render.filter_size=0"]
ONLY_COLOR = frozenset({Pass.COLOR})
ONLY_MASKED = frozenset({Pass.MASKED_COLOR})
MAPS = frozenset({Pass.DEPTH, Pass.OBJECT_ID, Pass.NORMAL, Pass.POSITION})
TARGET, OTHER = (0.5, 0.18, 0.05), (0.02, 0.3, 0.7)


@pytest.fixture(params=["CYCLES", "EEVEE"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine in turn, as an override."""
    if request.param == "EEVEE":
        request.getfixturevalue("opengl")
    return f'render.engine="{request.param}"'


def shining(scene: Any, name: str, color: Any, *place: Any, into: Any = None) -> Any:
    cube = scenes.add_cube(scene, name, *place, into=into)
    cube.data.materials.append(scenes.emission(name, color))
    return cube


def two_cubes(scene: Any, into: Any = None) -> None:
    """A target, and before a part of it another cube that has no id."""
    shining(scene, "target", TARGET, (0, 0, 0), 1.0, into=into).pass_index = 3
    shining(scene, "other", OTHER, (0.8, -2, 0.2), 0.6, into=into)


def rendered(
    studio: scenes.Studio, wanted: frozenset[Pass], *, denoiser: str = "none", seed: int = 1
) -> Frame:
    studio.look(EYE, look_at(EYE, (0.3, 0, 0)))
    return ColorRender(studio.scene, studio.config, denoiser, studio.capture).passes(wanted, seed)


def lit_studio(capture: Capture, *overrides: str) -> scenes.Studio:
    """A grey cube under the sky, which makes noise."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "target").pass_index = 1
    scenes.add_cube(scene, "other", (0.8, -2, 0.2), 0.6)
    scene.world = bpy.data.worlds.new("sky")
    return scenes.Studio.of(scene, capture, *SIZE, "render.samples=2", *overrides)


def test_colour_is_what_the_settings_of_a_colour_render_give(capture: Capture) -> None:
    studio = lit_studio(capture)
    color = rendered(studio, ONLY_COLOR, seed=5)[Pass.COLOR]
    np.testing.assert_array_equal(color, studio.color(seed=5))
    assert (color != studio.color(seed=6)).any()


def test_noise_is_that_of_the_same_render(capture: Capture) -> None:
    studio = lit_studio(capture)
    both = frozenset({Pass.COLOR, Pass.NOISY_COLOR})
    frame = rendered(studio, both, denoiser="OPENIMAGEDENOISE")
    assert frame.keys() == both
    np.testing.assert_array_equal(frame[Pass.COLOR], studio.color(denoise=True))
    np.testing.assert_array_equal(frame[Pass.NOISY_COLOR], studio.color(denoise=False))
    assert (frame[Pass.COLOR] != frame[Pass.NOISY_COLOR]).any()


def test_without_a_denoiser_nothing_is_denoised(capture: Capture, engine_name: str) -> None:
    """And images of both engines are read-only float32 of one size."""
    frame = rendered(lit_studio(capture, engine_name), COLORS)
    assert frame.keys() == COLORS
    for kind, image in frame.items():
        assert (image.shape, image.dtype) == ((31, 46, 4), np.float32), kind
        assert not image.flags.writeable
        assert image.flags.c_contiguous
    np.testing.assert_array_equal(frame[Pass.COLOR], frame[Pass.NOISY_COLOR])


def direct(scene: Any) -> None:
    two_cubes(scene)


def instanced(scene: Any) -> None:
    """As a model that is scaled or turned: one instance of it all."""
    model = bpy.data.collections.new("model")
    two_cubes(scene, into=model)
    add_instance(scene.collection, model)


def nested(scene: Any) -> None:
    """Two levels of instances, each with an offset that the next takes back."""
    inner, outer = bpy.data.collections.new("inner"), bpy.data.collections.new("outer")
    two_cubes(scene, into=inner)
    inner.instance_offset = (1, 2, 3)
    add_instance(outer, inner).location = (1, 2, 2)
    outer.instance_offset = (0, 0, -1)
    add_instance(scene.collection, outer)


def hidden_instancer(scene: Any) -> None:
    """The target is an instance on the vertex of a mesh that is itself not seen."""
    shining(scene, "other", OTHER, (0.8, -2, 0.2), 0.6)
    instancer = scenes.add_mesh(scene, "instancer", [(0, 0, 0)], [])
    instancer.instance_type = "VERTS"
    instancer.show_instancer_for_render = False
    target = shining(scene, "target", TARGET)
    target.pass_index, target.parent = 3, instancer


def hidden_instancer_of_others(scene: Any) -> None:
    """The other way round: what has no id is such an instance."""
    shining(scene, "target", TARGET).pass_index = 3
    instancer = scenes.add_mesh(scene, "instancer", [(0.8, -2, 0.2)], [])
    instancer.instance_type = "VERTS"
    instancer.show_instancer_for_render = False
    shining(scene, "other", OTHER, (0, 0, 0), 0.6).parent = instancer


def add_instance(into: Any, collection: Any) -> Any:
    instance = bpy.data.objects.new(f"instance of {collection.name}", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", collection
    into.objects.link(instance)
    return instance


ARRANGEMENTS = [direct, instanced, nested, hidden_instancer, hidden_instancer_of_others]


def studio_of(
    arrangement: Callable[[Any], None], capture: Capture, *overrides: str
) -> scenes.Studio:
    scene = scenes.empty_scene()
    arrangement(scene)
    return scenes.Studio.of(scene, capture, *SIZE, *overrides)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_the_masked_image_is_the_target_where_the_mask_is(
    capture: Capture, arrangement: Callable[[Any], None]
) -> None:
    check_masked(studio_of(arrangement, capture, *SHARP), rtol=1e-5)


@pytest.mark.usefixtures("opengl")
def test_the_masked_image_of_eevee(capture: Capture) -> None:
    studio = studio_of(nested, capture, 'render.engine="EEVEE"', *SHARP)
    check_masked(studio, rtol=2**-10)  # EEVEE has half floats


def check_masked(studio: scenes.Studio, *, rtol: float) -> None:
    """With a sample through every pixel's centre: in every pixel, behind the other cube too."""
    masked = rendered(studio, ONLY_MASKED)[Pass.MASKED_COLOR]
    frame = studio.ground_truth(MAPS)
    inside = frame[Pass.OBJECT_ID] == 3
    other = (frame[Pass.DEPTH] > 0) & ~inside
    assert min(inside.mean(), other.mean()) > 0.05
    np.testing.assert_array_equal(masked[..., 3], inside)
    np.testing.assert_allclose(masked[inside][:, :3], [TARGET] * inside.sum(), rtol=rtol)
    assert not masked[~inside].any()


def test_alpha_is_the_share_of_a_pixel_that_shows_a_target(capture: Capture) -> None:
    """The mean over 8x8 exact pixels of a finer mask is that share; premultiplied colour follows.

    Against a box filter the default one of 1.5 px spreads an edge, so single pixels differ,
    and the sum over the image does not, which is the target's area.
    """
    samples = ["render.samples=64", "render.cycles.use_adaptive_sampling=false"]
    studio = studio_of(direct, capture, *samples)
    masked = rendered(studio, ONLY_MASKED)[Pass.MASKED_COLOR]
    alpha = masked[..., 3]
    fine = studio_of(direct, capture, "render.resolution_percentage=800")
    fine.look(EYE, look_at(EYE, (0.3, 0, 0)))
    inside = fine.ground_truth(MAPS)[Pass.OBJECT_ID] == 3
    share = inside.reshape(31, 8, 46, 8).mean(axis=(1, 3))
    assert ((alpha > 0.1) & (alpha < 0.9)).sum() > 20
    assert alpha.sum() == pytest.approx(share.sum(), rel=0.005)
    assert np.abs(alpha - share).max() < 0.4
    np.testing.assert_allclose(masked[..., :3], TARGET * alpha[..., None], atol=1e-5)


def test_what_has_no_id_still_casts_light(capture: Capture) -> None:
    """It is the only light there is, and the target is as bright as in the whole image."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "target").pass_index = 1
    shining(scene, "lamp", (5, 5, 5), (0.8, -2, 0.2), 0.6)
    studio = scenes.Studio.of(
        scene, capture, *SIZE, "render.samples=256", "render.filter_size=0",
        "render.cycles.use_adaptive_sampling=false",
    )  # fmt: skip
    frame = rendered(studio, frozenset({Pass.COLOR, Pass.MASKED_COLOR}))
    inside = studio.ground_truth(MAPS)[Pass.OBJECT_ID] == 1
    masked, whole = (frame[kind][inside][:, 0] for kind in (Pass.MASKED_COLOR, Pass.COLOR))
    assert whole.mean() > 0.05
    # 256 paths a pixel of some 400 pixels: noise of the mean is below 1 %.
    assert masked.mean() == pytest.approx(whole.mean(), rel=0.02)


def test_the_denoiser_leaves_what_is_clear_clear(capture: Capture) -> None:
    studio = lit_studio(capture)
    masked = rendered(studio, ONLY_MASKED, denoiser="OPENIMAGEDENOISE")[Pass.MASKED_COLOR]
    clear = masked[..., 3] == 0
    assert 0.5 < clear.mean() < 0.95
    assert not masked[clear].any()


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_ground_truth_and_colour_are_the_same_before_and_after(
    capture: Capture, arrangement: Callable[[Any], None]
) -> None:
    studio = studio_of(arrangement, capture, "render.samples=2")
    studio.look(EYE, look_at(EYE, (0.3, 0, 0)))
    maps, color = studio.ground_truth(MAPS), studio.color()
    render = ColorRender(studio.scene, studio.config, "none", capture)
    for seed in (1, 2, 1):
        frame = render.passes(COLORS, seed)
        for kind, values in studio.ground_truth(MAPS).items():
            np.testing.assert_array_equal(values, maps[kind], err_msg=kind)
    np.testing.assert_array_equal(frame[Pass.COLOR], color)


def visible_instancer(scene: Any, *, target_instances: bool) -> None:
    """A cube with smaller ones on its corners, of which either has an id."""
    cube = scenes.add_cube(scene, "carrier")
    cube.instance_type = "VERTS"
    small = scenes.add_cube(scene, "small", half=0.2)
    small.parent = cube
    (small if target_instances else cube).pass_index = 3


@pytest.mark.parametrize(
    ("target_instances", "one", "other"),
    [
        (True, "carrier", "what it instances"),
        (False, "small", "the object that instances it"),
    ],
)
def test_targets_that_carry_other_objects_are_an_error(
    capture: Capture, target_instances: bool, one: str, other: str
) -> None:
    """Blender holds out instances with what instances them or not at all."""
    studio = studio_of(
        lambda scene: visible_instancer(scene, target_instances=target_instances), capture
    )
    with pytest.raises(UsageError) as caught:
        rendered(studio, ONLY_MASKED)
    assert str(caught.value) == (
        f"the object {one!r} of the model has no id, unlike {other}, so no image can show the "
        "targets alone; let objects.exclude_pattern match both or neither, or set "
        'plugins.masked.alpha "mask"'
    )


@pytest.mark.parametrize("clear", [False, True])
def test_the_film_is_clear_on_request(capture: Capture, clear: bool) -> None:
    studio = lit_studio(capture, f"render.film_transparent={str(clear).lower()}")
    alpha = rendered(studio, ONLY_COLOR)[Pass.COLOR][..., 3]
    assert (alpha[0, 0] == 0) == clear
    assert alpha.max() == pytest.approx(1, abs=1e-6)


def test_a_backdrop_stands_behind_all_but_the_masked_image(
    capture: Capture, engine_name: str
) -> None:
    blue = (0.0, 0.125, 0.5)
    studio = lit_studio(capture, engine_name)
    studio.look(EYE, look_at(EYE, (0.3, 0, 0)))
    render = ColorRender(
        studio.scene, studio.config, "none", capture, Backdrop(studio.config.world.backdrop, blue)
    )
    frame = render.passes(COLORS, 1)
    for kind in (Pass.COLOR, Pass.NOISY_COLOR):
        np.testing.assert_array_equal(frame[kind][0, 0], (*blue, 1))
        assert (frame[kind][..., 3] == 1).all()
    assert not frame[Pass.MASKED_COLOR][0, 0].any()


def test_filter_size_softens_edges(capture: Capture) -> None:
    """The wider the filter, the more pixels are partly clear; at 0 hardly any."""
    counts = []
    for size in (0, 1.5, 4):
        studio = studio_of(
            direct, capture, "render.samples=32", "render.film_transparent=true",
            f"render.filter_size={size}",
        )  # fmt: skip
        alpha = rendered(studio, ONLY_COLOR)[Pass.COLOR][..., 3]
        counts.append(int(((alpha > 0.01) & (alpha < 0.99)).sum()))
    # Cycles' narrowest filter is 0.01 px wide: an outline may cross even that.
    assert 10 * counts[0] < counts[1] < counts[2] / 2
