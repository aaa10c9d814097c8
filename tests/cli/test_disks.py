"""Full disks, and files that vanish: one sentence, and what is complete stays valid."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import SUZANNE, Host, Result, settings
from viewbatch.dataset import Dataset, layout

BytesOf = Callable[[Path], dict[str, bytes]]
CONTINUES = "the views with a record are complete, and the same command continues"
PAGE = 4096
SETTINGS = [
    "render.resolution_x=128", "render.resolution_y=96", "render.samples=1",
    "render.cycles.use_denoising=false", 'plugins.enabled=["depth", "mask", "point_cloud"]',
]  # fmt: skip


def arguments(out: Path | str, *more: str) -> list[str | Path]:
    return [SUZANNE, out, "2", *settings([*SETTINGS, *more])]


def error_of(result: Result) -> str:
    """The last line, which alone is an error."""
    assert result.stderr.count("error: ") == 1
    assert not result.has_trace
    return result.stderr.splitlines()[-1].removeprefix("error: ")


def check_claims(out: Path) -> None:
    """Every record's files are there with their hashes, and nothing is half-written."""
    assert [view.damage() for view in Dataset.open(out).views if view.damage()] == []
    assert [path.name for path in out.iterdir() if layout.is_temporary(path.name)] == []


class Disk:
    """A small file system of its own in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def leave(self, pages: int) -> None:
        """Fill it but for so many pages."""
        with self._filler.open("wb") as file:
            file.write(bytes((os.statvfs(self.folder).f_bavail - pages) * PAGE))

    def make_room(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounts a file system, as root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a file system")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_is_full_at_every_stage_in_words(
    host: Host, tmp_path: Path, disk: Disk, bytes_of: BytesOf
) -> None:
    """Each time there is a little more room, and another file is the first that finds none."""
    out = disk.folder / "out"
    stopped_at = []
    for pages in (0, 2, 12):
        disk.leave(pages)
        result = host.run(*arguments(out), cwd=tmp_path)
        assert result.code == 1
        error = error_of(result)
        match = re.fullmatch(
            rf"writing {out}/(.*) failed: No space left on device; {CONTINUES}", error
        )
        if match is None:
            assert error == (
                f"the output {out} cannot be written: No space left on device; name a folder that "
                "can, or make room"
            )
        stopped_at.append(None if match is None else match[1])
        if (out / layout.DATASET).exists():
            check_claims(out)
        disk.make_room()
    assert stopped_at[:2] == [None, "config.toml"]
    assert stopped_at[2] is not None
    assert layout.is_view_file(stopped_at[2])
    assert host.run(*arguments(out), cwd=tmp_path).code == 0
    check_claims(out)
    # What spans all views finds no room beside the log.
    (out / "point_cloud.ply").unlink()
    disk.leave(1)
    result = host.run(*arguments(out), cwd=tmp_path)
    assert result.code == 1
    assert error_of(result) == (
        f"writing {out}/point_cloud.ply failed: No space left on device; {CONTINUES}"
    )
    disk.make_room()
    assert host.run(*arguments(out), cwd=tmp_path).code == 0
    assert host.run(*arguments("other"), cwd=tmp_path).code == 0
    assert bytes_of(out) == bytes_of(tmp_path / "other")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "OPEN_EXR", "TIFF", "WEBP"])
def test_an_image_for_which_there_is_no_room_is_no_view(
    host: Host, tmp_path: Path, disk: Disk, kind: str
) -> None:
    """Blender leaves short PNG, TIFF and WEBP files on a full disk without a word."""
    out = disk.folder / "out"
    more = [f"render.image_settings.file_format={kind}", "plugins.enabled=[]"]
    disk.leave(6)
    result = host.run(*arguments(out, *more), cwd=tmp_path)
    extension = {"PNG": "png", "JPEG": "jpg", "OPEN_EXR": "exr", "TIFF": "tif", "WEBP": "webp"}[
        kind
    ]
    assert result.code == 1
    assert re.fullmatch(
        rf"writing {out}/00[01]_render\.{extension} failed: No space left on device; {CONTINUES}",
        error_of(result),
    )
    check_claims(out)


VANISH = """
import shutil
from pathlib import Path
from viewbatch.plugin import Plugin

class Vanish(Plugin):
    def on_view_rendered(self, view, frame):
        shutil.rmtree("out")
"""


def test_an_output_folder_that_vanishes_in_words(host: Host, tmp_path: Path) -> None:
    (tmp_path / "vanish.py").write_text(VANISH, encoding="utf-8")
    own = ['plugins.path="."', 'plugins.enabled=["depth", "vanish"]']
    result = host.run(*arguments("out", *own), "--views", "0", cwd=tmp_path)
    assert result.code == 1
    assert error_of(result) == (
        "the dataset in out was removed or replaced while this process made views of it; run the "
        "command again in a folder of its own"
    )
    assert not (tmp_path / "out").exists()


def in_shell(host: Host, line: str, here: Path) -> tuple[int, str]:
    """Exit code and messages of the script after a line of shell."""
    if os.name != "posix" or host.in_blender:
        pytest.skip("needs a POSIX shell, and a program that looks at nothing before the script")
    environment = {k: v for k, v in os.environ.items() if k not in {"TMPDIR", "TEMP", "TMP"}}
    done = subprocess.run(
        ["/bin/sh", "-c", f'{line}; exec "$@"', "sh", *host.command([SUZANNE, here / "out"])],
        cwd=here, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_no_room_for_temporary_files_in_words(host: Host, tmp_path: Path) -> None:
    places = ["/tmp", "/var/tmp", "/usr/tmp", str(tmp_path)]
    assert in_shell(host, "ulimit -f 0", tmp_path) == (
        1,
        "configuration: config.default.toml\n"
        "error: there is no room for temporary files (No usable temporary directory found in "
        f"{places}); make some, or name a folder that has some by the environment variable "
        "TMPDIR\n",
    )


def test_a_current_folder_that_is_gone_in_words(host: Host, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    assert in_shell(host, 'rmdir "$PWD"', here) == (
        2,
        "error: the current folder cannot be used: No such file or directory; change to another\n",
    )


@pytest.mark.skipif(os.name != "posix", reason="makes pipes")
@pytest.mark.parametrize("name", ["dataset.json", "config.toml", "000_depth.exr", "000_view.json"])
def test_a_pipe_in_place_of_a_file_in_words(host: Host, tmp_path: Path, name: str) -> None:
    assert host.run(*arguments("out"), "--views", "0", cwd=tmp_path).code == 0
    path = tmp_path / "out" / name
    path.unlink()
    os.mkfifo(path)
    result = host.run(*arguments("out"), "--views", "0", cwd=tmp_path)
    assert result.code == 2
    assert error_of(result) == (
        f"the output out holds {name}, which is no file but a pipe, a device or a link to nothing; "
        "remove it, or name another folder"
    )


def test_an_output_below_a_file_in_words(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = host.run(SUZANNE, "file/a/out", cwd=tmp_path)
    assert result.code == 2
    assert error_of(result) == (
        "the output file/a/out lies below file, which is a file; name a folder"
    )


def test_names_that_are_too_long_in_words(host: Host, tmp_path: Path) -> None:
    long = "x" * 300
    result = host.run(SUZANNE, long, cwd=tmp_path)
    assert result.code == 1
    assert error_of(result) == (
        f"the output {long} cannot be written: File name too long; name a folder that can, or make "
        "room"
    )
    result = host.run(f"{long}.glb", "out", cwd=tmp_path)
    assert result.code == 2
    assert error_of(result) == (
        f"the model {long}.glb cannot be read: File name too long; check its name"
    )


def test_a_folder_that_is_read_only_in_words(host: Host, tmp_path: Path, disk: Disk) -> None:
    out = disk.folder / "out"
    assert host.run(*arguments(out), "--skip-render", cwd=tmp_path).code == 0
    subprocess.run(["mount", "-o", "remount,ro", disk.folder], check=True)
    for folder in (out, disk.folder / "new"):
        result = host.run(*arguments(folder), cwd=tmp_path)
        assert result.code == 1
        assert error_of(result) == (
            f"the output {folder} cannot be written: Read-only file system; name a folder that "
            "can, or make room"
        )


def test_a_log_that_finds_no_room_is_told_once(host: Host, tmp_path: Path) -> None:
    """`/dev/full` takes the place of the log, and the views are made all the same."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    full = """
import logging
from viewbatch.plugin import Plugin

class Full(Plugin):
    def on_scene_ready(self, scene):
        for handler in logging.getLogger("viewbatch").handlers:
            if isinstance(handler, logging.FileHandler):
                handler.setStream(open("/dev/full", "w")).close()
"""
    (tmp_path / "full.py").write_text(full, encoding="utf-8")
    own = ['plugins.path="."', 'plugins.enabled=["full"]']
    result = host.run(*arguments("out", *own), cwd=tmp_path)
    assert result.code == 0
    [log] = (tmp_path / "out").glob("batch-*.log")
    warning = (
        f"warning: the log out/{log.name} ends here, it cannot be written: No space left on device"
    )
    assert result.stderr.splitlines().count(warning) == 1
    assert result.stderr.splitlines()[-1] == "2 views in out"


def test_a_console_that_is_gone_does_not_end_the_work(host: Host, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            host.command(arguments("out")), cwd=tmp_path, stderr=full, check=False
        )
    assert done.returncode == 0
    assert Dataset.open(tmp_path / "out").missing == []


def test_a_configuration_that_cannot_be_printed_in_words(host: Host, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            host.command(["--dump-config"]), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.endswith(
        "error: the configuration cannot be printed: No space left on device\n"
    )
