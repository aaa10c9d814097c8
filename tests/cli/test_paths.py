"""Paths as people have them: the same dataset wherever model and output lie, or one sentence."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import TETRAHEDRON, Host, is_log
from viewbatch.dataset import Dataset
from viewbatch.dataset.png import encode_png
from viewbatch.errors import one_line

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")

TINY = """
[render]
resolution_x = 16
resolution_y = 16
samples = 1
[render.cycles]
use_denoising = false
[verify]
at_end = true
noise_views = 1
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(TINY, encoding="utf-8")
    (tmp_path / "model.obj").write_text(TETRAHEDRON, encoding="utf-8")
    return tmp_path


# Each a path of several folders, and last the name of the model.
NAMES = {
    "letters": ["with space", "日本語", "русский", "e\u0301 and é", "😀"],
    "signs": ["it's", "100%", "a#b", "%04d ####", "$HOME ~ {x}", ".hidden", "a.b.c", "-dash"],
    "long": ["x" * 240, "y" * 240],
    "of_posix": ['"quoted"', "back\\slash", "new\nline", "tab\there", "\x1b[31mred", "<a|b>?*:"],
}


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=POSIX if k == "of_posix" else ()) for k in NAMES]
)
def test_any_name_will_do(host: Host, here: Path, kind: str) -> None:
    """Of folders and models; and it is told on one line."""
    folder, stem = Path(*NAMES[kind][:-1]), NAMES[kind][-1]
    model, output = folder / f"{stem}.OBJ", folder / stem
    (here / folder).mkdir(parents=True)
    shutil.copy(here / "model.obj", here / model)
    result = host.run(model, output, "2", cwd=here)
    assert result.code == 0, result.stderr
    dataset = Dataset.open(here / output)
    assert dataset.missing == []
    assert dataset.record.model.file == model.name
    lines = result.stderr.split("\n")
    assert lines[-2] == one_line(f"2 views in {output}")
    [log] = [path for path in (here / output).iterdir() if is_log(path.name)]
    logged = log.read_text(encoding="utf-8").split("\n")
    assert logged[-2].endswith(f"INFO {lines[-2]}")
    for line in [*lines, *logged]:
        assert one_line(line) == line


def test_a_name_that_begins_with_a_dash_must_not_look_like_an_option(
    host: Host, here: Path
) -> None:
    shutil.copy(here / "model.obj", here / "-model.obj")
    result = host.run("-model.obj", "out", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        "generate-batch.py: error: unrecognized arguments: -model.obj; a file of that name is "
        "written ./-model.obj"
    )
    assert not (here / "out").exists()


def test_an_argument_is_repeated_on_one_line(host: Host, here: Path) -> None:
    result = host.run("model.obj", "out", "1\x1b[31m\n2", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        "generate-batch.py: error: argument number_of_renders: expected an integer of at least "
        "1, found '1\\x1b[31m\\n2'"
    )


@POSIX
def test_a_missing_model_is_told_on_one_line(host: Host, here: Path) -> None:
    result = host.run("red\x1b[31m\n.glb", "out", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: the model red\\x1b[31m\\n.glb does not exist; name a file such as model.glb"
    )


def test_ways_to_a_folder_that_is_not_there_yet(host: Host, here: Path) -> None:
    (here / "sub").mkdir()
    result = host.run("sub/../model.obj", "sub/../new/a/b/", cwd=here)
    assert result.code == 0, result.stderr
    assert Dataset.open(here / "new" / "a" / "b").missing == []


def test_the_folder_of_the_model_may_be_the_output(host: Host, here: Path) -> None:
    (here / "sub").mkdir()
    shutil.copy(here / "model.obj", here / "sub")
    result = host.run("sub/model.obj", "sub", cwd=here)
    assert result.code == 0, result.stderr
    assert Dataset.open(here / "sub").missing == []
    assert (here / "sub" / "model.obj").read_text(encoding="utf-8") == TETRAHEDRON
    again = host.run("sub/model.obj", "sub", "--overwrite", cwd=here)
    assert again.code == 0, again.stderr
    assert (here / "sub" / "model.obj").exists()


@POSIX
def test_a_model_that_is_a_pipe(host: Host, here: Path) -> None:
    os.mkfifo(here / "pipe.obj")
    result = host.run("pipe.obj", "out", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: the model pipe.obj is no file; name a file such as model.glb"
    )


@POSIX
def test_a_path_beyond_what_blender_holds(host: Host, here: Path) -> None:
    deep = "/".join(["d" * 200] * 6)
    result = host.run("model.obj", deep, cwd=here)
    length = len(str(here / deep))
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        f"error: the path of the output {deep} is {length} bytes long, and Blender can use 850; "
        "choose a shorter one"
    )
    assert not (here / deep).parent.exists()
    (here / deep).mkdir(parents=True)
    shutil.copy(here / "model.obj", here / deep)
    result = host.run(f"{deep}/model.obj", "out", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        f"error: the path of the model {deep}/model.obj is {length + 10} bytes long, and Blender "
        "can use 1023; choose a shorter one"
    )
    assert not (here / "out").exists()
    longest = Path(*["d" * 200] * 3)
    longest /= "e" * (850 - len(str(here / longest)) - 1)
    result = host.run("model.obj", longest, cwd=here)
    assert result.code == 0, result.stderr


@POSIX
@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
def test_names_that_are_not_utf8(host: Host, here: Path) -> None:
    name = os.fsdecode(b"bad\xff.obj")
    shutil.copy(here / "model.obj", here / name)
    for arguments, what, told in (
        ([name, "out"], "model", "bad\\udcff.obj"),
        (["model.obj", os.fsdecode(b"out\xfe")], "output", "out\\udcfe"),
    ):
        result = host.run(*arguments, cwd=here)
        assert result.code == 2
        assert result.stderr.splitlines()[-1] == (
            f"error: the path of the {what} {told} is not UTF-8, which Blender needs; rename it"
        )
    result = host.run("model.obj", "out", "--set", f"world.hdri.path={name}", cwd=here)
    assert result.code == 2
    assert result.stderr.splitlines()[-1] == (
        '  --set world.hdri.path: expected UTF-8 text, found "bad\\udcff.obj"'
    )
    assert sorted(path.name for path in here.iterdir()) == sorted(
        ["config.toml", "model.obj", name]
    )


LOCALES = {
    "ascii_streams": {"PYTHONIOENCODING": "ascii"},
    "c": {"LC_ALL": "C"},
    "c_without_utf8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="locales of Linux")
@pytest.mark.parametrize("locale", LOCALES)
def test_files_are_utf8_in_any_locale(host: Host, here: Path, locale: str) -> None:
    (here / "é").mkdir()
    (here / "é" / "model.obj").write_text(
        TETRAHEDRON.replace("tetrahedron", "日本"), encoding="utf-8"
    )
    arguments = ["é/model.obj", "é/out", "--set", 'objects.categories={"ö" = "日"}']
    result = host.run(*arguments, cwd=here, env=LOCALES[locale])
    if locale == "c_without_utf8" and not host.in_blender:
        assert result.code == 2
        assert (
            result.stderr.splitlines()[-1].endswith(
                "is not UTF-8, which Blender needs; set PYTHONUTF8=1 if it is UTF-8 after all, or "
                "rename it"
            )
            or "expected UTF-8 text" in result.stderr
        )
        return
    assert result.code == 0, result.stderr
    assert result.stderr.isascii() or locale == "c" or host.in_blender
    tree = json.loads((here / "é" / "out" / "dataset.json").read_text(encoding="utf-8"))
    assert [(entry["name"], entry["category"]) for entry in tree["objects"]] == [("日本", "ö")]
    assert "ö" in (here / "é" / "out" / "config.toml").read_text(encoding="utf-8")
    dump = host.run("--dump-config", *arguments[2:], cwd=here, env=LOCALES[locale])
    assert "ö" in dump.stdout


MATERIAL = "newmtl red\nmap_Kd red.png\n"


@POSIX
def test_a_linked_model_finds_its_files_beside_the_link_or_says_what_it_lacks(
    host: Host, here: Path
) -> None:
    real, links = here / "real", here / "links"
    real.mkdir()
    links.mkdir()
    text = f"mtllib model.mtl\n{TETRAHEDRON}".replace("f 1 3 2", "usemtl red\nf 1 3 2")
    (real / "model.obj").write_text(text, encoding="utf-8")
    (links / "model.obj").symlink_to(real / "model.obj")
    for folder in (real, links):
        (folder / "model.mtl").write_text(MATERIAL, encoding="utf-8")
    (real / "red.png").write_bytes(encode_png(np.full((2, 2, 3), 200, dtype=np.uint8)))
    (links / "red.png").symlink_to(real / "red.png")
    whole = host.run("links/model.obj", "out", cwd=here)
    assert whole.code == 0
    assert "warning" not in whole.stderr
    (links / "red.png").unlink()
    lacking = host.run("links/model.obj", "out", "--overwrite", cwd=here)
    assert lacking.code == 0
    assert (
        f"warning: the texture red.png of the model cannot be read ({links / 'red.png'}); what "
        "uses it is drawn in magenta\n"
    ) in lacking.stderr
