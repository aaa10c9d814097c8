"""Decode TOML tables into frozen dataclasses, reporting every mistake at once.

A field's annotation says what it accepts:

    samples: Annotated[int, AtLeast(1)]
    inc_max: Angle                              # a number, or arithmetic on pi
    clip_start: Annotated[float, Above(0)] | Literal["auto"]
    target: Vector3 | Literal["center"]
    engine: Engine                              # a StrEnum

A dataclass may have a method `problems()` that yields (key, sentence) pairs for rules
that span several of its fields; it is called once all of them are well-formed.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import math
import operator
import types
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A condition on a value and the words that complete "expected …"."""

    accepts: Callable[[Any], bool]
    words: str


def AtLeast(limit: float) -> Rule:  # noqa: N802 - reads as a type inside Annotated
    """Accept values from `limit` upwards."""
    return Rule(lambda value: value >= limit, f"of at least {limit}")


def Above(limit: float) -> Rule:  # noqa: N802
    """Accept values greater than `limit`."""
    return Rule(lambda value: value > limit, f"greater than {limit}")


def Between(low: float, high: float) -> Rule:  # noqa: N802
    """Accept values from `low` to `high`, both included."""
    words = f"from {_short(low)} to {_short(high)}"
    return Rule(lambda value: low <= value <= high, words)


def _short(limit: float) -> str:
    return {math.pi: "pi", 2 * math.pi: "2*pi", -2 * math.pi: "-2*pi"}.get(limit, f"{limit}")


class _AngleMarker:
    """Marks a float that may also be written as arithmetic on `pi`, in radians."""


Angle = Annotated[float, _AngleMarker()]
Vector3 = tuple[float, float, float]
LARGEST = 1e15
"""Of numbers that are no integers, either way. Blender holds them in float32, which ends at
3e38: so the square of any length can be held too."""
_AT_MOST = f"(at most {LARGEST:.0e} in size)"
NonNegative = Annotated[float, AtLeast(0)]
Positive = Annotated[float, Above(0)]

_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def parse_angle(text: str) -> float:
    """Evaluate arithmetic (+ - * / and parentheses) on numbers and `pi`, without `eval`."""

    def value(node: ast.AST) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id="pi") | ast.Attribute(value=ast.Name(id="math"), attr="pi"):
                return math.pi
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(operand))
        raise ValueError("not arithmetic on numbers and pi")

    if len(text) > 200:
        raise ValueError("longer than 200 characters")
    try:
        result = value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError("not arithmetic on numbers and pi") from error
    if not math.isfinite(result):
        raise ValueError("not a finite number")
    return result


class _MismatchError(Exception):
    """A value is not what its annotation asks for; the message completes "expected …"."""


def decode(kind: type[T], table: object, path: str, problems: list[str]) -> T | None:
    """Decode `table` into the dataclass `kind`, or add to `problems` and return None.

    `path` is the table's dotted key, "" for the top level. A key without a value is a
    problem unless its field has a default.
    """
    if not isinstance(table, Mapping):
        problems.append(f"{path}: expected a table, found {describe(table)}")
        return None
    before = len(problems)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind, include_extras=True)
    problems.extend(unknown_key(_join(path, key), fields) for key in table if key not in fields)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        key = _join(path, name)
        if name not in table:
            has_default = field.default is not dataclasses.MISSING
            if not has_default and field.default_factory is dataclasses.MISSING:
                problems.append(f"{key}: missing")
        elif dataclasses.is_dataclass(hints[name]):
            values[name] = decode(hints[name], table[name], key, problems)
        else:
            try:
                values[name] = _value(hints[name], table[name])
            except _MismatchError as mismatch:
                problems.append(f"{key}: expected {mismatch}, found {describe(table[name])}")
    if len(problems) > before:
        return None
    result = kind(**values)
    for key, sentence in getattr(result, "problems", tuple)():
        problems.append(f"{_join(path, key)}: {sentence}")
    return result if len(problems) == before else None


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that nothing reads, with the nearest known name."""
    head, _, name = key.rpartition(".")
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    hint = f"; did you mean {_join(head, near[0])}?" if near else ""
    return f"{key}: unknown key{hint}"


def describe(value: object) -> str:
    """A value as the user wrote it, cut where it is long."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            text = '"' + value.replace("\n", "\\n") + '"'
        case Mapping():
            return "a table"
        case list() | tuple():
            text = "[" + ", ".join(map(describe, value)) + "]"
        case _:
            text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _value(hint: Any, value: object) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        return _annotated(hint, value)
    if origin in (Union, types.UnionType):
        return _union(get_args(hint), value)
    if origin is Literal:
        if any(
            value is choice or (isinstance(value, str) and value == choice)
            for choice in get_args(hint)
        ):
            return value
        raise _MismatchError(" or ".join(describe(choice) for choice in get_args(hint)))
    if origin is tuple:
        return _tuple(get_args(hint), value)
    if origin is dict:
        return _dict(get_args(hint)[1], value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        try:
            return hint(str(value))
        except ValueError:
            choices = [f'"{choice}"' for choice in hint]
            near = difflib.get_close_matches(f'"{value}"', choices, n=1)
            hint_text = f" (did you mean {near[0]}?)" if near else ""
            raise _MismatchError("one of " + ", ".join(choices) + hint_text) from None
    decoded = _scalar(hint, value)
    if _is_too_large(decoded):
        raise _MismatchError(f"a number {_AT_MOST}")
    return decoded


def _scalar(hint: Any, value: object) -> Any:
    match value:
        case bool() if hint is bool:
            return value
        case bool():
            pass
        case int() if hint is int:
            return value
        case int() | float() if hint is float and _is_finite(value):
            return float(value)
        case str() if hint is str:
            return value
    names = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
    raise _MismatchError(names.get(hint, str(hint)))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False


def _is_too_large(value: object) -> bool:
    return isinstance(value, float) and abs(value) > LARGEST


def _annotated(hint: Any, value: object) -> Any:
    base, *extras = get_args(hint)
    rules = [extra for extra in extras if isinstance(extra, Rule)]
    is_angle = any(isinstance(extra, _AngleMarker) for extra in extras)
    words = " ".join(rule.words for rule in rules)
    try:
        if is_angle and isinstance(value, str):
            decoded: Any = parse_angle(value)
        else:
            decoded = _scalar(base, value)
    except (ValueError, _MismatchError) as error:
        name = 'an angle in radians (a number, or arithmetic on pi such as "pi/6")'
        text = name if is_angle else str(error)
        raise _MismatchError(f"{text} {words}".rstrip()) from None
    for rule in rules:
        if not rule.accepts(decoded):
            name = {int: "an integer", float: "a number"}.get(type(decoded), "a value")
            raise _MismatchError(f"{'an angle' if is_angle else name} {words}")
    if _is_too_large(decoded):
        parts = ("an angle" if is_angle else "a number", words, _AT_MOST)
        raise _MismatchError(" ".join(part for part in parts if part))
    return decoded


def _union(choices: tuple[Any, ...], value: object) -> Any:
    expected = []
    for choice in choices:
        try:
            return _value(choice, value)
        except _MismatchError as mismatch:
            expected.append(str(mismatch))
    raise _MismatchError(" or ".join(expected))


def _tuple(hints: tuple[Any, ...], value: object) -> tuple[Any, ...]:
    repeated = len(hints) == 2 and hints[1] is Ellipsis
    names = {float: "numbers", int: "integers", str: "strings"}
    item = hints[0]
    while get_origin(item) is Annotated:
        item = get_args(item)[0]
    count = "" if repeated else f"{len(hints)} "
    words = f"an array of {count}{names.get(item, 'values')}"
    if not isinstance(value, list | tuple) or not (repeated or len(value) == len(hints)):
        raise _MismatchError(words)
    items = [hints[0]] * len(value) if repeated else hints
    try:
        return tuple(_value(hint, v) for hint, v in zip(items, value, strict=True))
    except _MismatchError as mismatch:
        raise _MismatchError(f"{words} (each {mismatch})") from None


def _dict(hint: Any, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _MismatchError("a table")
    try:
        return {str(key): _value(hint, v) for key, v in value.items()}
    except _MismatchError as mismatch:
        raise _MismatchError(f"a table of values (each {mismatch})") from None


def encode(value: Any) -> Any:
    """The plain TOML tree of a decoded value: what `decode` would read back unchanged."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(v) for key, v in value.items()}
    if isinstance(value, tuple):
        return [encode(v) for v in value]
    return str(value) if isinstance(value, StrEnum) else value
