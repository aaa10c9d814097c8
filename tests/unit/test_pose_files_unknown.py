"""Files that hold no poses are refused, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.written_poses import refusal
from viewbatch.errors import UsageError
from viewbatch.sampling.pose_files.reading import read_text

EXPECTED = "name a dataset's folder, a cameras.json, a transforms.json or a COLMAP model's folder"


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    assert refusal(path) == f"camera.location.file: {path} does not exist; {EXPECTED}"


@pytest.mark.parametrize("images_are_a_folder", [False, True])
def test_a_folder_of_something_else(tmp_path: Path, images_are_a_folder: bool) -> None:
    (tmp_path / "cameras.txt").write_text("")
    if images_are_a_folder:
        (tmp_path / "images.txt").mkdir()
    assert refusal(tmp_path) == (
        f"camera.location.file: {tmp_path} holds neither dataset.json nor a COLMAP model "
        f"(cameras and images, .bin or .txt); {EXPECTED}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"poses", f"is not JSON (Expecting value: line 1 column 1 (char 0)); {EXPECTED}"),
        (b"\xff\xfe{}", "is not text in UTF-8"),
        (b"[1, 2]", f"has neither views, as a cameras.json, nor frames; {EXPECTED}"),
        (b"{}", f"has neither views, as a cameras.json, nor frames; {EXPECTED}"),
        (b'{"frames": {}}', "has frames that are no list of objects; save it again"),
        (b'{"frames": [3]}', "has frames that are no list of objects; save it again"),
    ],
)
def test_files_of_something_else(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "poses.json"
    path.write_bytes(content)
    assert refusal(path) == f"camera.location.file: {path} {message}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_text(tmp_path)
    assert str(caught.value) == f"camera.location.file: {tmp_path} cannot be read (Is a directory)"
