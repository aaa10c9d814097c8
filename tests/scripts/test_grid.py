"""scripts/grid: what stands in which cell, how values become colours, and what users are told."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.grid.grid import grid_shape, main, make_grid
from scripts.shared.errors import InputError
from scripts.shared.pictures import NOTHING, read_image, to_rgb
from tests.scripts.grid_samples import BLUE, GREEN, RED, Pixels, plain, save_exr, write_dataset

PROGRAM = Path(__file__).resolve().parents[2] / "scripts" / "grid" / "grid.py"
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def read_png(path: Path) -> Pixels:
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


# Layout


def test_images_go_row_by_row_and_none_leaves_a_cell_empty() -> None:
    grid = make_grid(
        [plain(RED), None, plain(GREEN), plain(BLUE)], columns=3, spacing=2, background=BLACK
    )
    assert grid.shape == (4 + 2 + 4, 6 + 2 + 6 + 2 + 6, 3)
    expected = np.zeros_like(grid)
    expected[:4, :6] = RED
    expected[:4, 16:] = GREEN
    expected[6:, :6] = BLUE
    np.testing.assert_array_equal(grid, expected)


def test_one_image_is_returned_as_it_is() -> None:
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(make_grid([image]), image)


def test_smaller_images_are_centred_and_none_is_enlarged() -> None:
    grid = make_grid([plain(RED, 8, 6), plain(GREEN, 4, 2)], columns=1, spacing=0, cell_width=100)
    assert grid.shape == (12, 8, 3)
    np.testing.assert_array_equal(grid[8:10, 2:6], plain(GREEN, 4, 2))
    assert (grid[6:8] == 255).all()
    assert (grid[8:10, :2] == 255).all()


@pytest.mark.parametrize(
    ("count", "rows", "columns", "kinds", "expected"),
    [
        (1, None, None, 1, (1, 1)),
        (2, None, None, 1, (1, 2)),
        (9, None, None, 1, (3, 3)),
        (10, None, None, 1, (3, 4)),
        (7, None, 3, 1, (3, 3)),
        (7, 2, None, 1, (2, 4)),
        (7, 4, 5, 1, (4, 5)),
        (3, None, None, 3, (1, 3)),
        (48, None, None, 3, (6, 9)),
        (12, 2, None, 3, (2, 6)),
        (15, 2, None, 3, (2, 9)),
    ],
)
def test_shape_of_the_grid(
    count: int, rows: int | None, columns: int | None, kinds: int, expected: tuple[int, int]
) -> None:
    assert grid_shape(count, rows=rows, columns=columns, kinds=kinds) == expected


def test_labels_add_a_line_below_and_leave_the_images_alone() -> None:
    images = [plain(RED, 60, 20), plain(GREEN, 60, 20)]
    grid = make_grid(images, columns=1, spacing=0, labels=["first", "a_name_too_long_for_the_cell"])
    line = (grid.shape[0] - 40) // 2
    assert line > 10
    for row, color in enumerate((RED, GREEN)):
        top = row * (20 + line)
        assert (grid[top : top + 20] == color).all()
        text = grid[top + 20 : top + 20 + line]
        assert text.min() < 100, "no ink"
        assert (text[0] == 255).all()
        assert (text[-1] == 255).all()
    on_black = make_grid(images, columns=1, spacing=0, labels=["a", "b"], background=BLACK)
    assert on_black[20 : 20 + line].max() > 150


# Colours


def test_8_and_16_bits_grey_and_alpha() -> None:
    grey = np.array([[0, 100, 255]], dtype=np.uint8)
    np.testing.assert_array_equal(to_rgb(grey, background=WHITE)[0, :, 1], [0, 100, 255])
    deep = np.array([[0, 100 * 257, 65535]], dtype=np.uint16)
    np.testing.assert_array_equal(to_rgb(deep, background=WHITE)[0, :, 2], [0, 100, 255])
    rgba = np.array([[[200, 30, 20, 255], [200, 30, 20, 0], [200, 30, 20, 102]]], dtype=np.uint8)
    blended = [round(0.4 * c + 0.6 * b) for c, b in zip(RED, (10, 180, 40), strict=True)]
    np.testing.assert_array_equal(to_rgb(rgba, background=GREEN)[0], [RED, GREEN, blended])


def test_linear_colour_goes_through_the_srgb_curve() -> None:
    # ((128 / 255 + 0.055) / 1.055) ** 2.4 = 0.21586; 0.002 lies on the straight part, 12.92 x.
    values = np.array([0.0, 0.002, 0.21586, 1.0, 7.0, np.nan], dtype=np.float32)
    linear = np.repeat(values[None, :, None], 3, axis=-1)
    np.testing.assert_array_equal(
        to_rgb(linear, background=WHITE)[0, :, 0], [0, 7, 128, 255, 255, 0]
    )


def test_premultiplied_alpha_shows_the_same_as_straight() -> None:
    premultiplied = np.array([[[0.21586 * 0.5, 0, 0.5, 0.5], [0, 0, 0, 0]]], dtype=np.float32)
    straight = np.array([[[128, 0, 255, 128], [0, 0, 0, 0]]], dtype=np.uint8)
    difference = to_rgb(premultiplied, background=GREEN).astype(int) - to_rgb(
        straight, background=GREEN
    )
    assert np.abs(difference).max() <= 1  # 128 / 255 is not quite a half


def test_depth_is_bright_where_near_and_nothing_where_invalid() -> None:
    depth = np.linspace(1, 3, 400, dtype=np.float32).reshape(20, 20)
    depth[0, :4] = [0, -1, np.nan, np.inf]
    depth[19, 19] = 1e6  # one wild value must not take the range away from the others
    picture = to_rgb(depth, background=WHITE)
    assert (picture[0, :4] == NOTHING).all()
    surface = picture.reshape(-1, 3)[4:].astype(int)
    luminance = surface[::8] @ [2126, 7152, 722]  # in steps larger than the rounding
    assert (np.diff(luminance) < 0).all()
    assert tuple(surface[0]) == (253, 231, 37)
    assert tuple(surface[-1]) == (68, 1, 84)
    assert len(np.unique(surface, axis=0)) > 150, "the wild value took the range"
    assert np.abs(surface - NOTHING).sum(axis=-1).min() > 60, "a depth looks like no depth"


def test_depth_range_can_be_given_and_an_empty_depth_shown() -> None:
    depth = np.array([[0.5, 1.0, 2.0, 9.0]], dtype=np.float32)
    picture = to_rgb(depth, background=WHITE, depth_range_m=(1.0, 2.0))[0]
    np.testing.assert_array_equal(picture[0], picture[1])
    np.testing.assert_array_equal(picture[2], picture[3])
    assert (picture[0] != picture[3]).any()
    nothing = to_rgb(np.zeros((2, 3), dtype=np.float32), background=WHITE)
    assert (nothing == NOTHING).all()
    flat = to_rgb(np.full((2, 3), 4, dtype=np.float16), background=WHITE)
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) == 1


def test_ids_have_distinct_colours_that_depend_on_nothing_else() -> None:
    ids = np.arange(65, dtype=np.uint32).reshape(5, 13)
    picture = to_rgb(ids, background=WHITE)
    assert tuple(picture[0, 0]) == NOTHING
    colors = picture.reshape(-1, 3).astype(int)
    apart = np.abs(colors[:, None] - colors).sum(axis=-1) + 999 * np.eye(65, dtype=int)
    assert apart.min() > 25
    others = np.array([[4_000_000_000, 17, 0, 3]], dtype=np.uint32)
    again = to_rgb(others, background=BLACK)[0]
    np.testing.assert_array_equal(again[1:], colors[[17, 0, 3]])


def test_unit_vectors_are_shown_as_normals_and_others_as_positions() -> None:
    normals = np.array([[[0, 0, 1], [0, -1, 0], [0.6, 0, -0.8], [0, 0, 0]]], dtype=np.float16)
    np.testing.assert_array_equal(
        to_rgb(normals, background=WHITE)[0],
        [(128, 128, 255), (128, 0, 128), (204, 128, 26), NOTHING],
    )
    positions = np.random.default_rng(2).uniform(-5, 5, (8, 8, 3)).astype(np.float32)
    positions[0, 0] = 0
    picture = to_rgb(positions, background=WHITE)
    assert tuple(picture[0, 0]) == NOTHING
    assert picture.min() == 0
    assert picture.max() == 255


def test_ids_and_depth_shrink_without_mixing_and_colour_with_a_filter() -> None:
    ids = np.zeros((40, 60), dtype=np.uint32)
    ids[7:, 11:] = 5
    depth = np.where(ids > 0, 2.0, 1.0).astype(np.float32)
    for image in (ids, depth):
        before = {tuple(color) for color in to_rgb(image, background=WHITE).reshape(-1, 3)}
        small = make_grid([image], cell_width=17)
        assert small.shape == (11, 17, 3)
        assert {tuple(color) for color in small.reshape(-1, 3)} == before
    checker = (np.indices((40, 60)).sum(axis=0) % 2 * 255).astype(np.uint8)
    middle = make_grid([checker], cell_width=15)[2:-2, 2:-2]
    assert np.abs(middle.astype(int) - 127).max() < 4


# Files


def test_files_are_read_by_content_in_all_their_kinds(tmp_path: Path) -> None:
    shades = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2800
    Image.fromarray(shades).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), shades)
    assert read_image(tmp_path / "deep.png").dtype == np.uint16

    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    palette.putpalette([*RED, *GREEN])
    palette.save(tmp_path / "palette.png", transparency=1)
    assert read_image(tmp_path / "palette.png")[0].tolist() == [[*RED, 255], [*GREEN, 0]]

    turned = Image.new("RGB", (6, 4), RED)
    turned.getexif()[0x0112] = 6  # "rotate by 90 degrees to see it"
    turned.save(tmp_path / "photo.jpg", exif=turned.getexif())
    assert read_image(tmp_path / "photo.jpg").shape == (6, 4, 3)

    Image.fromarray(plain(BLUE)).save(tmp_path / "wrong-name.exr", format="PNG")
    np.testing.assert_array_equal(read_image(tmp_path / "wrong-name.exr"), plain(BLUE))

    ramp = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)
    save_exr(tmp_path / "depth.exr", {"Y": ramp})
    np.testing.assert_array_equal(read_image(tmp_path / "depth.exr"), ramp)
    ids = np.arange(24, dtype=np.uint32).reshape(4, 6) + 4_000_000_000
    save_exr(tmp_path / "mask.exr", {"Y": ids})
    assert read_image(tmp_path / "mask.exr").dtype == np.uint32
    np.testing.assert_array_equal(read_image(tmp_path / "mask.exr"), ids)
    save_exr(tmp_path / "rgba.exr", {c: ramp + i for i, c in enumerate("RGBA")})
    np.testing.assert_array_equal(
        read_image(tmp_path / "rgba.exr"), np.stack([ramp + i for i in range(4)], axis=-1)
    )
    half = {f"ViewLayer.Combined.{c}": (ramp + i).astype(np.float16) for i, c in enumerate("RGB")}
    others = {f"ViewLayer.AO.{c}": ramp for c in "RGB"}
    save_exr(tmp_path / "layers.exr", {**half, **others, "ViewLayer.Depth.Z": ramp})
    assert read_image(tmp_path / "layers.exr").shape == (4, 6, 3)
    assert read_image(tmp_path / "layers.exr")[0, 0].tolist() == [0, 1, 2]


def test_a_folder_is_tiled_in_the_order_of_its_numbers_without_the_grid(tmp_path: Path) -> None:
    for number, color in ((10, BLUE), (9, GREEN), (1, RED)):
        Image.fromarray(plain(color)).save(tmp_path / f"view{number}.png")
    (tmp_path / "notes.txt").write_text("not an image, and not named like one")
    Image.fromarray(plain(BLACK)).save(tmp_path / ".hidden.png")
    command = [str(tmp_path), str(tmp_path / "grid.png"), "--rows", "1", "--spacing", "0"]
    assert main(command) == 0
    expected = np.concatenate([plain(color) for color in (RED, GREEN, BLUE)], axis=1)
    np.testing.assert_array_equal(read_png(tmp_path / "grid.png"), expected)
    first = (tmp_path / "grid.png").read_bytes()
    assert main(command) == 0, "a grid may replace itself, and is no image of the folder"
    assert (tmp_path / "grid.png").read_bytes() == first


def test_files_may_be_mixed_and_options_stand_anywhere(tmp_path: Path) -> None:
    Image.fromarray(plain(RED)).save(tmp_path / "a.png")
    save_exr(tmp_path / "b.exr", {c: np.ones((4, 6), np.float32) * (c == "G") for c in "RGB"})
    command = [tmp_path / "a.png", "--columns=1", "--spacing=1", tmp_path / "b.exr"]
    command += ["--background", "#0000ff", tmp_path / "grid.png"]
    assert main([str(word) for word in command]) == 0
    grid = read_png(tmp_path / "grid.png")
    assert [tuple(row[0]) for row in grid] == [RED] * 4 + [(0, 0, 255)] + [(0, 255, 0)] * 4


# Datasets


def gray(index: int) -> tuple[int, int, int]:
    return (10 + index * 20, 10 + index * 20, 10 + index * 20)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Views 0 to 4; view 2 is missing, view 3 has no mask."""
    ids = np.full((4, 6), 7, dtype=np.uint32)
    views: dict[int, dict[str, Pixels]] = {
        index: {"render": plain(gray(index)), "mask": ids} for index in (0, 1, 3, 4)
    }
    del views[3]["mask"]
    return write_dataset(tmp_path / "out", views, planned=5)


def cells(grid: Path, columns: int, rows: int) -> list[tuple[int, ...]]:
    """The colour of each cell of a grid made without spacing; every cell is of one colour."""
    picture = read_png(grid)
    assert picture.shape == (4 * rows, 6 * columns, 3)
    blocks = picture.reshape(rows, 4, columns, 6, 3).swapaxes(1, 2).reshape(-1, 24, 3)
    assert (blocks == blocks[:, :1]).all()
    return [tuple(block[0].tolist()) for block in blocks]


def test_a_dataset_shows_its_renders_and_leaves_missing_views_empty(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "grid.png"
    assert main([str(dataset), str(out), "--columns", "3", "--spacing", "0"]) == 0
    assert cells(out, 3, 2) == [gray(0), gray(1), WHITE, gray(3), gray(4), WHITE]


def test_kinds_of_a_view_stand_side_by_side(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    command = [str(dataset), str(out), "--kind", "render", "--kind", "mask", "--spacing", "0"]
    assert main([*command, "--views", "4,2:4,0", "--columns", "2"]) == 0
    seven = tuple(to_rgb(np.array([[7]], dtype=np.uint32), background=WHITE)[0, 0].tolist())
    assert cells(out, 2, 4) == [gray(4), seven, WHITE, WHITE, gray(3), WHITE, gray(0), seven]


@pytest.mark.parametrize(
    ("views", "expected"),
    [("0", [0]), ("3,0", [3, 0]), ("3:", [3, 4]), (":2", [0, 1]), ("1, 3:5", [1, 3, 4])],
)
def test_views_are_chosen(dataset: Path, tmp_path: Path, views: str, expected: list[int]) -> None:
    out = tmp_path / "grid.png"
    assert main([str(dataset), str(out), "--views", views, "--rows=1", "--spacing=0"]) == 0
    assert cells(out, len(expected), 1) == [gray(index) for index in expected]


def test_the_process_runs_as_the_readme_says(dataset: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), dataset.name, "grid.png", "--kind", "render"]
    done = subprocess.run(
        [*command, "--columns", "4", "--labels", "--cell-width", "3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert read_png(tmp_path / "grid.png").shape[1] == 4 * 3 + 3 * 4
    help_text = subprocess.run([*command[:2], "--help"], capture_output=True, text=True, check=True)
    assert "--cell-width" in help_text.stdout


def test_arrays_that_are_no_images_are_refused() -> None:
    with pytest.raises(InputError) as refusal:
        make_grid([None, None])
    assert str(refusal.value) == "there is nothing to tile: expected at least one image, found none"
    with pytest.raises(InputError) as refusal:
        make_grid([np.zeros((2, 2, 3), dtype=np.uint32)])
    assert str(refusal.value) == (
        "an array of uint32 and shape (2, 2, 3) is not an image; expected 8 or 16 bits or floats "
        "of 1, 3 or 4 channels, or 32-bit ids"
    )
    with pytest.raises(InputError) as refusal:
        make_grid([plain(RED)], labels=["a", "b"])
    assert str(refusal.value) == "1 images need as many labels, found 2"
