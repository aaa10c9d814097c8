"""Decoding tables: every mistake in one answer, in words; angles without eval."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest

from viewbatch._decode import (
    Above,
    Angle,
    AtLeast,
    Between,
    Vector3,
    decode,
    describe,
    encode,
    parse_angle,
    unknown_key,
)


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


@dataclass(frozen=True, kw_only=True)
class Inner:
    low: float
    high: float = 9.0

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.low > self.high:
            yield "high", "expected at least low"


@dataclass(frozen=True, kw_only=True)
class Outer:
    flag: bool = False
    count: Annotated[int, AtLeast(1)] = 1
    share: Annotated[float, Between(0, 1)] = 0.5
    size: Annotated[float, Above(0)] = 1.0
    tilt: Annotated[Angle, Between(0, math.pi)] = 0.0
    turn: Angle = 0.0
    name: str = ""
    fruit: Fruit = Fruit.APPLE
    point: Vector3 | Literal["center"] = "center"
    near: Annotated[float, Above(0)] | Literal["auto"] = "auto"
    switch: Literal["auto", True, False] = "auto"
    angles: tuple[Angle, ...] = ()
    words: tuple[str, ...] = ()
    colors: dict[str, str] = dataclasses.field(default_factory=dict)
    inner: Inner = Inner(low=0.0)


def problems_of(table: object, kind: type = Outer) -> list[str]:
    problems: list[str] = []
    result = decode(kind, table, "", problems)
    assert (result is None) == bool(problems)
    return problems


def decoded(table: dict[str, Any]) -> Outer:
    problems: list[str] = []
    result = decode(Outer, table, "", problems)
    assert problems == []
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ({"flag": True, "count": 3, "share": 1}, {"flag": True, "count": 3, "share": 1.0}),
        ({"tilt": "pi/6", "turn": -3}, {"tilt": math.pi / 6, "turn": -3.0}),
        ({"tilt": "pi"}, {"tilt": math.pi}),
        ({"fruit": "pear", "switch": False}, {"fruit": Fruit.PEAR, "switch": False}),
        ({"point": [1, 2.5, -3]}, {"point": (1.0, 2.5, -3.0)}),
        ({"point": "center", "near": 2}, {"point": "center", "near": 2.0}),
        ({"angles": [0, "pi/2"], "words": ["a"]}, {"angles": (0.0, math.pi / 2), "words": ("a",)}),
        ({"colors": {"a": "b"}}, {"colors": {"a": "b"}}),
        ({"inner": {"low": 3}}, {"inner": Inner(low=3.0, high=9.0)}),
    ],
)
def test_values_become_their_types(table: dict[str, Any], values: dict[str, Any]) -> None:
    result = decoded(table)
    for name, value in values.items():
        assert getattr(result, name) == value
        assert type(getattr(result, name)) is type(value)


ANGLE = 'an angle in radians (a number, or arithmetic on pi such as "pi/6")'


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"flag": 1}, "flag: expected true or false, found 1"),
        ({"flag": "true"}, 'flag: expected true or false, found "true"'),
        ({"count": 0}, "count: expected an integer of at least 1, found 0"),
        ({"count": 1.0}, "count: expected an integer of at least 1, found 1.0"),
        ({"count": True}, "count: expected an integer of at least 1, found true"),
        ({"share": 1.5}, "share: expected a number from 0 to 1, found 1.5"),
        ({"share": "half"}, 'share: expected a number from 0 to 1, found "half"'),
        ({"size": 0}, "size: expected a number greater than 0, found 0"),
        ({"size": math.inf}, "size: expected a number greater than 0, found inf"),
        (
            {"size": 1e16},
            "size: expected a number greater than 0 (at most 1e+15 in size), found 1e+16",
        ),
        ({"turn": "1e16*pi"}, 'turn: expected an angle (at most 1e+15 in size), found "1e16*pi"'),
        (
            {"point": [0, 0, -1e16]},
            "point: expected an array of 3 numbers (each a number (at most 1e+15 in size)) or "
            '"center", found [0, 0, -1e+16]',
        ),
        ({"size": math.nan}, "size: expected a number greater than 0, found nan"),
        (
            {"size": 10**400},
            f"size: expected a number greater than 0, found 1{'0' * 56}...",
        ),
        ({"tilt": "pi+1"}, 'tilt: expected an angle from 0 to pi, found "pi+1"'),
        ({"tilt": "up"}, f'tilt: expected {ANGLE} from 0 to pi, found "up"'),
        ({"turn": True}, f"turn: expected {ANGLE}, found true"),
        ({"name": 3}, "name: expected a string, found 3"),
        ({"name": date(2020, 1, 2)}, "name: expected a string, found 2020-01-02"),
        (
            {"fruit": "aple"},
            'fruit: expected one of "apple", "pear" (did you mean "apple"?), found "aple"',
        ),
        ({"fruit": 7}, 'fruit: expected one of "apple", "pear", found 7'),
        (
            {"fruit": ["pear", True]},
            'fruit: expected one of "apple", "pear", found ["pear", true]',
        ),
        (
            {"point": [1, 2]},
            'point: expected an array of 3 numbers or "center", found [1, 2]',
        ),
        (
            {"point": [1, 2, "x"]},
            'point: expected an array of 3 numbers (each a number) or "center", found [1, 2, "x"]',
        ),
        (
            {"point": "centre"},
            'point: expected an array of 3 numbers or "center", found "centre"',
        ),
        ({"near": 0}, 'near: expected a number greater than 0 or "auto", found 0'),
        ({"switch": 1}, 'switch: expected "auto" or true or false, found 1'),
        ({"angles": "pi"}, 'angles: expected an array of numbers, found "pi"'),
        (
            {"angles": [0, "x"]},
            f'angles: expected an array of numbers (each {ANGLE}), found [0, "x"]',
        ),
        (
            {"words": ["a", 1]},
            'words: expected an array of strings (each a string), found ["a", 1]',
        ),
        ({"colors": "red"}, 'colors: expected a table, found "red"'),
        (
            {"colors": {"a": 1}},
            "colors: expected a table of values (each a string), found a table",
        ),
        ({"inner": 3}, "inner: expected a table, found 3"),
        ({"inner": {}}, "inner.low: missing"),
        ({"inner": {"low": 10}}, "inner.high: expected at least low"),
        ({"frut": "apple"}, "frut: unknown key; did you mean fruit?"),
        ({"inner": {"low": 1, "hihg": 2}}, "inner.hihg: unknown key; did you mean inner.high?"),
        ({"zzz": 1}, "zzz: unknown key"),
    ],
)
def test_every_kind_of_mistake_in_words(table: dict[str, Any], problem: str) -> None:
    assert problems_of(table) == [problem]


def test_all_mistakes_come_in_one_answer() -> None:
    table = {"zzz": 1, "flag": 3, "fruit": "fig", "inner": {"low": "x", "high": None}}
    assert problems_of(table) == [
        "zzz: unknown key",
        "flag: expected true or false, found 3",
        'fruit: expected one of "apple", "pear", found "fig"',
        'inner.low: expected a number, found "x"',
        "inner.high: expected a number, found None",
    ]


def test_rules_that_span_fields_wait_until_each_is_well_formed() -> None:
    assert problems_of({"inner": {"low": 10, "high": "x"}}) == [
        'inner.high: expected a number, found "x"'
    ]


def test_the_top_level_must_be_a_table() -> None:
    problems: list[str] = []
    assert decode(Outer, 3, "outer", problems) is None
    assert problems == ["outer: expected a table, found 3"]


def test_a_long_value_is_cut_and_a_line_break_shown() -> None:
    assert describe("a\nb") == '"a\\nb"'
    assert describe(["x" * 100]) == '["' + "x" * 55 + "..."
    assert len(describe("y" * 1000)) == 60


def test_encoding_is_the_inverse_of_decoding() -> None:
    value = decoded(
        {
            "point": [1, 2, 3], "fruit": "pear", "tilt": "pi/7", "switch": True,
            "angles": ["pi", 2], "colors": {"a": "b"}, "inner": {"low": -1},
        }
    )  # fmt: skip
    tree = encode(value)
    assert tree["point"] == [1.0, 2.0, 3.0]
    assert type(tree["fruit"]) is str
    assert decoded(tree) == value


def test_the_hint_for_an_unknown_key_keeps_its_table() -> None:
    assert unknown_key("render.sampels", ["samples", "engine"]) == (
        "render.sampels: unknown key; did you mean render.samples?"
    )
    assert unknown_key("render.q", ["samples", "engine"]) == "render.q: unknown key"


@pytest.mark.parametrize(
    ("text", "angle"),
    [
        ("pi/6", math.pi / 6),
        ("math.pi/6", math.pi / 6),
        ("2*pi-0.1", 2 * math.pi - 0.1),
        (" -pi ", -math.pi),
        ("+(pi + 1) * 2 / 4", (math.pi + 1) / 2),
        ("3", 3.0),
        ("1e-3", 1e-3),
        ("--pi", math.pi),
    ],
)
def test_arithmetic_on_pi(text: str, angle: float) -> None:
    assert parse_angle(text) == angle


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')", "pi**9", "pi//2", "pi % 2", "abs(pi)", "tau", "e", "pie",
        "math.e", "math.pi.real", "os.pi", "[pi]", "(pi,)", "'pi'", "True", "1j", "pi if 1 else 2",
        "pi < 4", "x := pi", "lambda: pi", "", "  ", "pi pi", "3pi", "pi/0", "1/(pi-pi)", "(pi",
        "pi;pi", "pi\npi", "not pi", "~3", "pi and 1", "{pi}", "f'{pi}'", "pi/\x00",
        "((" * 60,
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_on_pi_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not arithmetic on numbers and pi$"):
        parse_angle(text)


@pytest.mark.parametrize("text", ["1e308*10", "1e400", "-1e308-1e308", "1e308*10-1e308*10"])
def test_angles_that_are_not_finite_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a finite number$"):
        parse_angle(text)


def test_angles_of_an_unreasonable_length_are_refused() -> None:
    assert parse_angle("1" * 199) == pytest.approx(1e199 / 9, rel=1e-12)
    with pytest.raises(ValueError, match=r"^longer than 200 characters$"):
        parse_angle("1+" * 100 + "1")
