"""Poses that no configuration may give are refused of files too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.planning import FRAME_PX
from tests.unit.written_poses import (
    LENS_OF_FILE,
    gl_matrix,
    refusal,
    write_cameras,
    write_nerf,
    write_text_model,
)
from viewbatch.geometry import Intrinsics
from viewbatch.sampling.pose_files import read_poses


def at(x: float) -> list[list[float]]:
    return [*gl_matrix(0)[:2], [*gl_matrix(0)[2][:3], x], [0, 0, 0, 1]]


UNBOUNDED = [
    # values of transforms.json, camera of COLMAP (None: not of it), what is said of it
    ({"w": 2}, "2 48 70.5 71.25 1 25.5", "width: expected an integer from 4 to 65536, found 2"),
    ({"h": 65537}, "64 65537 70.5 71.25 30 25.5",
     "height: expected an integer from 4 to 65536, found 65537"),
    ({"w": 10**20}, f"{10**20} 48 70.5 71.25 30 25.5",
     "width: expected an integer from 4 to 65536, found 100000000000000000000"),
    ({"fl_x": 1e39}, "64 48 1e39 71.25 30 25.5",
     "fx: expected a number greater than 0 (at most 1e+15 in size), found 1e+39"),
    ({"fl_y": 0.25}, "64 48 70.5 0.25 30 25.5",
     "fy: expected from 1/200 to 200 times fx, which is 70.5, found 0.25"),
    ({"fl_y": 20000}, "64 48 70.5 20000 30 25.5",
     "fy: expected from 1/200 to 200 times fx, which is 70.5, found 20000"),
    ({"cx": -641}, "64 48 70.5 71.25 -641 25.5",
     "cx: expected at most 10 times the image's size of 64 px, found -641"),
    ({"cy": 481, "w": 3}, "3 48 70.5 71.25 30 481",
     "width: expected an integer from 4 to 65536, found 3"),
    ({"transform_matrix": at(2e15)}, None,
     "location: expected numbers of at most 1e+15 in size"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "camera", "words"), UNBOUNDED)
def test_what_a_configuration_may_not_give_no_file_may(
    tmp_path: Path, values: dict[str, Any], camera: str | None, words: str
) -> None:
    good = {"file_path": "a.png", "transform_matrix": gl_matrix(0)}
    frames = [good, {**good, "file_path": "b.png", **values}]
    path = write_nerf(tmp_path, frames, **LENS_OF_FILE)
    assert refusal(path) == (
        f"camera.location.file: {path} has a pose of b.png that cannot be rendered: {words}"
    )
    if camera is not None:
        folder = write_text_model(tmp_path / "colmap", [0], camera=f"7 PINHOLE {camera}")
        assert refusal(folder) == (
            f"camera.location.file: {folder / 'images.txt'} has a pose of 000.png that cannot be "
            f"rendered: {words}"
        )


def test_the_limits_themselves_are_accepted(tmp_path: Path) -> None:
    values = {
        "w": 4, "h": 65536, "fl_x": 5.0, "fl_y": 1000.0, "cx": -40, "cy": 655360,
        "transform_matrix": at(1e15),
    }  # fmt: skip
    (pose,) = read_poses(write_nerf(tmp_path, [values]), FRAME_PX)
    assert pose.intrinsics == Intrinsics(
        width=4, height=65536, fx=5.0, fy=1000.0, cx=-40.0, cy=655360.0
    )


def test_the_limits_hold_for_cameras_of_this_program_too(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    path.write_text(path.read_text().replace('"width": 64', '"width": 2'))
    assert refusal(path) == (
        f"camera.location.file: {path} has a pose of view 0 that cannot be rendered: "
        "width: expected an integer from 4 to 65536, found 2"
    )
