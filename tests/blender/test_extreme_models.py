"""Models at the ends of what can be modelled: rendered as exactly as any, or refused in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.raycast import Array, assert_rendered, rays_in_world, triangles_hit
from viewbatch.blender import scene as scene_module
from viewbatch.dataset import Dataset
from viewbatch.errors import ModelError

QUICK = (
    "render.resolution_x=60", "render.resolution_y=48", "render.samples=1",
    "render.cycles.use_denoising=false", 'plugins.enabled=["depth", "mask", "normal", "mesh"]',
    "verify.at_end=true", "verify.noise_views=0",
)  # fmt: skip

QUAD = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]

Build = Callable[[Any], Any]


def made(tmp_path: Path, build: Build, *overrides: str, number: int = 4) -> Dataset:
    """A dataset of a scene, certified at its end."""
    scene = scenes.empty_scene()
    build(scene)
    model = scenes.save_blend(tmp_path / "model.blend")
    return scenes.generate(model, tmp_path / "out", number, *QUICK, *overrides)


def mesh_triangles(dataset: Dataset) -> Array:
    """(n, 3, 3) corners of the triangles in mesh.ply."""
    header, _, body = (dataset.folder / "mesh.ply").read_bytes().partition(b"end_header\n")
    words = header.split()
    vertices, faces = (int(words[words.index(of) + 1]) for of in (b"vertex", b"face"))
    points = np.frombuffer(body, dtype="<f8", count=3 * vertices).reshape(-1, 3)
    layout = np.dtype([("n", "u1"), ("i", "<i4", 3), ("id", "<u4")])
    corners: Array = points[np.frombuffer(body[24 * vertices :], layout, faces)["i"]]
    return corners


def assert_exact(dataset: Dataset, triangles: Array) -> None:
    """Every view shows what rays against these triangles meet, and normals face the camera."""
    for view in dataset.views:
        depth = view.read("depth")
        assert_rendered(depth, triangles_hit(view.camera, triangles))
        normals = np.asarray(view.read("normal"), dtype=np.float64)
        _, directions = rays_in_world(view.camera)
        towards = (normals * directions).sum(axis=-1)[depth > 0]
        assert (towards < 1e-3).all()


SUZANNE = scenes.ROOT / "references" / "models" / "suzanne.glb"
SCALED = (
    *QUICK, 'plugins.enabled=["depth", "mask", "normal", "linear"]', "render.samples=4",
    "ground.mode=plane", "ground.in_masks=true", "light.mode=three_point",
)  # fmt: skip


@pytest.fixture(scope="module")
def of_scale_1(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Suzanne, two metres across."""
    return scenes.generate(SUZANNE, tmp_path_factory.mktemp("scale") / "out", 3, *SCALED)


def assert_alike(dataset: Dataset, original: Dataset, scale: float) -> None:
    """The same images, with lengths multiplied."""
    assert dataset.record.bounds.radius == pytest.approx(scale * original.record.bounds.radius)
    for a, b in zip(dataset.views, original.views, strict=True):
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
        np.testing.assert_allclose(
            a.read("depth").astype(np.float64) / scale, b.read("depth"), rtol=1e-5
        )
        normals = (view.read("normal").astype(np.float64) for view in (a, b))
        np.testing.assert_allclose(*normals, atol=2e-3)
        # Of half floats up to 2, whose steps are 1e-3, but where the last bit of a ray decides
        # between light and shadow.
        colors = (view.read("linear").astype(np.float64) for view in (a, b))
        difference = np.abs(np.subtract(*colors)).max(axis=-1)
        assert np.quantile(difference, 0.98) < 3e-3


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6, 5e7])
def test_a_model_of_any_size_gives_the_same_images(
    tmp_path: Path, of_scale_1: Dataset, scale: float
) -> None:
    """From a micrometre to beyond the size of the Earth: camera, clip planes, lamps, ground."""
    dataset = scenes.generate(SUZANNE, tmp_path / "out", 3, *SCALED, f"model.scale={scale:f}")
    assert_alike(dataset, of_scale_1, scale)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_a_file_in_any_unit_can_be_normalised(tmp_path: Path, scale: float) -> None:
    def cube_of(scale: float) -> Build:
        points = scale * scenes.cube_points(0.5, (0.25, 0.5, 0))
        return lambda scene: scenes.add_mesh(scene, "cube", points, scenes.CUBE_FACES)

    overrides = ("model.normalize=unit_cube", "verify.at_end=false")
    original = made(tmp_path / "1", cube_of(1.0), *overrides)
    dataset = made(tmp_path / "scaled", cube_of(scale), *overrides)
    for a, b in zip(dataset.views, original.views, strict=True):
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))
        np.testing.assert_allclose(a.read("depth"), b.read("depth"), rtol=1e-5)


@pytest.mark.parametrize(
    ("half", "radius"), [(1e-40, "1.73e-40"), (5e-7, "8.66e-07"), (6e7, "1.04e+08"),
                         (1e30, "1.73e+30"), (3e38, "5.2e+38")],
)  # fmt: skip
def test_a_size_that_float32_cannot_render_is_refused(
    tmp_path: Path, half: float, radius: str
) -> None:
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, lambda scene: scenes.add_cube(scene, "cube", half=half))
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} has a radius of {radius} m, and images are exact "
        "from 1e-06 to 1e+08 m; change its size with model.scale or model.normalize"
    )
    assert not (tmp_path / "out").exists()


def test_an_excluded_object_beyond_all_depth_is_refused(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube")
        scenes.add_cube(scene, "sky", half=4e9)

    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build, "objects.exclude_pattern=sky")
    assert str(refusal.value) == (
        f"what is rendered of the model {tmp_path / 'model.blend'}, with the ground and excluded "
        "objects, has a radius of 6.93e+09 m, and depth ends at 2e+09 m; choose a smaller "
        "ground.size, or remove such objects from the model"
    )


def test_a_place_that_no_camera_can_be_recorded_at_is_refused(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube").location = (1e12, 0, 0)

    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build)
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} stands 1e+12 m from its origin and has a radius of "
        "1.73 m, which is too far for exact cameras; move it nearer, or set model.normalize"
    )
    dataset = made(tmp_path / "normalised", build, "model.normalize=unit_sphere")
    assert dataset.record.bounds.radius == pytest.approx(1.0)


@pytest.mark.parametrize("far", [1e6, 1e7, 1e9])
@pytest.mark.parametrize("half", [1.0, 1e3])
def test_far_and_small_or_large(tmp_path: Path, far: float, half: float) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube", half=half).location = (far, -far, far)

    dataset = made(tmp_path, build)
    triangles = mesh_triangles(dataset)
    place = np.array([np.float32(far)] * 3, dtype=np.float64) * (1, -1, 1)
    np.testing.assert_allclose(np.abs(triangles - place), half, rtol=1e-6)
    assert_exact(dataset, triangles)


def test_far_and_tiny(tmp_path: Path) -> None:
    def build(scene: Any) -> None:
        scenes.add_cube(scene, "cube", half=1e-3).location = (1048576, 0, 0)

    dataset = made(tmp_path, build)
    assert dataset.record.bounds.radius == pytest.approx(1e-3 * 3**0.5)
    assert_exact(dataset, mesh_triangles(dataset))


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


def alone(scene: Any) -> None:
    scenes.add_cube(scene, "good")


def with_nothing(scene: Any) -> None:
    """Beside a good object: one of size 0, one without faces, a wire, a hidden one."""
    alone(scene)
    point = scenes.add_cube(scene, "point")
    point.scale = (0, 0, 0)
    scenes.add_mesh(scene, "no_faces", [(9, 9, 9), (1, 2, 3)], [])
    wire = bpy.data.meshes.new("wire")
    wire.from_pydata([(0, 0, 0), (7, 7, 7)], [(0, 1)], [])
    scene.collection.objects.link(bpy.data.objects.new("wire", wire))
    scenes.add_cube(scene, "hidden", center=(20, 0, 0)).hide_render = True


@pytest.mark.parametrize("far", [0.0, 2.0**20])
def test_what_shows_nothing_changes_nothing(tmp_path: Path, far: float) -> None:
    def moved(build: Callable[[Any], None]) -> Build:
        def at(scene: Any) -> None:
            build(scene)
            for each in scene.objects:
                each.location.x += far

        return at

    clean = made(tmp_path / "clean", moved(alone))
    messy = made(tmp_path / "messy", moved(with_nothing))
    assert [entry.name for entry in messy.record.objects] == ["good", "point"]
    assert messy.record.bounds == clean.record.bounds
    for a, b in zip(clean.views, messy.views, strict=True):
        np.testing.assert_array_equal(a.read("depth"), b.read("depth"))
        np.testing.assert_array_equal(a.read("mask"), b.read("mask"))


@pytest.mark.parametrize("far", [0.0, 2.0**20])
def test_a_vertex_of_no_face_may_lie_anywhere(tmp_path: Path, far: float) -> None:
    def cube(scene: Any, *more: Sequence[float]) -> None:
        points = [*scenes.cube_points(center=(far, 0, 0)), *more]
        scenes.add_mesh(scene, "cube", points, scenes.CUBE_FACES)

    clean = made(tmp_path / "clean", cube)
    messy = made(tmp_path / "messy", lambda scene: cube(scene, (1e30, 0, 0)))
    assert messy.record.bounds == clean.record.bounds
    for a, b in zip(clean.views, messy.views, strict=True):
        np.testing.assert_array_equal(a.read("depth"), b.read("depth"))


@pytest.mark.parametrize(
    "build", [lambda _: None, lambda scene: setattr(scenes.add_cube(scene, "c"), "hide_render", 1)],
    ids=["empty", "hidden"],
)  # fmt: skip
def test_a_scene_that_shows_nothing_is_refused(tmp_path: Path, build: Build) -> None:
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, build)
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} holds no mesh with faces, or hides them all from "
        "rendering"
    )


def grid_of_cubes(scene: Any, side: int) -> None:
    """`side` squared objects that share their mesh."""
    mesh = scenes.add_cube(scene, "first", half=0.4).data
    for i in range(1, side * side):
        twin = bpy.data.objects.new(f"cube_{i}", mesh)
        twin.location = (i % side, i // side, 0)
        scene.collection.objects.link(twin)


def test_thousands_of_objects_have_an_id_each(tmp_path: Path) -> None:
    dataset = made(
        tmp_path, lambda scene: grid_of_cubes(scene, 50), "render.resolution_x=320",
        "render.resolution_y=320", "verify.at_end=false",
        "camera.location.mode=orbit", "camera.location.orbit.inclination=0", number=1,
    )  # fmt: skip
    assert len(dataset.record.objects) == 2500
    [view] = dataset.views
    ids = view.read("mask")
    assert set(np.unique(ids)) == set(range(2501))
    # From above, every object is where its record says, in a mask too.
    centers = np.array([entry.world_from_object[:3, 3] for entry in dataset.record.objects])
    pixels, _ = view.camera.project(centers + np.array([0, 0, 0.4]))
    columns, rows = pixels.astype(int).T
    assert ids[rows, columns].tolist() == [entry.id for entry in dataset.record.objects]


def test_more_objects_than_ids_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_module, "LARGEST_ID", 8)
    with pytest.raises(ModelError) as refusal:
        made(tmp_path, lambda scene: grid_of_cubes(scene, 3))
    assert str(refusal.value) == (
        f"the model {tmp_path / 'model.blend'} has 9 objects, and masks can tell 8 apart; join "
        "some, or leave some out with objects.exclude_pattern"
    )


def test_two_million_triangles(tmp_path: Path) -> None:
    """A wave over a square, whose height has a closed form."""
    side = 1001
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    height = 0.1 * np.sin(3 * x) * np.cos(2 * y)
    points = np.stack([x, y, height], axis=-1).astype("<f4").reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.empty((2, len(corner)), dtype=[("n", "u1"), ("i", "<i4", 3)])
    faces["n"] = 3
    faces["i"][0] = np.stack([corner, corner + 1, corner + side + 1], axis=-1)
    faces["i"][1] = np.stack([corner, corner + side + 1, corner + side], axis=-1)
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\nproperty float x\n"
        f"property float y\nproperty float z\nelement face {faces.size}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    path = tmp_path / "wave.ply"
    path.write_bytes(header.encode() + points.tobytes() + faces.tobytes())
    dataset = scenes.generate(
        path, tmp_path / "out", 1, *QUICK, 'plugins.enabled=["depth", "mask"]',
        "verify.at_end=false", "render.resolution_x=32", "render.resolution_y=32",
    )  # fmt: skip
    [view] = dataset.views
    depth = view.read("depth")
    assert np.count_nonzero(depth) > 50
    x, y, z = view.camera.unproject(depth)[depth > 0].T
    # A chord of the wave lies below it by an eighth of bend times the square of its length.
    np.testing.assert_allclose(z, 0.1 * np.sin(3 * x) * np.cos(2 * y), atol=3e-6)
