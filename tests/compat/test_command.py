"""What all converters convert, and what they leave in the output; shown with the quickest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.converters import converted, run
from tests.compat.quickest import NAME, files


def test_only_the_chosen_views_are_converted(dataset: Path, tmp_path: Path) -> None:
    result = converted(NAME, dataset, tmp_path / "out", "--views", "6:,1", "--split", "every:2")
    names = sorted(path.name for path in (tmp_path / "out" / "rgb").iterdir())
    assert names == ["0_006.png", "1_001.png", "1_007.png"]
    assert result.stdout.splitlines() == [
        f"{tmp_path / 'out'}: 3 views (1 train, 2 test)",
        f"check it with {NAME}.py --verify {dataset} {tmp_path / 'out'}",
    ]


def test_images_are_linked_on_request(dataset: Path, tmp_path: Path) -> None:
    converted(NAME, dataset, tmp_path / "out", "--link")
    image = tmp_path / "out" / "rgb" / "0_000.png"
    assert image.samefile(dataset / "000_render.png")


def test_the_split_of_one_conversion_serves_for_another(dataset: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    converted(NAME, dataset, first, "--split", "random:0.3:5")
    converted(NAME, dataset, second, "--split", first / "conversion.json")
    assert files(first) == files(second)


def test_views_that_do_not_exist_yet_are_left_out_with_a_warning(
    dataset: Path, tmp_path: Path
) -> None:
    (dataset / "003_view.json").unlink()
    result = converted(NAME, dataset, tmp_path / "out")
    assert result.said == [
        f"warning: 1 of 8 planned views of {dataset} does not exist yet; the others are converted"
    ]
    assert len(list((tmp_path / "out" / "rgb").iterdir())) == 7


def test_an_output_with_content_is_refused_and_left_alone(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    result = run(NAME, dataset, "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: the output out holds notes.txt; name another folder, or replace what is "
            "converted there with --overwrite"
        ],
    )
    assert files(tmp_path / "out") == ["notes.txt"]


def test_overwriting_leaves_nothing_of_the_first_conversion_and_what_others_made(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    converted(NAME, dataset, out, "--depth")
    (out / "notes.txt").write_text("mine")
    converted(NAME, dataset, out, "--overwrite", "--views", "2")
    assert files(out) == sorted(
        ["bbox.txt", "conversion.json", "intrinsics.txt", "notes.txt", "pose/0_002.txt",
         "rgb/0_002.png"]
    )  # fmt: skip


@pytest.mark.usefixtures("dataset")
def test_files_of_others_are_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "rgb").mkdir(parents=True)
    (out / "rgb" / "holiday.png").write_bytes(b"mine")
    result = run(NAME, "in", "out", "--overwrite", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"{NAME}.py: the output out holds rgb, which no converter made and which would be "
            "replaced; move it away, or name another folder"
        ],
    )
    assert files(out) == ["rgb/holiday.png"]


def test_an_empty_folder_is_filled(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    converted(NAME, dataset, tmp_path / "out")
