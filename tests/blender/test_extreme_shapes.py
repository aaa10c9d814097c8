"""Models of odd and of degenerate shapes: rendered as exactly as any, or refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.extremes import Build, assert_exact, made, mesh_triangles
from tests.blender.raycast import Array
from viewbatch.errors import ModelError

QUAD = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]


def test_a_plane_from_all_around_and_from_its_edge(tmp_path: Path) -> None:
    around = ("camera.location.mode=orbit", "camera.location.orbit.inclination=0.4",
              "camera.location.orbit.azi_start=0.3")  # fmt: skip
    dataset = made(tmp_path, lambda scene: scenes.add_mesh(scene, "p", QUAD, [(0, 1, 2, 3)]),
                   *around, number=5)  # fmt: skip
    corners = np.array(QUAD, dtype=np.float64)
    triangles = corners[[(0, 1, 2), (0, 2, 3)]]
    assert_exact(dataset, triangles)
    below = made(tmp_path / "below",
                 lambda scene: scenes.add_mesh(scene, "p", QUAD, [(0, 1, 2, 3)]),
                 *around, "camera.location.orbit.inclination=2.8", number=2)  # fmt: skip
    assert_exact(below, triangles)


def test_a_plane_from_its_edge_shows_nothing_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = made(
        tmp_path, lambda scene: scenes.add_mesh(scene, "p", QUAD, [(0, 1, 2, 3)]),
        "camera.location.mode=orbit", 'camera.location.orbit.inclination="pi/2"', number=2,
    )  # fmt: skip
    for view in dataset.views:
        assert (view.read("depth") == 0).all()
        assert view.record.coverage == 0
        assert view.record.depth_range_m is None
    assert [m for m in caplog.messages if m.startswith("view ")][:1] == [
        "view 0 shows nothing of the target"
    ]


def mesh_object(points: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> Build:
    return lambda scene: scenes.add_mesh(scene, "model", points, faces)


def twice(scene: Any) -> Any:
    points = np.concatenate([scenes.cube_points()] * 2)
    faces = [*scenes.CUBE_FACES, *(tuple(i + 8 for i in face) for face in scenes.CUBE_FACES)]
    return scenes.add_mesh(scene, "twice", points, faces)


def inside_out(scene: Any) -> Any:
    cube = scenes.add_cube(scene, "inside_out")
    cube.data.flip_normals()
    return cube


def half_turned(scene: Any) -> Any:
    """Every second face the other way."""
    faces = [face[::-1] if i % 2 else face for i, face in enumerate(scenes.CUBE_FACES)]
    return scenes.add_mesh(scene, "half", scenes.cube_points(), faces)


def mirrored(scene: Any) -> Any:
    tetrahedron = [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3)]
    mirror = scenes.add_mesh(scene, "m", tetrahedron, [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])
    mirror.scale = (-1, 1, 1)
    return mirror


def sheared(scene: Any) -> Any:
    parent = bpy.data.objects.new("parent", None)
    scene.collection.objects.link(parent)
    parent.scale = (1, 1, -4)
    cube = scenes.add_cube(scene, "sheared")
    cube.parent, cube.rotation_euler = parent, (0.8, 0.3, 0)
    return cube


def slab(scene: Any) -> Any:
    """A hundred times as long as thick."""
    return scenes.add_mesh(scene, "slab", scenes.cube_points() * (1, 0.2, 1e-2), scenes.CUBE_FACES)


SHAPES: dict[str, Build] = {
    "one_triangle": mesh_object([(0, 0, 0), (1, 0, 0), (0, 1, 0.5)], [(0, 1, 2)]),
    "concave": mesh_object(
        [(0, 0, 0), (4, 0, 0), (4, 4, 0.0), (2, 1, 0), (0, 4, 0)], [(0, 1, 2, 3, 4)]
    ),
    "not_planar": mesh_object([(0, 0, 0), (1, 0, 1), (1, 1, 0), (0, 1, 1)], [(0, 1, 2, 3)]),
    "book": mesh_object(
        [(0, 0, 0), (0, 0, 1), (1, 0, 0), (-1, 0, 0), (0, 1, 0)], [(0, 1, 2), (0, 1, 3), (0, 1, 4)]
    ),
    "slab": slab,
    "twice": twice,
    "inside_out": inside_out,
    "half_turned": half_turned,
    "mirrored": mirrored,
    "sheared": sheared,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_odd_shapes_are_exact(tmp_path: Path, shape: str) -> None:
    """And their normals face the camera, whichever way their faces turn."""
    found: list[Array] = []

    def build(scene: Any) -> None:
        made_object = SHAPES[shape](scene)
        bpy.context.view_layer.update()
        found.append(scenes.triangles_in_world(made_object))

    dataset = made(tmp_path, build)
    assert_exact(dataset, found[0])
    assert_exact(dataset, mesh_triangles(dataset))


def needle(scene: Any) -> Any:
    points = scenes.cube_points() * (1e-3, 1e-3, 1e3)
    return scenes.add_mesh(scene, "needle", points, scenes.CUBE_FACES)


def stray_vertex(scene: Any) -> Any:
    points = [*scenes.cube_points(), (1e6, 0, 0)]
    return scenes.add_mesh(scene, "stray", points, [*scenes.CUBE_FACES, (0, 1, 8)])


def stray_object(scene: Any) -> Any:
    scenes.add_cube(scene, "here")
    scenes.add_cube(scene, "there").location = (1e6, 0, 0)


@pytest.mark.parametrize(
    ("build", "radius"), [(needle, "1e+03"), (stray_vertex, "5e+05"), (stray_object, "5e+05")]
)
def test_what_is_too_thin_or_astray_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, build: Build, radius: str
) -> None:
    made(tmp_path, build, number=1)
    assert caplog.messages.count(
        f"the model {tmp_path / 'model.blend'} has a radius of {radius} m, and all of its faces "
        "together fill less than a pixel of an image that shows it whole; is a vertex or an "
        "object of it astray?"
    ) == 1  # fmt: skip


@pytest.mark.parametrize(
    "build",
    [
        mesh_object([(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3)], [(0, 1, 2), (1, 2, 3)]),
        # Far from the origin and small: float32 makes it a line.
        lambda scene: scenes.add_cube(scene, "far", half=1e-3, center=(1e6, 1e6, 0)),
    ],
)
def test_faces_without_area_are_refused(tmp_path: Path, build: Build) -> None:
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build)
    assert str(refusal.value) == (
        f"the faces of the model {tmp_path / 'model.blend'} have no area, so there is nothing "
        "of it to see"
    )
