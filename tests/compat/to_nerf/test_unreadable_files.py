"""compat/to_nerf: files of a conversion that cannot be read are named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.compat.converters import assert_settings_refused, run
from tests.compat.to_nerf.damage import edit
from tests.compat.to_nerf.shots import NAME
from viewbatch.dataset import Dataset


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "lacks the setting layout; convert again"),
        (
            {"layout": "nsvf"},
            "has 'nsvf' for the setting layout, which no conversion has; convert again",
        ),
        (
            {"masks": "yes"},
            "has 'yes' for the setting masks, which no conversion has; convert again",
        ),
        (
            {"depths": "exr"},
            "has 'exr' for the setting depths, which no conversion has; convert again",
        ),
    ],
)
def test_a_record_without_its_settings_is_refused(
    shifted: Dataset,
    studio: Path,
    tmp_path: Path,
    settings: dict[str, object],
    problem: str,
) -> None:
    folder = Path(shutil.copytree(studio, tmp_path / "out"))
    assert_settings_refused(NAME, shifted, folder, settings, problem)


BROKEN_MATRIX = '{"frames": [{"file_path": "images/000.png", "transform_matrix": [[1.0]], ' + (
    '"w": 120, "h": 90, "fl_x": 1, "fl_y": 1, "cx": 60, "cy": 45}]}'
)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "transforms.json",
            "{",
            "cannot be read as JSON: Expecting property name enclosed in double quotes: line 1 "
            "column 2 (char 1)",
        ),
        ("transforms.json", "[]", "holds no JSON object"),
        (
            "transforms.json",
            "{}",
            "is not what was written: the key 'frames' is missing; convert again",
        ),
        (
            "transforms.json",
            BROKEN_MATRIX,
            "is not what was written: a transform_matrix of shape (1, 1) where 4x4 is expected; "
            "convert again",
        ),
        *(
            ("transforms.json", (key, value), f"is not what was written: {problem}; convert again")
            for key, value, problem in (
                ("file_path", ["a"], "file_path is ['a']"),
                ("mask_path", 1, "mask_path is 1"),
                ("depth_file_path", None, "depth_file_path is None"),
                ("transform_matrix", None, "a transform_matrix of shape () where 4x4 is expected"),
            )
        ),
        ("transforms.json", ("w", 120.0), "is not what was written: w is 120.0; convert again"),
        ("points.ply", "ply", "is not the PLY file that was written; convert again"),
        ("depths/000.npy", "", "cannot be read: No data left in file"),
        ("masks/000.png", "", "cannot be read: cannot identify image file '{path}'"),
    ],
)
def test_a_file_that_is_no_longer_whole_is_named(
    shifted: Dataset, studio: Path, tmp_path: Path, name: str, text: Any, message: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(studio, folder)
    path = folder / name
    if isinstance(text, str):
        path.write_text(text)
    else:
        key, value = text
        edit(folder, lambda tree: (tree if key in tree else tree["frames"][0]).update({key: value}))
    result = run(NAME, "--verify", shifted.folder, folder)
    assert result.code == 2
    # After a bar that was interrupted, the sentence stands on the bar's line.
    assert result.stderr.endswith(f"to_nerf.py: {path} {message.format(path=path)}\n")
