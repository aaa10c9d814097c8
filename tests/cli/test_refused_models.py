"""Models that cannot be rendered, and what is said of them."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SUZANNE, Host
from tests.gltf_files import GltfFile

pytestmark = pytest.mark.every_blender


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "model.xyz",
            "what is this",
            "the model model.xyz has the extension .xyz, and those that can be imported are "
            ".glb .gltf .obj .fbx .ply .stl .usd .usda .usdc .usdz .abc .dae .blend",
        ),
        (
            "points.obj",
            "v 0 0 0\nv 1 2 3\n",
            "the model points.obj has 2 vertices and no face; name one that has a surface",
        ),
        (
            "dot.obj",
            "v 1 2 3\nv 1 2 3\nv 1 2 3\nf 1 2 3\n",
            "all vertices of the model dot.obj lie in one point, so it has no size to frame",
        ),
    ],
)
def test_a_model_that_cannot_be_rendered_in_words(
    host: Host, here: Path, name: str, text: str, message: str
) -> None:
    (here / name).write_text(text, encoding="utf-8")
    result = host.run(name, "out", cwd=here)
    assert result.code == 2
    assert result.told(f"configuration: {here / 'config.toml'}\nerror: {message}\n")
    assert not (here / "out").exists()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_model_whose_coordinates_are_no_numbers_in_words(
    host: Host, here: Path, value: float
) -> None:
    """Blender's importer would make them 0 without a word."""
    GltfFile([[0, 0, 0], [1, 0, 0], [0, value, 1]], None).save(here / "bad.glb")
    result = host.run("bad.glb", "out", cwd=here)
    assert result.code == 2
    assert result.told(
        f"configuration: {here / 'config.toml'}\n"
        "error: the model bad.glb cannot be imported: 1 of 3 vertices of meshes[0].primitives[0] "
        "have coordinates that are not finite numbers; repair the mesh and export it again\n"
    )
    assert not (here / "out").exists()


def test_a_damaged_model_is_told_in_one_sentence(host: Host, here: Path) -> None:
    (here / "half.glb").write_bytes(SUZANNE.read_bytes()[:2000])
    result = host.run("half.glb", "out", cwd=here)
    assert result.code == 2
    assert result.told(
        f"configuration: {here / 'config.toml'}\n"
        "error: the model half.glb cannot be imported: its header says "
        f"{SUZANNE.stat().st_size} bytes, and the file ends after 2000; copy or download it "
        "again\n"
    )


def test_an_exclusion_of_everything_in_words(host: Host, here: Path) -> None:
    result = host.run("model.obj", "out", "--set", "objects.exclude_pattern=tetra", cwd=here)
    assert result.code == 2
    assert result.told(
        f"configuration: {here / 'config.toml'} and --set\n"
        "error: objects.exclude_pattern 'tetra' matches every object of the model model.obj, "
        "and one at least must be left\n"
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes EGL away from Mesa")
def test_eevee_without_opengl_is_told_before_the_model_is_imported(host: Host, here: Path) -> None:
    """Blender itself would die of it, with nothing to catch."""
    file = GltfFile()
    file.needs("ACME_nothing_knows_it")
    file.save(here / "a.glb")
    result = host.run(
        "a.glb", "out", "--set", "render.engine=EEVEE",
        cwd=here, env={"__EGL_VENDOR_LIBRARY_FILENAMES": "/nonexistent.json"},
    )  # fmt: skip
    assert result.code == 2
    [version] = re.findall(r"Blender (\d+\.\d+\.\d+) finds", result.stderr)
    assert result.told(
        f"configuration: {here / 'config.toml'} and --set\n"
        "error: render.engine is EEVEE, which needs a working OpenGL, and Blender "
        f"{version} finds none; install libegl1 libgl1 libgl1-mesa-dri (Debian, Ubuntu) or use "
        "render.engine CYCLES\n"
    )
    assert not (here / "out").exists()
