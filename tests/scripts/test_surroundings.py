"""scripts/surroundings: the committed images are what the program makes, and lie where it says."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from scripts.surroundings import surroundings

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "scripts" / "surroundings" / "surroundings.py"
COMMITTED = ROOT / "references" / "surroundings"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def radiance(path: Path) -> np.ndarray[tuple[int, int, int], np.dtype[np.float16]]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = file.channels()
        return np.stack([channels[name].pixels for name in "RGB"], axis=-1)


def test_the_process_makes_the_committed_images(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(folder / "studio.exr"), str(folder / "backdrop.png")]
    assert sorted(p.name for p in folder.iterdir()) == ["backdrop.png", "studio.exr"]
    # One unit in the last place of a half: sines differ between machines.
    np.testing.assert_allclose(
        radiance(folder / "studio.exr"), radiance(COMMITTED / "studio.exr"), rtol=2**-10
    )
    with Image.open(folder / "backdrop.png") as made, Image.open(COMMITTED / "backdrop.png") as old:
        np.testing.assert_array_equal(made.convert("RGB"), old.convert("RGB"))


def test_lamps_stand_where_the_table_says_and_the_ground_is_dark() -> None:
    image = radiance(COMMITTED / "studio.exr")
    height, width = image.shape[:2]
    assert image.dtype == np.float16
    assert (width, height) == surroundings.STUDIO_SIZE_PX
    for box in surroundings.SOFT_BOXES:
        # +x is in the middle, -y a quarter of the width to its right.
        column = int((0.5 - box.azimuth_deg / 360) % 1 * width)
        row = int((0.5 - box.elevation_deg / 180) * height)
        assert image[row, column] == pytest.approx(box.color, rel=2e-3)
    below = image[height * 2 // 3 :]
    assert 0.05 < below.min() < below.max() < 0.2


def test_a_lamp_is_as_wide_and_high_as_it_says() -> None:
    box = surroundings.SoftBox(
        azimuth_deg=40, elevation_deg=-20, half_width_deg=25, half_height_deg=10, color=(1, 1, 1)
    )
    directions = surroundings.spherical(
        np.radians(np.linspace(-180, 180, 720, endpoint=False)),
        np.radians(np.linspace(-89.75, 89.75, 360))[:, None],
    )
    solid_angles = math.radians(0.5) ** 2 * np.hypot(directions[..., 0], directions[..., 1])
    found = float((solid_angles * (box.share(directions) > 0)).sum())
    # The solid angle of a right rectangular pyramid.
    a, b = math.tan(math.radians(25)), math.tan(math.radians(10))
    expected = 4 * math.atan(a * b / math.sqrt(1 + a * a + b * b))
    assert found == pytest.approx(expected, rel=0.01)


def test_the_backdrop_is_covered_in_many_colours() -> None:
    with Image.open(COMMITTED / "backdrop.png") as image:
        assert image.size == surroundings.BACKDROP_SIZE_PX
        colors = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    assert {tuple(color) for color in colors.tolist()} == set(surroundings.PAPERS)


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = run(tmp_path / "file" / "images")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"surroundings.py: cannot write to {tmp_path / 'file' / 'images'}: Not a directory; "
        "name a folder that can be written to\n"
    )
