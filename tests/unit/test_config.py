"""The configuration's types against config.default.toml, and the rules that span keys."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from tests.keys import default_keys
from viewbatch import plugin, sources
from viewbatch.config import Config
from viewbatch.config.render import COLOR_DEPTHS, FileFormat, ImageConfig
from viewbatch.errors import ConfigError

DEFAULT = sources.DEFAULT_FILE


def defaults(*overrides: str) -> Config:
    """The defaults with `--set` overrides, decoded with our own plugins."""
    found = sources.load(None, overrides, Path("/nonexistent"))
    classes, problems = plugin.find([], found.plugin_tables, None)
    return found.decode({name: c.Config for name, c in classes.items()}, problems)


def problems_of(*overrides: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        defaults(*overrides)
    return caught.value.problems


def fields_of(kind: type, path: str = "") -> set[str]:
    keys = set()
    for name, hint in get_type_hints(kind).items():
        key = f"{path}.{name}" if path else name
        keys |= fields_of(hint, key) if dataclasses.is_dataclass(hint) else {key}
    return keys


def test_every_field_has_a_default_and_every_default_a_field() -> None:
    own = {p.stem for p in plugin.BUILT_IN.glob("[!_]*.py")}
    classes, problems = plugin.find(sorted(own), [], None)
    assert (problems, set(classes)) == ([], own)
    kind = Config.with_plugins({name: c.Config for name, c in classes.items()})
    assert default_keys() == fields_of(kind)


def test_no_default_stands_in_a_dataclass() -> None:
    def with_defaults(kind: type) -> set[str]:
        own = {f.name for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING}
        inner = [hint for hint in get_type_hints(kind).values() if dataclasses.is_dataclass(hint)]
        return own.union(*map(with_defaults, inner))

    assert with_defaults(Config) == set()


def test_every_key_of_the_default_file_has_a_comment_above_it() -> None:
    """Keys that stand together without a blank line share the comment above the first."""
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()
    bare, table, explained = [], "", False
    for number, line in enumerate(lines):
        if match := re.fullmatch(r"\[([\w.]+)\]", line):
            table = match[1]
            # A comment above a table's header explains keys that are alike in all tables.
            explained = number > 0 and lines[number - 1].startswith("#")
        elif line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        elif not explained:
            bare.append(f"{table}.{line}")
    assert bare == []


def test_comments_name_every_choice() -> None:
    """An enumeration's values stand in the comment of its key or above its table."""
    text = DEFAULT.read_text(encoding="utf-8")

    def choices(kind: type) -> set[str]:
        found: set[str] = set()
        for hint in get_type_hints(kind).values():
            if dataclasses.is_dataclass(hint):
                found |= choices(hint)
            elif isinstance(hint, type) and hasattr(hint, "__members__"):
                found |= {str(member) for member in hint}
        return found

    comments = [line for line in text.splitlines() if line.startswith("#")]
    missing = {c for c in choices(Config) if not any(f'"{c}"' in line for line in comments)}
    assert missing == set()


def test_the_defaults_decode_and_dump_to_themselves(tmp_path: Path) -> None:
    config = defaults()
    (tmp_path / "config.toml").write_text(sources.dump(config), encoding="utf-8")
    found = sources.load(None, [], tmp_path)
    classes, _ = plugin.find([], found.plugin_tables, None)
    again = found.decode({name: c.Config for name, c in classes.items()})
    assert again.tree() == config.tree()


def test_angles_of_the_default_file_are_arithmetic_on_pi() -> None:
    location = defaults().camera.location
    assert location.random.inc_max == math.pi / 2
    assert location.quasi_random.azi_max == 2 * math.pi


LOCATION = "camera.location"
ANGLE = 'an angle in radians (a number, or arithmetic on pi such as "pi/6")'


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["seed=-1"], "seed: expected an integer from 0 to 9223372036854775807, found -1"),
        (["model.scale=0"], "model.scale: expected a number greater than 0, found 0"),
        (
            ["model.up_axis=up"],
            'model.up_axis: expected one of "auto", "x", "y", "z", "-x", "-y", "-z" '
            '(did you mean "auto"?), found "up"',
        ),
        (
            ["objects.exclude_pattern=(a"],
            'objects.exclude_pattern: expected a regular expression, found "(a": missing ), '
            "unterminated subpattern at position 0",
        ),
        (
            ["objects.categories.wheel=*"],
            'objects.categories.wheel: expected a regular expression, found "*": nothing to '
            "repeat at position 0",
        ),
        (
            ["objects.exclude_pattern=a{99999999999999}"],
            'objects.exclude_pattern: expected a regular expression, found "a{99999999999999}": '
            "the repetition number is too large",
        ),
        (
            ["world.color=[1, 1]"],
            "world.color: expected an array of 3 numbers, found [1, 1]",
        ),
        (
            ["world.color=[1, 1, -1]"],
            "world.color: expected an array of 3 numbers (each a number of at least 0), "
            "found [1, 1, -1]",
        ),
        (
            ["light.uniform.amount=0"],
            "light.uniform.amount: expected an integer from 1 to 1000, found 0",
        ),
        (
            ["light.uniform.inclinations=[4]"],
            "light.uniform.inclinations: expected an array of numbers (each an angle from 0 "
            "to pi), found [4]",
        ),
        (
            ["render.samples=0"],
            "render.samples: expected an integer from 1 to 16777216, found 0",
        ),
        (["render.sampels=3"], "render.sampels: unknown key; did you mean render.samples?"),
        (
            ["render.resolution_x=4", "render.resolution_percentage=20"],
            "render.resolution_percentage: 20 % of 4x512 leaves no pixel",
        ),
        (
            ["render.resolution_x=65536", "render.resolution_y=65536"],
            "render.resolution_percentage: 65536x65536 are more pixels than the 536870912 that "
            "Blender can hold in an image",
        ),
        (
            ["render.resolution_x=16384", "render.image_settings.file_format=WEBP"],
            "render.image_settings.file_format: WEBP holds at most 16383 pixels a side, the "
            "image has 16384x512",
        ),
        (
            ["render.resolution_y=65536", "render.image_settings.file_format=JPEG"],
            "render.image_settings.file_format: JPEG holds at most 65535 pixels a side, the "
            "image has 512x65536",
        ),
        (
            ["render.image_settings.color_depth=32"],
            'render.image_settings.color_depth: expected "auto" or 8 or 16 for PNG, found 32',
        ),
        (
            ["render.image_settings.color_depth=deep"],
            'render.image_settings.color_depth: expected "auto" or an integer, found "deep"',
        ),
        (
            ["render.image_settings.file_format=JPEG", "render.image_settings.color_mode=RGBA"],
            "render.image_settings.color_mode: JPEG has no alpha; choose another mode or "
            "another file_format",
        ),
        (
            ["render.image_settings.file_format=OPEN_EXR", "render.image_settings.color_mode=BW"],
            "render.image_settings.color_mode: Blender writes no BW OPEN_EXR; choose RGB or "
            "another file_format",
        ),
        (
            ["render.cycles.use_denoising=1"],
            'render.cycles.use_denoising: expected "auto" or true or false, found 1',
        ),
        (
            ["camera.clip_start=2", "camera.clip_end=2"],
            "camera.clip_end: expected more than clip_start, which is 2.0, found 2.0",
        ),
        (
            ["camera.clip_start=0"],
            'camera.clip_start: expected a number of at least 1e-06 or "auto", found 0',
        ),
        (
            ["camera.target=centre"],
            'camera.target: expected an array of 3 numbers or "center", found "centre"',
        ),
        (
            ["camera.lens.focal_length=0.5"],
            "camera.lens.focal_length: expected a number from 1 to 5000 or an array of 2 numbers, "
            "found 0.5",
        ),
        (
            ["camera.lens.focal_length=[90, 30]"],
            "camera.lens.focal_length: expected the smaller one of the two first",
        ),
        (
            ["camera.lens.focal_length=[30, 90]", "camera.stereo.use=true"],
            "camera.lens.focal_length: expected one value where camera.stereo.use is true",
        ),
        (
            ["camera.lens.intrinsics.fy=0.1"],
            "camera.lens.intrinsics.fy: expected from 1/200 to 200 times fx, which is 700, "
            "found 0.1",
        ),
        (
            ["camera.lens.intrinsics.cx=6000"],
            "camera.lens.intrinsics.cx: expected at most 10 times the image's size of 512 px, "
            "found 6000",
        ),
        (
            [f"{LOCATION}.mode=file"],
            f'{LOCATION}.file.path: expected a path, because camera.location.mode is "file"',
        ),
        (
            [f"{LOCATION}.inside.box_min=[0.8, 0, 0]"],
            f"{LOCATION}.inside.box_max: expected no component below that of box_min",
        ),
        (
            ["world.mode=hdri"],
            'world.hdri.path: expected the path of an image, because world.mode is "hdri"',
        ),
        (
            ["world.backdrop.path=a.png", "render.film_transparent=true"],
            "world.backdrop.path: expected none where render.film_transparent is true",
        ),
        (
            ["render.quality_db=5"],
            "render.quality_db: expected 0 or from 20 to 60, found 5",
        ),
        (
            ["render.engine=EEVEE", "render.quality_db=40"],
            "render.quality_db: expected 0 with EEVEE, whose noise is fixed",
        ),
        (
            ["render.engine=EEVEE", "ground.mode=shadow_catcher"],
            'ground.mode: EEVEE catches no shadows; choose "plane" or render.engine CYCLES',
        ),
        (
            ["light.random.energy_min=900"],
            "light.random.energy_max: expected at least energy_min, which is 900, found 160",
        ),
        (
            ["light.random.color_min=[0, 1, 0]", "light.random.color_max=[1, 0.5, 1]"],
            "light.random.color_max: expected no component below that of color_min",
        ),
        (
            [f"{LOCATION}.mode=quasi-random"],
            f'{LOCATION}.mode: expected one of "random", "quasi_random", "uniform", '
            '"fibonacci", "orbit", "spiral", "inside", "file" (did you mean "quasi_random"?), '
            'found "quasi-random"',
        ),
        (
            [f"{LOCATION}.random.inc_max=4"],
            f"{LOCATION}.random.inc_max: expected an angle from 0 to pi, found 4",
        ),
        (
            [f"{LOCATION}.random.inc_max=up"],
            f'{LOCATION}.random.inc_max: expected {ANGLE} from 0 to pi, found "up"',
        ),
        (
            [f"{LOCATION}.random.r_min=2", f"{LOCATION}.random.r_max=1.5"],
            f"{LOCATION}.random.r_max: expected at least r_min, which is 2, found 1.5",
        ),
        (
            [f"{LOCATION}.quasi_random.inc_min=pi/2", f"{LOCATION}.quasi_random.inc_max=1"],
            f"{LOCATION}.quasi_random.inc_max: expected at least inc_min, which is 1.5708, found 1",
        ),
        (
            [f"{LOCATION}.random.azi_min=-1"],
            f"{LOCATION}.random.azi_max: expected at most azi_min + 2*pi, which is a full circle",
        ),
        (
            [f"{LOCATION}.uniform.inc_start=3"],
            f"{LOCATION}.uniform.inc_stop: expected at least inc_start, which is 3, found 1.5708",
        ),
        (
            [f"{LOCATION}.uniform.inc_step=0"],
            f"{LOCATION}.uniform.inc_step: expected an angle greater than 0, found 0",
        ),
        (
            [f"{LOCATION}.uniform.inc_step=1e-5"],
            f"{LOCATION}.uniform.inc_step: expected a step that makes at most 10000 rings",
        ),
        (
            [f"{LOCATION}.fibonacci.inc_min=2"],
            f"{LOCATION}.fibonacci.inc_max: expected at least inc_min, which is 2, found 1.5708",
        ),
        (
            ['plugins.enabled=["a-b"]'],
            'plugins.enabled: expected names of plugins (letters, digits and _), found "a-b"',
        ),
        (
            ['plugins.enabled=["depth", "depth"]'],
            "plugins.enabled: expected each plugin once",
        ),
        (
            ["plugins.mask.mode=all"],
            'plugins.mask.mode: expected "instance" or "binary", found "all"',
        ),
        (["plugins.dpeth.a=1"], "plugins.dpeth: unknown key; did you mean plugins.depth?"),
        (["plugins=3"], "plugins: expected a table, found 3"),
        (["render=3"], "render: expected a table, found 3"),
    ],
)
def test_bad_values_in_words(overrides: list[str], problem: str) -> None:
    assert problems_of(*overrides) == (problem,)


def test_both_ends_of_a_full_circle_and_of_a_single_point_are_accepted() -> None:
    patch = defaults(f"{LOCATION}.random.azi_min=-pi", f"{LOCATION}.random.azi_max=pi")
    assert patch.camera.location.random.azi_min == -math.pi
    defaults(f"{LOCATION}.random.inc_min=1", f"{LOCATION}.random.inc_max=1")


@pytest.mark.parametrize(
    ("x", "y", "percentage", "size"), [(641, 479, 50, (320, 239)), (5, 7, 34, (1, 2))]
)
def test_the_size_is_rounded_down(x: int, y: int, percentage: int, size: tuple[int, int]) -> None:
    render = defaults(
        f"render.resolution_x={x}", f"render.resolution_y={y}",
        f"render.resolution_percentage={percentage}",
    ).render  # fmt: skip
    assert (render.width, render.height) == size


def image(**changes: str) -> ImageConfig:
    overrides = [f"render.image_settings.{key}={value}" for key, value in changes.items()]
    return defaults(*overrides).render.image_settings


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_auto_is_the_smallest_depth_and_alpha_where_it_is_of_use(file_format: FileFormat) -> None:
    settings = image(file_format=file_format)
    assert settings.depth == min(COLOR_DEPTHS[file_format])
    assert settings.mode(film_transparent=False) == "RGB"
    expected = "RGB" if file_format == "JPEG" else "RGBA"
    assert settings.mode(film_transparent=True) == expected


def test_what_is_asked_for_wins_over_auto() -> None:
    settings = image(file_format="PNG", color_depth="16", color_mode="BW")
    assert settings.depth == 16
    assert settings.mode(film_transparent=True) == "BW"
