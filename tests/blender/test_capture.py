"""Passes taken from Cycles in memory: complete, consistent, and without a trace afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cycles import CyclesRender

from tests.blender import scenes
from viewbatch.blender.capture import Capture
from viewbatch.errors import RunError
from viewbatch.geometry import look_at
from viewbatch.passes import Pass

pytestmark = pytest.mark.every_blender

METHODS = ("render", "render_frame_finish")
EYE = (4.0, -7.0, 5.0)


@pytest.fixture
def studio(capture: Capture) -> scenes.Studio:
    """Two cubes and a one-sided square, whose back is seen."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "marked", (0.5, 0, 0)).pass_index = 9
    scenes.add_cube(scene, "unmarked", (-1.5, -1, 0.3), 0.6)
    square = [(-1, 2, -1), (3, 2, -1), (3, 2, 3), (-1, 2, 3)]
    scenes.add_mesh(scene, "square", square, [(0, 3, 2, 1)]).pass_index = 32767
    return scenes.Studio.of(
        scene, capture, "render.resolution_x=67", "render.resolution_y=45", "render.samples=2",
        "camera.lens.shift_x=0.05",
    )  # fmt: skip


def test_methods_of_cycles_are_restored() -> None:
    before = [getattr(CyclesRender, name) for name in METHODS]
    with Capture():
        assert all(getattr(CyclesRender, n) is not m for n, m in zip(METHODS, before, strict=True))
    assert [getattr(CyclesRender, name) for name in METHODS] == before


def test_methods_are_restored_after_an_error() -> None:
    before = [getattr(CyclesRender, name) for name in METHODS]
    with pytest.raises(KeyError), Capture():
        raise KeyError
    assert [getattr(CyclesRender, name) for name in METHODS] == before


def test_what_a_hook_raises_is_raised_again(studio: scenes.Studio) -> None:
    def fail(depsgraph: Any) -> None:
        raise ZeroDivisionError(type(depsgraph).__name__)

    studio.ground_truth()
    with pytest.raises(ZeroDivisionError, match="Depsgraph"):
        studio.capture.evaluated(studio.scene, fail)
    # And the next render works.
    assert studio.capture.evaluated(studio.scene, lambda depsgraph: depsgraph.mode) == "RENDER"


def test_a_render_that_blender_refuses_is_an_error(studio: scenes.Studio) -> None:
    studio.scene.camera = None
    with pytest.raises(RunError, match=r"^Blender failed to render: Cannot render, no camera"):
        studio.capture.passes(studio.scene, [Pass.DEPTH])


def test_passes_of_a_view_agree_in_every_pixel(studio: scenes.Studio) -> None:
    camera = studio.look(EYE, look_at(EYE, (0, 0, 0)))
    frame = studio.ground_truth()
    depth, ids = frame[Pass.DEPTH], frame[Pass.OBJECT_ID]
    normal, position = frame[Pass.NORMAL], frame[Pass.POSITION]
    seen = depth > 0
    assert 0.2 < seen.mean() < 0.9
    assert {kind: values.dtype for kind, values in frame.items()} == {
        Pass.DEPTH: np.float32, Pass.OBJECT_ID: np.uint32,
        Pass.NORMAL: np.float32, Pass.POSITION: np.float32,
        Pass.UV: np.float32, Pass.MATERIAL_ID: np.uint32, Pass.ALBEDO: np.float32,
    }  # fmt: skip
    # The scene is some 5 m large; float32 leaves 1e-6 of that.
    unprojected = camera.unproject(depth)
    assert np.abs(unprojected - position)[seen].max() < 5e-5
    assert not position[~seen].any()
    # Normals: unit, towards the camera (of the square the back is seen), none without surface.
    assert np.abs(np.linalg.norm(normal[seen], axis=1) - 1).max() < 1e-6
    to_camera = camera.center_in_world - position[seen]
    assert ((normal[seen] * to_camera).sum(axis=1) > 0).all()
    assert not normal[~seen].any()
    # All faces are parallel to the axes.
    np.testing.assert_allclose(np.abs(normal[seen]).max(axis=1), 1, atol=1e-6)
    assert set(np.unique(ids)) == {0, 9, 32767}
    assert not ids[~seen].any()
    assert (ids[seen] == 0).any(), "the cube without an id is seen"


def test_arrays_are_read_only_and_contiguous(studio: scenes.Studio) -> None:
    studio.look(EYE, look_at(EYE, (0, 0, 0)))
    for values in studio.ground_truth().values():
        assert values.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            values[0, 0] = 0


def test_row_0_is_on_top(studio: scenes.Studio) -> None:
    """The marked cube's top is nearer to the eye than its foot is, in all passes alike."""
    studio.look((0.5, -8, 6), look_at((0.5, -8, 6), (0.5, 0, 0)))
    position = studio.ground_truth()[Pass.POSITION]
    heights = position[:, 33, 2][position[:, 33].any(axis=1)]
    assert heights[0] > heights[-1]


def test_no_pixel_is_lost_in_an_image_of_several_tiles(capture: Capture) -> None:
    """Wider than a tile of 2048 pixels, and colour as well as the rest."""
    scene = scenes.empty_scene()
    scenes.add_cube(scene, "room", half=3).pass_index = 4
    studio = scenes.Studio.of(
        scene, capture, "render.resolution_x=4200", "render.resolution_y=13", "render.samples=1",
        "camera.lens.focal_length=15",
    )  # fmt: skip
    camera = studio.look((0, 0, 0), scenes.random_rotation(np.random.default_rng(1)))
    scene.world = None
    color, frame = studio.color(), studio.ground_truth()
    assert (color[..., 3] == 1).all()
    assert (frame[Pass.DEPTH] > 0).all()
    assert (frame[Pass.OBJECT_ID] == 4).all()
    assert np.abs(camera.unproject(frame[Pass.DEPTH]) - frame[Pass.POSITION]).max() < 1e-5


def test_a_render_leaves_nothing_of_another(studio: scenes.Studio) -> None:
    """Bit for bit the same, whatever was rendered in between."""
    studio.look(EYE, look_at(EYE, (0, 0, 0)))
    first, color = studio.ground_truth(), studio.color()
    studio.look((-5, 3, 2), look_at((-5, 3, 2), (0, 0, 0)))
    studio.color(seed=7, denoise=True)
    studio.ground_truth(frozenset({Pass.DEPTH}))
    studio.look(EYE, look_at(EYE, (0, 0, 0)))
    np.testing.assert_array_equal(studio.color(), color)
    for kind, values in studio.ground_truth().items():
        np.testing.assert_array_equal(values, first[kind], err_msg=kind)
