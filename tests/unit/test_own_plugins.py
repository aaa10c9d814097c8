"""Our own plugins on frames whose answer is known."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
import trimesh
from PIL import Image

from viewbatch import plugin
from viewbatch.dataset import CameraRecord, Dataset, DatasetRecord, ObjectRecord
from viewbatch.dataset.exr import read_exr
from viewbatch.dataset.writer import ViewFiles
from viewbatch.geometry import Bounds, Intrinsics
from viewbatch.passes import GROUND_TRUTH, Frame, Pass
from viewbatch.plugin import BatchContext, Plugin, SceneContext, SceneMesh, ViewContext
from viewbatch.stopwatch import Stopwatch

HEIGHT, WIDTH = 5, 7
SHAPE = (HEIGHT, WIDTH)


def encode_color(pixels: np.ndarray) -> np.ndarray:
    """A view transform that is easy to follow: straight linear colour in 8 bits."""
    alpha = pixels[..., 3:]
    straight = np.where(alpha > 0, pixels[..., :3] / np.where(alpha > 0, alpha, 1), 0)
    levels = np.rint(255 * np.clip(np.concatenate([straight, alpha], axis=-1), 0, 1))
    levels = levels.astype(np.uint8)
    levels.flags.writeable = False
    return levels


def random_map(*channels: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    values = np.random.default_rng(0).uniform(low, high, (*SHAPE, *channels)).astype(np.float32)
    values.flags.writeable = False  # as those that the renderer gives
    return values


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a plugin made of one view."""

    folder: Path
    names: dict[str, str]
    """By the record's key."""
    notes: Mapping[str, Any]
    passes: frozenset[Pass]

    def exr(self, key: str) -> dict[str, np.ndarray]:
        return read_exr(self.folder / self.names[key])

    def header(self, key: str) -> dict[str, Any]:
        return OpenEXR.File(str(self.folder / self.names[key])).header()

    def image(self, key: str) -> Image.Image:
        return Image.open(self.folder / self.names[key])

    def matrix(self, key: str) -> np.ndarray:
        return np.loadtxt(self.folder / self.names[key])


@pytest.fixture
def scene(dataset_record: Callable[..., DatasetRecord]) -> SceneContext:
    names = {3: "object", 1: "wheel", 7: "ground"}
    objects = tuple(
        ObjectRecord(id=i, name=f"o{i}", category=name, world_from_object=np.eye(4))
        for i, name in names.items()
    )
    record = dataset_record(objects=objects, categories=("wheel", "ground", "object"))
    return SceneContext(record=record, intrinsics=None, mesh=lambda: pytest.fail("not asked for"))


@pytest.fixture
def written(
    tmp_path: Path,
    camera_record: CameraRecord,
    files_of: Callable[[Path, int], ViewFiles],
    scene: SceneContext,
) -> Callable[..., Written]:
    """Run a plugin on a view, giving it the passes that it asks for and no others."""

    def run(
        name: str, frame: Frame, /, *, in_scene: SceneContext = scene, **options: object
    ) -> Written:
        kind = plugin.find([name], [], None)[0][name]
        own = kind(kind.Config(**options))
        files = files_of(tmp_path, 0)
        view = ViewContext(index=0, camera=camera_record, files=files, encode_color=encode_color)
        own.on_scene_ready(in_scene)
        own.on_view_ready(view)
        own.on_view_rendered(view, {p: frame[p] for p in own.passes})
        names = {key: file.name for key, file in files.write(Stopwatch()).items()}
        return Written(folder=tmp_path, names=names, notes=view.notes, passes=own.passes)

    return run


@pytest.fixture
def finished(tmp_path: Path, scene: SceneContext) -> Callable[..., dict[str, bytes]]:
    """What a plugin makes of the whole dataset, by name."""

    def run(name: str, *, in_scene: SceneContext = scene, **options: object) -> dict[str, bytes]:
        kind = plugin.find([name], [], None)[0][name]
        own = kind(kind.Config(**options))
        record = with_changes(in_scene.record, files=own.dataset_files)
        in_scene = with_changes(in_scene, record=record)
        dataset = Dataset(folder=tmp_path, record=record)
        own.on_scene_ready(in_scene)
        own.on_batch_finished(BatchContext(dataset=dataset, scene=in_scene))
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    return run


def with_changes(value: Any, **changes: object) -> Any:
    return type(value)(**{**vars(value), **changes})


Write = Callable[..., Written]
Finish = Callable[..., dict[str, bytes]]


def depth_map() -> np.ndarray:
    depth = random_map(low=1, high=9).copy()
    depth[2, 3] = 0
    return depth


def unit_normals() -> np.ndarray:
    normals = random_map(3, low=-1, high=1)
    normals = normals / np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[2, 3] = 0
    return normals.astype(np.float32)


def test_depth_is_written_as_it_was_rendered(written: Write) -> None:
    result = written("depth", {Pass.DEPTH: depth_map()}, ray_distance=False)
    assert result.names == {"depth": "000_depth.exr"}
    np.testing.assert_array_equal(result.exr("depth")["Y"], depth_map())


def test_ray_distance_is_the_distance_to_the_point_that_the_pixel_shows(
    written: Write, camera_record: CameraRecord
) -> None:
    result = written("depth", {Pass.DEPTH: depth_map()}, ray_distance=True)
    assert list(result.names) == ["depth", "distance"]
    distance = result.exr("distance")["Y"]
    assert distance.dtype == np.float32
    k = camera_record.camera.intrinsics
    for row, column in [(0, 0), (4, 6), (1, 5)]:
        z = float(depth_map()[row, column])
        x = (column + 0.5 - k.cx) / k.fx * z
        y = (row + 0.5 - k.cy) / k.fy * z
        # float32 rounds at 6e-8.
        assert distance[row, column] == pytest.approx(math.hypot(x, y, z), rel=1e-7)
    assert distance[2, 3] == 0


@pytest.mark.parametrize(
    ("mode", "expected", "picture", "picture_mode"),
    [
        ("instance", [[0, 1, 7], [32767, 0, 2]], [[0, 1, 7], [32767, 0, 2]], "I;16"),
        ("binary", [[0, 1, 1], [1, 0, 1]], [[0, 255, 255], [255, 0, 255]], "L"),
    ],
)
def test_masks_hold_ids_or_ones(
    written: Write,
    mode: str,
    expected: list[list[int]],
    picture: list[list[int]],
    picture_mode: str,
) -> None:
    frame = {Pass.OBJECT_ID: np.array([[0, 1, 7], [32767, 0, 2]], dtype=np.uint32)}
    assert list(written("mask", frame, mode=mode, png=False).names) == ["mask"]
    result = written("mask", frame, mode=mode, png=True)
    assert result.names == {"mask": "000_mask.exr", "mask_png": "000_mask.png"}
    mask = result.exr("mask")["Y"]
    assert mask.dtype == np.uint32
    assert mask.tolist() == expected
    assert result.image("mask_png").mode == picture_mode
    assert np.asarray(result.image("mask_png")).tolist() == picture


def test_normals_in_world_are_those_that_were_rendered(written: Write) -> None:
    result = written("normal", {Pass.NORMAL: unit_normals()}, frame="world", png=False)
    assert result.names == {"normal": "000_normal.exr"}
    channels = result.exr("normal")
    assert {values.dtype for values in channels.values()} == {np.dtype(np.float16)}
    normals = np.stack([channels[c] for c in "RGB"], axis=-1)
    # Half precision has 11 bits: values below 1 are rounded by at most 2^-12.
    np.testing.assert_allclose(normals, unit_normals(), atol=2**-12)
    assert (normals[2, 3] == 0).all()
    assert result.header("normal")["viewbatch/quantity"] == "surface normal in world"


def test_normals_in_cam_point_where_the_camera_sees_them_point(
    written: Write, camera_record: CameraRecord
) -> None:
    right, down, forward = camera_record.camera.cam_from_world[:3, :3]
    normals = np.zeros((*SHAPE, 3), np.float32)
    normals[0, 0], normals[0, 1], normals[0, 2] = right, down, -forward
    normals[1, 1] = -right / math.sqrt(2) + down / math.sqrt(2)
    result = written("normal", {Pass.NORMAL: normals}, frame="cam", png=True)
    channels = result.exr("normal")
    in_cam = np.stack([channels[c] for c in "RGB"], axis=-1)
    expected = np.zeros((*SHAPE, 3))
    expected[0, 0], expected[0, 1], expected[0, 2] = [1, 0, 0], [0, 1, 0], [0, 0, -1]
    expected[1, 1] = [-math.sqrt(0.5), math.sqrt(0.5), 0]
    np.testing.assert_allclose(in_cam, expected, atol=2**-12)
    assert (in_cam[4] == 0).all()
    assert result.header("normal")["viewbatch/quantity"] == "surface normal in cam"
    assert result.names["normal_png"] == "000_normal.png"
    picture = np.asarray(result.image("normal_png"))
    assert picture[0, 0].tolist() in ([255, 128, 128], [255, 127, 128], [255, 128, 127])
    assert picture[1, 1].tolist()[:2] == [37, 218]  # 127.5 * (1 -+ sqrt(1/2))
    assert picture[0, 2, 2] == 0
    assert (picture[4] == 0).all()


def test_positions_are_written_as_they_were_rendered(written: Write) -> None:
    positions = random_map(3, low=-9, high=9)
    result = written("position", {Pass.POSITION: positions})
    assert result.names == {"position": "000_position.exr"}
    channels = result.exr("position")
    for i, name in enumerate("RGB"):
        assert channels[name].dtype == np.float32
        np.testing.assert_array_equal(channels[name], positions[..., i])
    header = result.header("position")
    assert header["viewbatch/quantity"] == "position in world minus model.offset_m"
    assert header["viewbatch/unit"] == "m"


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        ("EXR", {"albedo": "000_albedo.exr"}),
        ("PNG", {"albedo_png": "000_albedo.png"}),
        ("BOTH", {"albedo": "000_albedo.exr", "albedo_png": "000_albedo.png"}),
    ],
)
def test_albedo_is_linear_in_exr_and_srgb_in_png(
    written: Write, files: str, keys: dict[str, str]
) -> None:
    albedo = np.zeros((2, 3, 3), np.float32)
    albedo[0] = [[0, 0.0031, 0.18], [0.5, 0.7, 1], [1e6, -1, 2]]
    result = written("albedo", {Pass.ALBEDO: albedo}, files=files)
    assert result.names == keys
    if "albedo" in keys:
        linear = np.stack([result.exr("albedo")[c] for c in "RGB"], axis=-1)
        assert linear.dtype == np.float16
        np.testing.assert_allclose(linear, np.clip(albedo, None, 65504), rtol=2**-11)
    if "albedo_png" in keys:
        # The levels that https://www.w3.org/Graphics/Color/srgb gives.
        levels = np.asarray(result.image("albedo_png"))
        assert levels[0].tolist() == [[0, 10, 118], [188, 218, 255], [255, 0, 255]]
        assert (levels[1] == 0).all()


def test_linear_colour_keeps_its_alpha_premultiplied_and_stays_finite(written: Write) -> None:
    color = random_map(4).copy()
    color[0, 0] = [1e9, -1e9, np.inf, 1]
    frame = {Pass.COLOR: color, Pass.NOISY_COLOR: color / 2}
    assert list(written("linear", frame, before_denoising=False).names) == ["linear"]
    result = written("linear", frame, before_denoising=True)
    assert result.names == {"linear": "000_linear.exr", "noisy": "000_noisy.exr"}
    for key, expected in (("linear", color), ("noisy", color / 2)):
        channels = result.exr(key)
        half = np.stack([channels[c] for c in "RGBA"], axis=-1)
        assert half.dtype == np.float16
        np.testing.assert_array_equal(half[0, 0], [65504, -65504, 65504, expected[0, 0, 3]])
        np.testing.assert_allclose(half[1:], expected[1:], rtol=2**-11, atol=1e-7)
    assert result.header("noisy")["viewbatch/quantity"] == (
        "colour before denoising, linear Rec. 709, premultiplied"
    )


def test_masked_colour_is_opaque_where_there_is_an_id(written: Write) -> None:
    color = random_map(4, low=0.2).copy()
    color[..., :3] *= color[..., 3:]
    ids = (np.arange(HEIGHT * WIDTH, dtype=np.uint32).reshape(SHAPE) % 3) * 9
    result = written("masked", {Pass.COLOR: color, Pass.OBJECT_ID: ids}, alpha="mask")
    assert result.names == {"masked": "000_masked.png"}
    assert result.passes == {Pass.COLOR, Pass.OBJECT_ID}
    assert result.image("masked").mode == "RGBA"
    levels = np.asarray(result.image("masked"))
    assert (levels[ids == 0] == 0).all()
    assert (levels[ids != 0, 3] == 255).all()
    np.testing.assert_array_equal(levels[ids != 0, :3], encode_color(color)[ids != 0, :3])


def test_antialiased_masked_colour_has_the_alpha_of_its_own_render(written: Write) -> None:
    color = random_map(4, low=0.2).copy()
    color[1, :, 3] = [0, 0.0001, 0.25, 0.5, 0.75, 1, 1]
    color[..., :3] *= color[..., 3:]
    color[1, 0, 0] = 0.5  # light without a surface, as glow is
    result = written("masked", {Pass.MASKED_COLOR: color}, alpha="antialiased")
    assert result.passes == {Pass.MASKED_COLOR}
    levels = np.asarray(result.image("masked"))
    np.testing.assert_array_equal(levels[2:], encode_color(color)[2:])
    assert levels[1, :, 3].tolist() == [0, 0, 64, 128, 191, 255, 255]
    assert (levels[1, :2] == 0).all()


def test_semantic_ids_follow_the_order_of_the_categories(written: Write) -> None:
    ids = np.array([[0, 1, 3], [7, 7, 0]], np.uint32)
    semantic = written("semantic", {Pass.OBJECT_ID: ids}).exr("semantic")["Y"]
    assert semantic.dtype == np.uint32
    # wheel, ground, object
    assert semantic.tolist() == [[0, 1, 3], [2, 2, 0]]


def test_texture_coordinates_are_written_as_they_were_rendered(written: Write) -> None:
    uv = random_map(3, low=-2, high=2).copy()
    uv[..., 2] = np.arange(WIDTH) % 2
    channels = written("uv", {Pass.UV: uv}).exr("uv")
    assert list(channels) == ["B", "G", "R"]
    for i, name in enumerate("RGB"):
        assert channels[name].dtype == np.float32
        np.testing.assert_array_equal(channels[name], uv[..., i])


def test_material_ids_are_written_as_they_were_rendered(written: Write) -> None:
    ids = np.array([[0, 1, 300], [7, 70000, 0]], np.uint32)
    material = written("material", {Pass.MATERIAL_ID: ids}).exr("material")["Y"]
    assert (material.dtype, material.tolist()) == (np.uint32, ids.tolist())


def test_boxes_of_a_view_reach_from_edge_to_edge_of_the_pixels(written: Write) -> None:
    ids = np.array(
        [
            [0, 0, 0, 9, 9],
            [0, 2, 0, 0, 9],
            [2, 2, 0, 0, 0],
            [0, 0, 0, 4, 0],
        ],
        np.uint32,
    )
    result = written("bounding_box", {Pass.OBJECT_ID: ids}, voxel_size="auto")
    assert result.names == {}
    assert result.notes == {
        "boxes_px": [
            {"id": 2, "box": [0, 1, 2, 3], "pixels": 3},
            {"id": 4, "box": [3, 3, 4, 4], "pixels": 1},
            {"id": 9, "box": [3, 0, 5, 2], "pixels": 3},
        ]
    }
    nothing = written("bounding_box", {Pass.OBJECT_ID: ids * 0}, voxel_size="auto")
    assert nothing.notes == {"boxes_px": []}


def bounded(scene: SceneContext, *sides: float) -> SceneContext:
    low = (-1 / 3, 2.0, 3.0)
    high = tuple(a + b for a, b in zip(low, sides, strict=True))
    bounds = Bounds(minimum=low, maximum=high, radius=math.pi)
    return with_changes(scene, record=with_changes(scene.record, bounds=bounds))


def test_the_box_is_a_line_that_reads_back_exactly(finished: Finish, scene: SceneContext) -> None:
    [(name, data)] = finished("bounding_box", voxel_size=0.1).items()
    assert name == "bounding_box.txt"
    bounds = scene.record.bounds
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert [float(word) for word in data.split()] == [*bounds.minimum, *bounds.maximum, 0.1]


@pytest.mark.parametrize(
    ("sides", "voxel_m"),
    [
        ((2.0, 2.0, 2.0), 0.25),
        ((4.0, 2.0, 8.0), 0.5),  # (volume / 512)^(1/3), as NSVF has it
        ((4.0, 2.0, 0.0), 0.125),  # flat: 32 x 16 voxels
        ((4.0, 2.0, 0.0625), 0.125),  # thinner than one of these
        ((0.0, 3.0, 0.0), 3 / 512),  # a line
    ],
)
def test_an_automatic_voxel_is_one_of_512_of_the_box(
    finished: Finish, scene: SceneContext, sides: tuple[float, ...], voxel_m: float
) -> None:
    files = finished("bounding_box", in_scene=bounded(scene, *sides), voxel_size="auto")
    size = float(files["bounding_box.txt"].split()[-1])
    # Maxima are rounded when sides are added to the minimum.
    assert size == pytest.approx(voxel_m, rel=1e-12)


def test_one_matrix_of_intrinsics_where_all_views_have_the_same(
    written: Write, finished: Finish, scene: SceneContext, camera_record: CameraRecord
) -> None:
    k = camera_record.camera.intrinsics
    fixed = with_changes(scene, intrinsics=k)
    assert written("camera_intrinsics", {}, in_scene=fixed).names == {}
    [(name, data)] = finished("camera_intrinsics", in_scene=fixed).items()
    assert name == "camera_intrinsics.txt"
    assert data.decode("ascii").splitlines() == [
        f"{k.fx!r} 0.0 {k.cx!r}", f"0.0 {k.fy!r} {k.cy!r}", "0.0 0.0 1.0"
    ]  # fmt: skip


def test_a_matrix_of_intrinsics_for_each_view_where_they_vary(
    written: Write, finished: Finish, camera_record: CameraRecord
) -> None:
    result = written("camera_intrinsics", {})
    assert result.names == {"camera_intrinsics": "000_camera_intrinsics.txt"}
    np.testing.assert_array_equal(
        result.matrix("camera_intrinsics"), camera_record.camera.intrinsics.matrix
    )
    assert list(finished("camera_intrinsics")) == ["000_camera_intrinsics.txt"]


def test_the_files_of_the_camera_compose(written: Write, camera_record: CameraRecord) -> None:
    camera = camera_record.camera
    cam_from_world = written("camera_extrinsics", {}).matrix("camera_extrinsics")
    np.testing.assert_array_equal(cam_from_world, camera.cam_from_world[:3])
    px_from_world = written("camera_projection_matrix", {}).matrix("camera_projection_matrix")
    np.testing.assert_array_equal(px_from_world, camera.px_from_world)
    # float64 sums of three products
    np.testing.assert_allclose(
        px_from_world, camera.intrinsics.matrix @ cam_from_world, rtol=1e-14, atol=1e-14
    )


def test_the_unit_sphere_becomes_the_bounding_sphere(finished: Finish, scene: SceneContext) -> None:
    [(name, data)] = finished("normalization_matrix").items()
    assert name == "normalization_matrix.json"
    matrices = {key: np.array(rows) for key, rows in json.loads(data).items()}
    bounds = scene.record.bounds
    world_from_unit = matrices["world_from_unit"]
    np.testing.assert_array_equal(world_from_unit @ [0, 0, 0, 1], [*bounds.center, 1])
    top = world_from_unit @ [0, 0, 1, 1]
    np.testing.assert_array_equal(top[:3] - bounds.center, [0, 0, bounds.radius])
    np.testing.assert_allclose(matrices["unit_from_world"] @ world_from_unit, np.eye(4), atol=1e-15)


def test_the_mesh_is_read_back_with_the_objects_of_its_triangles(
    finished: Finish, scene: SceneContext
) -> None:
    box = trimesh.creation.box()
    mesh = SceneMesh(
        vertices=box.vertices / 3 + [10, 20, 30],
        triangles=box.faces.astype(np.int64),
        object_ids=np.repeat(np.array([3, 32767], np.uint32), 6),
    )
    [(name, data)] = finished("mesh", in_scene=with_changes(scene, mesh=lambda: mesh)).items()
    assert name == "mesh.ply"
    read = trimesh.load(io.BytesIO(data), file_type="ply", process=False)
    np.testing.assert_array_equal(read.vertices, mesh.vertices)
    np.testing.assert_array_equal(read.faces, mesh.triangles)
    ids = read.metadata["_ply_raw"]["face"]["data"]["object_id"].ravel()
    assert ids.tolist() == [3] * 6 + [32767] * 6
    assert read.volume == pytest.approx(1 / 27)


def test_options_choose_the_passes_and_no_plugin_asks_for_more_than_it_uses() -> None:
    def passes(name: str, **options: object) -> frozenset[Pass]:
        kind = plugin.find([name], [], None)[0][name]
        own: Plugin = kind(kind.Config(**options))
        return own.passes

    assert passes("linear", before_denoising=False) == {Pass.COLOR}
    assert passes("linear", before_denoising=True) == {Pass.COLOR, Pass.NOISY_COLOR}
    assert passes("masked", alpha="mask") == {Pass.COLOR, Pass.OBJECT_ID}
    assert passes("masked", alpha="antialiased") == {Pass.MASKED_COLOR}
    for name in ("camera_intrinsics", "camera_extrinsics", "normalization_matrix", "mesh"):
        assert passes(name) == frozenset()
    declared = {
        p
        for path in plugin.BUILT_IN.glob("*.py")
        for p in plugin.find([path.stem], [], None)[0][path.stem].passes
    }
    assert declared >= GROUND_TRUTH


def test_intrinsics_that_vary_are_each_view_s_own(
    tmp_path: Path, camera_record: CameraRecord, scene: SceneContext
) -> None:
    kind = plugin.find(["camera_intrinsics"], [], None)[0]["camera_intrinsics"]
    own = kind(kind.Config())
    own.on_scene_ready(scene)
    for index, fx in enumerate((100.0, 200.0)):
        k: Intrinsics = with_changes(camera_record.camera.intrinsics, fx=fx)
        camera = with_changes(camera_record.camera, intrinsics=k)
        record = with_changes(camera_record, camera=camera)
        files = ViewFiles(folder=tmp_path, index=index, cam_from_world=camera.cam_from_world)
        view = ViewContext(index=index, camera=record, files=files, encode_color=encode_color)
        own.on_view_rendered(view, {})
        files.write(Stopwatch())
        matrix = np.loadtxt(tmp_path / f"{index:03d}_camera_intrinsics.txt")
        assert matrix[0, 0] == fx
