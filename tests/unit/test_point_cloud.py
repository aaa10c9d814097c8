"""The fused point cloud, on views of a sphere over a plane that are computed in closed form."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from viewbatch import plugin
from viewbatch.dataset import CameraRecord, Dataset, DatasetRecord, ModelRecord, ViewRecord
from viewbatch.dataset.ply import read_vertices
from viewbatch.dataset.writer import ViewFiles, ViewWriter, write_text
from viewbatch.errors import DatasetError
from viewbatch.geometry import Camera, Intrinsics, look_at, rigid
from viewbatch.passes import Frame, Pass
from viewbatch.plugin import BatchContext, Plugin, SceneContext, ViewContext

CENTER = np.array([0.5, -0.3, 0.2])
RADIUS = 1.0
PLANE_Z = -0.8
"""The sphere stands on it."""
ALL = 10**6
# A float32 depth of up to 16 m and a float32 position of up to 8 m are rounded by 5e-7 each.
TOLERANCE_M = 1e-6

EYES = [(4.5, -3.0, 2.0), (-3.0, -4.0, 1.5), (0.4, 4.5, 4.0)]


def camera_at(
    eye: Sequence[float],
    target: Sequence[float] = tuple(CENTER),
    *,
    near_m: float = 0.1,
    f: float = 60.0,
) -> CameraRecord:
    rotation = look_at(tuple(eye), tuple(target))
    k = Intrinsics(width=48, height=36, fx=f, fy=f * 1.1, cx=21.0, cy=20.0)
    camera = Camera(
        intrinsics=k, cam_from_world=rigid(rotation, [-float(r @ np.array(eye)) for r in rotation])
    )
    return CameraRecord(camera=camera, near_m=near_m, far_m=1000.0, drawn={})


def color_at(points: np.ndarray) -> np.ndarray:
    return 0.5 + 0.1 * points


def encode_color(pixels: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)


def render(record: CameraRecord) -> Frame:
    """The sphere has id 1, a square of the plane below it id 2, the rest of the plane id 0."""
    camera = record.camera
    directions = camera.intrinsics.rays() @ camera.cam_from_world[:3, :3]  # z = 1: t is depth
    eye = camera.center_in_world
    a = (directions**2).sum(axis=-1)
    b = directions @ (eye - CENTER)
    c = ((eye - CENTER) ** 2).sum() - RADIUS**2
    root = np.sqrt(np.maximum(b**2 - a * c, 0))
    of_sphere = np.full(a.shape, np.inf)
    for t in ((-b + root) / a, (-b - root) / a):
        of_sphere = np.where((b**2 > a * c) & (t > record.near_m), t, of_sphere)
    with np.errstate(divide="ignore"):
        t = (PLANE_Z - eye[2]) / directions[..., 2]
    of_plane = np.where((t > record.near_m) & (t < 15), t, np.inf)
    depth = np.minimum(of_sphere, of_plane)
    points = eye + np.where(np.isfinite(depth), depth, 0)[..., None] * directions
    target = np.abs(points[..., :2] - CENTER[:2]).max(axis=-1) < 2
    ids = np.where(of_sphere <= of_plane, 1, np.where(target, 2, 0)) * np.isfinite(depth)
    normals = np.where((ids == 1)[..., None], (points - CENTER) / RADIUS, [0, 0, 1])
    alpha = np.ones((*depth.shape, 1))
    return {
        Pass.DEPTH: np.where(np.isfinite(depth), depth, 0).astype(np.float32),
        Pass.OBJECT_ID: ids.astype(np.uint32),
        Pass.NORMAL: normals.astype(np.float32),
        Pass.COLOR: np.concatenate([color_at(points), alpha], axis=-1).astype(np.float32),
    }


def distance_to_surface(points: np.ndarray) -> np.ndarray:
    to_sphere = np.abs(np.linalg.norm(points - CENTER, axis=-1) - RADIUS)
    return np.minimum(to_sphere, np.abs(points[..., 2] - PLANE_Z))


def xyz(vertices: np.ndarray) -> np.ndarray:
    return np.stack([vertices[axis].astype(np.float64) for axis in "xyz"], axis=-1)


@pytest.fixture
def fuse(
    tmp_path: Path,
    dataset_record: Callable[..., DatasetRecord],
    view_record: Callable[..., ViewRecord],
) -> Callable[..., np.ndarray]:
    """Make a dataset of these views and return its point cloud."""

    def run(
        views: Sequence[tuple[CameraRecord, Frame]],
        *,
        max_points: int = ALL,
        name: str = "out",
        offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> np.ndarray:
        folder = tmp_path / name
        folder.mkdir()
        model = ModelRecord(file="a.glb", sha256="", world_from_model=np.eye(4), offset_m=offset_m)
        record = dataset_record(model=model, number_of_views=len(views), files=("point_cloud.ply",))
        write_text(folder, "dataset.json", record.to_json())
        scene = SceneContext(record=record, intrinsics=None, mesh=lambda: pytest.fail("not asked"))
        found = plugin.find(["depth", "point_cloud"], [], None)[0]
        depth = found["depth"](found["depth"].Config(ray_distance=False))
        cloud = found["point_cloud"](found["point_cloud"].Config(max_points=max_points))
        plugins: list[Plugin] = [depth, cloud]
        for own in plugins:
            own.on_scene_ready(scene)
        with ViewWriter(lambda _: None) as writer:
            for index, (camera, frame) in enumerate(views):
                files = ViewFiles(
                    folder=folder, index=index, cam_from_world=camera.camera.cam_from_world
                )
                view = ViewContext(
                    index=index, camera=camera, files=files, encode_color=encode_color
                )
                for own in plugins:
                    own.on_view_rendered(view, {p: frame[p] for p in own.passes})
                writer.submit(files, view_record(index, camera=camera))
        for own in plugins:
            own.on_batch_finished(BatchContext(dataset=Dataset.open(folder), scene=scene))
        return read_vertices(folder / "point_cloud.ply")

    return run


Fuse = Callable[..., np.ndarray]


@pytest.fixture
def views() -> list[tuple[CameraRecord, Frame]]:
    return [(camera, render(camera)) for camera in map(camera_at, EYES)]


def targets(views: Sequence[tuple[CameraRecord, Frame]]) -> int:
    return sum(int(np.count_nonzero(frame[Pass.OBJECT_ID])) for _, frame in views)


def test_no_view_contradicts_another_where_all_show_one_scene(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]]
) -> None:
    cloud = fuse(views)
    # Each view hides from the others what they see behind the sphere, and none of it is lost;
    # nor are points at outlines, and on a plane that is seen at a grazing angle.
    assert len(cloud) == targets(views) > 1000
    points = xyz(cloud)
    assert distance_to_surface(points).max() < TOLERANCE_M
    for eye in EYES:
        facing = (points - CENTER) @ (np.array(eye) - CENTER) < -0.5
        assert facing.any(), "the scene must hide something from every view"


def test_points_carry_normals_and_display_colours(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]]
) -> None:
    cloud = fuse(views)
    assert {name: cloud.dtype[name].str[1:] for name in cloud.dtype.names} == {
        **dict.fromkeys("xyz", "f8"),
        **dict.fromkeys(("nx", "ny", "nz"), "f4"),
        **dict.fromkeys(("red", "green", "blue"), "u1"),
    }
    points = xyz(cloud)
    normals = np.stack([cloud[name] for name in ("nx", "ny", "nz")], axis=-1)
    on_sphere = points[:, 2] > PLANE_Z + 0.01
    expected = np.where(on_sphere[:, None], points - CENTER, [0, 0, 1])
    np.testing.assert_allclose(normals, expected, atol=TOLERANCE_M)
    colors = np.stack([cloud[name] for name in ("red", "green", "blue")], axis=-1)
    # One level, where the rounded point lies on the other side of a half.
    assert np.abs(colors.astype(int) - encode_color(color_at(points))).max() <= 1


def test_a_point_that_some_view_sees_through_is_dropped(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]]
) -> None:
    camera, frame = views[0]
    wrong = {key: values.copy() for key, values in frame.items()}
    # A patch that floats before the sphere. Others look past it at what is behind.
    patch = (slice(14, 20), slice(18, 24))
    assert (frame[Pass.OBJECT_ID][patch] != 0).all()
    wrong[Pass.DEPTH][patch] *= np.float32(0.8)
    damaged = [(camera, wrong), *views[1:]]
    alone = xyz(fuse(damaged[:1], name="alone"))
    assert np.count_nonzero(distance_to_surface(alone) > 0.5) == 36
    points = xyz(fuse(damaged))
    assert distance_to_surface(points).max() < TOLERANCE_M
    # Points of the other views that the patch hides are nothing that it sees through.
    assert len(points) == targets(views) - 36


def test_a_point_that_floats_before_the_background_is_dropped(fuse: Fuse) -> None:
    above = camera_at((0.5, -0.4, 9.0))
    frame = render(above)
    wrong = {key: values.copy() for key, values in frame.items()}
    row, column = (int(v) for v in np.argwhere(frame[Pass.OBJECT_ID] == 0)[0])
    wrong[Pass.DEPTH][row, column] = 1.0
    wrong[Pass.OBJECT_ID][row, column] = 1
    level = camera_at((7.0, -0.3, 8.0))  # looks down; the point stands before empty space
    empty = {key: np.zeros_like(values) for key, values in render(level).items()}
    assert len(fuse([(above, wrong)], name="alone")) == targets([(above, wrong)])
    points = xyz(fuse([(above, wrong), (level, empty)], name="both"))
    pixels, z = level.camera.project(points)
    inside = (pixels > 0.5).all(axis=-1) & (pixels < [47.5, 35.5]).all(axis=-1) & (z > 0)
    assert not inside.any()


def test_points_before_the_near_plane_are_not_judged(fuse: Fuse) -> None:
    camera = camera_at(EYES[0])
    # Its near plane cuts the sphere: inside is seen, and the front is not.
    cut = camera_at(EYES[0], near_m=math.dist(EYES[0], CENTER) - 0.2)
    views = [(camera, render(camera)), (cut, render(cut))]
    front, back = (frame[Pass.DEPTH][18, 21] for _, frame in views)
    assert front < cut.near_m < back
    cloud = fuse(views)
    assert len(cloud) == targets(views)


def test_points_at_the_edge_of_a_frame_are_not_judged_by_the_pixels_inside_alone(
    fuse: Fuse,
) -> None:
    # Along the plane depth grows by 4 % a row, and the lowest row's centres lie half a row
    # beyond the frame's edge.
    along = camera_at((3.2, -1.5, -0.6), (0.5, -1.5, -0.75), f=120.0)
    above = camera_at((2.0, -1.5, 0.5), (2.0, -1.49, -0.8), f=120.0)
    views = [(camera, render(camera)) for camera in (along, above)]
    points = xyz(fuse(views[1:], name="above"))
    pixels, _ = along.camera.project(points)
    lowest = (np.abs(pixels[:, 1] - 35.75) < 0.25) & (np.abs(pixels[:, 0] - 24) < 20)
    assert np.count_nonzero(lowest) > 10
    assert len(fuse(views)) == targets(views)


@pytest.mark.parametrize("maximum", [1, 40, 400, 1500])
def test_of_many_points_an_even_part_is_kept(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]], maximum: int
) -> None:
    everything = xyz(fuse(views, name="all"))
    kept = xyz(fuse(views, max_points=maximum))
    assert maximum >= len(kept) >= 0.9 * min(maximum, 1000)
    assert distance_to_surface(kept).max() < TOLERANCE_M

    def farthest(some: np.ndarray) -> float:
        gaps = np.linalg.norm(everything[:, None] - some[None], axis=-1).min(axis=1)
        return float(gaps.max())

    if maximum > 1:
        by_chance = np.random.default_rng(0).permutation(everything)[: len(kept)]
        assert farthest(kept) < farthest(by_chance)


def test_the_cloud_is_equal_in_every_byte_when_it_is_made_again(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        fuse(views, max_points=300, name=name)
    for name in ("000_points.ply", "002_points.ply", "point_cloud.ply"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_a_view_writes_does_not_depend_on_how_many_there_will_be(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]], tmp_path: Path
) -> None:
    fuse(views[:2], max_points=100, name="two")
    fuse(views, max_points=100, name="three")
    for index in (0, 1):
        name = f"{index:03d}_points.ply"
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()
    # As many as in a dataset that ends with this view, 2 * max_points / (i + 1).
    sizes = [len(read_vertices(tmp_path / "three" / f"{i:03d}_points.ply")) for i in range(3)]
    assert sizes == [200, 100, 67]


@pytest.mark.parametrize("view", [0, 5])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_first_pixels_of_a_view_are_spread_evenly(view: int, share: float) -> None:
    plugin.find(["point_cloud"], [], None)
    spread = sys.modules["viewbatch_plugins.point_cloud"]._spread
    rows, columns = (index.ravel() for index in np.indices((60, 80)))
    first = spread(rows, columns, view)[: int(share * rows.size)]
    counts, _, _ = np.histogram2d(rows[first], columns[first], bins=(3, 4))
    # Random ones would miss the mean of one of the twelve squares by twice its root.
    mean = share * rows.size / 12
    assert np.abs(counts - mean).max() < 0.5 * math.sqrt(mean) + 2


def test_points_of_a_model_far_from_its_origin_lose_nothing(fuse: Fuse, tmp_path: Path) -> None:
    offset = np.array([4e6, -3e6, 500.0])
    near = camera_at(EYES[0])
    moved = near.camera.cam_from_world.copy()
    moved[:3, 3] -= moved[:3, :3] @ offset
    camera = Camera(intrinsics=near.camera.intrinsics, cam_from_world=moved)
    far = CameraRecord(camera=camera, near_m=near.near_m, far_m=near.far_m, drawn={})
    cloud = fuse([(far, render(near))], offset_m=tuple(offset))
    # float64 itself rounds at 5e-10 there, and the pose's translation with it.
    assert distance_to_surface(xyz(cloud) - offset).max() < TOLERANCE_M
    view = xyz(read_vertices(tmp_path / "out" / "000_points.ply"))
    assert distance_to_surface(view).max() < TOLERANCE_M


def test_views_that_show_nothing_make_an_empty_cloud(fuse: Fuse) -> None:
    camera = camera_at(EYES[0])
    empty = {key: np.zeros_like(values) for key, values in render(camera).items()}
    assert len(fuse([(camera, empty), (camera, empty)])) == 0


def test_views_from_one_place_give_as_few_points_as_are_asked_for(fuse: Fuse) -> None:
    camera = camera_at(EYES[0])
    frame = {key: np.zeros_like(values) for key, values in render(camera).items()}
    frame[Pass.DEPTH][20, 20], frame[Pass.OBJECT_ID][20, 20] = 2.0, 1
    assert len(fuse([(camera, frame)] * 3, max_points=1)) == 1


def test_without_the_files_that_it_reads_it_says_which_are_missing() -> None:
    assert plugin.find(["point_cloud"], [], None)[1] == [
        "plugins.enabled: point_cloud needs depth; enable it too"
    ]


def test_a_view_without_points_in_words(
    fuse: Fuse, views: list[tuple[CameraRecord, Frame]], tmp_path: Path
) -> None:
    fuse(views)
    (tmp_path / "out" / "001_points.ply").write_bytes(b"ply\n")
    found = plugin.find(["point_cloud", "depth"], [], None)[0]["point_cloud"]
    dataset = Dataset.open(tmp_path / "out")
    scene = SceneContext(record=dataset.record, intrinsics=None, mesh=lambda: pytest.fail("no"))
    with pytest.raises(DatasetError, match=r"001_points\.ply is not a whole PLY file"):
        found(found.Config(max_points=5)).on_batch_finished(
            BatchContext(dataset=dataset, scene=scene)
        )
