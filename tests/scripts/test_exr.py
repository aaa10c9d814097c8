"""scripts/exr: every number of a file, whoever made it, and one sentence where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scripts.exr import exr2numpy
from scripts.exr.command import main
from scripts.shared.pictures import read_image
from tests.compat.datasets import ROOT, make
from tests.scripts.conftest import Refusal
from tests.scripts.foreign_exr import (
    FRONT_M,
    Pixels,
    blender_multilayer,
    save,
    save_deep,
    save_parts,
    save_subsampled,
    save_tiled,
)
from viewbatch.dataset import Dataset
from viewbatch.errors import UsageError

PROGRAM = ROOT / "scripts" / "exr" / "exr.py"


def random(*shape: int, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(
        tmp_path_factory.mktemp("exr") / "out", 1,
        "render.resolution_x=60", "render.resolution_y=40",
        'plugins.enabled=["depth", "mask", "normal"]',
    )  # fmt: skip


@pytest.fixture(scope="module", params=["16", "32"])
def multilayer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blender_multilayer(tmp_path_factory.mktemp("blender") / "multi.exr", request.param)


# From Python


def test_our_files_are_what_the_dataset_reads(dataset: Dataset) -> None:
    view = dataset.views[0]
    for kind, dtype in (("depth", "f4"), ("mask", "u4"), ("normal", "f2")):
        array = exr2numpy(view.path(kind))
        np.testing.assert_array_equal(array, view.read(kind))
        assert array.dtype == np.dtype(dtype)


def test_blenders_own_layers(multilayer: Path) -> None:
    arrays = exr2numpy(str(multilayer))
    assert isinstance(arrays, dict)
    assert {name: array.shape for name, array in arrays.items()} == {
        "ViewLayer.Combined": (32, 48, 4),
        "ViewLayer.Depth": (32, 48),
        "ViewLayer.IndexOB": (32, 48),
        "ViewLayer.Normal": (32, 48, 3),
    }
    assert arrays["ViewLayer.Depth"].dtype == np.float32
    ids = arrays["ViewLayer.IndexOB"]
    assert np.unique(ids).tolist() == [0, 3, 300]
    front = arrays["ViewLayer.Normal"][..., 1] == -1
    np.testing.assert_allclose(arrays["ViewLayer.Depth"][front], FRONT_M, rtol=1e-6)
    assert (arrays["ViewLayer.Depth"][ids == 0] == 1e10).all()
    # The world, as R G B A although the file has A B G R; halves round in the fourth digit.
    np.testing.assert_allclose(arrays["ViewLayer.Combined"][0, 0], [0.2, 0.4, 0.8, 1], rtol=5e-4)


def test_channels_and_layers_by_name_and_by_the_end_of_it(multilayer: Path) -> None:
    whole = exr2numpy(multilayer)
    assert isinstance(whole, dict)
    for name in ("ViewLayer.Depth", "ViewLayer.Depth.Z", "Depth", "Depth.Z"):
        np.testing.assert_array_equal(exr2numpy(multilayer, name), whole["ViewLayer.Depth"])
    for name in ("ViewLayer.Normal", "Normal"):
        np.testing.assert_array_equal(exr2numpy(multilayer, name), whole["ViewLayer.Normal"])
    np.testing.assert_array_equal(
        exr2numpy(multilayer, "Combined.G"), whole["ViewLayer.Combined"][..., 1]
    )


@pytest.mark.parametrize("dtype", ["f2", "f4", "u4"])
def test_every_type_bit_by_bit(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(2).integers(0, 256, (7, 5, np.dtype(dtype).itemsize), np.uint8)
    pixels = values.view(dtype)[..., 0]  # among floats, some that are not finite
    found = exr2numpy(save(tmp_path / "any.exr", {"V": pixels}))
    assert isinstance(found, np.ndarray)
    assert found.dtype == pixels.dtype
    assert found.tobytes() == pixels.tobytes()


def test_tiles(tmp_path: Path) -> None:
    pixels = random(37, 50)
    np.testing.assert_array_equal(exr2numpy(save_tiled(tmp_path / "a.exr", {"Y": pixels})), pixels)


def test_mixed_types_become_one_that_holds_all(tmp_path: Path) -> None:
    color = {name: random(3, 4, seed=i).astype("f2") for i, name in enumerate("RGBA")}
    depth = random(3, 4, seed=9)
    array = exr2numpy(save(tmp_path / "a.exr", {**color, "Z": depth}))
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float32
    for i, pixels in enumerate([*color.values(), depth]):
        np.testing.assert_array_equal(array[..., i], pixels)


def test_parts(tmp_path: Path) -> None:
    left, right, depth = random(4, 6), random(4, 6, seed=2), random(2, 3, seed=3)
    # As Blender 5 writes layers: names are whole in every part.
    path = save_parts(tmp_path / "a.exr", {"L.C": {"L.C.R": left}, "L.D": {"L.D.Z": depth}})
    arrays = exr2numpy(path)
    assert isinstance(arrays, dict)
    assert list(arrays) == ["L.C", "L.D"]
    np.testing.assert_array_equal(arrays["L.D"], depth)
    # As stereo has it: one name in both parts.
    path = save_parts(tmp_path / "b.exr", {"left": {"Y": left}, "right": {"Y": right}})
    np.testing.assert_array_equal(exr2numpy(path, "left.Y"), left)
    np.testing.assert_array_equal(exr2numpy(path, "right"), right)


def test_subsampled_channels_keep_their_samples(tmp_path: Path) -> None:
    full, half = random(8, 12), random(4, 6, seed=2)
    arrays = exr2numpy(save_subsampled(tmp_path / "a.exr", full, half))
    assert isinstance(arrays, dict)
    np.testing.assert_array_equal(arrays["Y"], full)
    np.testing.assert_array_equal(arrays["RY"], half)


def test_pictures_read_parts_and_layers_with_the_same_reader(
    tmp_path: Path, multilayer: Path
) -> None:
    np.testing.assert_array_equal(
        read_image(multilayer), exr2numpy(multilayer, "Combined").astype(np.float32)
    )
    color = {f"L.Combined.{name}": random(4, 6, seed=i) for i, name in enumerate("RGB")}
    path = save_parts(tmp_path / "a.exr", {"D": {"L.D.Z": random(4, 6)}, "C": color})
    np.testing.assert_array_equal(read_image(path), np.stack(list(color.values()), axis=-1))


def test_the_example_of_the_readme_makes_its_picture(
    multilayer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(multilayer, "multilayer.exr")
    readme = PROGRAM.with_name("README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - it is our own document
    assert np.shape(names["depth"]) == (32, 48)
    # Two columns of 48 pixels and two rows of 32, 4 apart, with labels.
    assert read_image(Path("layers.png")).shape[1:] == (48 + 4 + 48, 3)


# The command


def test_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    depth = np.array([[1, 2, np.inf], [3, np.nan, 10]], dtype=np.float32)
    ids = np.array([[0, 4_294_967_295, 5], [0, 0, 0]], dtype=np.uint32)
    nothing = np.full((2, 3), np.nan, dtype=np.float16)
    save(Path("a.exr"), {"L.Depth.Z": depth, "L.Id.X": ids, "L.n": nothing})
    save_parts(Path("b.exr"), {"one": {"Y": depth[:, :1]}, "two": {"Y": ids}})
    assert main(["a.exr", "b.exr"]) == 0
    assert capfd.readouterr() == (
        "a.exr\n"
        "channel    type    size  minimum     maximum         mean  not finite\n"
        "L.Depth.Z  float  3 x 2        1          10            4     33.33 %\n"
        "L.Id.X     uint   3 x 2        0  4294967295  7.15828e+08         0 %\n"
        "L.n        half   3 x 2        -           -            -       100 %\n"
        "\n"
        "b.exr\n"
        "channel  part  type    size  minimum     maximum         mean  not finite\n"
        "one.Y    one   float  1 x 2        1           3            2         0 %\n"
        "two.Y    two   uint   3 x 2        0  4294967295  7.15828e+08         0 %\n",
        "",
    )
    assert main(["a.exr", "--channel", "Id"]) == 0
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == [
        "a.exr", "channel", "L.Id.X",
    ]  # fmt: skip


def test_npy_holds_a_layer_and_npz_every_channel(
    multilayer: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    npy, npz = tmp_path / "normal.npy", tmp_path / "all.npz"
    assert main([str(multilayer), "--channel", "Normal", "--output", str(npy)]) == 0
    assert capfd.readouterr() == (f"{npy}: float32 (32, 48, 3)\n", "")
    np.testing.assert_array_equal(np.load(npy), exr2numpy(multilayer, "Normal"))
    assert main([str(multilayer), "--output", str(npz)]) == 0
    with np.load(npz) as arrays:
        assert len(arrays) == 9
        for name in arrays:
            expected = exr2numpy(multilayer, name)
            np.testing.assert_array_equal(arrays[name], expected)
            assert arrays[name].dtype == expected.dtype
    first = npz.read_bytes()
    assert main([str(multilayer), "--output", str(npz), "--overwrite"]) == 0
    assert npz.read_bytes() == first


def test_names_of_channels_that_are_arguments_of_numpy(tmp_path: Path) -> None:
    pixels = random(2, 3)
    save(tmp_path / "a.exr", {"file": pixels, "allow_pickle": pixels})
    assert main([str(tmp_path / "a.exr"), "--output", str(tmp_path / "a.npz")]) == 0
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["file"], pixels)


def test_the_program_needs_no_more_than_its_metadata_names(dataset: Dataset) -> None:
    path = str(dataset.views[0].path("mask"))
    code = (
        "import sys, runpy\n"
        "for name in ('PIL', 'matplotlib', 'tqdm', 'pycocotools', 'bpy'):\n"
        "    sys.modules[name] = None\n"
        f"sys.argv = ['exr.py', {path!r}]\n"
        f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{path}\nchannel  type     size")


# Mistakes


def make_short_part(folder: Path) -> None:
    """The pixels of the last part are cut off; OpenEXR reads the others as if they were all."""
    parts = {name: {f"{name}.Y": random(64, 64, seed=i)} for i, name in enumerate("ab")}
    data = save_parts(folder / "whole.exr", parts).read_bytes()
    (folder / "short.exr").write_bytes(data[:-2000])


def make_short(folder: Path) -> None:
    data = save(folder / "whole.exr", {"Y": random(64, 64)}).read_bytes()
    (folder / "short.exr").write_bytes(data[:-2000])


def make_header_only(folder: Path) -> None:
    data = save(folder / "whole.exr", {"Y": random(64, 64)}).read_bytes()
    (folder / "short.exr").write_bytes(data[:60])


def make_text(folder: Path) -> None:
    (folder / "notes.exr").write_text("hello, this is text")


def make_empty(folder: Path) -> None:
    (folder / "empty.exr").touch()
    (folder / "nothing").mkdir()


def make_layers(folder: Path) -> None:
    save(folder / "a.exr", {"L.N.X": random(2, 3), "L.P.X": random(2, 3), "Y": random(2, 3)})
    (folder / "old.npy").write_text("precious")


def make_subsampled(folder: Path) -> None:
    color = {"L.R": random(4, 6)}
    save_parts(folder / "a.exr", {"a": color, "b": {"L.G": random(2, 3)}})


def make_deep(folder: Path) -> None:
    save_deep(folder / "deep.exr")


DAMAGED = (
    "short.exr is damaged: it starts like an OpenEXR file, but OpenEXR cannot read it; "
    "leave it out or write it again"
)


@pytest.mark.parametrize(
    ("prepare", "command", "message"),
    [
        (
            make_empty,
            "no.exr",
            "no.exr cannot be read: No such file or directory; name an existing EXR file",
        ),
        (
            make_empty,
            "nothing",
            "nothing cannot be read: Is a directory; name an existing EXR file",
        ),
        (
            make_empty,
            "empty.exr",
            "empty.exr is not an OpenEXR file: it starts with nothing, being empty; "
            "name another or write it again",
        ),
        (
            make_text,
            "notes.exr",
            "notes.exr is not an OpenEXR file: it starts with 'hello, this is t'; "
            "name another or write it again",
        ),
        (make_short, "short.exr", DAMAGED),
        (make_short_part, "short.exr", DAMAGED),
        (make_header_only, "short.exr", DAMAGED),
        (
            make_deep,
            "deep.exr",
            "deep.exr is a deep image: its channel Z has several values in a pixel; "
            "flatten it first",
        ),
        (
            make_layers,
            "a.exr --channel Depth",
            "a.exr has no channel and no layer Depth; it has L.N.X, L.P.X, Y",
        ),
        (
            make_layers,
            "a.exr --channel X",
            "2 channels or layers of a.exr end with .X: L.N.X, L.P.X; give the whole name of one",
        ),
        (
            make_subsampled,
            "a.exr --channel L --output a.npy",
            "the channels of L in a.exr differ in size (L.R 6 x 4, L.G 3 x 2) and make no one "
            "array; choose one of them",
        ),
        (
            make_layers,
            "a.exr --output a.npy",
            "a.exr makes 3 arrays (L.N, L.P, one in no layer), and .npy holds one; choose one "
            "with --channel, or write .npz",
        ),
        (
            make_layers,
            "a.exr a.exr --output a.npz",
            "--output takes one EXR file, and 2 are given; name one of them",
        ),
        (
            make_layers,
            "a.exr --output a.txt",
            "the output a.txt does not end in .npy or .npz; name such a file",
        ),
        (
            make_layers,
            "a.exr --channel Y --output no/a.npy",
            "the folder no of the output does not exist; make it first, or name another",
        ),
        (
            make_layers,
            "a.exr --channel Y --output old.npy",
            "the output old.npy exists; name another file, or add --overwrite",
        ),
        (
            make_layers,
            "",
            "the following arguments are required: FILE; --help lists the arguments",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    tmp_path: Path, refusal: Refusal, prepare: Callable[[Path], None], command: str, message: str
) -> None:
    prepare(tmp_path)
    assert refusal(main, command.split()) == f"exr.py: {message}\n"


def test_the_function_raises_what_the_command_says(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^.*no\.exr cannot be read: No such file or directory;"):
        exr2numpy(tmp_path / "no.exr")
