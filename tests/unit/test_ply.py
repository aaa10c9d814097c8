"""PLY files, judged by trimesh."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh

from viewbatch.dataset.ply import encode_ply, read_vertices
from viewbatch.errors import DatasetError

CUBE = trimesh.creation.box()


def vertices(points: np.ndarray, kind: str = "f8") -> np.ndarray:
    result = np.empty(len(points), [(axis, kind) for axis in "xyz"])
    for axis, values in zip("xyz", points.T, strict=True):
        result[axis] = values
    return result


def load(data: bytes) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(data), file_type="ply", process=False)


@pytest.mark.parametrize("kind", ["f8", ">f8"])
def test_a_mesh_is_read_back_to_the_last_bit(kind: str) -> None:
    points = CUBE.vertices / 3 + [1e6, 2, 3]
    ids = np.arange(12, dtype=np.uint32) * 3000
    data = encode_ply(
        vertices(points, kind),
        triangles=CUBE.faces.astype(np.int64),
        of_triangles={"object_id": ids},
    )
    mesh = load(data)
    np.testing.assert_array_equal(mesh.vertices, points)
    np.testing.assert_array_equal(mesh.faces, CUBE.faces)
    assert mesh.is_watertight
    faces = mesh.metadata["_ply_raw"]["face"]["data"]
    np.testing.assert_array_equal(faces["object_id"].ravel(), ids)


def test_the_header_says_what_the_bytes_are() -> None:
    rows = np.zeros(2, np.dtype([("x", "f4"), ("count", "u2"), ("red", "u1")], align=True))
    data = encode_ply(rows, triangles=np.array([[0, 1, 1]]), comments=["world, metres"])
    header, _, body = data.partition(b"end_header\n")
    assert header.decode("ascii").splitlines() == [
        "ply",
        "format binary_little_endian 1.0",
        "comment world, metres",
        "element vertex 2",
        "property float x",
        "property ushort count",
        "property uchar red",
        "element face 1",
        "property list uchar int vertex_indices",
    ]
    assert len(body) == 2 * (4 + 2 + 1) + (1 + 3 * 4)


def test_points_with_colours_are_read_back() -> None:
    rng = np.random.default_rng(0)
    points = vertices(rng.normal(size=(9, 3)), "f4")
    colored = np.empty(9, [*points.dtype.descr, *((c, "u1") for c in ("red", "green", "blue"))])
    for name in points.dtype.names:
        colored[name] = points[name]
    colors = rng.integers(0, 256, (9, 3), dtype=np.uint8)
    for i, name in enumerate(("red", "green", "blue")):
        colored[name] = colors[:, i]
    cloud = load(encode_ply(colored))
    np.testing.assert_array_equal(cloud.vertices, np.stack([points[a] for a in "xyz"], axis=-1))
    np.testing.assert_array_equal(cloud.colors[:, :3], colors)


@pytest.mark.parametrize("number", [0, 5])
@pytest.mark.parametrize("with_faces", [True, False])
def test_vertices_are_read_back_by_our_own_reader(
    tmp_path: Path, number: int, with_faces: bool
) -> None:
    points = vertices(np.random.default_rng(0).normal(size=(number, 3)))
    triangles = np.zeros((2, 3), int) if with_faces else None
    path = tmp_path / "a.ply"
    path.write_bytes(encode_ply(points, triangles=triangles, comments=["end_header", "a b"]))
    np.testing.assert_array_equal(read_vertices(path), points)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:60],
        lambda _: b"",
        lambda data: data.replace(b"binary_little", b"binary_big"),
        lambda data: data.replace(b"vertex 5", b"vertex x"),
        lambda data: data.replace(b"double x", b"list uchar int x"),
        lambda data: data.replace(b"double x", b"quadruple x"),
    ],
)
def test_a_damaged_file_in_words(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(damage(encode_ply(vertices(np.ones((5, 3))))))  # type: ignore[operator]
    with pytest.raises(DatasetError) as caught:
        read_vertices(path)
    assert str(caught.value) == (
        f"{path} is not a whole PLY file as this program writes it; remove the record of its "
        "view, and the same command makes the view again"
    )


def test_a_file_that_is_not_there_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    with pytest.raises(DatasetError) as caught:
        read_vertices(path)
    assert str(caught.value) == f"{path} cannot be read: No such file or directory"
