"""Where a configuration comes from: files, overrides, dumps, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from viewbatch import plugin, sources
from viewbatch.config import Config
from viewbatch.errors import ConfigError, UsageError

OURS = {
    name: c.Config
    for name, c in plugin.find([p.stem for p in plugin.BUILT_IN.glob("*.py")], [], None)[0].items()
}


def decoded(found: sources.Sources) -> Config:
    classes, problems = plugin.find([], found.plugin_tables, None)
    return found.decode({name: c.Config for name, c in classes.items()}, problems)


def load(tmp_path: Path, text: str, *overrides: str) -> Config:
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode("utf-8"))
    return decoded(sources.load(path, overrides, tmp_path))


def message(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *overrides)
    return str(caught.value).replace(str(tmp_path), "HERE")


def test_keys_that_are_not_there_keep_their_defaults(tmp_path: Path) -> None:
    default = decoded(sources.load(None, [], tmp_path))
    config = load(tmp_path, "[render]\nsamples = 7\n[camera.lens]\nshift_x = 0.25\n")
    assert (config.render.samples, config.camera.lens.shift_x) == (7, 0.25)
    assert config.render.resolution_x == default.render.resolution_x
    assert config.camera.lens.focal_length == default.camera.lens.focal_length


def test_a_config_toml_in_the_folder_counts_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("seed = 3", encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text("", encoding="utf-8")
    found = sources.load(None, [], tmp_path)
    assert decoded(found).seed == 3
    assert found.description == str(tmp_path / "config.toml")
    assert decoded(sources.load(other, [], tmp_path)).seed == 0
    assert sources.load(None, [], tmp_path / "elsewhere").description == "config.default.toml"
    assert sources.load(None, ["seed=4"], tmp_path / "elsewhere").description == (
        "config.default.toml and --set"
    )


def test_overrides_win_over_the_file_and_later_over_earlier(tmp_path: Path) -> None:
    assert load(tmp_path, "seed = 3", "seed=4", "seed = 5").seed == 5


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("camera.location.random.inc_min=pi/6", 3.141592653589793 / 6),
        ('camera.location.random.inc_min="pi/6"', 3.141592653589793 / 6),
        ("camera.location.random.inc_min=0.5", 0.5),
        (" camera.location.random.inc_min = 0.5 ", 0.5),
        ('camera.location."random".inc_min=0.5', 0.5),
    ],
)
def test_an_override_is_toml_or_else_a_string(tmp_path: Path, override: str, value: float) -> None:
    assert load(tmp_path, "", override).camera.location.random.inc_min == value


def test_overrides_hold_lists_tables_and_words(tmp_path: Path) -> None:
    config = load(
        tmp_path, "", 'plugins.enabled=["mask"]', "world.color=[0, 0.5, 1]",
        "render.view_transform=Filmic Log", "model.keep_lights=true",
        'objects.categories={wheel = "tyre"}', 'objects.exclude_pattern=""',
    )  # fmt: skip
    assert config.plugins.enabled == ("mask",)
    assert config.world.color == (0.0, 0.5, 1.0)
    assert config.render.view_transform == "Filmic Log"
    assert config.model.keep_lights is True
    assert config.objects.categories == {"wheel": "tyre"}


FORM = "--set: expected KEY=VALUE such as render.samples=64, found"


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", f'{FORM} "seed"'),
        ("=3", f'{FORM} "=3"'),
        ("", f'{FORM} ""'),
        ("a b=3", f'{FORM} "a b=3"'),
        ("render.=3", f'{FORM} "render.=3"'),
        (".seed=3", f'{FORM} ".seed=3"'),
        ("seed=", '--set seed: expected a TOML value, found ""'),
        ("world.color=[1, 1", '--set world.color: expected a TOML value, found "[1, 1"'),
        ("seed={a", '--set seed: expected a TOML value, found "{a"'),
        ("seed='3", '--set seed: expected a TOML value, found "\'3"'),
        ("seed=a\nb", '--set seed: expected a TOML value, found "a\\nb"'),
    ],
)
def test_malformed_overrides_in_words(tmp_path: Path, override: str, problem: str) -> None:
    assert message(tmp_path, "", override) == (
        f"the configuration (HERE/own.toml and --set) has 1 problem:\n  {problem}"
    )


def test_four_kinds_of_mistakes_of_one_file_come_together(tmp_path: Path) -> None:
    text = """
        [render]
        sampels = 3
        samples = "many"
        [camera.location.random]
        inc_max = 9
        [plugins]
        enabled = ["depth", "dpeth"]
        [plugins.mask]
        mode = "binray"
        """
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    found = sources.load(path, ["render.engine=CYLCES", "oops"], tmp_path)
    assert found.plugins is not None
    classes, problems = plugin.find(found.plugins.enabled, found.plugin_tables, None)
    with pytest.raises(ConfigError) as caught:
        found.decode({name: c.Config for name, c in classes.items()}, problems)
    there = ", ".join(sorted(p.stem for p in plugin.BUILT_IN.glob("*.py")))
    assert str(caught.value) == (
        f"the configuration ({path} and --set) has 7 problems:\n"
        f'  {FORM} "oops"\n'
        "  render.sampels: unknown key; did you mean render.samples?\n"
        '  render.engine: expected one of "CYCLES", "EEVEE" (did you mean "CYCLES"?), '
        'found "CYLCES"\n'
        '  render.samples: expected an integer from 1 to 16777216, found "many"\n'
        "  camera.location.random.inc_max: expected an angle from 0 to pi, found 9\n"
        '  plugins.mask.mode: expected "instance" or "binary", found "binray"\n'
        f"  plugins.enabled: no plugin dpeth in {plugin.BUILT_IN}; there are {there}"
    )


def test_text_that_is_no_toml_in_words(tmp_path: Path) -> None:
    assert message(tmp_path, "seed = \n") == (
        "the configuration (HERE/own.toml) has 1 problem:\n"
        "  expected TOML: Invalid value (at line 1, column 8)"
    )
    assert message(tmp_path, "seed = " + "1" * 5000).startswith(
        "the configuration (HERE/own.toml) has 1 problem:\n  expected TOML: Exceeds the limit"
    )


def test_bytes_that_are_no_text_in_words(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"seed = \xff\n")
    with pytest.raises(ConfigError) as caught:
        sources.load(path, [], tmp_path)
    assert str(caught.value) == (
        f"the configuration ({path}) has 1 problem:\n  expected TOML, which is UTF-8 text"
    )


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeffseed = 3\r\n[render]\r\nsamples = 4\r\n").render.samples == 4


@pytest.mark.parametrize(
    ("name", "reason"), [("none.toml", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_in_words(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name
    with pytest.raises(UsageError) as caught:
        sources.load(path, [], tmp_path)
    assert str(caught.value) == f"the configuration {path} cannot be read: {reason}"


CHATTER = "Blender 4.3.2 (hash 32f5fdce0a0a built 2024-12-17 03:35:23)\nRead prefs: /x/y.blend\n"


def test_a_dump_after_what_blender_prints_loads(tmp_path: Path) -> None:
    config = load(tmp_path, "seed = 9\n[camera]\ntarget = [1, 2, 3]\n")
    text = CHATTER + sources.dump(config)
    assert load(tmp_path, text).tree() == config.tree()
    assert load(tmp_path, text.replace("\n", "\r\n")).tree() == config.tree()


def test_lines_before_a_dump_keep_the_line_numbers(tmp_path: Path) -> None:
    text = message(tmp_path, CHATTER + sources.MARKER + "\nseed = = 3\n")
    assert text.endswith("expected TOML: Invalid value (at line 4, column 8)")


def test_keys_before_a_dump_are_never_skipped(tmp_path: Path) -> None:
    text = f"seed = 3\n{sources.MARKER}\n[render]\nsamples = 2\n"
    config = load(tmp_path, text)
    assert (config.seed, config.render.samples) == (3, 2)


def test_a_plugin_of_the_user_decodes_from_its_own_table(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Own:
        size: int = 3
        name: str

    found = sources.load(None, ["plugins.own.name=a", "plugins.own.size=x"], tmp_path)
    assert "own" in found.plugin_tables
    types = OURS | {"own": Own}
    with pytest.raises(ConfigError) as caught:
        found.decode(types)
    assert caught.value.problems == ('plugins.own.size: expected an integer, found "x"',)
    good = sources.load(None, ["plugins.own.name=a"], tmp_path).decode(types)
    assert good.plugins.own == Own(name="a")  # type: ignore[attr-defined]


def test_a_plugin_without_a_table_gets_its_own_defaults(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Own:
        size: int = 3

    @dataclass(frozen=True, kw_only=True)
    class Needy:
        name: str

    found = sources.load(None, [], tmp_path)
    assert found.decode(OURS | {"own": Own}).plugins.own == Own()  # type: ignore[attr-defined]
    with pytest.raises(ConfigError) as caught:
        found.decode(OURS | {"needy": Needy})
    assert caught.value.problems == ("plugins.needy.name: missing",)


# ---- Presets


def test_the_standard_preset_is_what_a_run_does_without_one(tmp_path: Path) -> None:
    default = decoded(sources.load(None, [], tmp_path))
    assert decoded(sources.load(None, [], tmp_path, preset="standard")).tree() == default.tree()


def test_a_preset_stands_below_the_configuration_and_the_overrides(tmp_path: Path) -> None:
    found = sources.load(None, [], tmp_path, preset="draft")
    assert found.description == "the preset draft"
    assert decoded(found).render.samples == 4
    path = tmp_path / "config.toml"
    path.write_text("[render]\nsamples = 5\n", encoding="utf-8")
    found = sources.load(path, ["seed=3"], tmp_path, preset="draft")
    assert found.description == f"the preset draft, {path} and --set"
    config = decoded(found)
    assert (config.seed, config.render.samples) == (3, 5)
    assert config.render.cycles.denoising_quality == "BALANCED"


def test_the_presets_rise_in_samples() -> None:
    samples = [
        decoded(sources.load(None, [], Path("/nonexistent"), preset=name)).render.samples
        for name in ("draft", "standard", "reference")
    ]
    assert samples == sorted(samples)
    assert sorted(sources.PRESETS) == ["draft", "reference", "standard"]
