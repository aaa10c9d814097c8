"""Real runs: which files, the same bytes, continued, extended, refused, replaced."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import QUICK_SET, ROOT, SUZANNE, Host, Run, copy, is_log, settings
from viewbatch.dataset import Dataset

BytesOf = Callable[[Path], dict[str, bytes]]
pytestmark = pytest.mark.every_blender

WHOLE = ["config.toml", "dataset.json"]
TINY = ["render.resolution_x=32", "render.resolution_y=24", "render.samples=1",
        "render.cycles.use_denoising=false"]  # fmt: skip


def views(*indices: int) -> list[str]:
    kinds = ("depth.exr", "mask.exr", "render.png", "view.json")
    return [f"{index:03d}_{kind}" for index in indices for kind in kinds]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not is_log(path.name))


def test_a_run_leaves_exactly_these_files(first: Run) -> None:
    assert names(first.folder) == sorted([*views(0, 1, 2), *WHOLE])
    logs = [path for path in first.folder.iterdir() if is_log(path.name)]
    assert len(logs) == 1
    text = logs[0].read_text(encoding="utf-8")
    assert len(re.findall(r"(?m)^20\S+ \S+ INFO view \d: ", text)) == 3
    [timings] = re.findall(r"(?m)^20\S+ \S+ DEBUG timings (\{.*\})$", text)
    threads = json.loads(timings)["threads"]
    assert threads["MainThread"]["start-up"]["count"] == 1
    assert threads["MainThread"]["colour: Cycles"]["count"] == 2 * 3  # it renders, and finishes
    assert threads["viewbatch-writer"]["encoding"]["count"] == 3 * 3


def test_a_run_says_what_it_does_and_nothing_of_blender_s(first: Run) -> None:
    lines = first.result.stderr.splitlines()
    if not first.result.in_blender:
        assert first.result.stdout == ""
        assert len(lines) == 5
    patterns = [
        rf"configuration: {re.escape(str(first.folder.parent / 'config.toml'))}",
        *(rf"view {i}: \d+\.\d\d s, out/{i:03d}_view\.json" for i in range(3)),
        "3 views in out",
    ]
    for pattern, line in zip(patterns, lines[-5:], strict=True):
        assert re.fullmatch(pattern, line)


def test_records_tell_what_the_files_hold(first: Run) -> None:
    dataset = Dataset.open(first.folder)
    assert dataset.missing == []
    assert [one.name for one in dataset.record.objects] == ["suzanne"]
    for view in dataset.views:
        assert view.damage() is None
        depth, mask = view.read("depth"), view.read("mask")
        assert (depth.shape, depth.dtype) == ((48, 64), np.float32)
        assert (mask.shape, mask.dtype) == ((48, 64), np.uint32)
        assert set(np.unique(mask)) == {0, 1}
        # One surface and no ground: the two maps agree in every pixel.
        np.testing.assert_array_equal(mask != 0, depth > 0)
        assert view.record.coverage == np.count_nonzero(mask) / mask.size
        assert view.record.depth_range_m == (depth[depth > 0].min(), depth.max())
        k = view.camera.intrinsics
        assert k.fx != k.fy
        assert k.cx != k.width / 2
        points = view.camera.unproject(depth)[depth > 0]
        bounds = dataset.record.bounds
        # Depth is float32 of a few metres, and pixels are exact.
        assert (points >= np.array(bounds.minimum) - 1e-5).all()
        assert (points <= np.array(bounds.maximum) + 1e-5).all()


@pytest.mark.skipif(os.name != "posix", reason="sets the folder as on POSIX")
def test_no_temporary_file_is_left_anywhere(host: Host, here: Path) -> None:
    (here / "temporary").mkdir()
    environment = {"TMPDIR": str(here / "temporary")}
    assert host.run("model.obj", "out", cwd=here, env=environment).code == 0
    assert list((here / "temporary").iterdir()) == []
    assert names(here / "out") == sorted([*views(0), *WHOLE])
    # Refused by the command line, for its name, by a look at the file, and after the import.
    (here / "points.obj").write_text("v 0 0 0\nv 1 2 3\n", encoding="utf-8")
    (here / "cut.blend").write_bytes(b"BLENDER-v402")
    for wrong in (["", "out"], ["none.obj", "out"], ["cut.blend", "new"], ["points.obj", "new"]):
        assert host.run(*wrong, cwd=here, env=environment).code == 2
        assert list((here / "temporary").iterdir()) == []
    with host.start("model.obj", "out", "5000", cwd=here, env=environment) as process:
        assert process.stderr is not None
        assert any(line.startswith("view 1: ") for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    assert list((here / "temporary").iterdir()) == []
    with host.start("model.obj", "out", "5000", cwd=here, env=environment) as process:
        assert process.stderr is not None
        assert any(line.startswith("view ") for line in iter(process.stderr.readline, ""))
        process.kill()
    # What Blender keeps lies in a folder of the killed process, which the next start removes.
    left = [path.name.partition("-")[0] for path in (here / "temporary").iterdir()]
    assert left == ["viewbatch"]
    again = host.run("model.obj", "out", "2", cwd=here, env=environment)
    assert again.code == 0
    assert list((here / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_needs_no_standard_streams(host: Host, here: Path, closed: str) -> None:
    if host.in_blender and "2>&-" in closed:
        pytest.skip("Blender 5.2 loads none of its add-ons then, not even Cycles")
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh"]
    done = subprocess.run(
        [*shell, *host.command(["model.obj", "out"])], cwd=here, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert os.fsencode(ROOT / "viewbatch") not in done.stdout + done.stderr
    assert names(here / "out") == sorted([*views(0), *WHOLE])
    if "2>&-" not in closed:
        assert done.stderr.endswith(b"1 view in out\n")
    wrong = subprocess.run([*shell, *host.command(["model.obj", ""])], cwd=here, check=False)
    assert wrong.returncode == 2


def test_the_configuration_on_disk_is_complete_and_what_was_asked_for(first: Run) -> None:
    tree = tomllib.loads((first.folder / "config.toml").read_text(encoding="utf-8"))
    assert tree["render"]["samples"] == 2
    lens = {key: tree["camera"]["lens"][key] for key in ("mode", "focal_length", "shift_x")}
    assert lens == {"mode": "focal_length", "focal_length": 50.0, "shift_x": 0.05}


def test_no_file_holds_a_time_or_a_path(first: Run, bytes_of: BytesOf) -> None:
    for name, data in bytes_of(first.folder).items():
        assert str(first.folder.parent).encode() not in data, name
        assert not re.search(rb"20\d\d[-:]\d\d[-:]\d\d", data), name


def test_a_second_run_gives_the_same_bytes(
    host: Host, first: Run, tmp_path: Path, bytes_of: BytesOf
) -> None:
    """In another folder, with --set instead of a file, and a copy of the model."""
    shutil.copy(SUZANNE, tmp_path / SUZANNE.name)
    arguments = [SUZANNE.name, "again", "3", *settings(QUICK_SET)]
    assert host.run(*arguments, cwd=tmp_path).code == 0
    assert bytes_of(tmp_path / "again") == bytes_of(first.folder)


def test_views_do_not_depend_on_their_number_and_a_dataset_grows(
    host: Host, tmp_path: Path, bytes_of: BytesOf
) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    assert host.run(SUZANNE, few, "4", *settings(TINY), cwd=tmp_path).code == 0
    assert host.run(SUZANNE, many, "16", *settings(TINY), cwd=tmp_path).code == 0
    small, large = bytes_of(few), bytes_of(many)
    for name in views(0, 1, 2, 3):
        assert small[name] == large[name]
    assert large["003_view.json"] != large["002_view.json"]
    extended = host.run(SUZANNE, few, "16", *settings(TINY), cwd=tmp_path)
    assert extended.code == 0
    assert "4 of 16 views exist already and are kept\n" in extended.stderr
    assert bytes_of(few) == large


def test_a_view_that_lacks_a_file_is_made_again(
    host: Host, first: Run, tmp_path: Path, bytes_of: BytesOf
) -> None:
    out = copy(first, tmp_path / "out")
    (out / "001_depth.exr").unlink()
    result = host.run(SUZANNE, "out", "3", *settings(QUICK_SET), cwd=tmp_path)
    assert result.code == 0
    assert "2 of 3 views exist already and are kept\n" in result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("view ")] == [
        line for line in result.stderr.splitlines() if line.startswith("view 1: ")
    ]
    assert bytes_of(out) == bytes_of(first.folder)


def test_one_view_that_exists_is_kept(host: Host, first: Run, tmp_path: Path) -> None:
    copy(first, tmp_path / "out")
    result = host.run(SUZANNE, "out", "1", *settings(QUICK_SET), cwd=tmp_path)
    assert result.code == 0
    assert result.told(
        "configuration: config.default.toml and --set\n"
        "1 of 1 views exists already and is kept\n"
        "1 view in out; 3 of 3 planned views exist\n"
    )


def test_other_settings_are_refused_and_replace_a_dataset_on_demand(
    host: Host, first: Run, tmp_path: Path, bytes_of: BytesOf
) -> None:
    out = copy(first, tmp_path / "out")
    before = bytes_of(out)
    other = [*QUICK_SET, "seed=1", "render.samples=3"]
    refused = host.run(SUZANNE, "out", "2", *settings(other), cwd=tmp_path)
    assert refused.code == 2
    assert refused.told(
        "configuration: config.default.toml and --set\n"
        "error: the dataset in out was made with other settings (seed, render.samples); name "
        "another folder, or replace it with --overwrite\n"
    )
    assert bytes_of(out) == before
    (out / "notes.txt").write_text("mine")
    replaced = host.run(SUZANNE, "out", "2", *settings(other), "--overwrite", cwd=tmp_path)
    assert replaced.code == 0
    assert names(out) == sorted([*views(0, 1), *WHOLE, "notes.txt"])
    assert (out / "000_view.json").read_bytes() != before["000_view.json"]


def test_cameras_can_be_planned_before_they_are_rendered(
    host: Host, first: Run, tmp_path: Path, bytes_of: BytesOf
) -> None:
    arguments = [SUZANNE, "out", "3", *settings(QUICK_SET)]
    planned = host.run(*arguments, "--skip-render", cwd=tmp_path)
    assert planned.code == 0
    assert planned.told(
        "configuration: config.default.toml and --set\n3 cameras planned in out/cameras.json\n"
    )
    out = tmp_path / "out"
    assert names(out) == sorted(["cameras.json", *WHOLE])
    cameras = json.loads((out / "cameras.json").read_text(encoding="utf-8"))["views"]
    assert host.run(*arguments, cwd=tmp_path).code == 0
    made = bytes_of(out)
    for camera in cameras:
        record = json.loads(made[f"{camera['index']:03d}_view.json"])
        assert {key: record[key] for key in camera} == camera
    assert made == bytes_of(first.folder)


def test_modes_for_a_known_number_refuse_another(host: Host, here: Path) -> None:
    mode = ["--set", "camera.location.mode=fibonacci"]
    assert host.run("model.obj", "out", "2", "--skip-render", *mode, cwd=here).code == 0
    result = host.run("model.obj", "out", "3", *mode, cwd=here)
    assert result.code == 2
    assert result.told(
        f"configuration: {here / 'config.toml'} and --set\n"
        "error: the dataset in out was planned for 2 views, and with this camera.location.mode "
        "the views of 3 are others; ask for 2, name another folder, or replace it with "
        "--overwrite\n"
    )
