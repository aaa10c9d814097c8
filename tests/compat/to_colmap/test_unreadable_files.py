"""compat/to_colmap: files of a project that cannot be read are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.compat.converters import run, told
from tests.compat.to_colmap.models import NAME
from tests.verify.damage import refresh_hashes
from viewbatch.dataset import Dataset
from viewbatch.dataset.exr import read_exr, write_exr


@pytest.mark.parametrize(
    "split", [None, {"train": "all"}, {"train": ["0"]}, {"rest": [0]}, {"test": [0]}]
)
def test_a_record_without_its_split_is_refused(
    shifted: Dataset, fresh: Path, split: object
) -> None:
    path = fresh / "conversion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "split": split}))
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert (result.code, result.said) == (
        2,
        [f"to_colmap.py: {path} lacks the split; convert again"],
    )


def test_binary_files_of_the_right_size_that_colmap_cannot_read(
    shifted: Dataset, fresh: Path
) -> None:
    path = fresh / "sparse" / "0" / "images.bin"
    data = bytearray(path.read_bytes())
    data[8 + 4 + 7 * 8] = 99  # the first image's camera
    path.write_bytes(data)
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert result.said[-1].startswith(f"to_colmap.py: COLMAP cannot read {fresh}/sparse/0: ")


@pytest.mark.parametrize(
    ("name", "keep"),
    [("cameras.bin", 5), ("images.bin", 100), ("points3D.bin", 0), ("points3D.bin", 5000)],
)
@pytest.mark.parametrize("place", ["sparse/0", "dense/sparse"])
def test_binary_files_that_were_cut_short_are_noticed(
    shifted: Dataset, fresh: Path, place: str, name: str, keep: int
) -> None:
    path = fresh / place / name
    path.write_bytes(path.read_bytes()[:keep])
    assert (
        told(NAME, shifted, fresh)
        == {
            "sparse/0": "sparse/0: text and binary differ\n",
            "dense/sparse": "dense: sparse: not the cameras, images and points of sparse/0\n",
        }[place]
    )


@pytest.mark.parametrize(
    ("name", "keep", "message"),
    [
        ("sparse/0/images.txt", None, "COLMAP cannot read {folder}/sparse/0: "),
        (
            "sparse/0/images.bin",
            None,
            "{folder}/sparse/0/images.bin cannot be read: No such file or directory",
        ),
        ("sparse/0/points3D.txt", 3000, "COLMAP cannot read {folder}/sparse/0: "),
        ("database.db", 300, "COLMAP cannot read {folder}/database.db: "),
        ("database.db", None, "COLMAP cannot read {folder}/database.db: "),
        ("masks/001.png.png", 50, "{folder}/masks/001.png.png cannot be read as an image: "),
        (
            "dense/stereo/depth_maps/000.png.geometric.bin",
            50,
            "{folder}/dense/stereo/depth_maps/000.png.geometric.bin cannot be read as a map of "
            "COLMAP: ",
        ),
    ],
)
def test_what_cannot_be_read_is_named(
    shifted: Dataset, fresh: Path, name: str, keep: int | None, message: str
) -> None:
    path = fresh / name
    if keep is not None:
        path.write_bytes(path.read_bytes()[:keep])
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    (line,) = result.said
    assert line.startswith(f"to_colmap.py: {message.format(folder=fresh)}")


def test_a_dense_model_of_other_images_is_named(shifted: Dataset, fresh: Path) -> None:
    path = fresh / "dense" / "sparse" / "images.bin"
    path.write_bytes(path.read_bytes().replace(b"002.png", b"009.png"))
    result = run(NAME, "--verify", shifted.folder, fresh)
    assert result.code == 2
    assert result.said[-1] == (f"to_colmap.py: {path.parent} has no image 002.png; convert again")


def test_normals_of_another_frame_are_refused(shifted: Dataset, tmp_path: Path) -> None:
    dataset = Dataset.open(shutil.copytree(shifted.folder, tmp_path / "in"))
    view = dataset.view(0)
    path = view.path("normal")
    write_exr(
        path,
        read_exr(path),
        cam_from_world=view.camera.cam_from_world,
        attributes={"viewbatch/quantity": "surface normal in model"},
    )
    refresh_hashes(view)
    result = run(NAME, dataset.folder, tmp_path / "out", "--dense")
    assert result.code == 2
    assert result.said[-1] == (
        f"to_colmap.py: {path} holds 'surface normal in model', expected surface normals in world "
        "or cam; render it again"
    )
