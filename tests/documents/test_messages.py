"""Every message that bad input brings about is asserted by some test, in its own words.

The messages are collected from the code: what is given to our errors, to argparse's, to
warnings and errors of a log, to the findings about a model's file and about a dataset, and
the lists of what is wrong with a configuration. Of each, the constant parts must stand in
one string of a test, in their order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    [ROOT / "generate-batch.py"]
    + [
        path
        for folder in ("viewbatch", "plugins", "compat", "scripts")
        for path in (ROOT / folder).rglob("*.py")
    ]
)

TELLING = {
    "RunError", "PluginError", "UsageError", "ModelError", "DatasetError", "InputError",
    "ArgumentTypeError", "_MismatchError", "ValueError", "DamageError", "CutShortError",
    "NoSuchDeviceError", "Defect", "_damaged", "Finding", "_notice", "say",
}  # fmt: skip
METHODS = {"warning", "error", "append"}
OWNERS = {"log", "parser", "arguments", "problems"}

HOLE = "\0"
"""In place of what a message is filled with."""


def words(node: ast.AST) -> str | None:
    """The text of a string expression, with a hole for what is filled in; None for others."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(words(value) or HOLE for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = words(left), words(right)
            return None if both == (None, None) else "".join(w or HOLE for w in both)
    return None


def messages(path: Path) -> Iterator[str]:
    """Every message of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        given: list[ast.AST] = []
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in TELLING:
                given += [*node.args, *(keyword.value for keyword in node.keywords)]
            case ast.Call(
                func=ast.Attribute(attr=name, value=ast.Name(id=owner)), args=[first, *_]
            ) if name in METHODS and owner in OWNERS:
                given.append(first)
            case ast.FunctionDef(name="problems"):
                for inner in ast.walk(node):
                    match inner:
                        case ast.Yield(value=ast.Tuple(elts=[_, sentence])):
                            given.append(sentence)
        for text in filter(None, map(words, given)):
            yield re.sub(r"%(\.\d+)?[sdrgf]", HOLE, text)


def parts(message: str) -> list[str]:
    """The constant parts that are long enough to be words."""
    return [part.strip() for part in message.split(HOLE) if len(part.strip()) > 3]


@cache
def spoken() -> tuple[str, ...]:
    """Every string of every test but this one, with what is filled in as holes.

    Those with backslashes also without them, as regular expressions have them.
    """
    paths = sorted(path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    texts = {words(node) or "" for tree in trees for node in ast.walk(tree)}
    return tuple(texts | {re.sub(r"\\(\W)", r"\1", text) for text in texts})


def is_asserted(message: str) -> bool:
    """Whether one string of a test holds the parts of a message in their order."""
    wanted = re.compile(".*".join(map(re.escape, parts(message))), re.DOTALL)
    return any(wanted.search(text) for text in spoken())


def not_asserted() -> list[tuple[str, str]]:
    """File and words of what no test asserts, with `…` for what is filled in."""
    return [
        (str(path.relative_to(ROOT)), message.replace(HOLE, "…"))
        for path in CODE
        for message in messages(path)
        if parts(message) and not is_asserted(message)
    ]


def test_every_message_is_asserted_by_some_test() -> None:
    assert not_asserted() == [], "a test must assert these word for word"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("raise UsageError(f'the {a} is ' f'{b}; name it')", ["the \0 is \0; name it"]),
        ("log.warning('view %d: %.2f s', 1, 2)", ["view \0: \0 s"]),
        ("problems.append('a' + name)", ["a\0"]),
        ("def problems(self):\n  yield 'key', f'{x} leaves no pixel'", ["\0 leaves no pixel"]),
        ("_notice(f'{a} is blank', views)", ["\0 is blank"]),
        ("Finding(check='health', sentence='it is blank')", ["health", "it is blank"]),
        ("log.info('hello there')", []),
    ],
)
def test_messages_are_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    assert list(messages(tmp_path / "code.py")) == found


def test_what_no_test_says_is_not_asserted() -> None:
    assert is_asserted("the model \0 does not exist; name a file such as model.glb")
    assert not is_asserted("the model \0 does not exist; name a file such as " + "model" + ".xyz")
    assert not is_asserted("; name a file such as model.glb\0 does not exist")
