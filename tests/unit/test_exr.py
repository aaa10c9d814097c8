"""OpenEXR files: exact values and types, the header, equal bytes, what cannot be written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from viewbatch.dataset.exr import check_channels, read_exr, read_header, write_exr
from viewbatch.dataset.exr_process import ExrProcess
from viewbatch.errors import DatasetError, RunError

CAM_FROM_WORLD = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [0, 0, 0, 1]])


def write(path: Path, **channels: np.ndarray) -> None:
    write_exr(
        path,
        channels,
        cam_from_world=CAM_FROM_WORLD,
        attributes={"viewbatch/quantity": "planar depth", "viewbatch/unit": "m"},
    )


def depth() -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 2, (5, 7)).astype(np.float32)


@pytest.mark.parametrize(
    "values",
    [
        depth(),
        depth().astype(np.float16),
        np.array([[0, 1, 32767], [2**24 + 1, 2**31, 2**32 - 1]], dtype=np.uint32),
        np.array([[0.0, -0.0, np.inf, -np.inf, 1e-45, 3.4e38]], dtype=np.float32),
        depth()[::-1, ::2],  # not contiguous
    ],
)
def test_values_and_types_survive_bit_for_bit(tmp_path: Path, values: np.ndarray) -> None:
    write(tmp_path / "a.exr", Y=values)
    again = read_exr(tmp_path / "a.exr")
    assert list(again) == ["Y"]
    assert again["Y"].dtype == values.dtype
    assert again["Y"].shape == values.shape
    assert again["Y"].tobytes() == np.ascontiguousarray(values).tobytes()


def test_several_channels_keep_their_names(tmp_path: Path) -> None:
    write(tmp_path / "a.exr", R=depth(), G=2 * depth(), B=3 * depth())
    again = read_exr(tmp_path / "a.exr")
    assert set(again) == {"R", "G", "B"}
    np.testing.assert_array_equal(again["G"], 2 * depth())


def test_the_header_says_what_the_file_holds(tmp_path: Path) -> None:
    """Read with the library itself: worldToCamera is M44f and acts on row vectors."""
    write(tmp_path / "a.exr", Y=depth())
    with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        header = file.header()
        assert header["worldToCamera"].dtype == np.float32
        point = np.array([2.0, -1, 0.5, 1])
        np.testing.assert_array_equal(point @ header["worldToCamera"], CAM_FROM_WORLD @ point)
        assert header["viewbatch/quantity"] == "planar depth"
        assert header["viewbatch/unit"] == "m"
        assert header["compression"] == OpenEXR.ZIP_COMPRESSION
        assert header["type"] == OpenEXR.scanlineimage
        low, high = header["dataWindow"]
        assert (low.tolist(), high.tolist()) == ([0, 0], [6, 4])


def test_what_a_header_says_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "a.exr", Y=depth())
    header = read_header(tmp_path / "a.exr")
    assert header.quantity == "planar depth"
    np.testing.assert_array_equal(header.cam_from_world, np.float32(CAM_FROM_WORLD))
    # As under a Blender program, which cannot load the library.
    assert ExrProcess().header(str(tmp_path / "a.exr"))[0] == "planar depth"
    (tmp_path / "cut.exr").write_bytes((tmp_path / "a.exr").read_bytes()[:100])
    cut = re.escape(str(tmp_path / "cut.exr"))
    with pytest.raises(DatasetError, match=f"^{cut} cannot be read as OpenEXR: "):
        read_header(tmp_path / "cut.exr")
    other = tmp_path / "other.exr"
    write_exr(other, {"Y": depth()}, cam_from_world=CAM_FROM_WORLD, attributes={})
    silent = re.escape(f"{other} does not say what it holds: 'viewbatch/quantity' is missing")
    with pytest.raises(DatasetError, match=f"^{silent}$"):
        read_header(other)


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.exr", "b.exr"):
        write(tmp_path / name, R=depth(), G=depth(), B=depth())
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        (
            {"Y": np.zeros((2, 3))},
            "an EXR channel is a (height, width) array of float16, float32 or uint32; Y is "
            "float64 of shape (2, 3)",
        ),
        (
            {"Y": np.zeros((2, 3, 1), np.float32)},
            "an EXR channel is a (height, width) array of float16, float32 or uint32; Y is "
            "float32 of shape (2, 3, 1)",
        ),
        (
            {"R": np.zeros((2, 3), np.float32), "G": np.zeros((3, 2), np.float32)},
            "the channels of an EXR have one shape with pixels, not [(2, 3), (3, 2)]",
        ),
        (
            {"Y": np.zeros((0, 3), np.float32)},
            "the channels of an EXR have one shape with pixels, not [(0, 3)]",
        ),
        ({}, "the channels of an EXR have one shape with pixels, not []"),
    ],
)
def test_what_an_exr_cannot_hold_in_words(channels: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_channels(channels)


def test_a_file_that_cannot_be_opened_is_an_error_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.exr"
    with pytest.raises(OSError, match="No such file or directory") as caught:
        write(path, Y=depth())
    assert caught.value.filename == str(path)
    assert "No such file or directory" in (caught.value.strerror or "")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=8k", "none", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("this system mounts no tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [(5, 7), (40, 50)])
def test_a_full_disk_is_never_silent(tiny_disk: Path, size: tuple[int, int]) -> None:
    """Small files fit into the library's buffer, whose last flush fails without a word."""
    (tiny_disk / "full").write_bytes(b"x" * 8192)
    values = np.random.default_rng(0).random(size).astype(np.float32)
    with pytest.raises(OSError, match=re.escape(str(tiny_disk / "a.exr"))):
        write(tiny_disk / "a.exr", Y=values)


@pytest.mark.parametrize(
    ("keep", "problem"),
    [
        (0, "Unable to open '{path}' for read"),
        (5, "Unable to open '{path}' for read"),
        (100, "Unable to open '{path}' for read"),
        (-1, "its pixels are damaged or cut short"),
        (-20, "its pixels are damaged or cut short"),
    ],
)
def test_a_damaged_file_is_told_with_its_path(tmp_path: Path, keep: int, problem: str) -> None:
    path = tmp_path / "a.exr"
    write(path, Y=depth())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError) as refusal:
        read_exr(path)
    assert str(refusal.value) == (f"{path} cannot be read as OpenEXR: {problem.format(path=path)}")


@pytest.mark.skipif(sys.platform == "win32", reason="its Python is a shell script")
def test_a_helper_process_that_ends_or_cannot_start_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ending").write_text("#!/bin/sh\n")
    (tmp_path / "ending").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ending"))
    with pytest.raises(RunError) as failure:
        ExrProcess().header(str(tmp_path / "a.exr"))
    assert str(failure.value) == (
        f"the process that encodes OpenEXR files ended (Python {sys.executable}); run the command "
        "again"
    )
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(RunError) as failure:
        ExrProcess()
    assert str(failure.value) == (
        f"Blender's Python {tmp_path / 'python'} cannot be started: No such file or directory; "
        "install this Blender again"
    )


def test_a_missing_file_is_told_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "none.exr"
    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))} cannot be read as OpenEXR: "):
        read_exr(path)
