"""All maps of a view agree with each other and with closed forms, in every pixel."""

from __future__ import annotations

import io
import json
import math
import os
import struct
from pathlib import Path
from typing import Any

import bmesh
import bpy
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.blender import scenes
from tests.blender.frames import assert_consistent, facing
from tests.blender.raycast import Array, assert_rendered, triangles_hit, unit_normals
from tests.gltf_files import GltfFile
from viewbatch.blender.capture import Capture
from viewbatch.geometry import look_at
from viewbatch.geometry.transforms import Vector3
from viewbatch.passes import Frame, Pass

pytestmark = pytest.mark.every_blender

MORE = os.environ.get("VIEWBATCH_MODELS")
CENTER = np.array([5.0, -3.0, 2.0])
HALF = 2.0**-11
"""The largest rounding error of a half float between 0.5 and 1, where files keep normals."""


def sphere(scene: Any, name: str, *, smooth: bool, fine: int) -> Any:
    """A unit sphere around `CENTER`: of triangles, flat, or of rings, smoothly shaded."""
    mesh = bmesh.new()
    if smooth:
        bmesh.ops.create_uvsphere(mesh, u_segments=2 * fine, v_segments=fine, radius=1.0)
    else:
        bmesh.ops.create_icosphere(mesh, subdivisions=fine, radius=1.0)
    for face in mesh.faces:
        face.smooth = smooth
    bmesh.ops.translate(mesh, verts=mesh.verts, vec=CENTER.tolist())
    data = bpy.data.meshes.new(name)
    mesh.to_mesh(data)
    mesh.free()
    made = bpy.data.objects.new(name, data)
    scene.collection.objects.link(made)
    return made


def studio(scene: Any, capture: Capture, *overrides: str) -> scenes.Studio:
    return scenes.Studio.of(
        scene, capture, "render.resolution_x=75", "render.resolution_y=56",
        "render.pixel_aspect_y=1.1", "camera.lens.shift_x=0.03", *overrides,
    )  # fmt: skip


def around(seed: int, distance: float) -> Vector3:
    direction = np.random.default_rng(seed).normal(size=3)
    x, y, z = CENTER + distance * direction / np.linalg.norm(direction)
    return (float(x), float(y), float(z))


@pytest.mark.parametrize("seed", range(3))
def test_flat_faces_have_the_normal_of_their_plane(capture: Capture, seed: int) -> None:
    """Of a polyhedron that is also turned, stretched and mirrored by its object."""
    scene = scenes.empty_scene()
    made = sphere(scene, "sphere", smooth=False, fine=3)
    made.pass_index = 7
    made.rotation_euler, made.scale = (0.02 * seed, -0.03, 0.01), (-1, 1.0, 0.9)
    bpy.context.view_layer.update()
    triangles = scenes.triangles_in_world(made)
    middle = triangles.mean(axis=(0, 1))
    normals = unit_normals(triangles)
    normals *= np.sign((normals * (triangles.mean(axis=1) - middle)).sum(axis=1, keepdims=True))
    view = studio(scene, capture)
    eye = tuple(float(c) for c in middle + np.subtract(around(seed, 3.5), CENTER))
    camera = view.look(eye, look_at(eye, tuple(middle)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 10)
    expected = triangles_hit(camera, triangles)
    assert_rendered(frame[Pass.DEPTH], expected)
    seen = expected.face >= 0
    # Cycles makes them from float32 vertices of up to 10 m, of triangles of 0.3 m.
    assert np.abs(frame[Pass.NORMAL] - normals[expected.face])[seen].max() < 1e-5
    assert facing(camera, frame).min() > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_sphere_has_the_normals_of_a_sphere(capture: Capture, seed: int) -> None:
    scene = scenes.empty_scene()
    made = sphere(scene, "sphere", smooth=True, fine=96)
    made.pass_index = 1
    made.data.materials.append(scenes.shaded("m", "ShaderNodeBsdfPrincipled"))
    view = studio(scene, capture)
    eye = around(seed, 3.5)
    camera = view.look(eye, look_at(eye, tuple(CENTER)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 10)
    # The normal in a face's corner leans away from its plane by half the angle between faces.
    assert facing(camera, frame).min() > -math.sin(math.pi / 96 / 2) * math.sqrt(2)
    seen = frame[Pass.DEPTH] > 0
    outwards = frame[Pass.POSITION][seen] - CENTER
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    assert np.abs(frame[Pass.NORMAL][seen] - outwards).max() < HALF


def test_texture_coordinates(capture: Capture) -> None:
    """Of a square with a map of coordinates, in closed form; 0 of one without any."""
    scene = scenes.empty_scene()
    square = [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)]
    mapped = scenes.add_mesh(scene, "mapped", square, [(0, 1, 2, 3)])
    coordinates = mapped.data.uv_layers.new(name="map").data
    for corner, (x, _, z) in zip(coordinates, square, strict=True):
        corner.uv = (0.25 + 2.0 * x, 0.5 - 0.75 * z)
    scenes.add_cube(scene, "bare", (1.5, 1, 0.5), 0.8)
    view = studio(scene, capture)
    camera = view.look((1, -4, 1.5), look_at((1, -4, 1.5), (0, 0, 0)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 5)
    uv, position, seen = frame[Pass.UV], frame[Pass.POSITION], frame[Pass.DEPTH] > 0
    on_square = seen & (np.abs(position[..., 1]) < 1e-5)
    assert on_square.any()
    x, _, z = np.moveaxis(position[on_square], -1, 0)
    expected = np.stack([0.25 + 2.0 * x, 0.5 - 0.75 * z, np.ones_like(x)], axis=-1)
    np.testing.assert_allclose(uv[on_square], expected, atol=1e-5)
    assert (seen & ~on_square).any()
    assert not uv[seen & ~on_square].any()


def test_material_ids_are_where_object_ids_are(capture: Capture) -> None:
    """Sides of a cube of three materials; beside it the same on a cube without an id."""
    scene = scenes.empty_scene()
    materials = [bpy.data.materials.new(f"m{i}") for i in range(3)]
    for material, number in zip(materials, (0, 5, 32767), strict=True):
        material.pass_index = number
    target, excluded = scenes.add_cube(scene, "a"), scenes.add_cube(scene, "b", (1.5, -2, 0), 0.7)
    target.pass_index = 3
    for cube in (target, excluded):
        for material in materials:
            cube.data.materials.append(material)
        for face in cube.data.polygons:
            face.material_index = int(np.abs(face.normal).argmax())
    view = studio(scene, capture)
    camera = view.look((-3, -5, 4), look_at((-3, -5, 4), (0.3, -0.6, 0)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 10)
    ids, found = frame[Pass.OBJECT_ID], frame[Pass.MATERIAL_ID]
    side = np.abs(frame[Pass.NORMAL]).argmax(axis=-1)
    expected = np.where(ids == 3, np.array([0, 5, 32767])[side], 0)
    np.testing.assert_array_equal(found, expected)
    assert set(np.unique(found)) == {0, 5, 32767}
    assert ((ids == 0) & (frame[Pass.DEPTH] > 0)).any(), "the cube without an id is seen"
    # Asked for alone, they are the same.
    alone = view.ground_truth(frozenset({Pass.MATERIAL_ID}))
    assert set(alone) == {Pass.MATERIAL_ID}
    np.testing.assert_array_equal(alone[Pass.MATERIAL_ID], found)


def linear(levels: npt.NDArray[np.uint8]) -> Array:
    """Linear light of 8-bit sRGB levels (IEC 61966-2-1)."""
    c = levels / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def textured_square(path: Path, levels: npt.NDArray[np.uint8]) -> Path:
    """A .glb file: a square, 2 m a side, with a texture of square texels, a metal."""
    png = io.BytesIO()
    Image.fromarray(levels).save(png, "PNG")
    points = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    file = GltfFile(points, np.uint16([0, 1, 2, 0, 2, 3]))
    file.texture({"bufferView": file.view(png.getvalue()), "mimeType": "image/png"})
    # v points down in glTF.
    uvs = np.float32([(0, 1), (1, 1), (1, 0), (0, 0)])
    file.primitive["attributes"]["TEXCOORD_0"] = file.numbers(uvs)
    file.tree["textures"] = [{"source": 0, "sampler": 0}]
    file.tree["samplers"] = [{"magFilter": 9728, "minFilter": 9728}]  # nearest
    del file.tree["materials"][0]["pbrMetallicRoughness"]["metallicFactor"]  # so it is 1
    return file.save(path)


def texels(frame: Frame, levels: npt.NDArray[np.uint8]) -> tuple[Array, npt.NDArray[np.bool_]]:
    """(H, W, 3) the linear texel at every pixel's coordinates, and where that is certain."""
    height, width = levels.shape[:2]
    u, v = frame[Pass.UV][..., 0] % 1 * width, (1 - frame[Pass.UV][..., 1]) % 1 * height
    inside = (frame[Pass.UV][..., 2] == 1) & (frame[Pass.DEPTH] > 0)
    for along in (u, v):
        # Where texels meet, either is right.
        inside &= np.abs(along - np.rint(along)) > 1e-3
    columns, rows = np.minimum(u.astype(int), width - 1), np.minimum(v.astype(int), height - 1)
    return linear(levels[rows, columns, :3]), inside


def test_a_textured_metal_shows_its_texels(tmp_path: Path, capture: Capture) -> None:
    levels = np.random.default_rng(3).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    path = textured_square(tmp_path / "square.glb", levels)
    stage, config = scenes.staged(
        path, capture, "render.resolution_x=70", "render.resolution_y=61", "light.mode=none",
        "world.strength=0",
    )  # fmt: skip
    view = scenes.Studio(stage.scene, capture, config)
    # glTF's +z, the side that the square faces, is the world's -y.
    camera = view.look((0.7, -3.5, 0.6), look_at((0.7, -3.5, 0.6), (0, 0, 0)))
    frame = view.ground_truth()
    assert_consistent(camera, frame, 4)
    expected, certain = texels(frame, levels)
    assert certain.sum() > 1000
    # Cycles' conversion from sRGB is an approximation.
    assert np.abs(frame[Pass.ALBEDO] - expected)[certain].max() < 2e-6
    # And the texels are where they belong: the first is at the top left.
    (left, top), _ = camera.project((-0.99, 0, 0.99))
    corner = frame[Pass.ALBEDO][int(top) + 1, int(left) + 1]
    np.testing.assert_allclose(corner, linear(levels[0, 0]), atol=2e-6)


@pytest.mark.parametrize("name", ["spot.glb", "bunny.ply"])
def test_real_models(capture: Capture, name: str) -> None:
    if MORE is None:
        pytest.skip("VIEWBATCH_MODELS is not set")
    path = Path(MORE) / "good" / name
    stage, config = scenes.staged(
        path, capture, "render.resolution_x=150", "render.resolution_y=120"
    )
    view = scenes.Studio(stage.scene, capture, config)
    radius, center = stage.bounds.radius, np.array(stage.bounds.center)
    for seed in range(3):
        eye = tuple(float(c) for c in center + 3 * radius * unit(seed))
        camera = view.look(eye, look_at(eye, tuple(center)), 0.1 * radius, 100 * radius)
        frame = view.ground_truth()
        assert_consistent(camera, frame, 5 * radius)
        # Interpolated normals of smooth meshes may turn away at outlines, and only there.
        cosines = facing(camera, frame)
        assert (cosines > 0).mean() > 0.99
        assert cosines.min() > -0.5


def unit(seed: int) -> Array:
    direction = np.random.default_rng(seed).normal(size=3)
    return np.asarray(direction / math.sqrt(float(direction @ direction)))


def test_the_texture_of_a_real_model(capture: Capture) -> None:
    if MORE is None:
        pytest.skip("VIEWBATCH_MODELS is not set")
    path = Path(MORE) / "good" / "spot.glb"
    stage, config = scenes.staged(
        path, capture, "render.resolution_x=150", "render.resolution_y=120"
    )
    for material in bpy.data.materials:
        for node in material.node_tree.nodes if material.node_tree else ():
            if node.bl_idname == "ShaderNodeTexImage":
                node.interpolation = "Closest"
    view = scenes.Studio(stage.scene, capture, config)
    radius, center = stage.bounds.radius, np.array(stage.bounds.center)
    eye = tuple(float(c) for c in center + 3 * radius * unit(7))
    view.look(eye, look_at(eye, tuple(center)), 0.1 * radius, 100 * radius)
    frame = view.ground_truth()
    expected, certain = texels(frame, image_in(path))
    assert certain.sum() > 1000
    assert np.abs(frame[Pass.ALBEDO] - expected)[certain].max() < 2e-6


def image_in(path: Path) -> npt.NDArray[np.uint8]:
    """The first image that a .glb file holds."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    begin = view.get("byteOffset", 0)
    encoded = binary[begin : begin + view["byteLength"]]
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def test_a_hole_is_a_hole_behind_any_number_of_others(capture: Capture) -> None:
    """In all maps alike, whatever the limit of the colour image is."""
    scene = scenes.empty_scene()
    clear = scenes.shaded("clear", "ShaderNodeBsdfTransparent")
    square = np.array([(-9, 0, -9), (9, 0, -9), (9, 0, 9), (-9, 0, 9)], dtype=np.float64)
    for number in range(60):
        pane = scenes.add_mesh(scene, f"pane{number}", np.add(square, (0, -2 + number / 30, 0)),
                               [(0, 1, 2, 3)])  # fmt: skip
        pane.data.materials.append(clear)
        pane.pass_index = 1
    wall = scenes.add_mesh(scene, "wall", np.add(square, (0, 3, 0)), [(0, 1, 2, 3)])
    wall.data.materials.append(
        scenes.shaded("red", "ShaderNodeBsdfDiffuse", Color=(0.5, 0.25, 0.125, 1))
    )
    wall.pass_index = 2
    small = scenes.Studio.of(
        scene, capture, "render.resolution_x=9", "render.resolution_y=7",
        "render.cycles.transparent_max_bounces=3",
    )  # fmt: skip
    small.look((0.0, -5.0, 0.0), look_at((0.0, -5.0, 0.0), (0.0, 0.0, 0.0)))
    frame = small.ground_truth()
    np.testing.assert_allclose(frame[Pass.DEPTH], 8, rtol=1e-6)
    assert (frame[Pass.OBJECT_ID] == 2).all()
    np.testing.assert_allclose(
        frame[Pass.NORMAL], np.broadcast_to((0, -1, 0), (7, 9, 3)), atol=1e-6
    )
    np.testing.assert_allclose(
        frame[Pass.ALBEDO], np.broadcast_to((0.5, 0.25, 0.125), (7, 9, 3)), atol=1e-6
    )
