"""scripts/depth: each pixel has its depth's colour, and what is no surface has none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.depth.command import main
from scripts.shared.pictures import DEPTH_COLORS, is_surface, surface_range_m, to_rgb
from tests.compat.datasets import ROOT, make
from tests.scripts.conftest import Refusal
from tests.scripts.foreign_exr import FRONT_M, Pixels, blender_multilayer, save, save_parts
from viewbatch.dataset import Dataset

PROGRAM = ROOT / "scripts" / "depth" / "depth.py"
NO_SURFACE = (222, 222, 222)
WHITE = (255, 255, 255)
LEFT, TOP = 16, 24
"""Where the first map of a picture begins."""
WIDTH, HEIGHT = 48, 32
ZOOM = 13
"""A single map of this size is enlarged so often: 640 // 48."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(
        tmp_path_factory.mktemp("depth") / "out", 3,
        f"render.resolution_x={WIDTH}", f"render.resolution_y={HEIGHT}",
        'plugins.enabled=["depth"]', "plugins.depth.ray_distance=true",
    )  # fmt: skip


@pytest.fixture(scope="module")
def multilayer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blender_multilayer(tmp_path_factory.mktemp("blender") / "multi.exr")


def drawn(folder: Path, *arguments: str | Path) -> Pixels:
    """The picture (H, W, 3) that the command writes."""
    path = folder / "picture.png"
    assert main([*map(str, arguments), "--output", str(path), "--overwrite"]) == 0
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def shown(picture: Pixels) -> Pixels:
    """The pixels of a single map, all of which were enlarged without mixing."""
    whole = picture[TOP : TOP + HEIGHT * ZOOM, LEFT : LEFT + WIDTH * ZOOM]
    blocks = whole.reshape(HEIGHT, ZOOM, WIDTH, ZOOM, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    return blocks[:, 0, :, 0]


def expected(depth: Pixels, range_m: tuple[float, float]) -> Pixels:
    """The colours of the depth pictures of other helpers, with ours for no surface."""
    color = to_rgb(depth, background=WHITE, depth_range_m=range_m)
    return np.where(is_surface(depth)[..., None], color, NO_SURFACE)


def assert_colors(picture: Pixels, depth: Pixels, range_m: tuple[float, float]) -> None:
    # Two levels: matplotlib has 1024 colours, and both round.
    difference = shown(picture).astype(int) - expected(depth, range_m)
    assert np.abs(difference).max() <= 2


def ramp(*wild: float) -> Pixels:
    """Depths from 2 to 4 m, the first ones replaced."""
    depth = np.linspace(2, 4, WIDTH * HEIGHT, dtype=np.float32)
    depth[: len(wild)] = wild
    return depth.reshape(HEIGHT, WIDTH)


def test_a_view_has_the_colours_of_its_depths(dataset: Dataset, tmp_path: Path) -> None:
    view = dataset.views[1]
    for kind in ("depth", "distance"):
        depth = np.asarray(view.read(kind))
        picture = drawn(tmp_path, dataset.folder, "--views", "1", "--kind", kind)
        assert_colors(picture, depth, surface_range_m([depth]))
        np.testing.assert_array_equal(picture[0, 0], WHITE)
        assert (shown(picture)[depth == 0] == NO_SURFACE).all()
        assert (depth == 0).any()


def test_a_file_of_the_dataset_shows_the_same_as_its_view(dataset: Dataset, tmp_path: Path) -> None:
    view = drawn(tmp_path, dataset.folder, "--views", "2")
    np.testing.assert_array_equal(drawn(tmp_path, dataset.views[2].path("depth")), view)


def test_blenders_background_is_no_surface(multilayer: Path, tmp_path: Path) -> None:
    colors = shown(drawn(tmp_path, multilayer, "--range", str(FRONT_M), "9"))
    # The middles of the two faces, and between them.
    nearest = np.array([colors[16, 13], colors[16, 34]], dtype=int)
    assert np.abs(nearest - DEPTH_COLORS[-1]).max() <= 2
    np.testing.assert_array_equal(colors[16, 24], NO_SURFACE)
    np.testing.assert_array_equal(colors[0, 0], NO_SURFACE)


def test_nothing_but_a_depth_has_a_depths_colour(tmp_path: Path) -> None:
    depth = ramp(0, -1, np.nan, np.inf, -np.inf, 1e10, 1e9)
    picture = drawn(tmp_path, save(tmp_path / "a.exr", {"V": depth}))
    colors = shown(picture).reshape(-1, 3)
    assert (colors[:7] == NO_SURFACE).all()
    distance = np.abs(colors[7:].astype(int) - NO_SURFACE).sum(axis=-1)
    assert distance.min() > 150, "a depth looks like no surface"


def test_a_few_wild_depths_take_no_range_from_the_others(tmp_path: Path) -> None:
    depth = ramp(0.001, 0.001, 5000.0, 5000.0)
    picture = drawn(tmp_path, save(tmp_path / "a.exr", {"Y": depth}))
    assert_colors(picture, depth, surface_range_m([depth]))
    assert len(np.unique(shown(picture).reshape(-1, 3), axis=0)) > 200


def test_the_range_can_be_given(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", {"Y": ramp()})
    assert_colors(drawn(tmp_path, path, "--range", "1", "3"), ramp(), (1, 3))
    low, high = np.percentile(ramp().astype(np.float64), (10, 60))
    assert_colors(drawn(tmp_path, path, "--percentiles", "10", "60"), ramp(), (low, high))


def test_the_bar_goes_from_near_below_to_far_above(tmp_path: Path) -> None:
    picture = drawn(tmp_path, save(tmp_path / "a.exr", {"Y": ramp()}), "--range", "2", "4")
    column = picture[TOP + 2 : TOP + HEIGHT * ZOOM - 2, LEFT + WIDTH * ZOOM + 16 + 11].astype(int)
    wanted = np.linspace(0, len(DEPTH_COLORS) - 1, len(column))
    far_to_near = np.stack(
        [np.interp(wanted, range(len(DEPTH_COLORS)), c) for c in np.transpose(DEPTH_COLORS)], axis=1
    )
    assert np.abs(column - far_to_near).max() < 8  # the ends are cut by two pixels


def test_several_maps_share_one_range(dataset: Dataset, tmp_path: Path) -> None:
    near = save(tmp_path / "near.exr", {"Y": np.full((32, 32), 1, np.float32)})
    far = save(tmp_path / "far.exr", {"Y": np.full((32, 32), 2, np.float32)})
    picture = drawn(tmp_path, near, far, "--columns", "2")
    # Maps of 320 pixels, 16 apart.
    middle = TOP + 160
    for x, color in ((LEFT + 160, DEPTH_COLORS[-1]), (LEFT + 336 + 160, DEPTH_COLORS[0])):
        assert np.abs(picture[middle, x].astype(int) - color).max() <= 2
    stacked = drawn(tmp_path, near, far, "--columns", "1")
    assert stacked.shape[0] > picture.shape[0] + 320
    # All three views, the range of them all.
    depths = [np.asarray(view.read("depth")) for view in dataset.views]
    picture = drawn(tmp_path, dataset.folder, "--columns", "3")
    for number, depth in enumerate(depths):
        left = LEFT + number * (288 + 12 + 16) + 6  # 48 pixels become 288 in a cell of 300
        across, down = np.arange(WIDTH) * 6 + left + 3, np.arange(HEIGHT) * 6 + TOP + 3
        found = picture[np.ix_(down, across)].astype(int)
        assert np.abs(found - expected(depth, surface_range_m(depths))).max() <= 2


@pytest.mark.parametrize(
    "channels",
    [
        {"Depth.V": ramp(), "Normal.X": ramp() * 0},
        {"R": ramp(), "G": ramp(), "B": ramp()},  # as a tool writes that knows only colours
        {"R": ramp() * 0, "G": ramp(), "B": ramp() * 2, "Z": ramp()},
        {"depth": ramp(), "albedo.R": ramp() * 0},
    ],
    ids=["layer", "thrice", "beside colours", "no layer"],
)
def test_the_depth_among_other_channels_is_found(
    tmp_path: Path, channels: dict[str, Pixels]
) -> None:
    path = save(tmp_path / "a.exr", channels)
    assert_colors(drawn(tmp_path, path, "--range", "2", "4"), ramp(), (2, 4))


def test_halves_parts_and_a_map_without_any_surface(tmp_path: Path) -> None:
    half = ramp().astype(np.float16)
    parts = save_parts(tmp_path / "a.exr", {"c": {"L.C.R": ramp()}, "d": {"L.Depth.Z": half}})
    assert_colors(drawn(tmp_path, parts, "--range", "2", "4"), half, (2, 4))
    nothing = save(tmp_path / "b.exr", {"Y": ramp() * 0})
    assert (shown(drawn(tmp_path, nothing)) == NO_SURFACE).all()


def test_the_process_draws_and_says_where_there_is_no_display(
    dataset: Dataset, tmp_path: Path
) -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    command = [sys.executable, str(PROGRAM), str(dataset.folder)]
    done = subprocess.run(
        [*command, "--output", "a.png"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    first = (tmp_path / "a.png").read_bytes()
    assert main([str(dataset.folder), "--output", str(tmp_path / "b.png")]) == 0
    assert (tmp_path / "b.png").read_bytes() == first
    if not sys.platform.startswith("linux"):
        return  # other systems have a display whatever the environment says
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "depth.py: no window can be opened, since matplotlib finds no display or none of the "
        "packages that it draws windows with; write a picture with --output FILE.png\n",
    )


# Mistakes


def make_files(folder: Path) -> None:
    save(folder / "a.exr", {"Y": ramp()})
    save(folder / "color.exr", {"R": ramp(), "G": ramp() * 2, "B": ramp() * 3})
    save(folder / "point.exr", {"X": ramp(), "Y": ramp() * 2, "Z": ramp() * 3})
    (folder / "notes.exr").write_text("hello, this is text")
    (folder / "short.exr").write_bytes((folder / "a.exr").read_bytes()[:-50])
    (folder / "empty").mkdir()


UNCLEAR = "is the depth is not clear: it has"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no.exr", "no.exr cannot be read: No such file or directory; name an existing EXR file"),
        ("empty", "empty is a folder without dataset.json; name a dataset, or EXR files"),
        (
            "notes.exr",
            "notes.exr is not an OpenEXR file: it starts with 'hello, this is t'; "
            "name another or write it again",
        ),
        (
            "short.exr",
            "short.exr is damaged: it starts like an OpenEXR file, but OpenEXR cannot read it; "
            "leave it out or write it again",
        ),
        ("a.exr --channel Z", "a.exr has no channel and no layer Z; it has Y"),
        (
            "color.exr",
            f"which channel of color.exr {UNCLEAR} B, G, R; choose one with --channel",
        ),
        (
            "point.exr",
            f"which channel of point.exr {UNCLEAR} X, Y, Z; choose one with --channel",
        ),
        (
            "a.exr --views 0",
            "a.exr is not a dataset, and --kind and --views choose files of a dataset; "
            "name one, or leave them out",
        ),
        (
            "{dataset} --views 7",
            "--views asks for view 7; {dataset} has the views 0 to 2",
        ),
        (
            "{dataset} --kind normal",
            "argument --kind: invalid choice: 'normal' (choose from 'depth', 'distance'); "
            "--help lists the arguments",
        ),
        (
            "a.exr --range 3 2",
            "--range takes two depths in metres, the nearer one first, not 3 2",
        ),
        (
            "a.exr --percentiles 50 101",
            "--percentiles takes two shares in percent, the smaller one first, not 50 101",
        ),
        (
            "a.exr --columns 0",
            "argument --columns: expected a whole number of at least 1, found '0'; "
            "--help lists the arguments",
        ),
        (
            "a.exr " * 101,
            "101 depth maps are too many for one picture, which shows at most 100; choose fewer, "
            "those of a dataset with --views",
        ),
        ("a.exr --output a.exr", "the output a.exr does not end in .png; name such a file"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    dataset: Dataset, tmp_path: Path, refusal: Refusal, command: str, message: str
) -> None:
    make_files(tmp_path)
    words = command.replace("{dataset}", str(dataset.folder)).split()
    output = [] if "--output" in words else ["--output", "picture.png"]
    message = message.replace("{dataset}", str(dataset.folder))
    assert refusal(main, [*words, *output]) == f"depth.py: {message}\n"


def test_a_dataset_without_views(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "dataset.json").write_bytes((dataset.folder / "dataset.json").read_bytes())
    assert main([str(folder), "--output", str(tmp_path / "a.png")]) == 2
    message = f"depth.py: {folder} has no view yet; render some first\n"
    assert capsys.readouterr().err == message
