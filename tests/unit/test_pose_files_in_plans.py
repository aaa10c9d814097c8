"""Plans whose poses come from a file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.written_poses import (
    LENS,
    LENS_OF_FILE,
    assert_is,
    rotation_and_eye,
    write_cameras,
    write_nerf,
)
from viewbatch.errors import UsageError
from viewbatch.geometry import rigid
from viewbatch.sampling import Plan, input_files


def planned(path: Path, number: int, *overrides: str) -> Plan:
    config = planning.camera(f"location.file.path='{path}'", *overrides, mode="file")
    return planning.plan(config, number)


def test_pose_i_is_view_i(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1, 2, 3])
    plan = planned(path, 3)
    for i in range(3):
        view = plan(i)
        assert_is(view.pose, i)
        assert (view.pose.intrinsics, view.rejected) == (LENS, {})
        assert view.pose.drawn == {"file": {"pose": f"view {i}"}}


def test_the_files_of_a_plan_are_told(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    config = planning.camera(f"location.file.path='{path}'", mode="file")
    assert input_files(config) == [path]


def test_a_file_of_too_few_poses(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1, 2])
    with pytest.raises(UsageError) as caught:
        planned(path, 4)
    assert str(caught.value) == (
        f"camera.location.file: {path} holds 3 poses, which is enough for 3 of the 4 views; "
        "ask for fewer, or name another file"
    )
    path = write_cameras(tmp_path / "cameras.json", [0])
    with pytest.raises(UsageError) as caught:
        planned(path, 6, "stereo.use=true")
    assert str(caught.value) == (
        f"camera.location.file: {path} holds 1 pose, which is enough for 2 of the 6 views; "
        "ask for fewer, or name another file"
    )


def test_poses_of_a_file_can_be_rolled_and_paired(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1])
    plan = planned(path, 4, "jitter.roll=0.5", "stereo.use=true", "stereo.baseline=0.1")
    for k in range(2):
        rotation, eye = rotation_and_eye(k)
        left, right = plan(2 * k).pose, plan(2 * k + 1).pose
        roll = left.drawn["roll_rad"]
        x_axis = math.cos(roll) * rotation[0] + math.sin(roll) * rotation[1]
        np.testing.assert_allclose(left.rotation[0], x_axis, atol=1e-12)
        np.testing.assert_allclose(right.location, eye + 0.1 * x_axis, atol=1e-12)
        assert left.drawn["file"] == right.drawn["file"] == {"pose": f"view {k}"}
        assert left.intrinsics == LENS


def test_a_rejected_pose_of_a_file_is_not_drawn_again(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0, 1])
    config = planning.camera(f"location.file.path='{path}'", mode="file")
    with pytest.raises(UsageError) as caught:
        planning.plan(config, 2, reject=lambda *_: "inside geometry")(1)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 1 draw: once inside geometry; "
        "change camera.location.file, or relax camera.checks"
    )


def test_poses_of_a_file_look_at_no_target(tmp_path: Path) -> None:
    path = write_cameras(tmp_path / "cameras.json", [0])
    with pytest.raises(UsageError) as caught:
        planned(path, 1, "jitter.target=0.1")
    assert str(caught.value) == (
        'camera.jitter.target is 0.1, but with camera.location.mode "file" cameras look at no '
        "target; set it to 0"
    )


def test_two_poses_on_the_target_are_as_far_apart_as_they_look(tmp_path: Path) -> None:
    """There is no direction from the target to them: their axes count."""
    matrices = [rigid(np.eye(3), planning.TARGET), rigid(np.diag([1, -1, -1]), planning.TARGET)]
    frames = [{"transform_matrix": matrix.tolist()} for matrix in matrices]
    path = write_nerf(tmp_path, frames, **LENS_OF_FILE)
    plan = planned(path, 2, "location.min_angle_deg=90")
    assert plan(1).rejected == {}
