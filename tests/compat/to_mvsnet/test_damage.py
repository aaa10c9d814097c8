"""compat/to_mvsnet: damage to what is no camera is noticed by --verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.compat.converters import run, told
from tests.compat.damage import BEYOND, no_views
from tests.compat.to_mvsnet.scenes import NAME, VIEWS, read_camera
from viewbatch.dataset import Dataset


def of_other_views(folder: Path) -> None:
    """Every view gets the sources of the next one."""
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    rows = [line.split() for line in lines[2::2]]
    moved = [*rows[1:], rows[0]]
    for number, row in enumerate(moved):
        # A view is no source of its own: the view whose row it was takes its place.
        moved[number] = [
            str((number + 1) % VIEWS) if i % 2 == 1 and word == str(number) else word
            for i, word in enumerate(row)
        ]
    lines[2::2] = [" ".join(row) for row in moved]
    path.write_text("\n".join(lines) + "\n")


def worst_first(folder: Path) -> None:
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    rows = [line.split() for line in lines[2::2]]
    lines[2::2] = [
        " ".join([row[0], *(word for i in range(len(row) - 2, 0, -2) for word in row[i : i + 2])])
        for row in rows
    ]
    path.write_text("\n".join(lines) + "\n")


def narrow(folder: Path) -> None:
    for path in (folder / "cams").iterdir():
        _, _, (minimum, interval, planes, maximum) = read_camera(path)
        lines = path.read_text().splitlines()
        minimum += 4 * interval
        lines[11] = f"{minimum!r} {interval!r} {int(planes)} {maximum!r}"
        path.write_text("\n".join(lines) + "\n")


def other_images(folder: Path) -> None:
    first, second = folder / "images" / "00000000.jpg", folder / "images" / "00000001.jpg"
    levels = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(levels)


def inverted(folder: Path) -> None:
    for path in (folder / "masks").iterdir():
        with Image.open(path) as image:
            levels = np.asarray(image)
        Image.fromarray(255 - levels).save(path)


def one_missing(folder: Path) -> None:
    (folder / "depths" / "00000004.pfm").unlink()


def edit_rows(folder: Path, change: Callable[[int, list[str]], list[str]]) -> None:
    """Write the sources of each view again."""
    path = folder / "pair.txt"
    lines = path.read_text().splitlines()
    lines[2::2] = [" ".join(change(i, line.split())) for i, line in enumerate(lines[2::2])]
    path.write_text("\n".join(lines) + "\n")


def a_thousand_times(folder: Path) -> None:
    def change(number: int, row: list[str]) -> list[str]:
        del number
        row[2::2] = [repr(1000 * float(word)) for word in row[2::2]]
        return row

    edit_rows(folder, change)


def no_numbers(folder: Path) -> None:
    def change(number: int, row: list[str]) -> list[str]:
        row[2] = "nan" if number == 3 else row[2]
        return row

    edit_rows(folder, change)


def nine_for_one(folder: Path) -> None:
    edit_rows(folder, lambda number, row: ["9", *row[1:-2]] if number == 3 else row)


def its_own_source(folder: Path) -> None:
    edit_rows(folder, lambda number, row: [row[0], "3", *row[2:]] if number == 3 else row)


def edit_lines(folder: Path, change: Callable[[list[str]], None]) -> None:
    """Write the camera of one view again."""
    path = folder / "cams" / "00000003_cam.txt"
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")


def half_as_many_planes(folder: Path) -> None:
    def change(lines: list[str]) -> None:
        minimum, interval, _, maximum = lines[11].split()
        lines[11] = f"{minimum} {2 * float(interval)!r} 97 {maximum}"

    edit_lines(folder, change)


def other_maximum(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(11, lines[11].rpartition(" ")[0] + " 99"))


def without_keyword(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(6, "camera"))


def without_empty_line(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(5, "1 2 3"))


def scaled(folder: Path) -> None:
    """Pixels stay where they are, depth does not."""

    def change(lines: list[str]) -> None:
        for i in range(1, 4):
            lines[i] = " ".join(repr(2 * float(word)) for word in lines[i].split())

    edit_lines(folder, change)


def doubled(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines.__setitem__(4, "0.0 0.0 0.0 2.0"))


def looking_away(folder: Path) -> None:
    def change(lines: list[str]) -> None:
        for i in range(1, 4):
            lines[i] = " ".join(repr(-float(word)) for word in lines[i].split())

    edit_lines(folder, change)


def stale_image(folder: Path) -> None:
    Image.new("RGB", (120, 90)).save(folder / "images" / "00000014.png")


def last_view_removed(folder: Path) -> None:
    for path in folder.rglob("00000013*"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (of_other_views, "scores: median "),
        (worst_first, "order: not falling; sources: have "),
        (a_thousand_times, "scores: median "),
        (no_numbers, "scores: median nan of the best, largest nan "),
        (nine_for_one, "pair.txt: does not list 10 other views for each of 14\n"),
        (its_own_source, "pair.txt: does not list 10 other views for each of 14\n"),
        (half_as_many_planes, "depth planes: "),
        (other_maximum, "depth planes: "),
        (without_keyword, "cam.txt: 13 of 14 with keywords and empty lines in their places\n"),
        (without_empty_line, "cam.txt: 13 of 14 with keywords and empty lines in their places\n"),
        (scaled, "poses: 13 of 14 rigid\n"),
        (doubled, "poses: 13 of 14 rigid\n"),
        (looking_away, "poses: 13 of 14 rigid; surface points: "),
        (stale_image, f"files: 57 of 57, and images/00000014.png{BEYOND}\n"),
        (last_view_removed, "files: 53 of 57, without cams/00000013_cam.txt\n"),
        (no_views, "files: no view in conversion.json\n"),
        (narrow, "depth planes: "),
        (other_images, "colours: "),
        (inverted, "masks: "),
        (one_missing, "files: 56 of 57, without depths/00000004.pfm\n"),
    ],
)
def test_what_is_no_camera_is_checked_too(
    near: Dataset,
    folders: dict[str, Path],
    tmp_path: Path,
    damage: Callable[[Path], None],
    names: str,
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(folders["mvsnet"], folder)
    damage(folder)
    assert told(NAME, near, folder).startswith(names)


def test_another_layout_than_the_record_s_is_noticed(
    near: Dataset, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["mvsnet"], tmp_path / "out"))
    path = folder / "conversion.json"
    path.write_text(path.read_text().replace('"mvsnet"', '"dtu"'))
    result = run(NAME, "--verify", near.folder, folder)
    assert result.code == 1
    assert "does not agree" in result.said[-1]
    assert ": files: 14 of " in result.said[-1]
    assert "without Cameras/pair.txt" in result.said[-1]
