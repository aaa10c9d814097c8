"""compat/to_mvsnet: files of a conversion that readers would refuse are named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.compat.converters import assert_settings_refused, run
from tests.compat.to_mvsnet.scenes import NAME
from viewbatch.dataset import Dataset


def edited(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new, 1))

    return damage


def small_mask(folder: Path) -> None:
    Image.new("L", (60, 90)).save(folder / "Depths/scan1_train/depth_visual_0001.png")


@pytest.mark.parametrize(
    ("layout", "damage", "message"),
    [
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b"intrinsic\n", b"intrinsic\n0.0 "),
            "out/cams/00000001_cam.txt is not a camera of 4x4, 3x3 and 4 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b"192", b"many"),
            "out/cams/00000001_cam.txt cannot be read as a camera: could not convert string to "
            "float: 'many'; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"120 90 \n"),
            "out/depths/00000001.pfm has no header of a PFM file; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"120 91\n"),
            "out/depths/00000001.pfm does not hold 120x91 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"120 90\n", b"90 120\n"),
            "out/depths/00000001.pfm has 90x120 pixels, expected 120x90; convert again",
        ),
        (
            "mvsnet",
            edited("depths/00000001.pfm", b"\n-1", b"\n-..."),
            "out/depths/00000001.pfm has no header of a PFM file; convert again",
        ),
        (
            "mvsnet",
            edited("cams/00000001_cam.txt", b" 192 ", b" nan "),
            "out/cams/00000001_cam.txt is not a camera of 4x4, 3x3 and 4 numbers; convert again",
        ),
        (
            "mvsnet",
            edited("pair.txt", b"14\n", b"all\n"),
            "out/pair.txt cannot be read as pairs of views: invalid literal for int() with base "
            "10: 'all'; convert again",
        ),
        (
            "mvsnet",
            edited("conversion.json", b"images/00000001.jpg", b"masks/00000001.png"),
            "out was not made with images/00000001.jpg, so there is no view to compare it with; "
            "remove it, or convert again",
        ),
        (
            "dtu",
            small_mask,
            "out/Depths/scan1_train/depth_visual_0001.png has 60x90 pixels, expected 30x23; "
            "convert again",
        ),
        (
            "dtu",
            edited("Rectified/scan1_train/rect_002_3_r5000.png", b"IHDR", b"XHDR"),
            "out/Rectified/scan1_train/rect_002_3_r5000.png is not the image "
            "Rectified/scan1_train/rect_002_0_r5000.png; convert again",
        ),
        (
            "dtu",
            edited("Depths/scan1_train/depth_visual_0001.png", b"PNG", b"GNP"),
            "out/Depths/scan1_train/depth_visual_0001.png cannot be read as an image: cannot "
            "identify image file 'out/Depths/scan1_train/depth_visual_0001.png'; convert again",
        ),
    ],
)
def test_files_that_readers_would_refuse_are_named(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    layout: str,
    damage: Callable[[Path], None],
    message: str,
) -> None:
    # Not a hard link in sight: a damaged light must not damage the others.
    shutil.copytree(folders[layout], tmp_path / "out")
    damage(tmp_path / "out")
    result = run(NAME, "--verify", near.folder, "out", cwd=tmp_path)
    assert result.code == 2
    assert result.said[-1] == f"to_mvsnet.py: {message}"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting layout; convert again"),
        (
            {"layout": "eth3d"},
            "has 'eth3d' for the setting layout, which no conversion has; convert again",
        ),
        ({"layout": []}, "has [] for the setting layout, which no conversion has; convert again"),
        ({"surfaces": 1}, "has 1 for the setting surfaces, which no conversion has; convert again"),
        (
            {"background": "1"},
            "has '1' for the setting background, which no conversion has; convert again",
        ),
        (
            {"first_pixel_center_px": "a"},
            "has 'a' for the setting first_pixel_center_px, which no conversion has; convert again",
        ),
        (
            {"depth_planes": 0},
            "has 0 for the setting depth_planes, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    settings: dict[str, object],
    problem: str,
) -> None:
    folder = Path(shutil.copytree(folders["mvsnet"], tmp_path / "out"))
    assert_settings_refused(NAME, near, folder, settings, problem)
