"""Colour from EEVEE beside ground truth from Cycles: the same pixels of the same views."""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from viewbatch.blender import eevee, versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.color_render import ColorRender
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at
from viewbatch.passes import Pass

EEVEE = ['render.engine="EEVEE"', "render.resolution_x=53", "render.resolution_y=34"]
SHARP = ["render.eevee.samples=1", "render.filter_size=0", "render.film_transparent=true"]
MAPS = frozenset({Pass.DEPTH, Pass.OBJECT_ID, Pass.NORMAL, Pass.POSITION})
EYE = (2.0, -7.0, 3.0)
LINEAR = (0.5, 0.18, 0.05)
SUBPIXEL = 1 / 256
"""Of a pixel: OpenGL snaps a triangle's corners to a grid of at most this size, Cycles' rays
see them where they are."""


def color_of(studio: scenes.Studio, render: ColorRender | None = None) -> Any:
    """(H, W, 4) linear premultiplied colour."""
    render = render or ColorRender(studio.scene, studio.config, "none", studio.capture)
    return render.passes(frozenset({Pass.COLOR}), 1)[Pass.COLOR]


def near_an_outline(studio: scenes.Studio, inside: Any) -> Any:
    """(H, W) where a shift of the image by a subpixel changes the mask."""
    data = studio.scene.camera.data
    shift, side = (data.shift_x, data.shift_y), max(inside.shape)
    near = np.zeros_like(inside)
    for x, y in itertools.product((-1, 0, 1), repeat=2):
        data.shift_x, data.shift_y = shift[0] + x * SUBPIXEL / side, shift[1] + y * SUBPIXEL / side
        near |= (studio.ground_truth(MAPS)[Pass.OBJECT_ID] == 1) != inside
    data.shift_x, data.shift_y = shift
    return near


@pytest.mark.usefixtures("opengl")
def test_the_silhouette_is_that_of_the_mask(
    capture: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a shifted lens, from several places, at a later frame of an animation.

    One scene serves all views: what moves there moves in the image, the frame's size too.
    """
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    scene = scenes.empty_scene()
    bpy.ops.mesh.primitive_monkey_add(size=3)
    model = bpy.context.object
    model.data.materials.append(scenes.emission("light", LINEAR))
    model.pass_index = 1
    for frame, height in ((1, 0.0), (10, 0.7)):
        model.location = (0.3, -0.2, height)
        model.keyframe_insert("location", frame=frame)
    scene.frame_set(10)
    studio = scenes.Studio.of(
        scene, capture, *EEVEE, *SHARP, "camera.lens.shift_x=0.11", "camera.lens.shift_y=-0.07"
    )
    render = ColorRender(scene, studio.config, "none", capture)
    for eye, width in ((EYE, 53), ((-5.0, -4.0, -2.0), 53), (EYE, 40)):
        scene.render.resolution_x = width
        studio.look(eye, look_at(eye, (0, 0, 0.5)))
        maps = studio.ground_truth(MAPS)
        color = color_of(studio, render)
        inside = maps[Pass.OBJECT_ID] == 1
        assert color.shape == (34, width, 4)
        assert 0.1 < inside.mean() < 0.8
        near = near_an_outline(studio, inside)
        assert near.mean() < 0.01
        np.testing.assert_array_equal((color[..., 3] > 0) | near, inside | near)
        # Scene-linear and unchanged but for EEVEE's own half floats of 11 bits.
        shown = np.broadcast_to(LINEAR, color[..., :3].shape) * (color[..., 3:] > 0)
        np.testing.assert_allclose(color[..., :3], shown, rtol=2**-10)
        assert set(np.unique(color[..., 3])) == {0, 1}
        for kind, values in studio.ground_truth(MAPS).items():
            np.testing.assert_array_equal(values, maps[kind], err_msg=kind)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.usefixtures("opengl")
def test_shadows_are_cast_where_they_are_asked_for(capture: Capture) -> None:
    """A plate over a floor under the sun: below it is darkness, or light as beside it."""
    ratios = []
    for use in ("true", "false"):
        scene = scenes.empty_scene()
        floor = [(-4, -4, 0), (4, -4, 0), (4, 4, 0), (-4, 4, 0)]
        scenes.add_mesh(scene, "floor", floor, [(0, 1, 2, 3)])
        scenes.add_mesh(scene, "plate", [(x / 3, y / 3, 3) for x, y, _ in floor], [(0, 1, 2, 3)])
        sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", type="SUN"))
        scene.collection.objects.link(sun)
        studio = scenes.Studio.of(
            scene, capture, *EEVEE, "render.eevee.samples=4", f"render.eevee.use_shadows={use}",
            "render.eevee.use_raytracing=false",
        )  # fmt: skip
        # From low enough to see below the plate, whose shadow is around the origin.
        studio.look((0, -9, 2), look_at((0, -9, 2), (0, 0, 0)))
        color = color_of(studio)[..., 0]
        ratios.append(color[17, 26] / color[17, 46])
    assert ratios[0] < 0.1
    assert ratios[1] == pytest.approx(1, abs=0.05)


@pytest.mark.usefixtures("opengl")
def test_the_lens_blurs_the_colour_and_never_the_ground_truth(capture: Capture) -> None:
    images, depths = [], []
    for use in ("false", "true"):
        scene = scenes.empty_scene()
        cube = scenes.add_cube(scene, "cube")
        cube.data.materials.append(scenes.emission("light", LINEAR))
        studio = scenes.Studio.of(
            scene, capture, *EEVEE, "render.film_transparent=true", "render.eevee.samples=4",
            f"camera.dof.use={use}", "camera.dof.fstop=0.1",
        )  # fmt: skip
        studio.look(EYE, look_at(EYE, (0, 0, 0)))
        scene.camera.data.dof.focus_distance = 1.0
        images.append(color_of(studio)[..., 3])
        depths.append(studio.ground_truth(MAPS)[Pass.DEPTH])
    np.testing.assert_array_equal(*depths)
    partly = [((alpha > 0.05) & (alpha < 0.95)).sum() for alpha in images]
    assert partly[1] > 2 * partly[0] > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes EGL away from Mesa")
def test_a_machine_without_opengl_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent.json")
    with pytest.raises(UsageError) as caught:
        eevee.check_opengl()
    assert str(caught.value) == (
        "render.engine is EEVEE, which needs a working OpenGL, and Blender "
        f"{versions.text()} finds none; install libegl1 libgl1 libgl1-mesa-dri (Debian, Ubuntu) "
        "or use render.engine CYCLES"
    )


@pytest.mark.usefixtures("opengl")
def test_a_dataset_by_eevee(tmp_path: Path) -> None:
    """Its record tells the engine; colour and mask show the same, to the edge's softness."""
    scene = scenes.empty_scene()
    cube = scenes.add_cube(scene, "cube")
    cube.data.materials.append(scenes.emission("light", (1, 1, 1)))
    model = scenes.save_blend(tmp_path / "model.blend")
    dataset = scenes.generate(
        model, tmp_path / "out", 2, *EEVEE, "render.eevee.samples=1", "render.filter_size=0",
        'light.mode="none"', "world.strength=0",
    )  # fmt: skip
    assert (dataset.record.engine, dataset.record.device) == ("EEVEE", "CPU")
    assert dataset.record.denoiser == "none"
    for view in dataset.views:
        mask = view.read("mask") == 1
        image = bpy.data.images.load(str(view.path("render")))
        levels = np.array(image.pixels, dtype=np.float32).reshape(34, 53, -1)[::-1, :, :3]
        # All but a pixel or two whose very centre an outline crosses.
        assert (levels != mask[..., None]).any(axis=-1).sum() <= 2
