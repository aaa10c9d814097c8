"""What is answered before Blender starts: a `bpy` that cannot be imported proves it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import SUZANNE, Host, Result
from viewbatch import __version__

Ask = Callable[..., Result]


pytestmark = pytest.mark.every_blender


@pytest.fixture
def ask(host: Host, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Run the script where importing `bpy` raises; a Blender program has it already."""
    poison = tmp_path_factory.mktemp("poison")
    (poison / "bpy.py").write_text("raise ImportError('bpy was imported')\n", encoding="utf-8")

    def run(*arguments: str | Path) -> Result:
        return host.run(*arguments, cwd=tmp_path, env={"PYTHONPATH": str(poison)})

    return run


def test_the_poison_works(host: Host, ask: Ask) -> None:
    if host.in_blender:
        pytest.skip("a Blender program has bpy before the script starts")
    result = ask(SUZANNE, "out")
    assert result.code == 1
    assert result.told(
        f"{DEFAULTS}error: unexpected ImportError: bpy was imported; this is a defect of the "
        "program, please report it with what --debug prints\n"
    )


def test_help(ask: Ask) -> None:
    result = ask("--help")
    assert result.code == 0
    assert "usage: generate-batch.py [-h] [--config PATH] [--preset NAME]" in result.stdout
    assert "130 and 143 interrupted" in result.stdout
    assert result.told("")


def test_version(ask: Ask) -> None:
    result = ask("--version")
    assert result.code == 0
    assert result.printed(f"viewbatch {__version__}\n")


def test_a_dump_is_toml_that_can_be_used_unchanged(host: Host, ask: Ask, tmp_path: Path) -> None:
    first = ask("--dump-config", "--set", "render.samples=7", "--set", "plugins.enabled=[]")
    assert (first.code, first.told("")) == (0, True)
    if not host.in_blender:
        tree = tomllib.loads(first.stdout)
        assert tree["render"]["samples"] == 7
        assert tree["plugins"]["enabled"] == []
    # As it is, with what a Blender program printed before it.
    (tmp_path / "config.toml").write_text(first.stdout, encoding="utf-8")
    again = ask("--dump-config")
    begin = "# viewbatch configuration\n"
    assert again.stdout.partition(begin)[2] == first.stdout.partition(begin)[2] != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected model_path and output_directory{hint}; see --help"),
        (["model.glb"], "expected model_path and output_directory{hint}; see --help"),
        (
            ["model.glb", "out", "0"],
            "argument number_of_renders: expected an integer of at least 1, found '0'",
        ),
        (
            ["model.glb", "out", "many"],
            "argument number_of_renders: expected an integer of at least 1, found 'many'",
        ),
        (["", "out"], "argument model_path: expected a path, found ''"),
        (["model.glb", ""], "argument output_directory: expected a path, found ''"),
        (["model.glb", "out", "--config", ""], "argument --config: expected a path, found ''"),
        (["model.glb", "out", "--trace="], "argument --trace: expected a path, found ''"),
        (["model.glb", "out", "1", "2"], "unrecognized arguments: 2"),
        (["model.glb", "out", "--fast"], "unrecognized arguments: --fast"),
        (["model.glb", "out", "--config"], "argument --config: expected one argument"),
    ],
)
def test_wrong_arguments(host: Host, ask: Ask, arguments: list[str], message: str) -> None:
    result = ask(*arguments)
    hint = ', which stand after "--" under Blender' if host.in_blender else ""
    assert result.code == 2
    last = result.stderr.splitlines()[-1]
    assert last == "generate-batch.py: error: " + message.format(hint=hint)
    assert not result.has_trace


def test_all_mistakes_of_a_configuration_come_together(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "broken.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "config.toml").write_text(
        """
        sed = 3
        [render]
        samples = "many"
        [camera]
        clip_start = 5
        clip_end = 4
        [camera.location.random]
        inc_max = "__import__('os').system('x')"
        [plugins]
        enabled = ["depth", "broken"]
        path = "own"
        [plugins.mask]
        mode = "binray"
        """,
        encoding="utf-8",
    )
    result = ask(SUZANNE, "out", "--set", "oops")
    assert result.code == 2
    # The rule that spans clip_start and clip_end waits for its table to be well-formed.
    assert result.told(
        f"error: the configuration ({tmp_path / 'config.toml'} and --set) has 6 problems:\n"
        '  --set: expected KEY=VALUE such as render.samples=64, found "oops"\n'
        "  sed: unknown key; did you mean seed?\n"
        '  render.samples: expected an integer from 1 to 16777216, found "many"\n'
        "  camera.location.random.inc_max: expected an angle in radians (a number, or "
        'arithmetic on pi such as "pi/6") from 0 to pi, found '
        "\"__import__('os').system('x')\"\n"
        '  plugins.mask.mode: expected "instance" or "binary", found "binray"\n'
        "  plugins.broken: own/broken.py cannot be imported: ZeroDivisionError: division by "
        "zero\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_is_not_there(ask: Ask) -> None:
    result = ask(SUZANNE, "out", "--config", "none.toml")
    assert result.code == 2
    assert result.told(
        "error: the configuration none.toml cannot be read: No such file or directory\n"
    )


DEFAULTS = "configuration: config.default.toml\n"


@pytest.mark.parametrize(("model", "what"), [("none.glb", "does not exist"), (".", "is a folder")])
def test_a_model_that_is_no_file(ask: Ask, model: str, what: str) -> None:
    result = ask(model, "out")
    assert result.code == 2
    sentence = f"the model {model} {what}; name a file such as model.glb"
    assert result.told(f"{DEFAULTS}error: {sentence}\n")


def test_an_output_that_is_a_file(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    result = ask(SUZANNE, "out")
    assert result.code == 2
    assert result.told(f"{DEFAULTS}error: the output out is a file; name a folder\n")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("option", [[], ["--overwrite"]])
def test_a_folder_with_a_configuration_of_another_program(
    ask: Ask, tmp_path: Path, option: list[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.toml").write_text("mine")
    result = ask(SUZANNE, "out", *option)
    assert result.code == 2
    assert result.told(
        f"{DEFAULTS}error: the output out holds config.toml but no dataset.json, so it is not a "
        "dataset, and writing one there would replace that file; name another folder\n"
    )
    assert (tmp_path / "out" / "config.toml").read_text() == "mine"


def test_the_folder_of_the_model_with_its_own_config_is_never_the_output(
    ask: Ask, tmp_path: Path
) -> None:
    """`out` given as the current folder, whose config.toml is the user's."""
    (tmp_path / "config.toml").write_text("seed = 3\n")
    result = ask(SUZANNE, ".")
    assert result.code == 2
    assert (tmp_path / "config.toml").read_text() == "seed = 3\n"


def test_an_interrupt_before_there_is_anything_to_clean_up(ask: Ask, tmp_path: Path) -> None:
    """Ctrl-C while the first modules load, here a plugin's, ends with the same code."""
    (tmp_path / "own.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    result = ask(SUZANNE, "out", "--set", 'plugins.enabled=["own"]', "--set", 'plugins.path="."')
    assert result.code == 130
    assert result.told("")


def test_debug_shows_where_an_error_comes_from(ask: Ask) -> None:
    plain, debug = ask("none.glb", "out"), ask("none.glb", "out", "--debug")
    assert (plain.code, debug.code) == (2, 2)
    assert not plain.has_trace
    assert debug.has_trace
    assert "error: the model none.glb does not exist; name a file such as model.glb" in debug.stderr
